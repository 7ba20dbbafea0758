//! The outbox, and the page of one mail.

use super::{PAGE_SIZE, account_values, done, mail_values, page_with};
use crate::accounts::admin::mails;
use crate::app::App;
use crate::error::Result;
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::context;
use crate::http::pages::visit::Visit;
use crate::security::Operator;

pub(super) static MAILS: SessionPage = SessionPage {
    path: "/admin/mail",
    title: "Mail",
    template: "admin_mails.html",
    access: Access::Operator,
    fields: &["password", "code"],
    show: show_list,
    submit: Some(retry_all),
};

/// The text of a mail is shown only after a form was sent, because it may contain a link that gives access to an account.
pub(super) static MAIL: SessionPage = SessionPage {
    path: "/admin/mail/:id",
    title: "Mail",
    template: "admin_mail.html",
    access: Access::Operator,
    fields: &["password", "code"],
    show: show_one,
    submit: Some(submit),
};

fn show_list(app: &App, visit: &Visit) -> Result<Reply> {
    let (state, before) = (visit.query.get("state").parse().ok(), visit.query.get("before").parse().ok());
    let page = mails::list(app, state, before, PAGE_SIZE)?;
    Ok(Reply::Page(context! {
        mails => page.mails.iter().map(mail_values).collect::<Vec<_>>(),
        older => page.older.map(|id| page_with(visit, "before", &id.to_string())),
    }))
}

fn retry_all(app: &App, visit: &mut Visit) -> Result<Reply> {
    visit.reauthenticate_with_form(app)?;
    let queued = mails::retry_all(Operator::staff(app, &visit.viewer))?;
    Ok(Reply::Redirect(format!("/admin/mail?done={}", done(queued > 0, "mails_queued"))))
}

fn show_one(app: &App, visit: &Visit) -> Result<Reply> {
    let Some(id) = visit.parameter.parse().ok() else { return Ok(Reply::NotFound) };
    let mail = match mails::find(app, id) {
        Ok(mail) => mail,
        Err(error) if error.is_rejection() => return Ok(Reply::NotFound),
        Err(error) => return Err(error),
    };
    let account = mails::find_account(app, id)?;
    Ok(Reply::Page(context! { mail => mail_values(&mail), account => account.as_ref().map(account_values) }))
}

fn submit(app: &App, visit: &mut Visit) -> Result<Reply> {
    let Ok(id) = visit.parameter.parse::<i64>() else { return Ok(Reply::redirect("/admin/mail")) };
    visit.reauthenticate_with_form(app)?;
    let by = Operator::staff(app, &visit.viewer);
    if visit.form.get("action") == "retry" {
        let is_queued = mails::retry(by, id, visit.form.is_checked("again"))?;
        return Ok(Reply::Redirect(format!("/admin/mail/{id}?done={}", done(is_queued, "mail_queued"))));
    }
    let mail = mails::show(by, id)?;
    let account = mails::find_account(app, id)?;
    Ok(Reply::Page(context! {
        mail => mail_values(&mail),
        account => account.as_ref().map(account_values),
        text => mail.text.trim_end().to_owned(),
        links => mails::links(&mail.text).into_iter().map(str::to_owned).collect::<Vec<_>>(),
    }))
}
