//! All queries.

use async_graphql::{Context, Error, ID, Object};

use super::group::{InstitutionType, ResearchFieldType};
use super::lanes::Lane::Ordinary;
use super::payload::{Nullable, ask, request_error};
use super::relay_id;
use super::user::{PageInfo, UserNode, UserNodeConnection, UserNodeEdge};
use crate::accounts::listing::{self, Cut, Page};
use crate::accounts::text::strip;
use crate::accounts::{self, Account, Filter, email};
use crate::groups::directory;

/// The root of all queries.
pub struct Query;

#[Object]
impl Query {
    /// The account of whoever asks; null without a good token.
    async fn me(&self, ctx: &Context<'_>) -> Nullable<UserNode> {
        nullable(ask(ctx, Ordinary, listing::me).await)
    }

    /// An account by its global id; null where there is none, or none that the asker may see.
    async fn user(&self, ctx: &Context<'_>, id: ID) -> Nullable<UserNode> {
        let (type_name, number) = relay_id::from_global_id(&id)?;
        if type_name != "UserNode" {
            let exists =
                ctx.schema_env.registry.types.contains_key(&type_name) && is_of_this_schema(&type_name);
            return exists.then(|| Err(Error::new("Must receive a UserNode id.")));
        }
        let number = number.parse().ok()?;
        nullable(ask(ctx, Ordinary, move |app, viewer| listing::user(app, viewer, number)).await)
    }

    /// The accounts that the asker may see, in the order in which they were registered, 100 at a time at most.
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
        // An empty text filters nothing.
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
        let cut = Cut {
            offset: offset.map(i64::from),
            after: after.as_deref().map(relay_id::from_cursor),
            before: before.as_deref().map(relay_id::from_cursor),
            first: first.map(i64::from),
            last: last.map(i64::from),
        };
        let page = ask(ctx, Ordinary, move |app, viewer| listing::users(app, viewer, filter, cut)).await;
        Some(page.map(connection).map_err(request_error))
    }

    /// All institutions that working groups may be at home at.
    async fn institutions(&self, ctx: &Context<'_>) -> Nullable<Vec<Option<InstitutionType>>> {
        let found = ask(ctx, Ordinary, |app, _| Ok(directory::institutions(app)?)).await;
        Some(found.map(|found| found.into_iter().map(|it| Some(it.into())).collect()).map_err(request_error))
    }

    /// All research fields that working groups may work on.
    #[graphql(name = "researchfields")]
    async fn research_fields(&self, ctx: &Context<'_>) -> Nullable<Vec<Option<ResearchFieldType>>> {
        let found = ask(ctx, Ordinary, |app, _| Ok(directory::research_fields(app)?)).await;
        Some(found.map(|found| found.into_iter().map(|it| Some(it.into())).collect()).map_err(request_error))
    }
}

/// The original knows its own types by name, and none of those that every schema has.
fn is_of_this_schema(type_name: &str) -> bool {
    !type_name.starts_with("__") && !["Boolean", "Float", "ID", "Int", "String"].contains(&type_name)
}

fn nullable(found: accounts::Result<Option<Account>>) -> Nullable<UserNode> {
    found.map(|account| account.map(UserNode::from)).map_err(request_error).transpose()
}

fn connection(page: Page) -> UserNodeConnection {
    let edge = |(offset, account): (i64, Account)| UserNodeEdge {
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
