//! The GraphQL dialect: names, types and arguments as in django-graphql-auth. The rules are in `accounts` and
//! `groups`; a resolver calls one and turns its result into a response.

mod documents;
mod error;
mod executor;
mod features;
mod guard;
mod lookahead;
mod mutation;
mod payload;
mod query;
mod relay;
pub mod relay_id;
mod resolve;
mod response;
mod types;

use std::sync::Arc;

use async_graphql::{EmptySubscription, ObjectType, Request, Response, Schema, SchemaBuilder};

use crate::app::App;
use crate::blocking_pool::BlockingPool;
use crate::config;
use crate::security::Viewer;
pub use error::is_transient;
use executor::Executor;
use features::Features;
use mutation::{Mutation, RelayMutation};
use query::Query;
use resolve::RuleContext;
pub use response::Summary;
use types::user::Node;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MutationStyle {
    /// Separate arguments, at `/graphql`.
    Plain,
    /// One argument `input`, and `clientMutationId` in it and in the payload, at `/relay`.
    Relay,
}

/// The schemas of an application, one for each style of mutations.
pub struct GraphQl {
    plain: Executor<Mutation>,
    relay: Executor<RelayMutation>,
    pool: Arc<BlockingPool>,
}

impl GraphQl {
    /// Prepares the schemas. Executing requests needs a Tokio runtime.
    pub fn new(app: &App, pool: Arc<BlockingPool>) -> Self {
        let (settings, features) = (&app.config.graphql, Features(app.config.accounts.clone()));
        Self { plain: Executor::new(settings, &features), relay: Executor::new(settings, &features), pool }
    }

    /// Executes a request on behalf of a viewer.
    pub async fn execute(
        &self,
        style: MutationStyle,
        request: Request,
        viewer: Viewer,
    ) -> (Response, Summary) {
        let context = RuleContext { pool: Arc::clone(&self.pool), viewer, codes: Arc::default() };
        match style {
            MutationStyle::Plain => self.plain.execute(request, context).await,
            MutationStyle::Relay => self.relay.execute(request, context).await,
        }
    }
}

/// Returns the schema in SDL, including the fields of features that are turned off.
pub fn sdl(style: MutationStyle, settings: &config::GraphQl) -> String {
    match style {
        MutationStyle::Plain => builder(Mutation::default(), settings).finish().sdl(),
        MutationStyle::Relay => builder(RelayMutation::default(), settings).finish().sdl(),
    }
}

fn builder<M: ObjectType + 'static>(
    mutation: M,
    settings: &config::GraphQl,
) -> SchemaBuilder<Query, M, EmptySubscription> {
    let builder = Schema::build(Query, mutation, EmptySubscription)
        .register_output_type::<Node>()
        .limit_depth(settings.max_depth)
        .limit_complexity(settings.max_complexity);
    let builder = if settings.suggestions() { builder } else { builder.disable_suggestions() };
    if settings.introspection { builder } else { builder.disable_introspection() }
}
