//! What Django issued: refresh tokens become sessions, and ambiguous access tokens are revoked.

use std::collections::HashMap;

use super::PAGE;
use super::check::for_each_page;
use crate::accounts::AccountId;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::security::Tx;
use crate::security::authentication::release_email;
use crate::store::accounts::transfer::{list_owners_of_emails, list_owners_of_usernames};
use crate::store::properties::{self, Property};
use crate::store::refresh_tokens::NewToken;
use crate::store::sessions::{Authenticated, Authentication, Session, Use};
use crate::store::staging::Staging;
use crate::store::{self, accounts};

/// The refresh tokens of an account that become sessions. Django keeps a token valid after its exchange, so that one login
/// may have left many. The owner sees all of them as sessions, until the next login ends the oldest.
const MAX_TOKENS: i64 = 500;

/// Turns refresh tokens into sessions, so that logins continue. Tokens that an earlier import has seen do not return, because
/// their sessions may have ended here. Returns the number of sessions.
pub(super) fn add(tx: &Tx<'_>, staging: &Staging) -> Result<u64> {
    let until = properties::find(tx, Property::DjangoTokensUntil)?.and_then(|micros| micros.parse().ok());
    let until = Timestamp::from_micros(until.unwrap_or(i64::MIN));
    let (mut after, mut count) = (0, 0);
    loop {
        let tokens = staging.list_tokens(until, MAX_TOKENS, after, PAGE)?;
        let Some(last) = tokens.last() else { break };
        after = last.position;
        let ids: Vec<AccountId> = tokens.iter().map(|token| token.account).collect();
        let owners = accounts::list_by_ids(tx, &ids)?;
        let owners: HashMap<AccountId, _> = owners.into_iter().map(|owner| (owner.id, owner)).collect();
        let mut sessions = Vec::new();
        let mut new_tokens = Vec::new();
        for token in &tokens {
            // The sessions before a change of the password here, or before an import that revoked ambiguous tokens, have ended.
            let began = owners.get(&token.account).and_then(|owner| owner.epoch_began_at);
            if began.is_some_and(|began| token.created_at <= began) {
                continue;
            }
            let lifetimes = &tx.app.config.tokens;
            let expires_at =
                token.created_at.plus(lifetimes.refresh_lifetime.min(lifetimes.session_lifetime));
            let last_use = Use { at: token.created_at, expires_at, address: None, user_agent: String::new() };
            let id = tx.app.random.hex::<16>();
            new_tokens.push((id.clone(), token, expires_at));
            let began_at = token.created_at;
            let authenticated = Authenticated { authentication: Authentication::Password, at: began_at };
            sessions.push(Session { id, account: token.account, began_at, last_use, authenticated });
        }
        store::sessions::insert_many(tx, &sessions)?;
        let new_tokens: Vec<NewToken<'_>> = new_tokens
            .iter()
            .map(|(session, token, expires_at)| NewToken {
                hash: &token.hash,
                session,
                predecessor: None,
                issued_at: token.created_at,
                expires_at: *expires_at,
            })
            .collect();
        store::refresh_tokens::insert_many(tx, &new_tokens)?;
        count += sessions.len() as u64;
    }
    if let Some(newest) = staging.newest_token()? {
        properties::upsert(tx, Property::DjangoTokensUntil, &newest.max(until).micros().to_string())?;
    }
    Ok(count)
}

/// Revokes access tokens of Django that name an account by an address or a username which belonged to another user there: one
/// who was left out or renamed, or whose account has another name here.
pub(super) fn revoke_ambiguous_tokens(tx: &Tx<'_>, staging: &Staging) -> Result<()> {
    for_each_page(staging, Staging::list_all_users, |users| {
        let keys: Vec<String> = users.iter().map(|user| user.email_key.clone()).collect();
        let owners: HashMap<String, AccountId> = list_owners_of_emails(tx, &keys)?.into_iter().collect();
        for user in users {
            if owners.get(&user.email_key).is_some_and(|owner| Some(*owner) != user.account) {
                release_email(tx, &user.email)?;
            }
        }
        let names: Vec<String> = users.iter().filter_map(|user| user.username_in_django.clone()).collect();
        let owners: HashMap<String, AccountId> = list_owners_of_usernames(tx, &names)?.into_iter().collect();
        for user in users {
            let owner = user.username_in_django.as_ref().and_then(|name| owners.get(name));
            if let Some(owner) = owner.filter(|owner| Some(**owner) != user.account) {
                accounts::begin_epoch(tx, *owner, tx.now)?;
            }
        }
        Ok(())
    })
}
