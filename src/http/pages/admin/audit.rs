//! The audit log of all accounts.

use std::time::Duration;

use strum::VariantNames as _;

use super::{PAGE_SIZE, entry_values, page_with};
use crate::accounts::activity::{format_position, parse_position};
use crate::accounts::admin::audit_log::{find_account, parse_day, search};
use crate::app::App;
use crate::error::Result;
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::context;
use crate::http::pages::visit::Visit;
use crate::security::audit::Event;
use crate::store::audit::{Criteria, Position};

const A_DAY: Duration = Duration::from_hours(24);

pub(super) static AUDIT: SessionPage = SessionPage {
    path: "/admin/audit",
    title: "Audit log",
    template: "admin_audit.html",
    access: Access::Operator,
    fields: &[],
    show,
    submit: None,
};

fn show(app: &App, visit: &Visit) -> Result<Reply> {
    let query = &visit.query;
    let trimmed = |name: &str| Some(query.get(name).trim().to_owned()).filter(|value| !value.is_empty());
    let account = match trimmed("account") {
        Some(name) => match app.store.read(|db| find_account(db, &name)) {
            Ok(id) => Some(id),
            Err(error) if error.is_rejection() => {
                let unknown = "No account has this address, username or id.";
                return Ok(Reply::Page(context! { events => Event::VARIANTS.to_vec(), unknown }));
            }
            Err(error) => return Err(error),
        },
        None => None,
    };
    let criteria = Criteria {
        account,
        event: trimmed("event"),
        actor: trimmed("actor"),
        address: trimmed("address"),
        from: parse_day(query.get("from")),
    };
    // The last day belongs to the time. Ids begin with 1.
    let end: Option<Position> = parse_day(query.get("to")).map(|day| (day.plus(A_DAY), 0));
    let before = parse_position(query.get("before")).or(end);
    let page = search(app, &criteria, before, PAGE_SIZE)?;
    Ok(Reply::Page(context! {
        entries => page.entries.iter().map(entry_values).collect::<Vec<_>>(),
        events => Event::VARIANTS.to_vec(),
        older => page.older.map(|position| page_with(visit, "before", &format_position(position))),
    }))
}
