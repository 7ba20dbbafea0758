//! `[graphql]`: what is offered, and bounds of a request.

use serde::Deserialize;

use super::Bytes;

/// `[graphql]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphQl {
    /// Whether browsers get GraphiQL at `/graphql`.
    pub graphiql: bool,
    /// Whether clients may ask for the schema.
    pub introspection: bool,
    /// Whether names that are not in the schema are answered with those that are like them.
    suggestions: Option<bool>,
    /// Whether the Relay flavour of the mutations answers at `/relay`.
    pub relay: bool,
    /// How deep selections may nest.
    pub max_depth: usize,
    /// How many fields a request may ask for.
    pub max_complexity: usize,
    /// How large the body of a request may be.
    pub max_body: Bytes,
}

impl GraphQl {
    /// Whether mistyped names are put right; who may not ask for the schema must not be able to guess it either.
    pub fn suggestions(&self) -> bool {
        self.suggestions.unwrap_or(self.introspection)
    }
}
