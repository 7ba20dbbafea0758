//! The root types of mutations. Each resolver names the rule to call.

mod account;
mod group;
mod second_factor;

use async_graphql::MergedObject;

use crate::accounts::login::LoggedIn;
use crate::app::App;
use crate::blocking_pool::Queue;
use crate::error::Result;
use crate::groups::loader::SeenAccount;
use crate::groups::queries;
use crate::groups::selection::AccountSelection;

#[derive(MergedObject, Default)]
pub struct Mutation(account::AccountMutation, second_factor::SecondFactorMutation, group::GroupMutation);

#[derive(MergedObject, Default)]
#[graphql(name = "Mutation")]
pub struct RelayMutation(account::AccountRelayMutation, second_factor::SecondFactorRelayMutation);

/// The work of a mutation, which determines its queue and its complexity.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Reads a few rows.
    Read,
    Write,
    /// Hashes a new password.
    HashPassword,
    /// Checks an existing password. A request may contain at most one such mutation.
    CheckPassword,
}

impl Work {
    fn queue(self) -> Queue {
        match self {
            Self::Read => Queue::ReadingLittle,
            Self::Write => Queue::Writing,
            Self::HashPassword | Self::CheckPassword => Queue::Hashing,
        }
    }

    /// Returns how much a mutation adds to the complexity of a request, which `graphql.max_complexity` limits. A password check
    /// needs no higher cost, because a request may contain only one.
    fn complexity(self, payload_fields: usize) -> usize {
        if self == Self::HashPassword { 100 } else { 1 + payload_fields }
    }
}

/// Returns whether a root field checks a password.
pub(super) fn checks_password(field: &str) -> bool {
    // The name of a field is that of its resolver in camel case, so they differ only in underscores and case.
    let is_named = |resolver: &str| {
        let letters = resolver.bytes().filter(|byte| *byte != b'_');
        letters.eq(field.bytes().map(|byte| byte.to_ascii_lowercase()))
    };
    account::WORK
        .iter()
        .chain(second_factor::WORK)
        .any(|(resolver, work)| *work == Work::CheckPassword && is_named(resolver))
}

/// Loads what a request selects of the account that has logged in.
fn with_account(app: &App, login: LoggedIn, selection: &AccountSelection) -> Result<(LoggedIn, SeenAccount)> {
    let user = queries::own(app, &login.account, selection)?;
    Ok((login, user))
}
