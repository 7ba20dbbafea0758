//! The overview of an account, and its security log.

use minijinja::Value;

use crate::accounts::activity;
use crate::app::App;
use crate::error::Result;
use crate::groups::queries;
use crate::groups::selection::{AccountSelection, GroupSelection, JoinRequestSelection};
use crate::http::pages::content::event_sentence;
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::{context, time};
use crate::http::pages::visit::Visit;
use crate::store::audit::{Entry, StoredActor};

const ENTRIES_PER_PAGE: usize = 50;
const ENTRIES_ON_OVERVIEW: usize = 5;

pub(super) static OVERVIEW: SessionPage = SessionPage {
    path: "/account",
    title: "Your account",
    template: "overview.html",
    access: Access::Owner,
    fields: &[],
    show: show_overview,
    submit: None,
};

pub(super) static ACTIVITY: SessionPage = SessionPage {
    path: "/account/activity",
    title: "Activity",
    template: "activity.html",
    access: Access::Owner,
    fields: &[],
    show: show_activity,
    submit: None,
};

fn show_overview(app: &App, visit: &Visit) -> Result<Reply> {
    let requests = JoinRequestSelection::default();
    let group = GroupSelection { join_requests: Some(Box::new(requests)), ..GroupSelection::default() };
    let selection = AccountSelection { group: Some(Box::new(group)), ..AccountSelection::default() };
    let Some(seen) = queries::me(app, &visit.viewer, &selection)? else {
        return Ok(Reply::redirect("/account/login"));
    };
    let account = &seen.record;
    let group = seen.related.group.as_ref();
    let waiting = group.map_or(0, |group| {
        group.related.join_requests.iter().filter(|request| request.record.is_pending()).count()
    });
    let entries = activity::list(app, &visit.viewer, None, ENTRIES_ON_OVERVIEW)?.entries;
    Ok(Reply::Page(context! {
        account => context! {
            email => account.email.clone(),
            secondary_email => account.secondary_email.clone(),
            // A generated username means nothing to its owner.
            username => (account.salutation() == account.username).then(|| account.username.clone()),
            joined_at => time(account.joined_at),
        },
        group => group.map(|group| context! { name => group.record.name.clone() }),
        represents => account.represents().is_some(),
        waiting_requests => if account.represents().is_some() { waiting } else { 0 },
        entries => entries.iter().map(entry_values).collect::<Vec<_>>(),
    }))
}

fn show_activity(app: &App, visit: &Visit) -> Result<Reply> {
    let before = activity::parse_position(visit.query.get("before"));
    let page = activity::list(app, &visit.viewer, before, ENTRIES_PER_PAGE)?;
    Ok(Reply::Page(context! {
        entries => page.entries.iter().map(entry_values).collect::<Vec<_>>(),
        older => page.older.map(activity::format_position),
    }))
}

fn entry_values(entry: &Entry) -> Value {
    let by = match entry.actor {
        StoredActor::Operator => Some("by an operator"),
        StoredActor::Account(_) => Some("by another account"),
        StoredActor::Owner | StoredActor::Somebody => None,
    };
    context! {
        sentence => event_sentence(&entry.event),
        at => time(entry.at),
        address => entry.address.clone(),
        by,
    }
}
