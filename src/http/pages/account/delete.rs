//! The page to archive or delete an account. Both always ask for the password.

use crate::accounts::archive_delete;
use crate::app::App;
use crate::config::Deletion;
use crate::error::Result;
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::context;
use crate::http::pages::visit::Visit;

pub(super) static DELETE: SessionPage = SessionPage {
    path: "/account/delete",
    title: "Archive or delete this account",
    template: "delete.html",
    access: Access::Owner,
    fields: &["password", "code"],
    show: |app, _| Ok(Reply::Page(context! { erases => app.config.accounts.delete == Deletion::Erase })),
    submit: Some(submit),
};

fn submit(app: &App, visit: &mut Visit) -> Result<Reply> {
    let proof = visit.form.proof("password")?;
    let done = if visit.form.get("action") == "archive" {
        archive_delete::archive(app, &visit.viewer, proof)?;
        "archived"
    } else {
        archive_delete::delete(app, &visit.viewer, proof)?;
        "deleted"
    };
    visit.delete_cookie();
    Ok(Reply::Redirect(format!("/account/login?done={done}")))
}
