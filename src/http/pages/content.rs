//! The text of pages. If a rule rejects the input of a form, the page shows the message of the rule.

use crate::tokens::action::Action;

/// A page without a form. `path` is empty if it has no address of its own.
pub(in crate::http) struct MessagePage {
    pub(super) path: &'static str,
    pub(super) title: &'static str,
    pub(super) text: &'static str,
    /// Whether the page follows a form with which a mail was requested.
    pub(super) is_mail_sent: bool,
}

pub(super) struct MailForm {
    pub(super) action: Action,
    pub(super) path: &'static str,
    pub(super) title: &'static str,
    pub(super) lead: &'static str,
    pub(super) sent: MessagePage,
}

pub(super) struct Link {
    pub(super) path: &'static str,
    pub(super) title: &'static str,
    pub(super) lead: &'static str,
    pub(super) button: &'static str,
    pub(super) takes_password: bool,
    pub(super) done: MessagePage,
    /// For [`LinkStatus::Done`](crate::security::action_links::LinkStatus::Done).
    pub(super) already_done: MessagePage,
    /// What to do if the link does not work.
    pub(super) if_unusable: &'static str,
    /// The form that asks for another link.
    pub(super) mail_form: Option<&'static MailForm>,
}

pub(super) fn link(action: Action) -> &'static Link {
    match action {
        Action::Activation => &ACTIVATION,
        Action::SecondaryEmail => &SECONDARY_EMAIL,
        Action::PasswordReset => &PASSWORD_RESET,
        Action::PasswordSet => &PASSWORD_SET,
    }
}

const fn page(path: &'static str, title: &'static str, text: &'static str) -> MessagePage {
    MessagePage { path, title, text, is_mail_sent: false }
}

const fn message(title: &'static str, text: &'static str) -> MessagePage {
    page("", title, text)
}

const fn mail_sent(path: &'static str, text: &'static str) -> MessagePage {
    MessagePage { path, title: "Check your inbox", text, is_mail_sent: true }
}

static ACTIVATION: Link = Link {
    path: "/activate",
    title: "Activate your account",
    lead: "Confirm that this address is yours, and that you asked for an account.",
    button: "Activate {address}",
    takes_password: false,
    done: page("/done/activation", "Your account is active", "Thank you. You can log in now."),
    already_done: message("Your account is active already", "There is nothing left to do: you can log in."),
    if_unusable: "Enter your address, and we mail you another link.",
    mail_form: Some(&ACTIVATION_MAIL),
};

static SECONDARY_EMAIL: Link = Link {
    path: "/activate-secondary",
    title: "Confirm your secondary address",
    lead: "Confirm that this address is yours. You can then use it for your account as well.",
    button: "Confirm {address}",
    takes_password: false,
    done: page(
        "/done/secondary-address",
        "Your address is confirmed",
        "It is now the secondary address of your account.",
    ),
    already_done: message(
        "Your address is confirmed already",
        "There is nothing left to do: it is the secondary address of your account.",
    ),
    if_unusable: "Log in and add the address to your account again. We then mail another link to it.",
    mail_form: None,
};

static PASSWORD_RESET: Link = Link {
    path: "/password-reset",
    title: "Choose a new password",
    lead: "The new password replaces the old one. You are then logged out on all devices.",
    button: "Set this password",
    takes_password: true,
    done: page(
        "/done/new-password",
        "Your password is changed",
        "You are logged out on all devices. Log in with the new password.",
    ),
    already_done: message("Your password is changed already", "Log in with the new password."),
    if_unusable: "Enter the address of your account, and we mail you another link.",
    mail_form: Some(&PASSWORD_MAIL),
};

static PASSWORD_SET: Link = Link {
    path: "/password-set",
    title: "Choose your password",
    lead: "You will log in to your account with this password.",
    button: "Set this password",
    takes_password: true,
    done: page("/done/first-password", "Your password is set", "You can log in with it now."),
    already_done: message(
        "Your account has a password already",
        "Log in with it. If you have forgotten it, you can request a new one on the front page of this server.",
    ),
    if_unusable: "Enter the address of your account, and we mail you another link.",
    mail_form: Some(&PASSWORD_MAIL),
};

pub(super) static ACTIVATION_MAIL: MailForm = MailForm {
    action: Action::Activation,
    path: "/activate",
    title: "Get another activation mail",
    lead: "Enter the address that you registered with. We mail you a link to activate your account.",
    sent: mail_sent(
        "/done/activation-mail",
        "If this address has an account that is not active yet, we have mailed a link to it.",
    ),
};

pub(super) static PASSWORD_MAIL: MailForm = MailForm {
    action: Action::PasswordReset,
    path: "/password-reset",
    title: "Forgot your password?",
    lead: "Enter the address of your account. We mail you a link to choose a new password.",
    sent: mail_sent(
        "/done/password-mail",
        "If this address has an account, we have mailed a link to it. The link works for a short time.",
    ),
};

pub(super) static REGISTERED: MessagePage = mail_sent(
    "/done/registration",
    "The mail that we have sent to your address contains a link to finish the registration.",
);
pub(super) static LINK_USED: MessagePage = message(
    "This link no longer works",
    "It was used already, or your account has changed since it was mailed, for example its password.",
);
pub(super) static LINK_EXPIRED: MessagePage =
    message("This link is too old", "Links work for a limited time.");
pub(super) static LINK_INVALID: MessagePage = message(
    "This link does not work",
    "A part of it may be missing: please copy the whole link from the mail.",
);
pub(super) static NOT_FOUND: MessagePage = message(
    "There is nothing here",
    "If you followed a link from a mail, a part of it may be missing: please copy the whole link.",
);
pub(super) static WRONG_METHOD: MessagePage =
    message("This cannot be done here", "Go back and use the buttons of the page.");
