//! Pages that may use the login of their viewer: those of accounts and those for operators.

use minijinja::Value;

use super::admin;
use super::content::MessagePage;
use super::visit::Visit;
use crate::app::App;
use crate::error::{Error, Result};

/// A page that may use the login of its viewer. Its functions run on a thread that may block.
pub(super) struct SessionPage {
    pub(super) path: &'static str,
    /// In English.
    pub(super) title: &'static str,
    pub(super) template: &'static str,
    pub(super) access: Access,
    /// The fields whose errors the template shows beside them.
    pub(super) fields: &'static [&'static str],
    pub(super) show: fn(&App, &Visit) -> Result<Reply>,
    /// `None` for a page without a form that changes something.
    pub(super) submit: Option<fn(&App, &mut Visit) -> Result<Reply>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Everybody,
    /// Everybody who is logged in, also without a second factor that the settings require.
    SetUp,
    /// Everybody who is logged in.
    Owner,
    /// Staff who proved who they are within the idle time of the pages for operators.
    Operator,
}

/// The reply to a request for a page.
pub(super) enum Reply {
    /// Values for the template.
    Page(Value),
    /// A path of this server.
    Redirect(String),
    /// A file in JSON.
    Download {
        name: String,
        json: String,
    },
    NotFound,
    /// The viewer may not see the page.
    Forbidden(&'static MessagePage),
    /// The viewer may not see the page, with the message of a rule.
    Refused(String),
    Failed(Error),
    /// The link that led here does not work.
    Gone(&'static MessagePage),
    /// The form was not made for this session or browser.
    Forged,
}

impl Reply {
    pub(super) fn redirect(path: impl Into<String>) -> Self {
        Self::Redirect(path.into())
    }
}

/// Sentences that a page shows after a form was accepted, by the value of `done` in the address.
pub(super) const DONE: [(&str, &str); 28] = [
    ("not_sent", "Nothing was saved, because your login has expired. Send the form again afterwards."),
    ("created", "Your account is created."),
    ("saved", "Your changes are saved."),
    ("unarchived", "Welcome back. Your account is no longer archived."),
    ("logged_out", "You are logged out."),
    ("archived", "Your account is archived. It comes back when you log in."),
    ("deleted", "Your account is deleted."),
    ("password", "Your password is changed. You are logged out on all other devices."),
    ("mail_sent", "We have mailed a link to this address. Open it to confirm the address."),
    ("swapped", "Your addresses are swapped."),
    ("removed", "The secondary address is removed."),
    ("app_removed", "The authenticator app is removed."),
    ("passkey_added", "The passkey is added."),
    ("passkey_renamed", "The passkey is renamed."),
    ("passkey_removed", "The passkey is removed."),
    ("session_ended", "The session has ended."),
    ("sessions_ended", "All other sessions have ended."),
    ("requested", "Your request is sent. You get a mail with the answer."),
    ("joined", "You are now a member of this working group."),
    ("approved", "The request is accepted."),
    ("declined", "The request is declined."),
    ("member_removed", "The member is removed from the group."),
    ("handed_over", "The group has another representative now."),
    ("invited", "The invitation is sent."),
    ("invitation_revoked", "The invitation is withdrawn."),
    ("left", "You have left the working group."),
    ("group_created", "The working group is created. You represent it."),
    ("group_deleted", "The working group is deleted."),
];

pub(super) fn done_sentence(name: &str) -> Option<&'static str> {
    DONE.iter().chain(&admin::DONE).find(|(known, _)| *known == name).map(|(_, sentence)| *sentence)
}
