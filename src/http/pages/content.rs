//! What pages say. What rules refuse is said in their own words.

use serde::Serialize;

use crate::tokens::action::Action;

/// A page that says something and asks nothing.
pub(super) struct Notice {
    pub(super) path: &'static str,
    pub(super) title: &'static str,
    pub(super) text: &'static str,
}

/// A form that asks for a mail.
#[derive(Serialize)]
pub(super) struct Ask {
    #[serde(skip)]
    pub(super) action: Action,
    pub(super) path: &'static str,
    pub(super) title: &'static str,
    pub(super) lead: &'static str,
    pub(super) button: &'static str,
    #[serde(skip)]
    pub(super) done: &'static Notice,
}

/// A link from a mail.
pub(super) struct Link {
    pub(super) action: Action,
    pub(super) path: &'static str,
    pub(super) title: &'static str,
    pub(super) lead: &'static str,
    pub(super) button: &'static str,
    /// Whether its form asks for a new password.
    pub(super) password: bool,
    pub(super) done: &'static Notice,
    pub(super) done_already: Notice,
    /// What to do where the link is of no use.
    pub(super) instead: &'static str,
    pub(super) ask: Option<&'static Ask>,
}

/// A page without an address of its own.
const fn notice(title: &'static str, text: &'static str) -> Notice {
    Notice { path: "", title, text }
}

pub(super) static DONE: [Notice; 4] = [
    Notice {
        path: "/done/activation",
        title: "Your account is active",
        text: "Thank you. You can log in now.",
    },
    Notice {
        path: "/done/secondary-address",
        title: "Your address is confirmed",
        text: "It is now the secondary address of your account.",
    },
    Notice {
        path: "/done/new-password",
        title: "Your password is changed",
        text: "Log in with the new one. Wherever you were logged in before, you are logged out.",
    },
    Notice {
        path: "/done/first-password",
        title: "Your password is set",
        text: "You can log in with it now.",
    },
];

/// What is shown once a mail was asked for.
pub(super) static MAILED: [Notice; 2] = [
    Notice {
        path: "/done/activation-mail",
        title: "Check your inbox",
        text: "If this address has an account that is not active yet, a mail with a link is on its way to it.",
    },
    Notice {
        path: "/done/password-mail",
        title: "Check your inbox",
        text: "If this address has an account, a mail with a link is on its way to it. The link is good for a short time.",
    },
];

pub(super) static ACTIVATION_MAIL: Ask = Ask {
    action: Action::Activation,
    path: "/activate",
    title: "Get another activation mail",
    lead: "Enter the address that you registered with. We mail you a link that activates your account.",
    button: "Send the mail",
    done: &MAILED[0],
};

pub(super) static PASSWORD_MAIL: Ask = Ask {
    action: Action::PasswordReset,
    path: "/password-reset",
    title: "Forgotten your password?",
    lead: "Enter the address of your account. We mail you a link by which you choose a new password.",
    button: "Send the mail",
    done: &MAILED[1],
};

pub(super) static LINKS: [Link; 4] = [
    Link {
        action: Action::Activation,
        path: "/activate",
        title: "Activate your account",
        lead: "Confirm that this address is yours, and that you asked for an account.",
        button: "Activate",
        password: false,
        done: &DONE[0],
        done_already: notice(
            "Your account is active already",
            "There is nothing left to do: you can log in.",
        ),
        instead: "Enter your address, and we mail you another link.",
        ask: Some(&ACTIVATION_MAIL),
    },
    Link {
        action: Action::SecondaryEmail,
        path: "/activate-secondary",
        title: "Confirm your secondary address",
        lead: "Confirm that this address is yours. You can then use it for your account as well.",
        button: "Confirm",
        password: false,
        done: &DONE[1],
        done_already: notice(
            "Your address is confirmed already",
            "There is nothing left to do: it is the secondary address of your account.",
        ),
        instead: "Log in and add the address to your account again; another link is then mailed to it.",
        ask: None,
    },
    Link {
        action: Action::PasswordReset,
        path: "/password-reset",
        title: "Choose a new password",
        lead: "It replaces the old one, and logs you out wherever you are logged in.",
        button: "Set this password",
        password: true,
        done: &DONE[2],
        done_already: notice("Your password is changed already", "Log in with the new one."),
        instead: "Enter the address of your account, and we mail you another link.",
        ask: Some(&PASSWORD_MAIL),
    },
    Link {
        action: Action::PasswordSet,
        path: "/password-set",
        title: "Choose your password",
        lead: "You log in to your account with it from now on.",
        button: "Set this password",
        password: true,
        done: &DONE[3],
        done_already: notice(
            "Your account has a password already",
            "Log in with it. If you have forgotten it, you can ask for a new one on the front page.",
        ),
        instead: "Enter the address of your account, and we mail you another link.",
        ask: Some(&PASSWORD_MAIL),
    },
];

/// The path of the original's front end, to which earlier mails about join requests lead. There is no page here that
/// answers them.
pub(super) static JOIN_REQUESTS: Notice = Notice {
    path: "/working-group-details",
    title: "Requests to join your working group",
    text: "Please answer them in the application where you manage the group, or with joinRequests and answerJoinRequest \
        of the API.",
};
pub(super) static LINK_USED: Notice =
    notice("This link was used already", "Each link works once, and ends when your account changes.");
pub(super) static LINK_EXPIRED: Notice = notice("This link is too old", "Links are good for a limited time.");
pub(super) static LINK_INVALID: Notice =
    notice("This link does not work", "Part of it may be missing: please copy all of it from the mail.");
pub(super) static NOTHING_HERE: Notice = notice(
    "There is nothing here",
    "If you followed a link from a mail, part of it may be missing: please copy all of it.",
);
pub(super) static WRONG_METHOD: Notice =
    notice("This cannot be done here", "Go back, and use the buttons of the page.");
pub(super) static FORGED: Notice = notice(
    "This came from another site",
    "To be safe, nothing was done. Open the link from your mail here, and use the buttons of the page.",
);
pub(super) static TOO_LARGE: Notice = notice("That is too much", "Go back and enter less.");
pub(super) static UNAVAILABLE: Notice =
    notice("Not at the moment", "Nothing was changed. Please wait a little and try again.");
pub(super) static TOO_LATE: Notice = notice(
    "This took too long",
    "Your request may have been carried out nevertheless. Check before you send it again.",
);
pub(super) static FAILED: Notice =
    notice("Something went wrong on our side", "Nothing was changed. Please try again later.");

/// What is for an action.
pub(super) fn link(action: Action) -> &'static Link {
    let [activation, secondary_email, password_reset, password_set] = &LINKS;
    match action {
        Action::Activation => activation,
        Action::SecondaryEmail => secondary_email,
        Action::PasswordReset => password_reset,
        Action::PasswordSet => password_set,
    }
}
