//! The export of everything that is stored about an account (GDPR Art. 15 and 20): `exportMyData`, `user export` and the
//! page of the account.

mod mails;
mod redaction;

use serde_json::{Value, json};

use super::{Account, admin};
use crate::app::App;
use crate::clock::Timestamp;
use crate::email;
use crate::error::Result;
use crate::security::audit::Event;
use crate::security::reauthentication::{Proof, reauthenticate};
use crate::security::{Operator, Viewer, throttle};
use crate::store::audit::{Entry, StoredActor};
use crate::store::django_keys::{self, KeyedModel};
use crate::store::personal_data::{self as stored, StoredInvitation};
use crate::store::{self, Reader};

/// The most refresh tokens of a session in an export. A program that refreshes every few minutes has thousands.
const MAX_TOKENS: i64 = 50;
/// The number of audit entries that are read at a time.
const PAGE_SIZE: i64 = 1000;

/// Exports the data of the viewer, in the order in which people should read it.
pub fn mine(app: &App, viewer: &Viewer, proof: Proof<'_>) -> Result<Value> {
    let verified = reauthenticate(app, viewer, "password", proof, |_, _| Ok(()))?;
    let (account, now) = verified.run(app, |tx, account| {
        throttle::export(tx, account.id)?;
        tx.record(account.id, Event::DataExported)?;
        Ok((account.clone(), tx.now))
    })?;
    // Reads after the transaction, because a long audit log would delay other writes.
    Ok(app.store.read(|db| export(db, &account, now))?)
}

/// Exports the data of an account for an operator. `name` is its address, username or id.
pub fn of_account<'a>(by: impl Into<Operator<'a>>, name: &str) -> Result<Value> {
    let by = by.into();
    let (account, now) = by.run(|tx| {
        let account = admin::find(tx, name)?;
        tx.record(account.id, Event::DataExported)?;
        Ok((account, tx.now))
    })?;
    Ok(by.app.store.read(|db| export(db, &account, now))?)
}

/// Returns all that is stored about an account, except secrets: hashes of passwords, tokens and cookies, the secret of an
/// authenticator app, and the tokens in mails. Times are in RFC 3339. Members are in the order in which people should read them.
pub fn export(db: &Reader<'_>, account: &Account, now: Timestamp) -> store::Result<Value> {
    Ok(json!({
        "exportedAt": time(now),
        "account": account_of(db, account)?,
        "addresses": addresses(db, account)?,
        "workingGroup": working_group(db, account)?,
        "joinRequests": join_requests(db, account)?,
        "invitations": invitations(db, account)?,
        "secondFactor": second_factor(db, account)?,
        "sessions": sessions(db, account)?,
        "knownNetworks": known_networks(db, account)?,
        "mails": mails::export(db, account)?,
        "auditLog": audit_log(db, account)?,
        "throttling": throttling(db, account)?,
        "django": django(db, account)?,
    }))
}

fn time(time: Timestamp) -> String {
    time.to_string()
}

fn optional(moment: Option<Timestamp>) -> Option<String> {
    moment.map(time)
}

fn account_of(db: &Reader<'_>, account: &Account) -> store::Result<Value> {
    let Some(profile) = stored::find_profile(db, account.id)? else { return Ok(Value::Null) };
    let terms = profile
        .terms_version
        .map(|version| json!({ "version": version, "acceptedAt": optional(profile.terms_accepted_at) }));
    Ok(json!({
        "id": account.id,
        "username": account.username,
        "firstName": account.first_name,
        "lastName": account.last_name,
        "academicTitle": account.academic_title,
        "language": account.language,
        "joinedAt": time(account.joined_at),
        "addedAt": time(profile.added_at),
        "verifiedAt": optional(account.verified_at),
        "archivedAt": optional(account.archived_at),
        "deactivatedAt": optional(account.deactivated_at),
        "lastLoginInDjangoAt": optional(account.last_login_at),
        "terms": terms,
        "hasPassword": profile.has_password,
        "activationEndsPassword": account.activation_ends_password,
        "isStaff": account.is_staff,
        "isSuperuserInDjango": profile.is_superuser,
        "revocationsOfAllTokens": account.epoch,
        "allTokensRevokedAt": optional(account.epoch_began_at),
    }))
}

