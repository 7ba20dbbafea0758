//! The front page, and the pages to log in, to log out, and to prove again to be the owner.

use minijinja::Value;

use crate::accounts::login::Name;
use crate::accounts::page_login::{self, SecondStep};
use crate::accounts::passkey_login::{self, PasskeyRequest};
use crate::app::App;
use crate::config::LoginField;
use crate::error::{Error, FieldError, FieldErrors, Result};
use crate::http::pages::exchange::checked_next;
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::context;
use crate::http::pages::visit::Visit;

pub(in crate::http::pages) static FRONT: SessionPage = SessionPage {
    path: "/",
    title: "Accounts",
    template: "front.html",
    access: Access::Everybody,
    fields: &[],
    show: |_, _| Ok(Reply::Page(context! {})),
    submit: None,
};

pub(super) static LOG_IN: SessionPage = SessionPage {
    path: "/account/login",
    title: "Log in",
    template: "login.html",
    access: Access::Everybody,
    fields: &["email", "password", "code"],
    show: show_login,
    submit: Some(log_in),
};

pub(super) static LOG_OUT: SessionPage = SessionPage {
    path: "/account/logout",
    title: "Log out",
    template: "login.html",
    access: Access::Everybody,
    fields: &[],
    show: |_, _| Ok(Reply::redirect("/account")),
    submit: Some(log_out),
};

pub(super) static CONFIRM: SessionPage = SessionPage {
    path: "/account/confirm",
    title: "Confirm that it is you",
    template: "confirm_password.html",
    access: Access::SetUp,
    fields: &["password", "code"],
    show: show_confirm,
    submit: Some(confirm),
};

fn show_login(app: &App, visit: &Visit) -> Result<Reply> {
    if visit.session.is_some() {
        return Ok(Reply::redirect(next(visit)));
    }
    if visit.form.get("step") == SECOND_STEP {
        let (challenge, options) = (visit.form.get("challenge"), visit.form.find("options"));
        return Ok(Reply::Page(second_step(challenge, options, !visit.form.is_checked("without_app"))));
    }
    let fields = &app.config.accounts.login_fields;
    let by_email = fields.contains(&LoginField::Email);
    let by_username = fields.contains(&LoginField::Username);
    let label = match (by_email, by_username) {
        (true, true) => "E-mail address or username",
        (false, true) => "Username",
        (_, false) => "E-mail address",
    };
    Ok(Reply::Page(context! { label, by_username, passkey => passkey_request(app)? }))
}

/// The value of the field `step` in the forms that follow a right password.
const SECOND_STEP: &str = "second";

/// Returns what the page shows after a right password. The forms repeat the challenge and the options.
fn second_step(challenge: &str, options: Option<&str>, has_app: bool) -> Value {
    let passkey = options.map(|options| context! { challenge, options });
    context! { step => SECOND_STEP, challenge, passkey, has_app }
}

/// Returns what a browser needs to ask for a passkey, unless the server has none.
fn passkey_request(app: &App) -> Result<Option<Value>> {
    if app.passkeys.is_none() {
        return Ok(None);
    }
    let PasskeyRequest { challenge, options } = passkey_login::start(app)?;
    Ok(Some(context! { challenge, options => options.to_string() }))
}

fn log_in(app: &App, visit: &mut Visit) -> Result<Reply> {
    if visit.session.is_some() {
        return Ok(Reply::redirect(next(visit)));
    }
    let outcome = match second_step_of(visit) {
        Some(step) => page_login::continue_with(app, &visit.viewer, visit.form.get("challenge"), step),
        // The page of an invitation leads here.
        None if entered_nothing(visit) => return show_login(app, visit),
        None => {
            let password = visit.form.password("password")?;
            page_login::log_in(app, &visit.viewer, &name(app, visit), password)
        }
    };
    let login = match outcome {
        Ok(login) => login,
        Err(Error::Refused(errors)) => return continue_or_reject(visit, errors),
        Err(error) => return Err(error),
    };
    visit.set_cookie(login.cookie);
    let next = next(visit);
    let separator = if next.contains('?') { '&' } else { '?' };
    Ok(Reply::Redirect(if login.was_archived {
        format!("{next}{separator}done=unarchived")
    } else {
        next.to_owned()
    }))
}

/// Returns the code or the answer of an authenticator in the form.
fn second_step_of(visit: &Visit) -> Option<SecondStep<'_>> {
    let form = &visit.form;
    let code = || (form.get("step") == SECOND_STEP).then(|| SecondStep::Code(form.get("code")));
    form.find("passkey").map(SecondStep::Passkey).or_else(code)
}

/// Returns the page that asks for the second factor, or the rejection of the login.
fn continue_or_reject(visit: &mut Visit, errors: FieldErrors) -> Result<Reply> {
    if let Some(next_step) = &errors.next_step {
        let options = next_step.passkey_options.as_ref().map(ToString::to_string);
        let has_app = errors.contains(&FieldError::CODE_REQUIRED);
        return Ok(Reply::Page(second_step(&next_step.challenge, options.as_deref(), has_app)));
    }
    let explained = explain_expiry(errors.into());
    if matches!(explained, Error::BadRequest(_)) {
        visit.form.remove("step");
    }
    Err(explained)
}

/// Replaces the errors of challenges that are expired or used, which people do not know.
pub(super) fn explain_expiry(error: Error) -> Error {
    match error {
        Error::Refused(errors)
            if [FieldError::INVALID_TOKEN, FieldError::EXPIRED_TOKEN]
                .iter()
                .any(|own| errors.contains(own)) =>
        {
            Error::bad_request("This took too long. Please try again.")
        }
        error => error,
    }
}

/// Returns the address or username in the form.
fn name(app: &App, visit: &Visit) -> Name {
    let entered = visit.form.owned("email");
    let fields = &app.config.accounts.login_fields;
    // If both are accepted, a username that looks like an address is not, because it may be the address of somebody else.
    let is_email = fields.contains(&LoginField::Email)
        && (!fields.contains(&LoginField::Username) || visit.form.get("email").contains('@'));
    if is_email { Name { email: entered, username: None } } else { Name { email: None, username: entered } }
}

fn log_out(app: &App, visit: &mut Visit) -> Result<Reply> {
    page_login::log_out(app, &visit.viewer)?;
    visit.delete_cookie();
    Ok(Reply::redirect("/account/login?done=logged_out"))
}

fn show_confirm(app: &App, visit: &Visit) -> Result<Reply> {
    let passkey = if visit.factors().passkeys { passkey_request(app)? } else { None };
    Ok(Reply::Page(context! { passkey }))
}

fn confirm(app: &App, visit: &mut Visit) -> Result<Reply> {
    let form = &visit.form;
    let cookie = match form.find("passkey") {
        Some(answer) => {
            let challenge = form.get("challenge");
            let confirmed = page_login::confirm_with_passkey(app, &visit.viewer, challenge, answer);
            confirmed.map_err(explain_expiry)?
        }
        None => page_login::confirm(app, &visit.viewer, form.proof("password")?)?.0,
    };
    visit.set_cookie(cookie);
    Ok(Reply::redirect(next(visit)))
}

fn entered_nothing(visit: &Visit) -> bool {
    visit.form.find("email").is_none() && visit.form.find("password").is_none()
}

/// Returns the page that the viewer wanted to see before.
pub(super) fn next(visit: &Visit) -> &str {
    let wanted = [visit.form.get("next"), visit.query.get("next")];
    wanted.into_iter().find_map(checked_next).unwrap_or("/account")
}
