//! What people are told when something about working groups is not done, most of it in the words of the original.
//! There is no room for codes in these answers: each is an error of the request.

use crate::accounts::{Account, Error, Result, Viewer, sessions};
use crate::app::App;
use crate::store::Reader;

pub(super) const LOGIN_REQUIRED: Error = says("You do not have permission to perform this action");
pub(super) const REPRESENTATIVES_ONLY: Error =
    says("Only group representatives have permission to perform this action.");
pub(super) const GROUP_NOT_FOUND: Error = says("Working group not found.");
pub(super) const INSTITUTION_NOT_FOUND: Error = says("Institution not found.");
pub(super) const RESEARCH_FIELD_INVALID: Error = says("Research field is invalid.");
pub(super) const NAME_INVALID: Error =
    says("The name of a working group has 1 to 200 characters, none of them a null character.");
pub(super) const EMPLOYEES_INVALID: Error = says("The number of employees cannot be negative.");
pub(super) const GROUP_EXISTS: Error =
    says("This working group cannot be created, because it already exists.");
pub(super) const REPRESENTS_ANOTHER: Error = says(
    "This user cannot create a new working group, since they are already the representative of another working group.",
);
pub(super) const MEMBER_ELSEWHERE: Error = says(
    "This user cannot become the group representative, since they are not a member of this working group.",
);
pub(super) const NOT_YOUR_GROUP: Error =
    says("You are not the representative of the specified working group. Unable to delete");
pub(super) const REPRESENTATIVE_STAYS: Error = says(
    "Users that are representatives can not leave their working groups. Please delete the working group instead.",
);
pub(super) const NOT_REGISTERED: Error = says("The user that you are trying to add is not registered.");
pub(super) const HAS_GROUP: Error =
    says("The user you are trying to add already has a working group assigned.");
pub(super) const USER_NOT_FOUND: Error =
    says("The user you were trying to remove was not found. Please contact your administrator.");
pub(super) const REMOVES_REPRESENTATIVE: Error =
    says("Users that are representatives of the working group can not be removed from the groups.");
pub(super) const NOT_IN_YOUR_GROUP: Error =
    says("The user you are trying to remove is not part of your working group!");
pub(super) const SUCCESSOR_NOT_MEMBER: Error =
    says("The new representative must be a member of your working group. Please add them first.");
pub(super) const HEIR_ELSEWHERE: Error =
    says("The new representative is in another working group, and must leave that first.");
pub(super) const HEIR_NOT_ACTIVE: Error =
    says("The new representative must have a verified, active account.");
pub(super) const MUST_ASK: Error = says(
    "This working group is joined by request. Please ask its representative by requestJoinWorkingGroup.",
);
pub(super) const MEMBER_ALREADY: Error = says("You are already a member of this working group.");
pub(super) const ASKED_ALREADY: Error =
    says("You have already asked to join this working group. Please wait for the answer.");
pub(super) const REQUEST_NOT_FOUND: Error = says("Join request not found.");
pub(super) const ANSWERED_ALREADY: Error = says("This join request has already been answered.");

const fn says(sentence: &'static str) -> Error {
    Error::BadRequest(std::borrow::Cow::Borrowed(sentence))
}

/// To the representative of another group than the one that was asked.
pub(super) fn not_authorized_to_answer(group: &str) -> Error {
    let sentence = format!(
        "You are not authorized to answer this join request, because you are not the representative of the {group}."
    );
    Error::BadRequest(sentence.into())
}

/// The account of whoever asks.
pub(super) fn require_login(app: &App, db: &Reader<'_>, viewer: &Viewer) -> Result<Account> {
    sessions::identify(app, db, viewer)?.ok_or(LOGIN_REQUIRED)
}

/// The account of whoever asks, which must be verified: nobody else changes groups.
pub(super) fn require_verified(app: &App, db: &Reader<'_>, viewer: &Viewer) -> Result<Account> {
    sessions::verified(require_login(app, db, viewer)?)
}
