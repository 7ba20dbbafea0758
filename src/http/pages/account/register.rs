//! The page to register.

use minijinja::{Value, context};

use crate::accounts::register::{self, Registration};
use crate::app::App;
use crate::config::RegisterField;
use crate::error::Result;
use crate::http::pages::content;
use crate::http::pages::definition::{Audience, Definition, Next, Shown};
use crate::http::pages::visit::Visit;

const FIELDS: &[&str] = &[
    "email",
    "username",
    "first_name",
    "last_name",
    "academic_title",
    "password1",
    "password2",
    "accept_terms",
];

/// The optional fields with their labels, and what browsers fill in.
const OPTIONAL_FIELDS: [(RegisterField, &str, &str, &str); 4] = [
    (RegisterField::Username, "username", "Username", "username"),
    (RegisterField::FirstName, "first_name", "First name", "given-name"),
    (RegisterField::LastName, "last_name", "Last name", "family-name"),
    (RegisterField::AcademicTitle, "academic_title", "Academic title", "honorific-prefix"),
];

pub(super) static REGISTER: Definition = Definition {
    path: "/account/register",
    title: "Create an account",
    template: "register.html",
    audience: Audience::Everybody,
    fields: FIELDS,
    show,
    submit: Some(submit),
};

fn show(app: &App, visit: &Visit) -> Result<Shown> {
    if visit.session.is_some() {
        return Ok(Shown::Redirect("/account".to_owned()));
    }
    Ok(Shown::Page(values(app)))
}

fn values(app: &App) -> Value {
    let accounts = &app.config.accounts;
    let fields = OPTIONAL_FIELDS.iter().filter_map(|(field, name, label, autocomplete)| {
        let required = accounts.register_required.contains(field);
        let is_offered = required || accounts.register_optional.contains(field);
        is_offered
            .then(|| context! { name => *name, label => *label, autocomplete => *autocomplete, required })
    });
    context! {
        fields => fields.collect::<Vec<_>>(),
        passwordless => accounts.passwordless_registration,
    }
}

fn submit(app: &App, visit: &mut Visit) -> Result<Next> {
    if visit.session.is_some() {
        return Ok(Next::redirect("/account"));
    }
    register::register(app, &visit.viewer, registration(app, visit))?;
    Ok(Next::redirect(content::REGISTERED.path))
}

fn registration(app: &App, visit: &Visit) -> Registration {
    let form = &visit.form;
    let offered = |field: RegisterField, name: &str| {
        let accounts = &app.config.accounts;
        let is_offered =
            accounts.register_required.contains(&field) || accounts.register_optional.contains(&field);
        form.owned(name).filter(|_| is_offered)
    };
    Registration {
        email: form.owned("email"),
        username: offered(RegisterField::Username, "username"),
        first_name: offered(RegisterField::FirstName, "first_name"),
        last_name: offered(RegisterField::LastName, "last_name"),
        academic_title: offered(RegisterField::AcademicTitle, "academic_title"),
        password1: form.owned("password1"),
        password2: form.owned("password2"),
    }
}
