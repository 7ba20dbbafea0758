//! The page of the sessions of an account.

use crate::accounts::sessions;
use crate::app::App;
use crate::error::Result;
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::{self, context};
use crate::http::pages::visit::Visit;

pub(super) static SESSIONS: SessionPage = SessionPage {
    path: "/account/sessions",
    title: "Sessions",
    template: "sessions.html",
    access: Access::Owner,
    fields: &[],
    show,
    submit: Some(submit),
};

fn show(app: &App, visit: &Visit) -> Result<Reply> {
    let sessions = sessions::list(app, &visit.viewer)?;
    let sessions = sessions.iter().map(|own| {
        context! { is_current => own.is_current, ..values::session(&own.session) }
    });
    Ok(Reply::Page(context! { sessions => sessions.collect::<Vec<_>>() }))
}

fn submit(app: &App, visit: &mut Visit) -> Result<Reply> {
    if visit.form.get("action") == "end_others" {
        sessions::revoke_others(app, &visit.viewer)?;
        return Ok(Reply::redirect("/account/sessions?done=sessions_ended"));
    }
    sessions::revoke(app, &visit.viewer, visit.form.get("id"))?;
    Ok(Reply::redirect("/account/sessions?done=session_ended"))
}
