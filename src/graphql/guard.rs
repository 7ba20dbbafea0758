//! What is refused before a request is executed, besides what the library refuses by itself.

use std::collections::HashSet;

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned, Request, ServerError, Value, Variables};

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

/// Refuses a request that leaves out a required variable, and one that would check more than one password: each such
/// field is a guess, and aliases multiply them.
///
/// # Errors
/// Why the request is not executed. What cannot be parsed is left to the execution to refuse.
pub(super) fn check(request: &mut Request) -> Result<(), Box<ServerError>> {
    if request.parsed_query().is_err() {
        return Ok(());
    }
    let (variables, name) = (request.variables.clone(), request.operation_name.clone());
    let Ok(document) = request.parsed_query() else { return Ok(()) };
    let Some(operation) = chosen(&document.operations, name.as_deref()) else { return Ok(()) };
    require_variables(operation, &variables)?;
    if checks(document, &operation.node.selection_set.node, &mut HashSet::new()) > 1 {
        let sentence = "A request may check one password: send each login, and each other mutation that takes your \
            password, in a request of its own.";
        return Err(Box::new(ServerError::new(sentence, Some(operation.pos))));
    }
    Ok(())
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

/// How many fields of a selection check a password. A fragment counts each time it is spread, but is not entered
/// from within itself.
fn checks<'a>(
    document: &'a ExecutableDocument,
    selection: &'a SelectionSet,
    entered: &mut HashSet<&'a Name>,
) -> usize {
    let count = |item: &'a Selection, entered: &mut HashSet<&'a Name>| match item {
        Selection::Field(field) => usize::from(CHECK_A_PASSWORD.contains(&field.node.name.node.as_str())),
        Selection::InlineFragment(fragment) => checks(document, &fragment.node.selection_set.node, entered),
        Selection::FragmentSpread(spread) => {
            let name = &spread.node.fragment_name.node;
            let Some(fragment) = document.fragments.get(name) else { return 0 };
            if !entered.insert(name) {
                return 0;
            }
            let count = checks(document, &fragment.node.selection_set.node, entered);
            entered.remove(name);
            count
        }
    };
    selection.items.iter().map(|item| count(&item.node, entered)).sum()
}
