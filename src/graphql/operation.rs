//! Checks a request before async-graphql executes it, and restores the order of fields in its response.

use std::collections::{BTreeSet, HashSet};

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, OperationDefinition, OperationType, Selection,
    SelectionSet,
};
use async_graphql::{Name, PathSegment, Positioned, Request, Response, ServerError, Value, Variables};
use async_graphql_value::Value as ParsedValue;

use super::document_limits::{self, MAX_NESTING};
use super::features::Features;
use super::payload::{INTERNAL, RETRY_AFTER};
use super::summary::Summary;

/// How many selections a document may contain with fragments expanded: each fragment may double what it spreads.
const MAX_SELECTIONS: usize = 10_000;

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

/// The fields of `Query` that may return nearly every row of a table.
const LONG_LISTS: [&str; 6] =
    ["institutions", "researchfields", "workinggroups", "workinggroupUsers", "joinRequests", "users"];
/// How often a request may select each of them.
const MAX_OF_A_LIST: usize = 5;

/// The root fields that a request selects, in its order, with their names in the response.
#[derive(Default)]
pub(super) struct SelectedFields {
    fields: Vec<Name>,
    names: Vec<Name>,
}

/// Rejects a request that would exhaust the server, omits a required variable, uses what settings turn off, or checks
/// more than one password. Each such field is one guess, and aliases multiply the guesses.
pub(super) fn check(request: &mut Request, features: &Features) -> Result<SelectedFields, Vec<ServerError>> {
    document_limits::check_text(&request.query).map_err(|error| vec![error])?;
    let (variables, name) = (request.variables.clone(), request.operation_name.clone());
    let document = request.parsed_query().map_err(|error| vec![document_limits::unparsed(error)])?;
    let mut walk = Walk { document, entered: HashSet::new(), selections: 0 };
    for (_, operation) in document.operations.iter() {
        walk.through(&operation.node.selection_set.node, 0, None).map_err(|error| vec![error])?;
    }
    document_limits::check(document).map_err(|error| vec![error])?;
    let Some(operation) = chosen(&document.operations, name.as_deref()) else {
        return Ok(SelectedFields::default());
    };
    require_variables(operation, &variables).map_err(|error| vec![error])?;
    let fields = walk.fields(&operation.node.selection_set.node);
    if fields.iter().filter(|field| CHECK_A_PASSWORD.contains(&field.name.node.as_str())).count() > 1 {
        let sentence = "A request may check one password: send each login, and each other mutation that takes your \
            password, in a request of its own.";
        return Err(vec![ServerError::new(sentence, Some(operation.pos))]);
    }
    let times = |list: &str| fields.iter().filter(|field| field.name.node == list).count();
    if let Some(list) = LONG_LISTS.into_iter().find(|list| times(list) > MAX_OF_A_LIST) {
        let sentence = format!("A request may ask for \"{list}\" {MAX_OF_A_LIST} times at most.");
        return Err(vec![ServerError::new(sentence, Some(operation.pos))]);
    }
    let turned_off: Vec<ServerError> = match operation.node.ty {
        OperationType::Mutation => fields
            .iter()
            .flat_map(|field| not_offered(features, &operation.node, field, &variables, &mut walk))
            .collect(),
        _ => Vec::new(),
    };
    if !turned_off.is_empty() {
        return Err(turned_off);
    }
    Ok(SelectedFields {
        fields: fields.iter().map(|field| field.name.node.clone()).collect(),
        names: fields.iter().map(|field| field.response_key().node.clone()).collect(),
    })
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

/// async-graphql notices a missing variable only at the field that uses it, when other fields have already been
/// executed.
fn require_variables(
    operation: &Positioned<OperationDefinition>,
    given: &Variables,
) -> Result<(), ServerError> {
    for definition in &operation.node.variable_definitions {
        let definition = &definition.node;
        let required = !definition.var_type.node.nullable && definition.default_value.is_none();
        let is_given = given.get(&definition.name.node).is_some_and(|value| !matches!(value, Value::Null));
        if required && !is_given {
            let sentence = format!(
                "Variable \"${}\" of required type \"{}\" was not provided.",
                definition.name.node, definition.var_type.node
            );
            return Err(ServerError::new(sentence, Some(definition.name.pos)));
        }
    }
    Ok(())
}

/// Returns an error for everything in a mutation that settings turn off, with the message for an unknown argument or
/// field.
fn not_offered<'a>(
    features: &Features,
    operation: &OperationDefinition,
    field: &'a Field,
    variables: &Variables,
    walk: &mut Walk<'a>,
) -> Vec<ServerError> {
    let mutation = field.name.node.as_str();
    let mut errors = Vec::new();
    let input = field.get_argument("input");
    for (argument, _) in &field.arguments {
        if !features.takes(mutation, &argument.node) {
            let sentence =
                format!("Unknown argument \"{argument}\" on field \"{mutation}\" of type \"Mutation\".");
            errors.push(ServerError::new(sentence, Some(argument.pos)));
        }
    }
    for member in input.map(|input| members(&input.node, operation, variables)).unwrap_or_default() {
        if !features.takes(mutation, &member) {
            let of_type = Features::input_type(mutation);
            let sentence = format!(
                "Invalid value for argument \"input\", unknown field \"{member}\" of type \"{of_type}\""
            );
            errors.push(ServerError::new(sentence, input.map(|input| input.pos)));
        }
    }
    // Only the payload of `register` has fields that can be turned off.
    let payload = if input.is_some() { "RegisterPayload" } else { "Register" };
    for selected in walk.fields(&field.selection_set.node) {
        let name = selected.name.node.as_str();
        if !features.answers(mutation, name) {
            let sentence = format!("Unknown field \"{name}\" on type \"{payload}\".");
            errors.push(ServerError::new(sentence, Some(selected.name.pos)));
        }
    }
    errors
}

