//! The page of authenticator apps, recovery codes and passkeys.

use minijinja::Value;

use super::login::{explain_expiry, next};
use crate::accounts::passkey_login::PasskeyRequest;
use crate::accounts::passkeys::{self, Registered};
use crate::accounts::qr_code;
use crate::accounts::second_factor;
use crate::app::App;
use crate::error::Result;
use crate::http::pages::exchange;
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::{context, second_factors};
use crate::http::pages::visit::Visit;
use crate::security::reauthentication::Proof;

pub(super) static SECOND_FACTOR: SessionPage = SessionPage {
    path: exchange::SECOND_FACTOR,
    title: "Second factor",
    template: "second_factor.html",
    access: Access::SetUp,
    fields: &["password", "code", "name"],
    show: |app, visit| show(app, visit).map(Reply::Page),
    submit: Some(submit),
};

fn show(app: &App, visit: &Visit) -> Result<Value> {
    let overview = second_factor::overview(app, &visit.viewer)?;
    let is_recent = visit.session.as_ref().is_some_and(|session| session.is_recent(app.clock.now()));
    let pending = second_factor::pending_set_up(app, &visit.viewer)?;
    let is_pending = pending.is_some();
    // The secret is shown only to somebody who could set up another one.
    let set_up = pending.filter(|_| is_recent).map(
        |set_up| context! { qr_code => qr_code::svg(&set_up.uri), uri => set_up.uri, secret => set_up.secret },
    );
    Ok(context! {
        is_missing => overview.is_required && !visit.factors().exist(),
        is_enabled => app.config.second_factor.enabled,
        offers_passkeys => app.passkeys.is_some(),
        is_pending,
        set_up,
        next => next(visit),
        ..second_factors(&overview)
    })
}

fn submit(app: &App, visit: &mut Visit) -> Result<Reply> {
    let action = visit.form.get("action").to_owned();
    if action == "remove_app" {
        second_factor::remove(app, &visit.viewer, visit.form.proof("password")?)?;
        return Ok(done("app_removed"));
    }
    visit.reauthenticate_with_form(app)?;
    let (viewer, form) = (&visit.viewer, &visit.form);
    Ok(match action.as_str() {
        "set_up" => {
            second_factor::set_up(app, viewer, Proof::RecentLogin)?;
            Reply::Redirect(exchange::with_next(exchange::SECOND_FACTOR, next(visit)))
        }
        "confirm" => show_codes(app, visit, second_factor::confirm(app, viewer, form.get("code"))?)?,
        "renew" => {
            show_codes(app, visit, second_factor::renew_recovery_codes(app, viewer, Proof::RecentLogin)?)?
        }
        "start_passkey" => {
            let PasskeyRequest { challenge, options } =
                passkeys::start_registration(app, viewer, Proof::RecentLogin)?;
            let new_passkey = context! { challenge, options => options.to_string() };
            Reply::Page(context! { new_passkey, ..show(app, visit)? })
        }
        "finish_passkey" => {
            let (challenge, answer) = (form.get("challenge"), form.get("passkey"));
            let registered = passkeys::finish_registration(app, viewer, challenge, answer, form.get("name"));
            let Registered { recovery_codes, .. } = registered.map_err(explain_expiry)?;
            match recovery_codes {
                Some(codes) => show_codes(app, visit, codes)?,
                None => done("passkey_added"),
            }
        }
        "rename_passkey" => {
            passkeys::rename(app, viewer, form.get("id"), form.get("name"))?;
            done("passkey_renamed")
        }
        "remove_passkey" => {
            passkeys::remove(app, viewer, form.get("id"), Proof::RecentLogin)?;
            done("passkey_removed")
        }
        _ => Reply::redirect(exchange::SECOND_FACTOR),
    })
}

fn done(name: &str) -> Reply {
    Reply::Redirect(format!("{}?done={name}", exchange::SECOND_FACTOR))
}

/// Shows recovery codes, which the server cannot show again.
fn show_codes(app: &App, visit: &Visit, codes: Vec<String>) -> Result<Reply> {
    Ok(Reply::Page(context! { codes, ..show(app, visit)? }))
}
