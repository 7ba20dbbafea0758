//! The pages of institutions.

use minijinja::Value;

use super::{PAGE_SIZE, done, page_with};
use crate::app::App;
use crate::error::Result;
use crate::groups::admin::directory::{self, InstitutionForm};
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::{self, context};
use crate::http::pages::visit::Visit;
use crate::security::Operator;

const FIELDS: &[&str] = &["name", "city", "state", "country", "password", "code"];

pub(super) static INSTITUTIONS: SessionPage = SessionPage {
    path: "/admin/institutions",
    title: "Institutions",
    template: "admin_institutions.html",
    access: Access::Operator,
    fields: &[],
    show: show_list,
    submit: None,
};

pub(super) static NEW: SessionPage = SessionPage {
    path: "/admin/institutions/new",
    title: "Add an institution",
    template: "admin_institution_new.html",
    access: Access::Operator,
    fields: FIELDS,
    show: |_, visit| Ok(Reply::Page(context! { current => entered(visit) })),
    submit: Some(add),
};

pub(super) static INSTITUTION: SessionPage = SessionPage {
    path: "/admin/institutions/:id",
    title: "Institution",
    template: "admin_institution.html",
    access: Access::Operator,
    fields: FIELDS,
    show: show_one,
    submit: Some(submit),
};

fn show_list(app: &App, visit: &Visit) -> Result<Reply> {
    let offset = visit.query.get("offset").parse::<u32>().unwrap_or_default();
    let page = directory::list_institutions(app, visit.query.get("q"), offset.into(), PAGE_SIZE)?;
    let next = usize::try_from(offset).unwrap_or_default().saturating_add(PAGE_SIZE);
    Ok(Reply::Page(context! {
        institutions => page.institutions.iter().map(values::institution).collect::<Vec<_>>(),
        next => page.has_more.then(|| page_with(visit, "offset", &next.to_string())),
    }))
}

fn entered(visit: &Visit) -> Value {
    let field = |name: &str| visit.form.get(name).to_owned();
    context! { name => field("name"), city => field("city"), state => field("state"), country => field("country") }
}

fn form(visit: &Visit) -> InstitutionForm {
    let field = |name: &str| visit.form.get(name).to_owned();
    InstitutionForm {
        name: field("name"),
        city: field("city"),
        state: field("state"),
        country: field("country"),
    }
}

fn show_one(app: &App, visit: &Visit) -> Result<Reply> {
    let Some(institution) = directory::find_institution(app, &visit.parameter)? else {
        return Ok(Reply::NotFound);
    };
    // After a rejection, the page shows what was entered.
    let current =
        if visit.form.get("action") == "change" { entered(visit) } else { values::institution(&institution) };
    // The search for the institution to merge this one into.
    let found = match visit.query.owned("q") {
        Some(search) => directory::list_institutions(app, &search, 0, PAGE_SIZE)?.institutions,
        None => Vec::new(),
    };
    let others = found.iter().filter(|other| other.id != institution.id).map(values::institution);
    Ok(Reply::Page(context! {
        institution => values::institution(&institution),
        current,
        others => others.collect::<Vec<_>>(),
    }))
}

fn add(app: &App, visit: &mut Visit) -> Result<Reply> {
    visit.reauthenticate_with_form(app)?;
    let id = directory::add_institution(Operator::staff(app, &visit.viewer), &form(visit))?;
    Ok(Reply::Redirect(format!("/admin/institutions/{id}?done=added")))
}

fn submit(app: &App, visit: &mut Visit) -> Result<Reply> {
    visit.reauthenticate_with_form(app)?;
    let (by, id) = (Operator::staff(app, &visit.viewer), visit.parameter.as_str());
    if visit.form.get("action") == "merge" {
        let into = visit.form.get("into");
        directory::merge_institution(by, id, into)?;
        return Ok(Reply::Redirect(format!("/admin/institutions/{into}?done=merged")));
    }
    let changed = directory::change_institution(by, id, &form(visit))?;
    Ok(Reply::Redirect(format!("/admin/institutions/{id}?done={}", done(changed, "saved"))))
}
