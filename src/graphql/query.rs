use async_graphql::{Context, Error, ID, Object};

use super::lookahead::selected;
use super::relay_id;
use super::resolve::{Nullable, read};
use super::types::group::{
    InstitutionType, ResearchFieldType, WorkingGroupJoinRequestType, WorkingGroupType,
};
use super::types::invitation::InvitationType;
use super::types::second_factor::SecondFactorType;
use super::types::session::SessionType;
use super::types::user::{UserNode, UserNodeConnection, UserType};
use crate::accounts::user_list::PageArgs;
use crate::accounts::{Filter, second_factor, sessions};
use crate::app::App;
use crate::blocking_pool::Queue;
use crate::django::text::strip;
use crate::email;
use crate::error;
use crate::groups::invitations;
use crate::groups::loader::SeenAccount;
use crate::groups::queries::{self, InstitutionSearch};
use crate::groups::selection::{AccountSelection, GroupSelection, JoinRequestSelection};
use crate::security::Viewer;

pub struct Query;

#[Object]
impl Query {
    /// The account of the viewer; null without a valid token.
    async fn me(&self, ctx: &Context<'_>) -> Nullable<UserNode> {
        let selection = AccountSelection::from(ctx.look_ahead());
        let queue = if selection.is_empty() { Queue::ReadingLittle } else { Queue::Reading };
        account(ctx, queue, move |app, viewer| queries::me(app, viewer, &selection)).await
    }

    /// The account with a global id; null if there is none, or if the viewer may not see it.
    async fn user(&self, ctx: &Context<'_>, id: ID) -> Nullable<UserNode> {
        let (type_name, id) = relay_id::from_global_id(&id)?;
        if type_name != "UserNode" {
            // As in the original, the id of another type of the schema is an error, and that of a built-in or unknown type
            // gives null.
            let is_built_in = type_name.starts_with("__")
                || ["Boolean", "Float", "ID", "Int", "String"].contains(&type_name.as_str());
            let exists = ctx.schema_env.registry.types.contains_key(&type_name) && !is_built_in;
            return exists.then(|| Err(Error::new("Must receive a UserNode id.")));
        }
        let id = id.parse().ok()?;
        let selection = AccountSelection::from(ctx.look_ahead());
        account(ctx, Queue::Reading, move |app, viewer| queries::user(app, viewer, id, &selection)).await
    }

