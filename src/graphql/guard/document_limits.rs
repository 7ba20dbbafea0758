//! Limits on the contents of a document. The requests of usual clients and code generators are within them.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{
    Directive, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Positioned, ServerError};

use super::traversal::visit_fields;

const MAX_ALIASES: usize = 30;
const MAX_DIRECTIVES: usize = 30;
const MAX_OPERATIONS: usize = 10;
const MAX_FRAGMENTS: usize = 50;
/// How many fields of one selection may have the same name in the response.
const MAX_REPEATS: usize = 20;
/// The fields where introspection begins.
const SCHEMA_ROOTS: [&str; 2] = ["__schema", "__type"];
/// The lists of introspection that can be nested without end.
const SCHEMA_LISTS: [&str; 4] = ["fields", "interfaces", "possibleTypes", "inputFields"];
/// How many `SCHEMA_LISTS` may be nested in one another, including the outermost. Code generators need two.
const MAX_NESTED_LISTS: usize = 2;
/// How often an operation may select `SCHEMA_ROOTS` and `SCHEMA_LISTS` in total. Each adds some ten kilobytes to the response.
const MAX_INTROSPECTION: usize = 20;

pub(super) fn check(document: &ExecutableDocument) -> Result<(), ServerError> {
    // Validation creates the errors of every operation and fragment, so a large number would take memory and time.
    limit(document.operations.iter().count(), MAX_OPERATIONS, "contain", "operations")?;
    limit(document.fragments.len(), MAX_FRAGMENTS, "contain", "fragments")?;
    let mut counts = Counts::default();
    for (_, operation) in document.operations.iter() {
        counts.add_directives(&operation.node.directives)?;
        for variable in &operation.node.variable_definitions {
            counts.add_directives(&variable.node.directives)?;
        }
        counts.add_selection(&operation.node.selection_set.node)?;
    }
    for fragment in document.fragments.values() {
        counts.add_directives(&fragment.node.directives)?;
        counts.add_selection(&fragment.node.selection_set.node)?;
    }
    document.operations.iter().try_for_each(|(_, operation)| check_introspection(document, &operation.node))
}

fn limit(count: usize, max: usize, verb: &str, noun: &str) -> Result<(), ServerError> {
    if count > max {
        return Err(ServerError::new(format!("A request may {verb} at most {max} {noun}."), None));
    }
    Ok(())
}

/// The numbers of aliases and directives so far. Fragments count once, where they are defined.
#[derive(Default)]
struct Counts {
    aliases: usize,
    directives: usize,
}

impl Counts {
    fn add_directives(&mut self, directives: &[Positioned<Directive>]) -> Result<(), ServerError> {
        self.directives += directives.len();
        limit(self.directives, MAX_DIRECTIVES, "use", "directives")?;
        let mut seen = HashSet::new();
        // GraphQL, October 2021, §5.7.3. Validation would create an error for every repetition.
        match directives.iter().find(|directive| !seen.insert(&directive.node.name.node)) {
            Some(repeated) => {
                let message = "A request may use a directive once in the same place.";
                Err(ServerError::new(message, Some(repeated.pos)))
            }
            None => Ok(()),
        }
    }

    fn add_selection(&mut self, selection: &SelectionSet) -> Result<(), ServerError> {
        let mut repeats: HashMap<&str, usize> = HashMap::new();
        for item in &selection.items {
            self.add_directives(item.node.directives())?;
            match &item.node {
                Selection::Field(field) => {
                    self.aliases += usize::from(field.node.alias.is_some());
                    limit(self.aliases, MAX_ALIASES, "use", "aliases")?;
                    let repeats = repeats.entry(&field.node.response_key().node).or_default();
                    *repeats += 1;
                    if *repeats > MAX_REPEATS {
                        let message = format!(
                            "A request may select a field at most {MAX_REPEATS} times in the same place."
                        );
                        return Err(ServerError::new(message, Some(field.pos)));
                    }
                    self.add_selection(&field.node.selection_set.node)?;
                }
                Selection::InlineFragment(fragment) => {
                    self.add_selection(&fragment.node.selection_set.node)?;
                }
                Selection::FragmentSpread(_) => {}
            }
        }
        Ok(())
    }
}

/// Limits introspection. A list within a list is returned for every entry of the outer one, so each level multiplies the
/// size of the response. A limit on the fields of the document would not prevent that.
fn check_introspection(
    document: &ExecutableDocument,
    operation: &OperationDefinition,
) -> Result<(), ServerError> {
    let is_root = |field: &Field| SCHEMA_ROOTS.contains(&field.name.node.as_str());
    let is_list = |field: &Field| SCHEMA_LISTS.contains(&field.name.node.as_str());
    let mut count = 0;
    visit_fields(document, operation, |ancestors, field| {
        if !is_root(&field.node) && !is_list(&field.node) {
            return Ok(());
        }
        count += 1;
        let schema_ancestors = ancestors.iter().skip_while(|ancestor| !is_root(ancestor));
        let lists = schema_ancestors.chain([&&field.node]).filter(|field| is_list(field)).count();
        let message = if lists > MAX_NESTED_LISTS {
            format!("An operation may nest at most {MAX_NESTED_LISTS} of {}.", SCHEMA_LISTS.join(", "))
        } else if count > MAX_INTROSPECTION {
            let fields = [&SCHEMA_ROOTS[..], &SCHEMA_LISTS].concat().join(", ");
            format!("An operation may select {fields} at most {MAX_INTROSPECTION} times in total.")
        } else {
            return Ok(());
        };
        Err(ServerError::new(message, Some(field.pos)))
    })
}
