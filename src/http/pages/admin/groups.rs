//! The pages of working groups.

use minijinja::Value;

use super::{PAGE_SIZE, account_values, done, page_with};
use crate::app::App;
use crate::error::{Error, Result};
use crate::groups::admin::{self, Creation, Represented, directory, record};
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::{context, institution, research_fields, time};
use crate::http::pages::visit::Visit;
use crate::security::Operator;
use crate::store::groups::Group;

pub(super) static GROUPS: SessionPage = SessionPage {
    path: "/admin/groups",
    title: "Working groups",
    template: "admin_groups.html",
    access: Access::Operator,
    fields: &[],
    show: show_list,
    submit: None,
};

pub(super) static NEW: SessionPage = SessionPage {
    path: "/admin/groups/new",
    title: "Create a working group",
    template: "admin_group_new.html",
    access: Access::Operator,
    fields: &["password", "code"],
    show: show_new,
    submit: Some(create),
};

pub(super) static GROUP: SessionPage = SessionPage {
    path: "/admin/groups/:id",
    title: "Working group",
    template: "admin_group.html",
    access: Access::Operator,
    fields: &["password", "code"],
    show: show_one,
    submit: Some(submit),
};

fn show_list(app: &App, visit: &Visit) -> Result<Reply> {
    let offset = visit.query.get("offset").parse::<usize>().unwrap_or_default();
    let page = record::search(app, visit.query.get("q"), offset, PAGE_SIZE)?;
    let next = offset.saturating_add(PAGE_SIZE).to_string();
    let row = |Represented { group, representative }: &Represented| {
        let representative = representative.as_ref().map(|account| account.email.clone());
        context! { representative, ..values(group) }
    };
    Ok(Reply::Page(context! {
        groups => page.groups.iter().map(row).collect::<Vec<_>>(),
        next => page.has_more.then(|| page_with(visit, "offset", &next)),
    }))
}

fn values(group: &Group) -> Value {
    context! {
        id => group.id.clone(),
        name => group.name.clone(),
        institution => group.institution.as_ref().map(institution),
        research_field => group.research_field.subfield.clone(),
        employees => group.employees,
        is_public => group.is_public,
    }
}

fn show_one(app: &App, visit: &Visit) -> Result<Reply> {
    let Some(record) = record::find(app, &visit.parameter)? else { return Ok(Reply::NotFound) };
    let members = record.members.iter().map(|account| {
        context! { represents => account.represents().is_some(), ..account_values(account) }
    });
    let requests = record.requests.iter().map(|(request, account)| {
        context! { made_at => time(request.made_at), ..account_values(account) }
    });
    Ok(Reply::Page(context! {
        heading => record.group.name.clone(),
        group => values(&record.group),
        members => members.collect::<Vec<_>>(),
        requests => requests.collect::<Vec<_>>(),
    }))
}

fn submit(app: &App, visit: &mut Visit) -> Result<Reply> {
    let deletes = visit.form.get("action") == "delete";
    if deletes && !visit.form.is_checked("confirmed") {
        return Err(Error::bad_request("Tick the box to confirm that the working group is to be deleted."));
    }
    visit.reauthenticate_with_form(app)?;
    let (by, id) = (Operator::staff(app, &visit.viewer), visit.parameter.as_str());
    if deletes {
        admin::delete(by, id)?;
        return Ok(Reply::redirect("/admin/groups?done=desk_group_deleted"));
    }
    let (_, changed) = admin::set_representative(by, id, visit.form.get("account").trim())?;
    Ok(Reply::Redirect(format!("/admin/groups/{id}?done={}", done(changed, "representative_set"))))
}

fn show_new(app: &App, visit: &Visit) -> Result<Reply> {
    let found = match visit.query.owned("q") {
        Some(search) => directory::list_institutions(app, &search, 0, PAGE_SIZE)?.institutions,
        None => Vec::new(),
    };
    Ok(Reply::Page(context! {
        institutions => found.iter().map(institution).collect::<Vec<_>>(),
        research_fields => research_fields(app)?,
    }))
}

fn create(app: &App, visit: &mut Visit) -> Result<Reply> {
    visit.reauthenticate_with_form(app)?;
    let form = &visit.form;
    let employees = form.find("employees").map(|number| number.trim().parse::<i32>()).transpose();
    let employees = employees.map_err(|_| Error::bad_request("Enter the number of employees in digits."))?;
    let institution = form.owned("institution");
    let new = Creation {
        name: form.get("name").to_owned(),
        institution: institution.ok_or_else(|| Error::bad_request("Choose an institution."))?,
        research_field: form.get("research_field").to_owned(),
        representative: form.get("account").trim().to_owned(),
        employees: employees.map(i64::from),
        is_public: form.is_checked("is_public"),
    };
    let (group, _) = admin::create(Operator::staff(app, &visit.viewer), &new)?;
    Ok(Reply::Redirect(format!("/admin/groups/{}?done=desk_group_created", group.id)))
}
