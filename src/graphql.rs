//! The GraphQL dialect: names, types and arguments as in django-graphql-auth. The rules are in `accounts` and
//! `groups`; a resolver calls one and turns its result into a response.

mod document_limits;
mod features;
mod group;
mod input;
mod lookahead;
mod mutation;
mod operation;
mod payload;
mod query;
mod relay;
pub mod relay_id;
mod scalars;
mod session;
mod summary;
mod user;

use std::sync::Arc;

use async_graphql::indexmap::IndexMap;
use async_graphql::{EmptySubscription, ObjectType, Request, Response, Schema, SchemaBuilder, Value};

use crate::accounts::Viewer;
use crate::app::App;
use crate::blocking_pool::BlockingPool;
use crate::config;
use features::Features;
use mutation::Mutation;
pub use operation::is_transient;
use query::Query;
use relay::RelayMutation;
use summary::Refusals;
pub use summary::Summary;

/// The two forms in which mutations are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// The arguments are those of the field, at `/graphql`.
    Plain,
    /// One argument `input`, and `clientMutationId` in it and in the payload, at `/relay`.
    Relay,
}

/// The schemas of an application, in both flavours.
pub struct GraphQl {
    plain: Schema<Query, Mutation, EmptySubscription>,
    relay: Schema<Query, RelayMutation, EmptySubscription>,
    features: Features,
}

impl GraphQl {
    /// Creates the schemas. Executing requests needs a Tokio runtime.
    pub fn new(app: &App, pool: Arc<BlockingPool>) -> Self {
        let bounds = app.config.graphql.clone();
        let features = Features::new(&app.config.accounts);
        Self {
            plain: builder(Mutation, &bounds).data(features.clone()).data(Arc::clone(&pool)).finish(),
            relay: builder(RelayMutation, &bounds).data(features.clone()).data(pool).finish(),
            features,
        }
    }

    /// Executes a request on behalf of a viewer.
    pub async fn execute(
        &self,
        flavour: Flavour,
        mut request: Request,
        viewer: Viewer,
    ) -> (Response, Summary) {
        let order = match operation::check(&mut request, &self.features) {
            Ok(order) => order,
            Err(errors) => return (Response::from_errors(errors), Summary::not_executed()),
        };
        let refusals = Arc::new(Refusals::default());
        let request = request.data(viewer).data(Arc::clone(&refusals));
        let mut response = match flavour {
            Flavour::Plain => self.plain.execute(request).await,
            Flavour::Relay => self.relay.execute(request).await,
        };
        if response.errors.is_empty() && response.data == Value::Null {
            // Directives left out all fields.
            response.data = Value::Object(IndexMap::new());
        }
        document_limits::shorten(&mut response.errors);
        order.restore(&mut response);
        let summary = order.summary(&response, refusals.take());
        (response, summary)
    }
}

/// Returns the schema in SDL, including everything that settings can turn off.
pub fn sdl(flavour: Flavour, bounds: &config::GraphQl) -> String {
    match flavour {
        Flavour::Plain => builder(Mutation, bounds).finish().sdl(),
        Flavour::Relay => builder(RelayMutation, bounds).finish().sdl(),
    }
}

fn builder<M: ObjectType + 'static>(
    mutation: M,
    bounds: &config::GraphQl,
) -> SchemaBuilder<Query, M, EmptySubscription> {
    let builder = Schema::build(Query, mutation, EmptySubscription)
        .register_output_type::<user::Node>()
        .limit_depth(bounds.max_depth)
        .limit_complexity(bounds.max_complexity);
    let builder = if bounds.suggestions() { builder } else { builder.disable_suggestions() };
    if bounds.introspection { builder } else { builder.disable_introspection() }
}