pub(super) static CROSS_SITE: MessagePage = message(
    "The form came from another site",
    "Nothing was changed. Open the link in your mail again, and use the buttons of that page.",
);
pub(super) static INVITATION_ACCEPTED: MessagePage =
    page("/done/invitation", "Your account is ready", "Log in with the password that you have chosen.");
pub(super) static INVITATION_EXPIRED: MessagePage =
    message("This invitation is too old", "Ask for another one, or log in if you have an account already.");
pub(super) static INVITATION_USED: MessagePage = message(
    "This invitation no longer works",
    "It was used already or withdrawn, or a part of the link is missing. If you have an account, log in.",
);
pub(super) static NOT_VERIFIED: MessagePage = message(
    "Your address is not confirmed yet",
    "Open the link in the activation mail. If the mail is lost, request another one on the front page.",
);
pub(super) static OLD_FORM: MessagePage = message(
    "This form is too old",
    "Nothing was changed. You may have logged in or out since you opened the page. Open it again, and send the form from there.",
);
pub(super) static TOO_MANY_ATTEMPTS: MessagePage =
    message("Too many attempts", "Nothing was changed. Please try again later.");
pub(super) static TOO_LARGE: MessagePage = message("Your input is too long", "Go back and enter less.");
pub(in crate::http) static UNAVAILABLE: MessagePage =
    message("Not at the moment", "Nothing was changed. Please try again in a few seconds.");
pub(in crate::http) static TIMED_OUT: MessagePage =
    message("This took too long", "Your request may have been carried out. Check before you send it again.");
pub(super) static OUTCOME_UNKNOWN: MessagePage =
    message("The answer was lost", "Your request may have been carried out. Check before you send it again.");
pub(super) static FAILED: MessagePage =
    message("Something went wrong on our side", "Nothing was changed. Please try again later.");

/// What entries of the audit log mean to the owner of the account.
const EVENTS: [(&str, &str); 62] = [
    ("registered", "The account was created."),
    ("registered_again", "Somebody tried to register with your address."),
    ("imported", "The account was imported."),
    ("verified", "Your address was confirmed."),
    ("activation_requested", "Another activation mail was requested."),
    ("logged_in", "You logged in."),
    ("login_refused", "A login was refused."),
    ("password_accepted", "Your password was entered, and a second factor was asked for."),
    ("second_factor_refused", "A code or a passkey was refused."),
    ("authenticator_added", "An authenticator app was added."),
    ("authenticator_removed", "The authenticator app was removed."),
    ("recovery_code_used", "A recovery code was used."),
    ("recovery_codes_renewed", "The recovery codes were replaced."),
    ("passkey_added", "A passkey was added."),
    ("passkey_renamed", "A passkey was renamed."),
    ("passkey_removed", "A passkey was removed."),
    ("second_factors_removed", "All second factors were removed by an operator."),
    ("passkey_confirmed", "You confirmed with a passkey that it was you."),
    ("password_refused", "A wrong password was entered for a change."),
    ("password_confirmed", "You entered your password again."),
    ("slowed_down", "Further attempts were throttled."),
    ("logged_out", "You logged out."),
    ("session_revoked", "A session was ended."),
    ("other_sessions_revoked", "All other sessions were ended."),
    ("all_sessions_revoked", "All sessions were ended."),
    ("refresh_token_revoked", "A session was ended by its application."),
    ("session_reuse_detected", "A session was ended, because its token had been copied."),
    ("password_changed", "You changed your password."),
    ("password_reset", "A new password was set with a mailed link."),
    ("password_set", "A password was set."),
    ("password_forgotten", "The activation ended the old password."),
    ("reset_requested", "A link for a new password was requested."),
    ("email_changed", "Your primary address was changed by an operator."),
    ("secondary_email_requested", "A secondary address was requested."),
    ("secondary_email_confirmed", "The secondary address was confirmed."),
    ("secondary_email_removed", "The secondary address was removed."),
    ("emails_swapped", "The addresses were swapped."),
    ("archived", "The account was archived."),
    ("unarchived", "The account was used again after it was archived."),
    ("deactivated", "The account was deactivated."),
    ("activated", "The account was reactivated by an operator."),
    ("deleted", "The account was deleted."),
    ("expired", "The account was deleted, because it was never activated."),
    ("data_exported", "The data of the account were exported."),
    ("staff_given", "You were given staff rights."),
    ("staff_taken", "You no longer have staff rights."),
    ("group_created", "You created a working group."),
    ("group_joined", "You joined a working group."),
    ("group_left", "You left your working group."),
    ("group_deleted", "Your working group was deleted."),
    ("member_added", "You were added to a working group."),
    ("member_removed", "You were removed from your working group."),
    ("representation_given", "You became the representative of your working group."),
    ("representation_taken", "You are no longer the representative of your working group."),
    ("join_request_made", "You asked to join a working group."),
    ("join_request_approved", "Your request to join a working group was accepted."),
    ("join_request_declined", "Your request to join a working group was declined."),
    ("invited", "You invited somebody."),
    ("invitation_accepted", "You accepted an invitation."),
    ("invitation_revoked", "You withdrew an invitation."),
    ("mail_shown", "An operator read a mail about your account."),
    ("mail_retried", "An operator had a mail about your account delivered again."),
];

/// Returns the sentence for an event of the audit log.
pub(super) fn event_sentence(event: &str) -> &'static str {
    let known = EVENTS.iter().find(|(name, _)| *name == event);
    known.map_or("Your account was changed.", |(_, sentence)| sentence)
}
