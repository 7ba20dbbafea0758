//! The root type of queries.

use async_graphql::{Context, Error, ID, Object};

use super::group::{InstitutionType, ResearchFieldType, WorkingGroupJoinRequestType, WorkingGroupType};
use super::lookahead::Lookahead as _;
use super::payload::{Nullable, request_error, run_rule};
use super::relay_id;
use super::session::SessionType;
use super::user::{PageInfo, UserNode, UserNodeConnection, UserNodeEdge, UserType};
use crate::accounts::user_list::{Page, PageArgs};
use crate::accounts::{self, Filter, Viewer, email, sessions};
use crate::app::App;
use crate::blocking_pool::Queue::Reading;
use crate::django::text::strip;
use crate::groups::loader::{
    AccountSelection, GroupSelection, JoinRequestSelection, PlaceSelection, SeenAccount,
};
use crate::groups::queries::{self, InstitutionSearch};

/// The root type of queries.
pub struct Query;

#[Object]
impl Query {
    /// The account of the viewer; null without a valid token.
    async fn me(&self, ctx: &Context<'_>) -> Nullable<UserNode> {
        let selection = AccountSelection::selected(ctx, &[]);
        nullable(run_rule(ctx, Reading, move |app, viewer| queries::me(app, viewer, &selection)).await)
    }

    /// The account with a global id; null if there is none, or if the viewer may not see it.
    async fn user(&self, ctx: &Context<'_>, id: ID) -> Nullable<UserNode> {
        let (type_name, number) = relay_id::from_global_id(&id)?;
        if type_name != "UserNode" {
            let exists =
                ctx.schema_env.registry.types.contains_key(&type_name) && is_of_this_schema(&type_name);
            return exists.then(|| Err(Error::new("Must receive a UserNode id.")));
        }
        let number = number.parse().ok()?;
        let selection = AccountSelection::selected(ctx, &[]);
        nullable(
            run_rule(ctx, Reading, move |app, viewer| queries::user(app, viewer, number, &selection)).await,
        )
    }

    /// The accounts that the viewer may see, in order of registration, at most 100 at a time.
    #[expect(clippy::too_many_arguments, reason = "the arguments are the dialect's")]
    async fn users(
        &self,
        ctx: &Context<'_>,
        offset: Option<i32>,
        before: Option<String>,
        after: Option<String>,
        first: Option<i32>,
        last: Option<i32>,
        email: Option<String>,
        username: Option<String>,
        #[graphql(name = "username_Icontains")] username_contains: Option<String>,
        #[graphql(name = "username_Istartswith")] username_starts_with: Option<String>,
        is_active: Option<bool>,
        #[graphql(name = "status_Archived")] archived: Option<bool>,
        #[graphql(name = "status_Verified")] verified: Option<bool>,
        #[graphql(name = "status_SecondaryEmail")] secondary_email: Option<String>,
    ) -> Nullable<UserNodeConnection> {
        // An empty string filters nothing.
        let given =
            |text: Option<String>| text.map(|text| strip(&text).to_owned()).filter(|text| !text.is_empty());
        let filter = Filter {
            id: None,
            email_key: given(email).map(|email| email::key(&email)),
            secondary_email_key: given(secondary_email).map(|email| email::key(&email)),
            username: given(username),
            username_contains: given(username_contains),
            username_starts_with: given(username_starts_with),
            active: is_active,
            archived,
            verified,
        };
        let args = PageArgs {
            offset: offset.map(i64::from),
            after: after.as_deref().map(relay_id::from_cursor),
            before: before.as_deref().map(relay_id::from_cursor),
            first: first.map(i64::from),
            last: last.map(i64::from),
        };
        let selection = AccountSelection::selected(ctx, &["edges", "node"]);
        let page =
            run_rule(ctx, Reading, move |app, viewer| queries::users(app, viewer, filter, args, &selection))
                .await;
        Some(page.map(connection).map_err(request_error))
    }

