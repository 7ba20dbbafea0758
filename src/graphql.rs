//! The GraphQL dialect: names, types and arguments as django-graphql-auth has them. Rules stand below, in
//! `accounts`; a resolver names one and words its outcome.

mod group;
mod lanes;
mod mutation;
mod operation;
mod payload;
mod query;
pub mod relay_id;
mod scalars;
mod user;

use std::sync::Arc;

use async_graphql::{EmptySubscription, Request, Response, Schema as AsyncGraphqlSchema};

use crate::accounts::Viewer;
use crate::app::App;
use crate::config;
use lanes::Lanes;

type Schema = AsyncGraphqlSchema<query::Query, mutation::Mutation, EmptySubscription>;

/// The dialect over an application.
pub struct GraphQl {
    schema: Schema,
}

impl GraphQl {
    /// Needs a runtime around it once requests come.
    pub fn new(app: Arc<App>) -> Self {
        let bounds = app.config.graphql.clone();
        Self { schema: builder(&bounds).data(Arc::new(Lanes::new(app))).finish() }
    }

    /// Answers a request of somebody.
    pub async fn execute(&self, mut request: Request, viewer: Viewer) -> Response {
        let order = match operation::check(&mut request) {
            Ok(order) => order,
            Err(error) => return Response::from_errors(vec![error]),
        };
        let mut response = self.schema.execute(request.data(viewer)).await;
        order.restore(&mut response);
        response
    }
}

/// The schema as text (SDL).
pub fn sdl(bounds: &config::GraphQl) -> String {
    builder(bounds).finish().sdl()
}

fn builder(
    bounds: &config::GraphQl,
) -> async_graphql::SchemaBuilder<query::Query, mutation::Mutation, EmptySubscription> {
    let builder = AsyncGraphqlSchema::build(query::Query, mutation::Mutation, EmptySubscription)
        .register_output_type::<user::Node>()
        .limit_depth(bounds.max_depth)
        .limit_complexity(bounds.max_complexity);
    if bounds.introspection { builder } else { builder.disable_introspection() }
}
