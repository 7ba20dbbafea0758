//! The front page, and the pages to log in, to log out, and to enter the password again.

use minijinja::Value;

use crate::accounts::login::Name;
use crate::accounts::page_login;
use crate::app::App;
use crate::config::LoginField;
use crate::error::Result;
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
    fields: &["email", "password"],
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
    title: "Enter your password",
    template: "confirm_password.html",
    access: Access::Owner,
    fields: &["password"],
    show: |_, _| Ok(Reply::Page(context! {})),
    submit: Some(confirm),
};

fn show_login(app: &App, visit: &Visit) -> Result<Reply> {
    if visit.session.is_some() {
        return Ok(Reply::redirect(next(visit)));
    }
    Ok(Reply::Page(login_values(app)))
}

fn login_values(app: &App) -> Value {
    let fields = &app.config.accounts.login_fields;
    let by_email = fields.contains(&LoginField::Email);
    let by_username = fields.contains(&LoginField::Username);
    let label = match (by_email, by_username) {
        (true, true) => "E-mail address or username",
        (false, true) => "Username",
        (_, false) => "E-mail address",
    };
    context! { label, by_username }
}

fn log_in(app: &App, visit: &mut Visit) -> Result<Reply> {
    if visit.session.is_some() {
        return Ok(Reply::redirect(next(visit)));
    }
    // The page of an invitation leads here.
    if entered_nothing(visit) {
        return Ok(Reply::Page(login_values(app)));
    }
    let entered = visit.form.owned("email");
    let fields = &app.config.accounts.login_fields;
    // If both are accepted, a username that looks like an address is not, because it may be the address of somebody else.
    let is_email = fields.contains(&LoginField::Email)
        && (!fields.contains(&LoginField::Username) || visit.form.get("email").contains('@'));
    let name = if is_email {
        Name { email: entered, username: None }
    } else {
        Name { email: None, username: entered }
    };
    let login = page_login::log_in(app, &visit.viewer, &name, visit.form.password("password")?)?;
    visit.set_cookie(login.cookie);
    let next = next(visit);
    let separator = if next.contains('?') { '&' } else { '?' };
    Ok(Reply::Redirect(if login.was_archived {
        format!("{next}{separator}done=unarchived")
    } else {
        next.to_owned()
    }))
}

fn log_out(app: &App, visit: &mut Visit) -> Result<Reply> {
    page_login::log_out(app, &visit.viewer)?;
    visit.delete_cookie();
    Ok(Reply::redirect("/account/login?done=logged_out"))
}

fn confirm(app: &App, visit: &mut Visit) -> Result<Reply> {
    let cookie = page_login::confirm(app, &visit.viewer, visit.form.password("password")?)?;
    visit.set_cookie(cookie);
    Ok(Reply::redirect(next(visit)))
}

fn entered_nothing(visit: &Visit) -> bool {
    visit.form.find("email").is_none() && visit.form.find("password").is_none()
}

/// Returns the page that the viewer wanted to see before.
fn next(visit: &Visit) -> &str {
    let wanted = [visit.form.get("next"), visit.query.get("next")];
    wanted.into_iter().find_map(checked_next).unwrap_or("/account")
}
