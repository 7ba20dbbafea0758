//! The pages to register and to accept an invitation.

use minijinja::Value;

use crate::accounts::invitations::{self, InvitationStatus};
use crate::accounts::register::{self, Registration};
use crate::app::App;
use crate::config::RegisterField;
use crate::error::Result;
use crate::groups;
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::context;
use crate::http::pages::visit::Visit;
use crate::http::pages::{content, exchange};

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

pub(super) static REGISTER: SessionPage = SessionPage {
    path: "/account/register",
    title: "Create an account",
    template: "register.html",
    access: Access::Everybody,
    fields: FIELDS,
    show,
    submit: Some(submit),
};

pub(super) static INVITATION: SessionPage = SessionPage {
    path: "/invitation/:token",
    title: "Your invitation",
    template: "invitation.html",
    access: Access::Everybody,
    fields: FIELDS,
    show: show_invitation,
    submit: Some(accept_invitation),
};

fn show(app: &App, visit: &Visit) -> Result<Reply> {
    if visit.session.is_some() {
        return Ok(Reply::redirect("/account"));
    }
    Ok(Reply::Page(fields_of_registration(app)))
}

/// Returns the optional fields with their labels, and the terms to agree to.
fn fields_of_registration(app: &App) -> Value {
    let accounts = &app.config.accounts;
    let fields = OPTIONAL_FIELDS.iter().filter(|(field, ..)| is_offered(app, *field));
    let fields = fields.map(|(field, name, label, autocomplete)| {
        let required = accounts.register_required.contains(field);
        context! { name => *name, label => *label, autocomplete => *autocomplete, required }
    });
    context! {
        fields => fields.collect::<Vec<_>>(),
        passwordless => accounts.passwordless_registration,
        terms_url => accounts.terms.url.clone(),
        domains => accounts.registration_domains.join(", ").replace("*.", "…."),
    }
}

fn is_offered(app: &App, field: RegisterField) -> bool {
    let accounts = &app.config.accounts;
    accounts.register_required.contains(&field) || accounts.register_optional.contains(&field)
}

fn submit(app: &App, visit: &mut Visit) -> Result<Reply> {
    if visit.session.is_some() {
        return Ok(Reply::redirect("/account"));
    }
    register::register(app, &visit.viewer, registration(app, visit))?;
    let (accounts, mail) = (&app.config.accounts, &app.config.mail);
    let is_mail_sent = mail.activation || (accounts.passwordless_registration && mail.password_set);
    Ok(Reply::redirect(if is_mail_sent { content::REGISTERED.path } else { "/account/login?done=created" }))
}

/// Returns the fields of the form that the settings offer.
fn registration(app: &App, visit: &Visit) -> Registration {
    let form = &visit.form;
    let offered = |field, name| form.owned(name).filter(|_| is_offered(app, field));
    Registration {
        email: form.owned("email"),
        username: offered(RegisterField::Username, "username"),
        first_name: offered(RegisterField::FirstName, "first_name"),
        last_name: offered(RegisterField::LastName, "last_name"),
        academic_title: offered(RegisterField::AcademicTitle, "academic_title"),
        // People who found their way around the page in its language want mails in the same.
        language: Some(visit.language.clone()),
        password1: form.owned("password1"),
        password2: form.owned("password2"),
        invitation: None,
        accept_terms: Some(form.is_checked("accept_terms")),
        begins_session: false,
    }
}

fn show_invitation(app: &App, visit: &Visit) -> Result<Reply> {
    let invitation = match invitations::status(app, &visit.parameter)? {
        InvitationStatus::Valid(invitation) => invitation,
        InvitationStatus::Expired => return Ok(Reply::Gone(&content::INVITATION_EXPIRED)),
        InvitationStatus::Unknown => return Ok(Reply::Gone(&content::INVITATION_USED)),
    };
    let account = visit.session.as_ref().map(|session| &session.account);
    let is_own = account.is_some_and(|account| account.has_address(&invitation.email));
    let invited = context! {
        email => invitation.email,
        has_group => invitation.has_group,
        group => invitation.group,
        inviter => invitation.inviter,
        has_account => invitation.has_account,
        is_own,
        is_verified => account.is_some_and(|account| account.verified_at.is_some()),
    };
    Ok(Reply::Page(context! { ..invited, ..fields_of_registration(app) }))
}

/// Accepts the invitation with the account of the viewer, or registers one.
fn accept_invitation(app: &App, visit: &mut Visit) -> Result<Reply> {
    if visit.lacks_second_factor(app) {
        return Ok(Reply::Redirect(exchange::with_next(exchange::SECOND_FACTOR, visit.path())));
    }
    if visit.session.is_some() {
        let has_group = groups::invitations::accept(app, &visit.viewer, &visit.parameter)?;
        return Ok(Reply::redirect(if has_group { "/account/group?done=joined" } else { "/account" }));
    }
    let invitation = Some(visit.parameter.clone());
    let registration = Registration { invitation, ..registration(app, visit) };
    register::register(app, &visit.viewer, registration)?;
    let is_passwordless = app.config.accounts.passwordless_registration;
    let done = if is_passwordless { &content::REGISTERED } else { &content::INVITATION_ACCEPTED };
    Ok(Reply::redirect(done.path))
}
