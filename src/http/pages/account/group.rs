//! The page of the working group of an account.

use minijinja::Value;

use crate::accounts::Account;
use crate::app::App;
use crate::error::Result;
use crate::groups::loader::{SeenAccount, SeenGroup, SeenJoinRequest};
use crate::groups::selection::{AccountSelection, GroupSelection, JoinRequestSelection};
use crate::groups::{invitations, join, manage, queries};
use crate::http::pages::session_page::{Access, Reply, SessionPage};
use crate::http::pages::values::{context, time};
use crate::http::pages::visit::Visit;
use crate::store::institutions::Institution;
use crate::store::join_requests::Status;

pub(super) static GROUP: SessionPage = SessionPage {
    path: "/account/group",
    title: "Working group",
    template: "group.html",
    access: Access::Owner,
    fields: &["email", "password", "code"],
    show,
    submit: Some(submit),
};

/// Selects the group of the viewer with its people and requests, and the viewer's own requests.
fn selection() -> AccountSelection {
    let account = || Some(Box::new(AccountSelection::default()));
    let of_group = JoinRequestSelection { account: account(), group: None };
    let own = JoinRequestSelection { account: None, group: Some(Box::new(GroupSelection::default())) };
    let group = GroupSelection {
        representative: account(),
        members: account(),
        join_requests: Some(Box::new(of_group)),
        ..GroupSelection::default()
    };
    AccountSelection { group: Some(Box::new(group)), join_requests: Some(Box::new(own)) }
}

fn show(app: &App, visit: &Visit) -> Result<Reply> {
    let Some(seen) = queries::me(app, &visit.viewer, &selection())? else {
        return Ok(Reply::redirect("/account/login"));
    };
    let represents = seen.record.represents().is_some();
    let group = seen.related.group.as_ref();
    let members = group.map(|group| group.related.members.iter().map(member_values).collect::<Vec<_>>());
    let requests = group.map(|group| {
        let waiting = group.related.join_requests.iter().filter(|request| request.record.is_pending());
        waiting.filter_map(request_values).collect::<Vec<_>>()
    });
    Ok(Reply::Page(context! {
        group => group.map(group_values),
        represents,
        members => members.unwrap_or_default(),
        requests => requests.unwrap_or_default(),
        own_requests => own_requests(&seen),
        invitations => if represents { open_invitations(app, visit)? } else { Vec::new() },
    }))
}

fn open_invitations(app: &App, visit: &Visit) -> Result<Vec<Value>> {
    let open = invitations::list(app, &visit.viewer)?;
    let values = open.into_iter().map(|invitation| {
        context! { id => invitation.id, email => invitation.email, expires_at => time(invitation.expires_at) }
    });
    Ok(values.collect())
}

fn group_values(group: &SeenGroup) -> Value {
    let record = &group.record;
    context! {
        id => record.id.clone(),
        name => record.name.clone(),
        institution => record.institution.as_ref().map(place_of),
        field => record.research_field.subfield.clone(),
        representative => group.related.representative.as_ref().map(|account| account.record.full_name()),
        employees => record.employees,
        is_public => record.is_public,
    }
}

/// Returns the name and the city of an institution.
pub(super) fn place_of(institution: &Institution) -> String {
    match institution.city.as_str() {
        "" => institution.name.clone(),
        city => format!("{}, {city}", institution.name),
    }
}

fn member_values(member: &SeenAccount) -> Value {
    let account: &Account = &member.record;
    context! {
        id => account.id,
        name => account.full_name(),
        email => account.email.clone(),
        represents => account.represents().is_some(),
    }
}

fn request_values(request: &SeenJoinRequest) -> Option<Value> {
    let account = &request.related.account.as_ref()?.record;
    Some(context! {
        id => request.record.id.clone(),
        name => account.full_name(),
        email => account.email.clone(),
        made_at => time(request.record.made_at),
    })
}

fn own_requests(seen: &SeenAccount) -> Vec<Value> {
    let requests =
        seen.related.join_requests.iter().filter(|request| request.record.account == seen.record.id);
    let values = requests.map(|request| {
        let status = match request.record.status {
            Status::Pending => "Waiting for an answer",
            Status::Approved => "Accepted",
            Status::Declined => "Declined",
        };
        context! {
            group => request.related.group.as_ref().map(|group| group.record.name.clone()),
            status,
            made_at => time(request.record.made_at),
        }
    });
    values.collect()
}

fn submit(app: &App, visit: &mut Visit) -> Result<Reply> {
    let action = visit.form.get("action").to_owned();
    // The viewer cannot undo these.
    if ["delete", "hand_over"].contains(&action.as_str()) {
        visit.reauthenticate_with_form(app)?;
    }
    let recent = visit.viewer.after_recent_login();
    let (viewer, id) = (&visit.viewer, visit.form.get("id"));
    let selection = AccountSelection::default();
    let done = match action.as_str() {
        "approve" => join::answer(app, viewer, id, true, &selection).map(|_| "approved"),
        "decline" => join::answer(app, viewer, id, false, &selection).map(|_| "declined"),
        "hand_over" => manage::hand_over(app, &recent, id, &GroupSelection::default()).map(|_| "handed_over"),
        "remove" => manage::remove(app, viewer, id).map(|()| "member_removed"),
        "invite" => invitations::invite(app, viewer, visit.form.get("email")).map(|()| "invited"),
        "revoke_invitation" => invitations::revoke(app, viewer, id).map(|()| "invitation_revoked"),
        "leave" => join::leave(app, viewer).map(|()| "left"),
        "delete" => manage::delete(app, &recent, id).map(|()| "group_deleted"),
        _ => return Ok(Reply::redirect("/account/group")),
    }?;
    Ok(Reply::Redirect(format!("/account/group?done={done}")))
}
