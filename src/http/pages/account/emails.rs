//! The page of the addresses of an account.

use crate::accounts::secondary_email;
use crate::app::App;
use crate::error::Result;
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::context;
use crate::http::pages::visit::Visit;
use crate::security::reauthentication::Proof;

pub(super) static EMAILS: SessionPage = SessionPage {
    path: "/account/emails",
    title: "E-mail addresses",
    template: "emails.html",
    access: Access::Owner,
    fields: &["email", "password", "code"],
    show,
    submit: Some(submit),
};

fn show(app: &App, visit: &Visit) -> Result<Reply> {
    let Some(session) = &visit.session else { return Ok(Reply::NotFound) };
    let account = &session.account;
    Ok(Reply::Page(context! {
        account => context! { email => account.email.clone(), secondary_email => account.secondary_email.clone() },
        secondary_logs_in => app.config.accounts.login_with_secondary_email,
    }))
}

fn submit(app: &App, visit: &mut Visit) -> Result<Reply> {
    visit.reauthenticate_with_form(app)?;
    let (viewer, proof) = (&visit.viewer, Proof::RecentLogin);
    let done = match visit.form.get("action") {
        "swap" => secondary_email::swap(app, viewer, proof).map(|()| "swapped"),
        "remove" => secondary_email::remove(app, viewer, proof).map(|()| "removed"),
        _ => {
            let address = visit.form.get("email");
            secondary_email::send_activation(app, viewer, address, proof).map(|()| "mail_sent")
        }
    }?;
    Ok(Reply::Redirect(format!("/account/emails?done={done}")))
}
