//! The page of one account, with everything that an operator can do to it.

use minijinja::Value;

use super::{account_values, done, entry_values, group_values, mail_values};
use crate::accounts::admin::links::{self, SentLink};
use crate::accounts::admin::record::{self, AccountRecord};
use crate::accounts::admin::{self, EmailChange};
use crate::accounts::{Account, AccountId, personal_data};
use crate::app::App;
use crate::error::{Error, Result};
use crate::http::pages::account::data;
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::{context, second_factors, session, time};
use crate::http::pages::visit::Visit;
use crate::security::Operator;

pub(super) static ACCOUNT: SessionPage = SessionPage {
    path: "/admin/accounts/:id",
    title: "Account",
    template: "admin_account.html",
    access: Access::Operator,
    fields: &["email", "password", "code"],
    show,
    submit: Some(submit),
};

fn find(app: &App, visit: &Visit) -> Result<Option<AccountRecord>> {
    match visit.parameter.parse::<AccountId>() {
        Ok(id) => record::find(app, id),
        Err(_) => Ok(None),
    }
}

fn show(app: &App, visit: &Visit) -> Result<Reply> {
    let Some(record) = find(app, visit)? else { return Ok(Reply::NotFound) };
    let account = &record.account;
    let own = visit.session.as_ref().map(|session| session.account.id);
    Ok(Reply::Page(context! {
        heading => account.email.clone(),
        account => context! { ..details(account), ..account_values(account) },
        is_own => own == Some(account.id),
        has_password => record.has_password,
        second_factors => second_factors(&record.second_factors),
        group => record.group.as_ref().map(group_values),
        represents => account.represents().is_some(),
        sessions => record.sessions.iter().map(session).collect::<Vec<_>>(),
        entries => record.entries.iter().map(entry_values).collect::<Vec<_>>(),
        mails => record.mails.iter().map(mail_values).collect::<Vec<_>>(),
    }))
}

fn details(account: &Account) -> Value {
    let title = match account.academic_title.as_str() {
        "DR" => "Dr.",
        "PROF" => "Prof.",
        other => other,
    };
    context! {
        secondary_email => account.secondary_email.clone(),
        first_name => account.first_name.clone(),
        last_name => account.last_name.clone(),
        title,
        language => account.language.clone(),
        verified_at => account.verified_at.map(time),
        archived_at => account.archived_at.map(time),
        deactivated_at => account.deactivated_at.map(time),
    }
}

fn submit(app: &App, visit: &mut Visit) -> Result<Reply> {
    let Some(record) = find(app, visit)? else { return Ok(Reply::redirect("/admin/accounts")) };
    // The address is unambiguous. Somebody may have chosen the id of another account as username.
    let Account { id, email: name, .. } = record.account;
    let (action, is_confirmed) = (visit.form.get("action").to_owned(), visit.form.is_checked("confirmed"));
    if action == "delete" && !is_confirmed {
        return Err(Error::bad_request("Tick the box to confirm that the account is to be erased."));
    }
    visit.reauthenticate_with_form(app)?;
    let by = Operator::staff(app, &visit.viewer);
    let outcome = match action.as_str() {
        "verify" => done(admin::verify(by, &name)?.1, "account_verified"),
        "deactivate" => done(admin::set_active(by, &name, false)?.1, "account_deactivated"),
        "activate" => done(admin::set_active(by, &name, true)?.1, "account_activated"),
        "send_link" => match links::send_password_link(by, &name)?.1 {
            SentLink::Activation => "activation_sent",
            SentLink::Reset | SentLink::FirstPassword => "link_sent",
        },
        "log_out" => admin::log_out(by, &name).map(|_| "account_logged_out")?,
        "end_session" => {
            admin::end_session(by, &name, visit.form.get("id"))?;
            "account_session_ended"
        }
        "remove_second_factors" => done(admin::remove_second_factors(by, &name)?.1, "second_factors_removed"),
        "give_staff" => done(admin::set_staff(by, &name, true)?.1, "staff_given"),
        "take_staff" => done(admin::set_staff(by, &name, false)?.1, "staff_taken"),
        "set_email" => {
            let (address, is_verified) = (visit.form.get("email"), visit.form.is_checked("verified"));
            let (_, change) = admin::set_email(by, &name, address, is_verified)?;
            done(change != EmailChange::Unchanged, "address_set")
        }
        "export" => return data::download(app, id, &personal_data::of_account(by, &name)?),
        "delete" => {
            admin::delete(by, id)?;
            return Ok(Reply::redirect("/admin/accounts?done=account_deleted"));
        }
        _ => "unchanged",
    };
    Ok(Reply::Redirect(format!("/admin/accounts/{id}?done={outcome}")))
}
