//! The front page, and the pages to log in, to log out, and to enter the password again.

use minijinja::{Value, context};

use crate::accounts::login::Name;
use crate::accounts::page_login;
use crate::app::App;
use crate::config::LoginField;
use crate::error::Result;
use crate::http::pages::definition::{Audience, Definition, Next, Shown};
use crate::http::pages::form_pages::checked_next;
use crate::http::pages::visit::Visit;

pub(in crate::http::pages) static FRONT: Definition = Definition {
    path: "/",
    title: "Accounts",
    template: "front.html",
    audience: Audience::Everybody,
    fields: &[],
    show: |_, _| Ok(Shown::Page(context! { wide => false })),
    submit: None,
};

pub(super) static LOG_IN: Definition = Definition {
    path: "/account/login",
    title: "Log in",
    template: "login.html",
    audience: Audience::Everybody,
    fields: &["email", "password"],
    show: show_login,
    submit: Some(log_in),
};

pub(super) static LOG_OUT: Definition = Definition {
    path: "/account/logout",
    title: "Log out",
    template: "login.html",
    audience: Audience::Everybody,
    fields: &[],
    show: |_, _| Ok(Shown::Redirect("/account".to_owned())),
    submit: Some(log_out),
};

pub(super) static CONFIRM: Definition = Definition {
    path: "/account/confirm",
    title: "Enter your password",
    template: "confirm_password.html",
    audience: Audience::Owner,
    fields: &["password"],
    show: |_, _| Ok(Shown::Page(context! { wide => false })),
    submit: Some(confirm),
};

fn show_login(app: &App, visit: &Visit) -> Result<Shown> {
    if visit.session.is_some() {
        return Ok(Shown::Redirect(next(visit).to_owned()));
    }
    Ok(Shown::Page(login_values(app)))
}

fn login_values(app: &App) -> Value {
    context! { with_username => accepts_username(app) }
}

fn log_in(app: &App, visit: &mut Visit) -> Result<Next> {
    if visit.session.is_some() {
        return Ok(Next::redirect(next(visit)));
    }
    // The page of an invitation leads here.
    if visit.form.find("email").is_none() && visit.form.find("password").is_none() {
        return Ok(Next::Page(login_values(app)));
    }
    let entered = visit.form.owned("email").unwrap_or_default();
    // A username that looks like an address is not accepted here, because it may be the address of somebody else.
    let name = if accepts_username(app) && !entered.contains('@') {
        Name { email: None, username: Some(entered) }
    } else {
        Name { email: Some(entered), username: None }
    };
    let login = page_login::log_in(app, &visit.viewer, &name, visit.form.get("password"))?;
    visit.set_cookie(login.cookie);
    if login.was_archived {
        return Ok(Next::redirect("/account?done=unarchived"));
    }
    Ok(Next::redirect(next(visit)))
}

fn accepts_username(app: &App) -> bool {
    app.config.accounts.login_fields.contains(&LoginField::Username)
}

fn log_out(app: &App, visit: &mut Visit) -> Result<Next> {
    page_login::log_out(app, &visit.viewer)?;
    visit.delete_cookie();
    Ok(Next::redirect("/account/login?done=logged_out"))
}

fn confirm(app: &App, visit: &mut Visit) -> Result<Next> {
    let cookie = page_login::confirm(app, &visit.viewer, visit.form.get("password"))?;
    visit.set_cookie(cookie);
    Ok(Next::redirect(next(visit)))
}

/// Returns the page that the viewer wanted to see before.
fn next(visit: &Visit) -> &str {
    let wanted = [visit.form.get("next"), visit.query.get("next")];
    wanted.into_iter().find_map(checked_next).unwrap_or("/account")
}