    /// The sessions of the viewer, most recently used first.
    async fn sessions(&self, ctx: &Context<'_>) -> Nullable<Vec<Option<SessionType>>> {
        list(ctx, sessions::list).await
    }

    /// All public working groups. Requires a login.
    #[graphql(name = "workinggroups")]
    async fn working_groups(&self, ctx: &Context<'_>) -> Nullable<Vec<Option<WorkingGroupType>>> {
        let selection = GroupSelection::selected(ctx, &[]);
        list(ctx, move |app, viewer| queries::working_groups(app, viewer, &selection)).await
    }

    /// All research fields.
    #[graphql(name = "researchfields")]
    async fn research_fields(&self, ctx: &Context<'_>) -> Nullable<Vec<Option<ResearchFieldType>>> {
        let selection = PlaceSelection::selected(ctx, &[]);
        list(ctx, move |app, viewer| queries::research_fields(app, viewer, &selection)).await
    }

    /// All institutions, or those whose name and place contain each word of `search`, ignoring case and accents.
    /// Returns at most `first` institutions, after skipping `offset`.
    async fn institutions(
        &self,
        ctx: &Context<'_>,
        search: Option<String>,
        first: Option<i32>,
        offset: Option<i32>,
    ) -> Nullable<Vec<Option<InstitutionType>>> {
        let (selection, wanted) =
            (PlaceSelection::selected(ctx, &[]), InstitutionSearch { search, first, offset });
        list(ctx, move |app, viewer| queries::institutions(app, viewer, &wanted, &selection)).await
    }

    /// The members of the working group that the viewer represents.
    #[graphql(name = "workinggroupUsers")]
    async fn working_group_users(&self, ctx: &Context<'_>) -> Nullable<Vec<Option<UserType>>> {
        let selection = AccountSelection::selected(ctx, &[]);
        list(ctx, move |app, viewer| queries::members(app, viewer, &selection)).await
    }

    /// The requests to join the working group that the viewer represents, including answered ones.
    async fn join_requests(&self, ctx: &Context<'_>) -> Nullable<Vec<Option<WorkingGroupJoinRequestType>>> {
        let selection = JoinRequestSelection::selected(ctx, &[]);
        list(ctx, move |app, viewer| queries::join_requests(app, viewer, &selection)).await
    }
}

/// Returns a list without pages. Clients expect nullable entries.
async fn list<T: Send + 'static, G: From<T>>(
    ctx: &Context<'_>,
    rule: impl FnOnce(&App, &Viewer) -> accounts::Result<Vec<T>> + Send + 'static,
) -> Nullable<Vec<Option<G>>> {
    let found = run_rule(ctx, Reading, rule).await;
    Some(found.map(|found| found.into_iter().map(|it| Some(it.into())).collect()).map_err(request_error))
}

/// Returns whether the original resolves this type name. It finds its own types by name, but not the built-in types
/// of every schema.
fn is_of_this_schema(type_name: &str) -> bool {
    !type_name.starts_with("__") && !["Boolean", "Float", "ID", "Int", "String"].contains(&type_name)
}

fn nullable(found: accounts::Result<Option<SeenAccount>>) -> Nullable<UserNode> {
    found.map(|account| account.map(UserNode::from)).map_err(request_error).transpose()
}

fn connection(page: Page<SeenAccount>) -> UserNodeConnection {
    let edge = |(offset, account): (i64, SeenAccount)| UserNodeEdge {
        node: Some(account.into()),
        cursor: relay_id::to_cursor(offset),
    };
    let edges: Vec<_> = (page.start..).zip(page.accounts).map(edge).collect();
    let page_info = PageInfo {
        has_next_page: page.has_next,
        has_previous_page: page.has_previous,
        start_cursor: edges.first().map(|edge| edge.cursor.clone()),
        end_cursor: edges.last().map(|edge| edge.cursor.clone()),
    };
    UserNodeConnection { page_info, edges: edges.into_iter().map(Some).collect() }
}
