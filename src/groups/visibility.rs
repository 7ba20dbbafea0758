//! Who sees which accounts, groups and wishes to join: the one policy, asked on every path on which they are met.

use crate::accounts::{Account, user_list};
use crate::app::App;
use crate::store::groups::Group;
use crate::store::join_requests::JoinRequest;

/// What somebody may see.
pub(super) struct Visibility {
    own: Option<Account>,
    everybody: bool,
}

impl Visibility {
    /// That of the owner of an account, or of nobody in particular.
    pub(super) fn of(app: &App, own: Option<Account>) -> Self {
        Self { everybody: user_list::sees_everybody(app, own.as_ref()), own }
    }

    /// All that `accounts.users_visible_to` admits; else the own account, and for a representative those of the group.
    pub(super) fn sees_account(&self, account: &Account) -> bool {
        let is_near = |own: &Account| {
            own.id == account.id || own.represents().is_some_and(|group| account.is_member_of(group))
        };
        self.everybody || self.own.as_ref().is_some_and(is_near)
    }

    /// The own group, and public ones: for those who are logged in, and for everybody where everybody sees accounts.
    pub(super) fn sees_group(&self, group: &Group) -> bool {
        match &self.own {
            Some(own) => group.is_public || own.is_member_of(&group.id),
            None => group.is_public && self.everybody,
        }
    }

    /// Those that one made, and those that one is to answer.
    pub(super) fn sees_join_request(&self, request: &JoinRequest) -> bool {
        let concerns = |own: &Account| request.account == own.id || own.represents() == Some(&request.group);
        self.own.as_ref().is_some_and(concerns)
    }
}
