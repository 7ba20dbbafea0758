//! Executes requests with the schema of one style of mutations.

use std::sync::{Arc, LazyLock};

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{DocumentOperations, ExecutableDocument};
use async_graphql::{
    EmptySubscription, ObjectType, Request, Response, Schema, ServerError, ValidationMode, Value,
};

use super::documents::Documents;
use super::features::Features;
use super::query::Query;
use super::resolve::RuleContext;
use super::response::Summary;
use super::{builder, error, guard};
use crate::config;

type StyledSchema<M> = Schema<Query, M, EmptySubscription>;
/// Built when it is needed first, because that takes milliseconds and a megabyte.
type LazySchema<M> = LazyLock<StyledSchema<M>, Box<dyn FnOnce() -> StyledSchema<M> + Send>>;

pub(super) struct Executor<M> {
    schema: LazySchema<M>,
    /// The same schema for documents that are known to be valid.
    schema_without_validation: LazySchema<M>,
    documents: Documents,
    features: Features,
}

impl<M: ObjectType + Default + 'static> Executor<M> {
    pub(super) fn new(settings: &config::GraphQl, features: &Features) -> Self {
        let lazy = |mode| -> LazySchema<M> {
            let (settings, features) = (settings.clone(), features.clone());
            LazyLock::new(Box::new(move || {
                builder(M::default(), &settings).data(features).validation_mode(mode).finish()
            }))
        };
        Self {
            schema: lazy(ValidationMode::Strict),
            schema_without_validation: lazy(ValidationMode::Fast),
            documents: Documents::new(),
            features: features.clone(),
        }
    }

    pub(super) async fn execute(&self, mut request: Request, context: RuleContext) -> (Response, Summary) {
        let known = self.documents.get(&request.query);
        let is_known = known.is_some();
        let document = match known.map_or_else(|| guard::parse(&request.query).map(Arc::new), Ok) {
            Ok(document) => document,
            Err(error) => return rejected(vec![error]),
        };
        let fields = match guard::check(&document, &request, &self.features) {
            Ok(fields) => fields,
            Err(errors) => return rejected(errors),
        };
        let text = (!is_known).then(|| request.query.clone());
        request.set_parsed_query(ExecutableDocument::clone(&document));
        let codes = Arc::clone(&context.codes);
        let needs_validation = !is_known || !is_valid_always(&document);
        let schema = if needs_validation { &self.schema } else { &self.schema_without_validation };
        let mut response = schema.execute(request.data(context)).await;
        if let Some(text) = text.filter(|_| response.errors.is_empty()) {
            self.documents.insert(&text, document);
        }
        if response.errors.is_empty() && response.data == Value::Null {
            // `@skip` or `@include` excluded all fields.
            response.data = Value::Object(IndexMap::new());
        }
        error::truncate(&mut response.errors);
        fields.sort(&mut response);
        let summary = fields.summarize(&response, codes.take());
        (response, summary)
    }
}

/// Returns whether a document that was valid in one request is valid in all of them. Validation compares variables with their
/// types.
fn is_valid_always(document: &ExecutableDocument) -> bool {
    let DocumentOperations::Single(operation) = &document.operations else { return false };
    operation.node.variable_definitions.is_empty()
}

fn rejected(errors: Vec<ServerError>) -> (Response, Summary) {
    (Response::from_errors(errors), Summary::not_executed())
}
