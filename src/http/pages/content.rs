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
    button: "Activate",
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
    button: "Confirm",
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
    title: "Forgotten your password?",
    lead: "Enter the address of your account. We mail you a link to choose a new password.",
    sent: mail_sent(
        "/done/password-mail",
        "If this address has an account, we have mailed a link to it. The link works for a short time.",
    ),
};

/// Mails of the original server about join requests lead to this path. This server has no page to answer them.
pub(super) static JOIN_REQUESTS: MessagePage = page(
    "/working-group-details",
    "Requests to join your working group",
    "Please answer them in the application where you manage the group, or with joinRequests and answerJoinRequest of the \
     API.",
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