fn addresses(db: &Reader<'_>, account: &Account) -> store::Result<Value> {
    // Only a hash of the requested address is stored.
    let is_pending = store::pending_emails::find_hash(db, account.id)?.is_some();
    Ok(json!({
        "primary": account.email,
        "secondary": account.secondary_email,
        "secondaryAwaitsConfirmation": is_pending,
    }))
}

fn working_group(db: &Reader<'_>, account: &Account) -> store::Result<Value> {
    let Some(membership) = &account.membership else { return Ok(Value::Null) };
    let group = store::groups::find_by_id(db, &membership.group)?;
    let institution = group.as_ref().and_then(|group| group.institution.as_ref());
    Ok(json!({
        "id": membership.group,
        "name": group.as_ref().map(|group| &group.name),
        "institution": institution.map(|institution| &institution.name),
        "role": membership.role.into_str(),
    }))
}

fn join_requests(db: &Reader<'_>, account: &Account) -> store::Result<Value> {
    let requests = store::join_requests::list_by_accounts(db, &[account.id])?;
    let groups: Vec<_> = requests.iter().map(|request| request.group.clone()).collect();
    let groups = store::groups::list_by_ids(db, &groups)?;
    let exported = requests.iter().map(|request| {
        let group = groups.iter().find(|group| group.id == request.group);
        json!({
            "id": request.id,
            "workingGroupId": request.group,
            "workingGroup": group.map(|group| &group.name),
            "madeAt": time(request.made_at),
            "status": request.status.into_str(),
        })
    });
    Ok(exported.collect::<Vec<_>>().into())
}

fn invitations(db: &Reader<'_>, account: &Account) -> store::Result<Value> {
    let keys: Vec<String> = account.confirmed_addresses().map(|address| email::key(address)).collect();
    let export = |list: &[StoredInvitation]| -> Value {
        let exported = list.iter().map(|invitation| {
            json!({
                "id": invitation.id,
                "email": invitation.email,
                "workingGroup": invitation.group,
                "madeAt": time(invitation.made_at),
                "expiresAt": time(invitation.expires_at),
            })
        });
        exported.collect::<Vec<_>>().into()
    };
    Ok(json!({
        "received": export(&stored::list_invitations_to(db, &keys)?),
        "made": export(&stored::list_invitations_by(db, account.id)?),
    }))
}

fn second_factor(db: &Reader<'_>, account: &Account) -> store::Result<Value> {
    let authenticator = store::authenticators::find(db, account.id)?.map(|app| {
        json!({
            "addedAt": time(app.added_at),
            "confirmedAt": optional(app.confirmed_at),
            "lastUsedAt": optional(app.last_used_at),
        })
    });
    let (unused, made_at) = store::authenticators::count_recovery_codes(db, account.id)?;
    let recovery_codes = (unused > 0).then(|| json!({ "unused": unused, "madeAt": optional(made_at) }));
    let passkeys = store::passkeys::list(db, account.id)?;
    let passkeys = passkeys.iter().map(|passkey| {
        json!({
            "id": passkey.id,
            "name": passkey.name,
            "addedAt": time(passkey.added_at),
            "lastUsedAt": optional(passkey.last_used_at),
            "isBackedUp": passkey.is_backed_up,
        })
    });
    Ok(json!({
        "authenticator": authenticator,
        "recoveryCodes": recovery_codes,
        "passkeys": passkeys.collect::<Vec<_>>(),
    }))
}

