//! The pages to change names, title, language and password.

use crate::accounts::page_login;
use crate::accounts::profile::{self, Changes};
use crate::app::App;
use crate::config::UpdateField;
use crate::error::Result;
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::context;
use crate::http::pages::visit::Visit;

pub(super) static PROFILE: SessionPage = SessionPage {
    path: "/account/profile",
    title: "Profile",
    template: "profile.html",
    access: Access::Owner,
    fields: &["first_name", "last_name", "academic_title", "language"],
    show: show_profile,
    submit: Some(change_profile),
};

pub(super) static PASSWORD: SessionPage = SessionPage {
    path: "/account/password",
    title: "Password",
    template: "change_password.html",
    access: Access::Owner,
    fields: &["old_password", "new_password1", "new_password2", "code"],
    show: |_, _| Ok(Reply::Page(context! {})),
    submit: Some(change_password),
};

fn may_change(app: &App, field: UpdateField) -> bool {
    app.config.accounts.update_fields.contains(&field)
}

fn show_profile(app: &App, visit: &Visit) -> Result<Reply> {
    let Some(session) = &visit.session else { return Ok(Reply::NotFound) };
    let account = &session.account;
    // After a rejection, the page shows what was entered.
    let current = |field: &str, saved: &str| visit.form.find(field).unwrap_or(saved).to_owned();
    let chosen = account.language.as_deref().unwrap_or_default();
    let languages = app.languages.all().iter();
    let languages: Vec<_> =
        languages.map(|language| (language.code.clone(), language.name.clone())).collect();
    Ok(Reply::Page(context! {
        can => context! {
            first_name => may_change(app, UpdateField::FirstName),
            last_name => may_change(app, UpdateField::LastName),
            academic_title => may_change(app, UpdateField::AcademicTitle),
        },
        current => context! {
            first_name => current("first_name", &account.first_name),
            last_name => current("last_name", &account.last_name),
            academic_title => current("academic_title", &account.academic_title),
            language => current("language", chosen),
        },
        languages,
    }))
}

fn change_profile(app: &App, visit: &mut Visit) -> Result<Reply> {
    // An empty field clears the value.
    let value = |field, name| may_change(app, field).then(|| visit.form.get(name).to_owned());
    let changes = Changes {
        first_name: value(UpdateField::FirstName, "first_name"),
        last_name: value(UpdateField::LastName, "last_name"),
        academic_title: value(UpdateField::AcademicTitle, "academic_title"),
        language: Some(visit.form.get("language").to_owned()),
    };
    profile::update(app, &visit.viewer, &changes)?;
    Ok(Reply::redirect("/account/profile?done=saved"))
}

fn change_password(app: &App, visit: &mut Visit) -> Result<Reply> {
    let form = &visit.form;
    let new = [form.get("new_password1"), form.get("new_password2")];
    let cookie = page_login::change_password(app, &visit.viewer, form.proof("old_password")?, new)?;
    visit.set_cookie(cookie);
    Ok(Reply::redirect("/account/password?done=password"))
}
