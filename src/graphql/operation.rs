//! What is looked at in a request before the library executes it, and put right in its answer.

use std::collections::HashSet;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, PathSegment, Positioned, Request, Response, ServerError, Value, Variables};

/// The fields of `Mutation` that check a password.
const CHECK_A_PASSWORD: [&str; 7] = [
    "tokenAuth",
    "passwordChange",
    "archiveAccount",
    "deleteAccount",
    "sendSecondaryEmailActivation",
    "swapEmails",
    "removeSecondaryEmail",
];

/// The names in an answer, in the order in which the request selects them.
#[derive(Default)]
pub(super) struct Order(Vec<Name>);

/// Refuses a request that leaves out a required variable, and one that would check more than one password: each such
/// field is a guess, and aliases multiply them.
///
/// # Errors
/// Why the request is not executed. What cannot be parsed is left to the execution to refuse.
pub(super) fn check(request: &mut Request) -> Result<Order, Box<ServerError>> {
    let (variables, name) = (request.variables.clone(), request.operation_name.clone());
    let Ok(document) = request.parsed_query() else { return Ok(Order::default()) };
    let Some(operation) = chosen(&document.operations, name.as_deref()) else { return Ok(Order::default()) };
    require_variables(operation, &variables)?;
    let mut fields = Vec::new();
    collect(document, &operation.node.selection_set.node, &mut HashSet::new(), &mut fields);
    if fields.iter().filter(|field| CHECK_A_PASSWORD.contains(&field.name.node.as_str())).count() > 1 {
        let sentence = "A request may check one password: send each login, and each other mutation that takes your \
            password, in a request of its own.";
        return Err(Box::new(ServerError::new(sentence, Some(operation.pos))));
    }
    Ok(Order(fields.iter().map(|field| field.response_key().node.clone()).collect()))
}

fn chosen<'a>(
    operations: &'a DocumentOperations,
    name: Option<&str>,
) -> Option<&'a Positioned<OperationDefinition>> {
    match (operations, name) {
        (DocumentOperations::Single(operation), _) => Some(operation),
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
        (DocumentOperations::Multiple(operations), None) => {
            operations.values().next().filter(|_| operations.len() == 1)
        }
    }
}

/// The library notices a missing variable only where a field uses it, after others were executed.
fn require_variables(
    operation: &Positioned<OperationDefinition>,
    given: &Variables,
) -> Result<(), Box<ServerError>> {
    for definition in &operation.node.variable_definitions {
        let definition = &definition.node;
        let required = !definition.var_type.node.nullable && definition.default_value.is_none();
        let is_given = given.get(&definition.name.node).is_some_and(|value| !matches!(value, Value::Null));
        if required && !is_given {
            let sentence = format!(
                "Variable \"${}\" of required type \"{}\" was not provided.",
                definition.name.node, definition.var_type.node
            );
            return Err(Box::new(ServerError::new(sentence, Some(definition.name.pos))));
        }
    }
    Ok(())
}

/// The fields that a selection comes to at its own level. A fragment counts each time it is spread, but is not
/// entered from within itself.
fn collect<'a>(
    document: &'a ExecutableDocument,
    selection: &'a SelectionSet,
    entered: &mut HashSet<&'a Name>,
    fields: &mut Vec<&'a Field>,
) {
    for item in &selection.items {
        match &item.node {
            Selection::Field(field) => fields.push(&field.node),
            Selection::InlineFragment(fragment) => {
                collect(document, &fragment.node.selection_set.node, entered, fields);
            }
            Selection::FragmentSpread(spread) => {
                let name = &spread.node.fragment_name.node;
                let Some(fragment) = document.fragments.get(name) else { continue };
                if entered.insert(name) {
                    collect(document, &fragment.node.selection_set.node, entered, fields);
                    entered.remove(name);
                }
            }
        }
    }
}

impl Order {
    /// The library answers the fields of a query in the order in which they are done; the specification asks for that
    /// of the request (GraphQL, October 2021, §6.3.1).
    pub(super) fn restore(&self, response: &mut Response) {
        let place = |name: &str| self.0.iter().position(|known| known == name);
        if let Value::Object(fields) = &mut response.data {
            fields.sort_by(|a, _, b, _| place(a).cmp(&place(b)));
        }
        response.errors.sort_by_key(|error| match error.path.first() {
            Some(PathSegment::Field(name)) => place(name),
            _ => None,
        });
    }
}