fn sessions(db: &Reader<'_>, account: &Account) -> store::Result<Value> {
    let mut exported = Vec::new();
    for session in stored::list_sessions(db, account.id)? {
        let tokens = stored::list_refresh_tokens(db, &session.id, MAX_TOKENS)?;
        let tokens = tokens.iter().rev().map(|token| {
            json!({
                "issuedAt": time(token.issued_at),
                "expiresAt": time(token.expires_at),
                "usedAt": optional(token.spent_at),
                "replacedAt": optional(token.replaced_at),
            })
        });
        exported.push(json!({
            "id": session.id,
            "device": session.user_agent,
            "ipAddress": session.address,
            "startedAt": time(session.began_at),
            "lastUsedAt": time(session.last_used_at),
            "expiresAt": time(session.expires_at),
            "isOnPages": session.has_cookie,
            "authenticatedAt": optional(session.authenticated_at),
            "authenticatedWith": session.authentication.methods(),
            "operatorPagesUsedAt": optional(session.admin_used_at),
            "refreshTokens": tokens.collect::<Vec<_>>(),
        }));
    }
    Ok(exported.into())
}

fn known_networks(db: &Reader<'_>, account: &Account) -> store::Result<Value> {
    let networks = stored::list_known_networks(db, account.id)?;
    let exported =
        networks.iter().map(|(network, seen_at)| json!({ "network": network, "lastSeenAt": time(*seen_at) }));
    Ok(exported.collect::<Vec<_>>().into())
}

fn audit_log(db: &Reader<'_>, account: &Account) -> store::Result<Value> {
    let mut exported = Vec::new();
    let mut position = (Timestamp::from_micros(0), 0);
    loop {
        let page = store::audit::list_of_account(db, account.id, position, PAGE_SIZE)?;
        let Some(last) = page.last() else { return Ok(exported.into()) };
        position = (last.at, last.id);
        exported.extend(page.iter().map(|entry| audit_entry(account, entry)));
    }
}

/// Exports an entry without what belongs to another person: the id of the account that the owner changed, and the session
/// and IP address of another account that changed this one.
fn audit_entry(account: &Account, entry: &Entry) -> Value {
    let is_about_other = entry.account != Some(account.id);
    let is_by_other = entry.actor.account().is_some_and(|actor| actor != account.id);
    let by = match entry.actor {
        StoredActor::Account(_) if is_by_other => "another account",
        StoredActor::Account(_) | StoredActor::Owner => "you",
        StoredActor::Operator => "operator",
        StoredActor::Somebody => "somebody",
    };
    json!({
        "at": time(entry.at),
        "event": entry.event,
        "about": if is_about_other { "another account" } else { "you" },
        "by": by,
        "ipAddress": entry.address.as_ref().filter(|_| !is_by_other),
        "session": entry.session.as_ref().filter(|_| !is_by_other),
        "detail": entry.detail,
    })
}

fn throttling(db: &Reader<'_>, account: &Account) -> store::Result<Value> {
    let counters = throttle::list_own(db, account)?;
    let exported = counters.iter().map(|counter| {
        json!({
            "limit": counter.limit,
            "network": counter.network,
            "mails": counter.purpose,
            "attempts": counter.attempts.counted,
            "lastAttemptAt": time(counter.attempts.counted_at),
            "forgottenAt": time(counter.attempts.forgotten_at),
        })
    });
    Ok(exported.collect::<Vec<_>>().into())
}

/// Exports the keys that the account and its join requests had in the Django site from which they were imported.
fn django(db: &Reader<'_>, account: &Account) -> store::Result<Value> {
    let requests = store::join_requests::list_by_accounts(db, &[account.id])?;
    let requests: Vec<String> = requests.into_iter().map(|request| request.id).collect();
    let keys = |model, ids: &[String]| -> store::Result<Vec<Value>> {
        let keys = django_keys::list_by_ids(db, model, ids)?;
        Ok(keys.into_iter().map(|key| json!({ "key": key.key, "id": key.id })).collect())
    };
    Ok(json!({
        "user": keys(KeyedModel::User, &[account.id.to_string()])?,
        "joinRequests": keys(KeyedModel::JoinRequest, &requests)?,
    }))
}
