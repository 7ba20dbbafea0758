use anyhow::Result;
use serde_json::{Value, json};

use crate::app::App;
use crate::cli::explain;
use crate::cli::output::format_time;
use crate::cli::paging::print_list;
use crate::groups::invitations::{self, ListedInvitation};
use crate::printable::single_line;

/// Returns the message about the invitation.
pub(super) fn invite(app: &App, email: &str, group: Option<&str>) -> Result<String> {
    let invited = invitations::invite_as_operator(app, email, group);
    let ListedInvitation { invitation, group, .. } = explain("nobody was invited", invited)?;
    let group = group.map_or(String::new(), |group| format!(" into the working group {}", group.name));
    Ok(single_line(&format!("{} invited{group}: {}", invitation.email, invitation.id)))
}

pub(super) fn list(app: &App, as_json: bool) -> Result<()> {
    let listed = explain("the invitations cannot be listed", invitations::list_all(app));
    print_list(as_json, std::iter::once(listed), "There are no invitations.\n", to_json, line)
}

/// Returns the message about the invitation.
pub(super) fn revoke(app: &App, id: &str) -> Result<String> {
    let revoked =
        explain(&format!("invitation {id} was not revoked"), invitations::revoke_as_operator(app, id))?;
    Ok(format!("invitation of {} revoked", revoked.email))
}

fn line(listed: &ListedInvitation) -> String {
    let ListedInvitation { invitation, group, inviter } = listed;
    let inviter = inviter.as_ref().map_or("operator", |account| account.email.as_str());
    let group = group.as_ref().map_or("", |group| group.name.as_str());
    let (id, expires_at) = (&invitation.id, format_time(invitation.expires_at));
    let line = format!("{id}  until {expires_at}  {}  by {inviter}  {group}", invitation.email);
    single_line(line.trim_end()) + "\n"
}

fn to_json(listed: &ListedInvitation) -> Value {
    let ListedInvitation { invitation, group, inviter } = listed;
    json!({
        "id": invitation.id,
        "email": invitation.email,
        "working_group": group.as_ref().map(|group| &group.id),
        "invited_by": inviter.as_ref().map(|account| account.id),
        "made_at": invitation.made_at.to_string(),
        "expires_at": invitation.expires_at.to_string(),
    })
}
