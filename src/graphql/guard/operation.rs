//! Checks the operation that a request executes.

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, OperationDefinition, OperationType,
};
use async_graphql::{Positioned, ServerError, Value, Variables};

use super::traversal::visit_fields;
use crate::graphql::features::Features;
use crate::graphql::mutation::checks_password;
use crate::graphql::response::RootFields;

/// The fields of `Query` that may return nearly every row of a table.
const LONG_LISTS: [&str; 6] =
    ["institutions", "researchfields", "workinggroups", "workinggroupUsers", "joinRequests", "users"];
/// How often a request may select each of them.
const MAX_LONG_LISTS: usize = 5;

/// Returns the operation that async-graphql will execute, or `None` if it will reject the request.
pub(super) fn executed<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Option<&'a Positioned<OperationDefinition>> {
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), _) => Some(operation),
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
        (DocumentOperations::Multiple(operations), None) => {
            operations.values().next().filter(|_| operations.len() == 1)
        }
    }
}

pub(super) fn check(
    document: &ExecutableDocument,
    operation: &Positioned<OperationDefinition>,
    variables: &Variables,
    features: &Features,
) -> Result<RootFields, Vec<ServerError>> {
    let fields = check_fields(document, operation, variables).map_err(|error| vec![error])?;
    if operation.node.ty == OperationType::Mutation {
        let check = |(field, subfields): &(&Field, Vec<&Field>)| {
            features.check(field, subfields, &operation.node, variables)
        };
        let errors: Vec<_> = fields.iter().flat_map(check).collect();
        if !errors.is_empty() {
            return Err(errors);
        }
    }
    Ok(fields.into_iter().map(|(field, _)| field).collect())
}

/// Returns the root fields with the fields directly below each.
fn check_fields<'a>(
    document: &'a ExecutableDocument,
    operation: &'a Positioned<OperationDefinition>,
    variables: &Variables,
) -> Result<Vec<(&'a Field, Vec<&'a Field>)>, ServerError> {
    require_variables(&operation.node, variables)?;
    let mut fields: Vec<(&Field, Vec<&Field>)> = Vec::new();
    visit_fields(document, &operation.node, |ancestors, field| {
        match (ancestors, fields.last_mut()) {
            ([], _) => fields.push((&field.node, Vec::new())),
            ([_], Some((_, subfields))) => subfields.push(&field.node),
            _ => {}
        }
        Ok(())
    })?;
    let names = || fields.iter().map(|(field, _)| field.name.node.as_str());
    // Each check is a guess at a password, and aliases would multiply the guesses.
    if names().filter(|name| checks_password(name)).count() > 1 {
        let message = "A request may check one password: send each mutation that takes a current password in a \
            request of its own.";
        return Err(ServerError::new(message, Some(operation.pos)));
    }
    let is_repeated = |list: &str| names().filter(|name| *name == list).count() > MAX_LONG_LISTS;
    if let Some(list) = LONG_LISTS.into_iter().find(|list| is_repeated(list)) {
        let message = format!("A request may select \"{list}\" at most {MAX_LONG_LISTS} times.");
        return Err(ServerError::new(message, Some(operation.pos)));
    }
    Ok(fields)
}

/// Rejects a request without a required variable. async-graphql notices that only at the field that uses the variable,
/// when other fields have already been executed.
fn require_variables(operation: &OperationDefinition, variables: &Variables) -> Result<(), ServerError> {
    for definition in &operation.variable_definitions {
        let (name, var_type) = (&definition.node.name, &definition.node.var_type.node);
        let is_required = !var_type.nullable && definition.node.default_value.is_none();
        if is_required && variables.get(&name.node).is_none_or(|value| *value == Value::Null) {
            let message = format!("Variable \"${name}\" of required type \"{var_type}\" was not provided.");
            return Err(ServerError::new(message, Some(name.pos)));
        }
    }
    Ok(())
}
