//! The visibility of accounts, groups and join requests. This policy applies on every path that leads to one of them.

use crate::accounts::{Account, user_list};
use crate::app::App;
use crate::store::groups::Group;
use crate::store::join_requests::JoinRequest;

pub(super) struct Visibility {
    /// The viewer's account; `None` for an anonymous viewer.
    own: Option<Account>,
    sees_all_accounts: bool,
}

impl Visibility {
    pub(super) fn of(app: &App, own: Option<Account>) -> Self {
        Self { sees_all_accounts: user_list::sees_everybody(app, own.as_ref()), own }
    }

    /// Returns whether the viewer may see an account. Viewers that `accounts.users_visible_to` excludes see only their own
    /// account. Representatives also see the members of their group.
    pub(super) fn sees_account(&self, account: &Account) -> bool {
        let is_own_or_member = |own: &Account| {
            own.id == account.id || own.represents().is_some_and(|group| account.is_member_of(group))
        };
        self.sees_all_accounts || self.own.as_ref().is_some_and(is_own_or_member)
    }

    /// Returns whether the viewer may see a group: their own or a public one. An anonymous viewer sees public groups only
    /// if anonymous viewers also see all accounts.
    pub(super) fn sees_group(&self, group: &Group) -> bool {
        match &self.own {
            Some(own) => group.is_public || own.is_member_of(&group.id),
            None => group.is_public && self.sees_all_accounts,
        }
    }

    /// Returns whether the viewer made a join request or may answer it.
    pub(super) fn sees_join_request(&self, request: &JoinRequest) -> bool {
        self.own
            .as_ref()
            .is_some_and(|own| request.account == own.id || own.represents() == Some(&request.group))
    }
}
