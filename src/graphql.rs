//! The GraphQL dialect: names, types and arguments as django-graphql-auth has them. Rules stand below, in
//! `accounts`; a resolver names one and words its outcome.

mod around;
mod bounds;
mod group;
mod input;
mod mutation;
mod offer;
mod operation;
mod payload;
mod query;
mod relay;
pub mod relay_id;
mod scalars;
mod session;
mod user;

use std::sync::Arc;
use std::time::Instant;

use async_graphql::{EmptySubscription, ObjectType, Request, Response, Schema, SchemaBuilder};

use crate::accounts::Viewer;
use crate::app::App;
use crate::config;
use crate::lanes::Lanes;
use mutation::Mutation;
use offer::Offer;
use operation::Order;
pub use operation::may_pass;
use query::Query;
use relay::RelayMutation;

/// The two ways of writing a mutation down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// Arguments of the field, at `/graphql`.
    Plain,
    /// One argument `input`, and `clientMutationId` in it and in the payload, at `/relay`.
    Relay,
}

/// The dialect over an application, in both flavours.
pub struct GraphQl {
    plain: Schema<Query, Mutation, EmptySubscription>,
    relay: Schema<Query, RelayMutation, EmptySubscription>,
    offer: Offer,
}

impl GraphQl {
    /// Needs a runtime around it once requests come.
    pub fn new(app: &App, lanes: Arc<Lanes>) -> Self {
        let bounds = app.config.graphql.clone();
        let offer = Offer::new(&app.config.accounts);
        Self {
            plain: builder(Mutation, &bounds).data(offer.clone()).data(Arc::clone(&lanes)).finish(),
            relay: builder(RelayMutation, &bounds).data(offer.clone()).data(lanes).finish(),
            offer,
        }
    }

    /// Answers a request of somebody, and logs that under `id`.
    pub async fn execute(&self, flavour: Flavour, request: Request, viewer: Viewer, id: &str) -> Response {
        let began = Instant::now();
        let (order, response) = self.answer(flavour, request, viewer).await;
        let (fields, outcome) = order.outcome(&response);
        tracing::info!(id, fields, outcome, ms = began.elapsed().as_secs_f64() * 1000.0, "request");
        response
    }

    async fn answer(&self, flavour: Flavour, mut request: Request, viewer: Viewer) -> (Order, Response) {
        let order = match operation::check(&mut request, &self.offer) {
            Ok(order) => order,
            Err(errors) => return (Order::default(), Response::from_errors(errors)),
        };
        let request = request.data(viewer);
        let mut response = match flavour {
            Flavour::Plain => self.plain.execute(request).await,
            Flavour::Relay => self.relay.execute(request).await,
        };
        bounds::shorten(&mut response.errors);
        order.restore(&mut response);
        (order, response)
    }
}

/// The schema as text (SDL), with all that settings may turn off.
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
