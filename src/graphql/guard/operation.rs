//! Checks the operation that a request executes.

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, OperationDefinition, OperationType,
};
use async_graphql::{Positioned, Request, ServerError, Value, Variables};

use super::traversal::visit_fields;
use crate::graphql::features::Features;
use crate::graphql::mutation::checks_password;
use crate::graphql::response::RootFields;

/// The fields of `Query` that may return nearly every row of a table.
const LONG_LISTS: [&str; 7] = [
    "institutions",
    "researchfields",
    "workinggroups",
    "workinggroupUsers",
    "joinRequests",
    "invitations",
    "users",
];
/// How often a request may select each of them.
const MAX_LONG_LISTS: usize = 5;

/// A root field with the fields directly below it.
type RootField<'a> = (&'a Field, Vec<&'a Field>);

/// Rejects a request that omits a required variable, uses something that settings turn off, or makes the server check more
/// than one password. Returns the root fields of the operation.
pub(in crate::graphql) fn check(
    document: &ExecutableDocument,
    request: &Request,
    features: &Features,
) -> Result<RootFields, Vec<ServerError>> {
    let Some(operation) = executed(document, request.operation_name.as_deref()) else {
        return Ok(RootFields::default());
    };
    let (operation, pos, variables) = (&operation.node, operation.pos, &request.variables);
    let fields = require_variables(operation, variables)
        .and_then(|()| root_fields(document, operation))
        .map_err(|error| vec![error])?;
    limit_root_fields(&fields).map_err(|message| vec![ServerError::new(message, Some(pos))])?;
    if operation.ty == OperationType::Mutation {
        let check =
            |(field, subfields): &RootField<'_>| features.check(field, subfields, operation, variables);
        let errors: Vec<_> = fields.iter().flat_map(check).collect();
        if !errors.is_empty() {
            return Err(errors);
        }
    }
    Ok(RootFields::new(fields.into_iter().map(|(field, _)| field)))
}

/// Returns the operation that async-graphql will execute, or `None` if it will reject the request.
fn executed<'a>(
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

fn root_fields<'a>(
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
) -> Result<Vec<RootField<'a>>, ServerError> {
    let mut fields: Vec<RootField<'a>> = Vec::new();
    visit_fields(document, operation, |ancestors, field| {
        match (ancestors, fields.last_mut()) {
            ([], _) => fields.push((&field.node, Vec::new())),
            ([_], Some((_, subfields))) => subfields.push(&field.node),
            _ => {}
        }
        Ok(())
    })?;
    Ok(fields)
}

fn limit_root_fields(fields: &[RootField<'_>]) -> Result<(), String> {
    let names = || fields.iter().map(|(field, _)| field.name.node.as_str());
    // Each check is a guess at a password, and aliases would multiply the guesses.
    if names().filter(|name| checks_password(name)).count() > 1 {
        let message = "A request may check one password: send each mutation that takes a current password in a \
            request of its own.";
        return Err(message.to_owned());
    }
    let is_repeated = |list: &str| names().filter(|name| *name == list).count() > MAX_LONG_LISTS;
    match LONG_LISTS.into_iter().find(|list| is_repeated(list)) {
        Some(list) => Err(format!("A request may select \"{list}\" at most {MAX_LONG_LISTS} times.")),
        None => Ok(()),
    }
}

/// Rejects a request without a required variable. async-graphql checks a variable only at the field that uses it, after
/// other fields were executed.
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
