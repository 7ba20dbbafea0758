//! GraphQL types of accounts and of pages of accounts.

use async_graphql::{Enum, ID, Interface, Object, SimpleObject};

use super::group::{WorkingGroupJoinRequestType, WorkingGroupType, list};
use super::scalars::DateTime;
use crate::accounts::user_list::Page;
use crate::graphql::relay_id;
use crate::groups::loader::SeenAccount;

#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
#[graphql(name = "CustomUserAcademicTitle")]
pub enum AcademicTitle {
    /// Professor.
    Prof,
    /// Doctor.
    Dr,
}

/// An object with a global id.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The global id."))]
pub enum Node {
    /// An account.
    UserNode(UserNode),
}

/// Defines a type of accounts: the fields that `UserNode` and `UserType` share, then its own. async-graphql cannot flatten
/// an object into a type that the object refers to, as accounts refer to each other through working groups.
macro_rules! account_type {
    ($(#[$attributes:meta])* $name:ident { $($own:tt)* }) => {
        $(#[$attributes])*
        pub struct $name(pub SeenAccount);

        $(#[$attributes])*
        #[Object]
        impl $name {
            /// When the account last logged in to the admin site of Django. Other logins do not count.
            async fn last_login(&self) -> Option<DateTime> {
                self.0.record.last_login_at.map(Into::into)
            }

            /// Whether the account is a member of staff.
            async fn is_staff(&self) -> bool {
                self.0.record.is_staff
            }

            /// Whether the account is active: users can log in to an active account.
            async fn is_active(&self) -> bool {
                self.0.record.deactivated_at.is_none()
            }

            /// When the account was registered.
            async fn date_joined(&self) -> DateTime {
                self.0.record.joined_at.into()
            }

            /// The primary address.
            async fn email(&self) -> &str {
                &self.0.record.email
            }

            /// The username, which is unique.
            async fn username(&self) -> &str {
                &self.0.record.username
            }

            /// The first name, which may be empty.
            async fn first_name(&self) -> &str {
                &self.0.record.first_name
            }

            /// The last name, which may be empty.
            async fn last_name(&self) -> &str {
                &self.0.record.last_name
            }

            /// The academic title; null if there is none.
            async fn academic_title(&self) -> Option<AcademicTitle> {
                match self.0.record.academic_title.as_str() {
                    "PROF" => Some(AcademicTitle::Prof),
                    "DR" => Some(AcademicTitle::Dr),
                    _ => None,
                }
            }

            /// The working group of the account.
            async fn working_group(&self) -> Option<WorkingGroupType> {
                self.0.related.group.clone().map(WorkingGroupType)
            }

            /// Whether the account represents its working group.
            async fn is_representative(&self) -> bool {
                self.0.related.group.is_some() && self.0.record.represents().is_some()
            }

            /// The working group that the account represents.
            #[graphql(name = "workinggroup")]
            async fn represented_group(&self) -> Option<WorkingGroupType> {
                self.0.record.represents().and(self.0.related.group.clone()).map(WorkingGroupType)
            }

            /// The join requests of the account that the viewer may see.
            #[graphql(name = "workinggroupjoinrequestSet")]
            async fn join_requests(&self) -> Vec<WorkingGroupJoinRequestType> {
                list(&self.0.related.join_requests, WorkingGroupJoinRequestType)
            }

            $($own)*
        }
    };
}

account_type! {
    /// An account.
    UserNode {
        /// The global id.
        async fn id(&self) -> ID {
            relay_id::to_global_id("UserNode", &self.0.record.id.to_string()).into()
        }

        /// The id that the global id encodes.
        async fn pk(&self) -> Option<i32> {
            i32::try_from(self.0.record.id).ok()
        }

        /// Whether the account is archived.
        async fn archived(&self) -> Option<bool> {
            Some(self.0.record.archived_at.is_some())
        }

        /// Whether the primary address is verified.
        async fn verified(&self) -> Option<bool> {
            Some(self.0.record.verified_at.is_some())
        }

        /// The confirmed secondary address.
        async fn secondary_email(&self) -> Option<&str> {
            self.0.record.secondary_email.as_deref()
        }
    }
}

account_type! {
    /// An account as a member of a working group.
    UserType {
        /// The id, a number and not a global id.
        async fn id(&self) -> ID {
            self.0.record.id.into()
        }
    }
}

/// A page of accounts.
#[derive(SimpleObject)]
pub struct UserNodeConnection {
    pub page_info: PageInfo,
    /// The accounts of the page.
    pub edges: Vec<Option<UserNodeEdge>>,
}

impl From<Page<SeenAccount>> for UserNodeConnection {
    fn from(page: Page<SeenAccount>) -> Self {
        let edge = |(offset, account)| UserNodeEdge {
            node: Some(UserNode(account)),
            cursor: relay_id::to_cursor(offset),
        };
        let edges: Vec<_> = (page.slice.start..).zip(page.accounts).map(edge).collect();
        let page_info = PageInfo {
            has_next_page: page.slice.has_next,
            has_previous_page: page.slice.has_previous,
            start_cursor: edges.first().map(|edge| edge.cursor.clone()),
            end_cursor: edges.last().map(|edge| edge.cursor.clone()),
        };
        Self { page_info, edges: edges.into_iter().map(Some).collect() }
    }
}

/// An account on a page.
#[derive(SimpleObject)]
pub struct UserNodeEdge {
    pub node: Option<UserNode>,
    /// The cursor of the account, for `after` and `before`.
    pub cursor: String,
}

/// Information about a page.
#[derive(SimpleObject)]
pub struct PageInfo {
    /// Whether more accounts follow.
    pub has_next_page: bool,
    /// Whether `last` left out any accounts.
    pub has_previous_page: bool,
    /// The first cursor on the page.
    pub start_cursor: Option<String>,
    /// The last cursor on the page.
    pub end_cursor: Option<String>,
}
