use async_graphql::{ID, SimpleObject};

use super::scalars::DateTime;
use crate::accounts::invitations::Invitation;

/// An invitation into a working group.
#[derive(SimpleObject)]
pub struct InvitationType {
    /// The id, which `revokeInvitation` takes.
    id: ID,
    /// The invited address.
    email: String,
    /// When the invitation was made.
    made_at: DateTime,
    /// When the link in the mail stops working.
    expires_at: DateTime,
}

impl From<Invitation> for InvitationType {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id.into(),
            email: invitation.email,
            made_at: invitation.made_at.into(),
            expires_at: invitation.expires_at.into(),
        }
    }
}
