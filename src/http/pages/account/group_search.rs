//! The pages to find a working group and to create one.

use minijinja::Value;

use super::group::place_of;
use crate::app::App;
use crate::config::Joining;
use crate::error::{Error, Result};
use crate::groups::queries::{self, InstitutionSearch};
use crate::groups::selection::{AccountSelection, GroupSelection, JoinRequestSelection};
use crate::groups::{join, manage};
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::{context, institution, research_fields};
use crate::http::pages::visit::Visit;
use crate::paging;

const MAX_GROUPS: usize = 50;
const MAX_INSTITUTIONS: i32 = 20;

pub(super) static FIND: SessionPage = SessionPage {
    path: "/account/group/find",
    title: "Find a working group",
    template: "group_find.html",
    access: Access::Owner,
    fields: &[],
    show: show_found,
    submit: Some(join_group),
};

pub(super) static NEW: SessionPage = SessionPage {
    path: "/account/group/new",
    title: "Create a working group",
    template: "group_new.html",
    access: Access::Owner,
    fields: &[],
    show: show_new,
    submit: Some(create),
};

/// A part of [`NEW`], which the script loads while somebody types.
pub(super) static INSTITUTIONS: SessionPage = SessionPage {
    path: "/account/institutions",
    title: "Institution",
    template: "institutions.html",
    access: Access::Owner,
    fields: &[],
    show: |app, visit| Ok(Reply::Page(context! { institutions => institutions(app, visit)? })),
    submit: None,
};

fn show_found(app: &App, visit: &Visit) -> Result<Reply> {
    let selection = GroupSelection {
        representative: Some(Box::new(AccountSelection::default())),
        ..GroupSelection::default()
    };
    let mut groups =
        queries::search_working_groups(app, &visit.viewer, visit.query.get("q"), MAX_GROUPS + 1, &selection)?;
    let more = paging::cut(&mut groups, MAX_GROUPS);
    let values = groups.iter().map(|group| {
        let representative = group.related.representative.as_ref();
        context! {
            id => group.record.id.clone(),
            name => group.record.name.clone(),
            institution => group.record.institution.as_ref().map(place_of),
            field => group.record.research_field.subfield.clone(),
            representative => representative.map(|account| account.record.full_name()),
        }
    });
    let account = visit.session.as_ref().map(|session| &session.account);
    Ok(Reply::Page(context! {
        groups => values.collect::<Vec<_>>(),
        more,
        can_join => account.is_some_and(|account| account.membership.is_none()),
        joins_directly => app.config.groups.joining == Joining::Open,
    }))
}

fn join_group(app: &App, visit: &mut Visit) -> Result<Reply> {
    let (viewer, id) = (&visit.viewer, visit.form.get("id"));
    if app.config.groups.joining == Joining::Open {
        join::set(app, viewer, id, &AccountSelection::default())?;
        return Ok(Reply::redirect("/account/group?done=joined"));
    }
    join::request(app, viewer, id, &JoinRequestSelection::default())?;
    Ok(Reply::redirect("/account/group?done=requested"))
}

fn show_new(app: &App, visit: &Visit) -> Result<Reply> {
    let (institutions, research_fields) = (institutions(app, visit)?, research_fields(app)?);
    Ok(Reply::Page(context! { institutions, research_fields }))
}

/// Returns the institutions that match the search of the page. A search without words finds none, because a list of all would be
/// long.
fn institutions(app: &App, visit: &Visit) -> Result<Vec<Value>> {
    let Some(search) = visit.query.owned("q") else { return Ok(Vec::new()) };
    let search = InstitutionSearch { search: Some(search), first: Some(MAX_INSTITUTIONS), offset: None };
    let found = queries::institutions(app, &visit.viewer, &search, None)?;
    Ok(found.iter().map(|found| institution(&found.record)).collect())
}

fn create(app: &App, visit: &mut Visit) -> Result<Reply> {
    let form = &visit.form;
    let number = |name: &str, sentence: &'static str| {
        form.get(name).trim().parse::<i32>().map_err(|_| Error::bad_request(sentence))
    };
    let new = manage::NewGroupForm {
        name: form.owned("name"),
        institution: form.get("institution").to_owned(),
        research_field: number("research_field", "Choose a research field.")?.into(),
        employees: Some(number("employees", "Enter the number of employees in digits.")?.into()),
        is_public: form.is_checked("is_public"),
    };
    manage::create(app, &visit.viewer, &new, &GroupSelection::default())?;
    Ok(Reply::redirect("/account/group?done=group_created"))
}
