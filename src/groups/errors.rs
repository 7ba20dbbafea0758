//! The errors of working groups, most of them worded as in the original. The payloads of their mutations have no field
//! for errors, so every error here is one of the whole request.

use std::borrow::Cow;

use crate::accounts::Account;
use crate::error::{Error, Result};
use crate::security::{Caller, authentication};

pub(super) const LOGIN_REQUIRED: Error = rejection("You do not have permission to perform this action");
pub(super) const REPRESENTATIVES_ONLY: Error =
    rejection("Only group representatives have permission to perform this action.");
pub(super) const GROUP_NOT_FOUND: Error = rejection("Working group not found.");
pub(super) const INSTITUTION_NOT_FOUND: Error = rejection("Institution not found.");
pub(super) const RESEARCH_FIELD_INVALID: Error = rejection("Research field is invalid.");
pub(super) const NAME_INVALID: Error =
    rejection("The name of a working group has 1 to 200 characters, none of them a null character.");
pub(super) const EMPLOYEES_INVALID: Error = rejection("The number of employees cannot be negative.");
pub(super) const GROUP_EXISTS: Error =
    rejection("This working group cannot be created, because it already exists.");
pub(super) const REPRESENTS_ANOTHER: Error = rejection(
    "This user cannot create a new working group, since they are already the representative of another working group.",
);
/// The reply if a member of one group creates another. The message of the original is about membership in the new group.
pub(super) const MEMBER_ELSEWHERE: Error = rejection(
    "This user cannot become the group representative, since they are not a member of this working group.",
);
pub(super) const NOT_YOUR_GROUP: Error =
    rejection("You are not the representative of the specified working group. Unable to delete");
pub(super) const REPRESENTATIVE_STAYS: Error = rejection(
    "Users that are representatives can not leave their working groups. Please delete the working group instead.",
);
pub(super) const NOT_REGISTERED: Error = rejection("The user that you are trying to add is not registered.");
pub(super) const HAS_GROUP: Error =
    rejection("The user you are trying to add already has a working group assigned.");
pub(super) const USER_NOT_FOUND: Error =
    rejection("The user you were trying to remove was not found. Please contact your administrator.");
pub(super) const REMOVES_REPRESENTATIVE: Error =
    rejection("Users that are representatives of the working group can not be removed from the groups.");
pub(super) const NOT_IN_YOUR_GROUP: Error =
    rejection("The user you are trying to remove is not part of your working group!");
pub(super) const SUCCESSOR_NOT_MEMBER: Error =
    rejection("The new representative must be a member of your working group. Please add them first.");
pub(super) const SUCCESSOR_ELSEWHERE: Error =
    rejection("The new representative is in another working group, and must leave that first.");
pub(super) const SUCCESSOR_NOT_ACTIVE: Error =
    rejection("The new representative must have a verified, active account.");
pub(super) const MUST_ASK: Error = rejection(
    "This working group is joined by request. Please ask its representative by requestJoinWorkingGroup.",
);
pub(super) const MEMBER_ALREADY: Error = rejection("You are already a member of this working group.");
pub(super) const ASKED_ALREADY: Error =
    rejection("You have already asked to join this working group. Please wait for the answer.");
pub(super) const REQUEST_NOT_FOUND: Error = rejection("Join request not found.");
pub(super) const ANSWERED_ALREADY: Error = rejection("This join request has already been answered.");

const fn rejection(sentence: &'static str) -> Error {
    Error::BadRequest(Cow::Borrowed(sentence))
}

pub(super) fn not_authorized_to_answer(group: &str) -> Error {
    Error::bad_request(format!(
        "You are not authorized to answer this join request, because you are not the representative of the {group}."
    ))
}

pub(super) fn require_login(caller: Caller) -> Result<Account> {
    caller.account.ok_or(LOGIN_REQUIRED)
}

pub(super) fn require_verified(caller: &Caller) -> Result<&Account> {
    authentication::require_verified(caller.account.as_ref().ok_or(LOGIN_REQUIRED)?)
}
