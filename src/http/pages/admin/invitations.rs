//! The page of open invitations. With the id of a working group in its address, its form invites into the group.

use minijinja::Value;

use super::{account_values, group_values};
use crate::app::App;
use crate::error::Result;
use crate::groups::admin::record;
use crate::groups::invitations::{self, ListedInvitation};
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::{context, time};
use crate::http::pages::visit::Visit;
use crate::security::Operator;

pub(super) static INVITATIONS: SessionPage = SessionPage {
    path: "/admin/invitations",
    title: "Invitations",
    template: "admin_invitations.html",
    access: Access::Operator,
    fields: &["email", "password", "code"],
    show,
    submit: Some(submit),
};

fn show(app: &App, visit: &Visit) -> Result<Reply> {
    let group = visit.query.find("group").map(|id| record::find(app, id)).transpose()?;
    let group = match group {
        Some(None) => return Ok(Reply::NotFound),
        Some(Some(record)) => Some(record.group),
        None => None,
    };
    let invitations = invitations::list_all(app)?;
    Ok(Reply::Page(context! {
        invitations => invitations.iter().map(values).collect::<Vec<_>>(),
        group => group.as_ref().map(group_values),
    }))
}

fn values(listed: &ListedInvitation) -> Value {
    let ListedInvitation { invitation, group, inviter } = listed;
    context! {
        id => invitation.id.clone(),
        email => invitation.email.clone(),
        group => group.as_ref().map(group_values),
        inviter => inviter.as_ref().map(account_values),
        expires_at => time(invitation.expires_at),
    }
}

fn submit(app: &App, visit: &mut Visit) -> Result<Reply> {
    visit.reauthenticate_with_form(app)?;
    let (by, form) = (Operator::staff(app, &visit.viewer), &visit.form);
    if form.get("action") == "revoke" {
        invitations::revoke_as_operator(by, form.get("id"))?;
        return Ok(Reply::redirect("/admin/invitations?done=invitation_revoked"));
    }
    invitations::invite_as_operator(by, form.get("email"), form.find("group"))?;
    Ok(Reply::redirect("/admin/invitations?done=invited"))
}