/// Returns the names in an object that is a literal, a variable, or the default of a variable.
fn members(input: &ParsedValue, operation: &OperationDefinition, variables: &Variables) -> Vec<String> {
    let names = |object: &Value| match object {
        Value::Object(members) => members.keys().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    match input {
        ParsedValue::Object(members) => members.keys().map(ToString::to_string).collect(),
        ParsedValue::Variable(name) => {
            let definition =
                operation.variable_definitions.iter().find(|known| known.node.name.node == *name);
            let default = definition.and_then(|known| known.node.default_value.as_ref());
            variables.get(name).or(default.map(|default| &default.node)).map(names).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// A walk through a document with its fragments expanded, which stops at the limit on selections.
struct Walk<'a> {
    document: &'a ExecutableDocument,
    /// The fragments around the current selection. async-graphql rejects a fragment that spreads itself.
    entered: HashSet<&'a Name>,
    selections: usize,
}

impl<'a> Walk<'a> {
    /// Returns the fields at the level of a selection, or none if the selection was too long and has been rejected.
    fn fields(&mut self, selection: &'a SelectionSet) -> Vec<&'a Field> {
        let mut fields = Vec::new();
        self.selections = 0;
        match self.through(selection, 0, Some(&mut fields)) {
            Ok(()) => fields,
            Err(_) => Vec::new(),
        }
    }

    /// Visits everything that is selected, and collects the fields of the top level on request.
    fn through(
        &mut self,
        selection: &'a SelectionSet,
        depth: usize,
        mut fields: Option<&mut Vec<&'a Field>>,
    ) -> Result<(), ServerError> {
        self.selections += selection.items.len();
        if depth > MAX_NESTING || self.selections > MAX_SELECTIONS {
            return Err(ServerError::new("The request selects too much.", None));
        }
        for item in &selection.items {
            match &item.node {
                Selection::Field(field) => {
                    if let Some(fields) = fields.as_deref_mut() {
                        fields.push(&field.node);
                    }
                    self.through(&field.node.selection_set.node, depth + 1, None)?;
                }
                Selection::InlineFragment(fragment) => {
                    self.through(&fragment.node.selection_set.node, depth + 1, fields.as_deref_mut())?;
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let Some(fragment) = self.document.fragments.get(name) else { continue };
                    if self.entered.insert(name) {
                        self.through(&fragment.node.selection_set.node, depth + 1, fields.as_deref_mut())?;
                        self.entered.remove(name);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Whether the error is transient.
pub fn is_transient(error: &ServerError) -> bool {
    error.extensions.as_ref().is_some_and(|extensions| extensions.get(RETRY_AFTER).is_some())
}

impl SelectedFields {
    /// Restores the order of the request. async-graphql returns the fields of a query in the order of completion, and
    /// the specification asks for the order of the request (GraphQL, October 2021, §6.3.1).
    pub(super) fn restore(&self, response: &mut Response) {
        let place = |name: &str| self.names.iter().position(|known| known == name);
        if let Value::Object(fields) = &mut response.data {
            fields.sort_by(|a, _, b, _| place(a).cmp(&place(b)));
        }
        response.errors.sort_by_key(|error| match error.path.first() {
            Some(PathSegment::Field(name)) => place(name),
            _ => None,
        });
    }

    /// Summarizes an executed request and the rejections in it.
    pub(super) fn summary(&self, response: &Response, codes: BTreeSet<&'static str>) -> Summary {
        let Value::Object(_) = &response.data else { return Summary::not_executed() };
        let is_ours = |error: &ServerError| error.message == INTERNAL || is_transient(error);
        let outcome = if response.errors.iter().any(is_ours) {
            "failed"
        } else if !response.errors.is_empty() || !codes.is_empty() {
            "refused"
        } else {
            "done"
        };
        let fields: Vec<&str> = self.fields.iter().map(Name::as_str).collect();
        Summary { fields: fields.join(" "), outcome, codes }
    }
}