    /// The accounts that the viewer may see, in order of registration, at most 100 at a time.
    #[expect(clippy::too_many_arguments, reason = "the arguments are those of the original")]
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
        // An empty string is treated as omitted.
        let given = |argument: Option<String>| {
            argument.map(|string| strip(&string).to_owned()).filter(|string| !string.is_empty())
        };
        let email_key = |argument| given(argument).map(|email| email::key(&email));
        let filter = Filter {
            id: None,
            email_key: email_key(email),
            secondary_email_key: email_key(secondary_email),
            username: given(username),
            username_contains: given(username_contains),
            username_starts_with: given(username_starts_with),
            active: is_active,
            archived,
            verified,
            ..Filter::default()
        };
        let args = PageArgs {
            offset: offset.map(i64::from),
            after: after.as_deref().map(relay_id::from_cursor),
            before: before.as_deref().map(relay_id::from_cursor),
            first: first.map(i64::from),
            last: last.map(i64::from),
        };
        let selection = AccountSelection::from(ctx.look_ahead().field("edges").field("node"));
        let rule = move |app: &App, viewer: &Viewer| queries::users(app, viewer, filter, args, &selection);
        let page = read(ctx, Queue::Reading, rule).await;
        Some(page.map(UserNodeConnection::from))
    }

    /// The sessions of the viewer, most recently used first.
    async fn sessions(&self, ctx: &Context<'_>) -> Nullable<Vec<Option<SessionType>>> {
        list(ctx, SessionType::from, sessions::list).await
    }

    /// The second factors of the viewer.
    async fn second_factor(&self, ctx: &Context<'_>) -> Nullable<SecondFactorType> {
        Some(read(ctx, Queue::Reading, second_factor::overview).await.map(SecondFactorType::from))
    }

    /// All public working groups. Requires a login.
    #[graphql(name = "workinggroups")]
    async fn working_groups(&self, ctx: &Context<'_>) -> Nullable<Vec<Option<WorkingGroupType>>> {
        let selection = GroupSelection::from(ctx.look_ahead());
        list(ctx, WorkingGroupType, move |app, viewer| queries::working_groups(app, viewer, &selection)).await
    }

    /// All research fields.
    #[graphql(name = "researchfields")]
    async fn research_fields(&self, ctx: &Context<'_>) -> Nullable<Vec<Option<ResearchFieldType>>> {
        let groups = selected(&ctx.look_ahead(), &["workinggroupSet"]);
        list(ctx, ResearchFieldType, move |app, viewer| {
            queries::research_fields(app, viewer, groups.as_deref())
        })
        .await
    }

    /// All institutions, or those with each word of `search` in the name or the place, ignoring case and accents.
    /// Returns at most `first` institutions, after skipping `offset`.
    async fn institutions(
        &self,
        ctx: &Context<'_>,
        search: Option<String>,
        first: Option<i32>,
        offset: Option<i32>,
    ) -> Nullable<Vec<Option<InstitutionType>>> {
        let search = InstitutionSearch { search, first, offset };
        let groups = selected(&ctx.look_ahead(), &["workinggroupSet"]);
        list(ctx, InstitutionType, move |app, viewer| {
            queries::institutions(app, viewer, &search, groups.as_deref())
        })
        .await
    }

    /// The members of the working group that the viewer represents.
    #[graphql(name = "workinggroupUsers")]
    async fn working_group_users(&self, ctx: &Context<'_>) -> Nullable<Vec<Option<UserType>>> {
        let selection = AccountSelection::from(ctx.look_ahead());
        list(ctx, UserType, move |app, viewer| queries::members(app, viewer, &selection)).await
    }

    /// The requests to join the working group that the viewer represents, including answered ones.
    async fn join_requests(&self, ctx: &Context<'_>) -> Nullable<Vec<Option<WorkingGroupJoinRequestType>>> {
        let selection = JoinRequestSelection::from(ctx.look_ahead());
        list(ctx, WorkingGroupJoinRequestType, move |app, viewer| {
            queries::join_requests(app, viewer, &selection)
        })
        .await
    }

    /// The code of the language that the viewer chose for pages and mails; null if there is no choice or no valid token.
    async fn my_language(&self, ctx: &Context<'_>) -> Nullable<String> {
        let rule = |app: &App, viewer: &Viewer| {
            let own = queries::me(app, viewer, &AccountSelection::default())?;
            Ok(own.and_then(|own| own.record.language.clone()))
        };
        read(ctx, Queue::ReadingLittle, rule).await.transpose()
    }

    /// The valid invitations into the working group that the viewer represents.
    async fn invitations(&self, ctx: &Context<'_>) -> Nullable<Vec<Option<InvitationType>>> {
        list(ctx, InvitationType::from, invitations::list).await
    }
}

async fn account(
    ctx: &Context<'_>,
    queue: Queue,
    rule: impl FnOnce(&App, &Viewer) -> error::Result<Option<SeenAccount>> + Send + 'static,
) -> Nullable<UserNode> {
    read(ctx, queue, rule).await.map(|account| account.map(UserNode)).transpose()
}

/// Returns a list of nullable entries, as existing clients expect.
async fn list<T: Send + 'static, O>(
    ctx: &Context<'_>,
    output_type: fn(T) -> O,
    rule: impl FnOnce(&App, &Viewer) -> error::Result<Vec<T>> + Send + 'static,
) -> Nullable<Vec<Option<O>>> {
    let entries = read(ctx, Queue::Reading, rule).await;
    Some(entries.map(|entries| entries.into_iter().map(|entry| Some(output_type(entry))).collect()))
}
