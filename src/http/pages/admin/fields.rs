//! The pages of research fields.

use minijinja::Value;

use super::done;
use crate::app::App;
use crate::error::{Error, Result};
use crate::groups::admin::directory;
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::context;
use crate::http::pages::visit::Visit;
use crate::security::Operator;
use crate::store::institutions::ResearchField;

const NAMES: &[&str] = &["field", "subfield", "password", "code"];

pub(super) static FIELDS: SessionPage = SessionPage {
    path: "/admin/research-fields",
    title: "Research fields",
    template: "admin_fields.html",
    access: Access::Operator,
    fields: NAMES,
    show: |app, _| {
        let fields = directory::list_research_fields(app)?;
        Ok(Reply::Page(context! { research_fields => fields.iter().map(values).collect::<Vec<_>>() }))
    },
    submit: Some(add),
};

pub(super) static FIELD: SessionPage = SessionPage {
    path: "/admin/research-fields/:id",
    title: "Research field",
    template: "admin_field.html",
    access: Access::Operator,
    fields: NAMES,
    show,
    submit: Some(submit),
};

fn values(field: &ResearchField) -> Value {
    context! { id => field.id, field => field.field.clone(), subfield => field.subfield.clone() }
}

fn add(app: &App, visit: &mut Visit) -> Result<Reply> {
    visit.reauthenticate_with_form(app)?;
    let (by, form) = (Operator::staff(app, &visit.viewer), &visit.form);
    let id = directory::add_research_field(by, form.get("field"), form.get("subfield"))?;
    Ok(Reply::Redirect(format!("/admin/research-fields/{id}?done=added")))
}

fn show(app: &App, visit: &Visit) -> Result<Reply> {
    let fields = directory::list_research_fields(app)?;
    let field = fields.iter().find(|field| field.id.to_string() == visit.parameter);
    let Some(field) = field else { return Ok(Reply::NotFound) };
    let others = fields.iter().filter(|other| other.id != field.id);
    let others: Vec<_> = others
        .map(|other| (other.id.to_string(), format!("{}: {} ({})", other.field, other.subfield, other.id)))
        .collect();
    let is_changed = visit.form.get("action") == "change";
    let current = if is_changed {
        context! { field => visit.form.get("field"), subfield => visit.form.get("subfield") }
    } else {
        values(field)
    };
    Ok(Reply::Page(context! { research_field => values(field), current, others }))
}

fn submit(app: &App, visit: &mut Visit) -> Result<Reply> {
    visit.reauthenticate_with_form(app)?;
    let id = number(&visit.parameter)?;
    let (by, form) = (Operator::staff(app, &visit.viewer), &visit.form);
    if form.get("action") == "merge" {
        let into = number(form.get("into"))?;
        directory::merge_research_field(by, id, into)?;
        return Ok(Reply::Redirect(format!("/admin/research-fields/{into}?done=merged")));
    }
    let changed = directory::change_research_field(by, id, form.get("field"), form.get("subfield"))?;
    Ok(Reply::Redirect(format!("/admin/research-fields/{id}?done={}", done(changed, "saved"))))
}

fn number(text: &str) -> Result<i64> {
    text.parse().map_err(|_| Error::bad_request("Choose a research field."))
}
