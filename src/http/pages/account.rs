//! The pages of an account.

mod activity;
pub(super) mod data;
mod delete;
pub(super) mod device;
mod emails;
mod group;
mod group_search;
mod login;
mod profile;
mod register;
mod second_factor;
mod sessions;

use super::session_page::SessionPage;
pub(super) use login::FRONT;

pub(super) static PAGES: [&SessionPage; 18] = [
    &login::LOG_IN,
    &login::LOG_OUT,
    &login::CONFIRM,
    &register::REGISTER,
    &register::INVITATION,
    &activity::OVERVIEW,
    &activity::ACTIVITY,
    &profile::PROFILE,
    &profile::PASSWORD,
    &emails::EMAILS,
    &second_factor::SECOND_FACTOR,
    &sessions::SESSIONS,
    &group::GROUP,
    &group_search::FIND,
    &group_search::NEW,
    &group_search::INSTITUTIONS,
    &data::DATA,
    &delete::DELETE,
];
