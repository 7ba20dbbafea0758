//! The list of accounts, and the page to create one.

use minijinja::Value;

use super::{PAGE_SIZE, account_values, page_with};
use crate::accounts::Filter;
use crate::accounts::admin::{self, Creation, record};
use crate::app::App;
use crate::error::Result;
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::context;
use crate::http::pages::visit::Visit;
use crate::security::Operator;

pub(super) static ACCOUNTS: SessionPage = SessionPage {
    path: "/admin/accounts",
    title: "Accounts",
    template: "admin_accounts.html",
    access: Access::Operator,
    fields: &[],
    show,
    submit: None,
};

pub(super) static NEW: SessionPage = SessionPage {
    path: "/admin/accounts/new",
    title: "Create an account",
    template: "admin_account_new.html",
    access: Access::Operator,
    fields: &["email", "username", "password", "code"],
    show: |_, _| Ok(Reply::Page(Value::UNDEFINED)),
    submit: Some(create),
};

fn show(app: &App, visit: &Visit) -> Result<Reply> {
    let (search, after) = (visit.query.owned("q"), visit.query.get("after").parse().ok());
    let search = search.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let state = visit.query.get("state");
    let filter = Filter {
        contains: search.clone(),
        after,
        verified: (state == "unverified").then_some(false),
        active: (state == "deactivated").then_some(false),
        staff: (state == "staff").then_some(true),
        ..Filter::default()
    };
    let page = record::list(app, &filter, PAGE_SIZE)?;
    // An id is not a part of an address.
    let exact = match &search {
        Some(search) if after.is_none() && state.is_empty() => record::find_exactly(app, search)?,
        _ => None,
    };
    let exact = exact.filter(|exact| page.accounts.iter().all(|account| account.id != exact.id));
    Ok(Reply::Page(context! {
        accounts => exact.iter().chain(&page.accounts).map(account_values).collect::<Vec<_>>(),
        next => page.next.map(|id| page_with(visit, "after", &id.to_string())),
    }))
}

fn create(app: &App, visit: &mut Visit) -> Result<Reply> {
    visit.reauthenticate_with_form(app)?;
    let new = Creation {
        email: visit.form.get("email").to_owned(),
        username: visit.form.owned("username"),
        is_staff: visit.form.is_checked("staff"),
        mails_password_link: true,
        ..Creation::default()
    };
    let account = admin::create(Operator::staff(app, &visit.viewer), &new)?;
    Ok(Reply::Redirect(format!("/admin/accounts/{}?done=account_created", account.id)))
}
