//! Visits the fields of an operation with its fragments expanded. async-graphql's own visitors are private.

use std::collections::HashSet;

use async_graphql::parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned, ServerError};

/// The maximum nesting of brackets in a document, and of selections once fragments are expanded. async-graphql handles both
/// recursively, and the stack is limited.
pub(super) const MAX_NESTING: usize = 128;
/// The maximum number of selections once fragments are expanded. The number grows exponentially if each fragment spreads the
/// next one twice.
const MAX_SELECTIONS: usize = 10_000;

/// Calls `visit` for each field, with its ancestors and the field itself. Rejects an operation that exceeds [`MAX_NESTING`] or
/// [`MAX_SELECTIONS`].
pub(super) fn visit_fields<'a>(
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    visit: impl FnMut(&[&'a Field], &'a Positioned<Field>) -> Result<(), ServerError>,
) -> Result<(), ServerError> {
    let mut traversal =
        Traversal { document, visit, ancestors: Vec::new(), fragments: HashSet::new(), selections: 0 };
    traversal.enter(&operation.selection_set.node, 0)
}

struct Traversal<'a, V> {
    document: &'a ExecutableDocument,
    visit: V,
    ancestors: Vec<&'a Field>,
    /// The fragments being expanded. A fragment that spreads itself is not expanded again; async-graphql rejects it later.
    fragments: HashSet<&'a Name>,
    selections: usize,
}

impl<'a, V: FnMut(&[&'a Field], &'a Positioned<Field>) -> Result<(), ServerError>> Traversal<'a, V> {
    fn enter(&mut self, selection: &'a SelectionSet, depth: usize) -> Result<(), ServerError> {
        self.selections += selection.items.len();
        if depth > MAX_NESTING || self.selections > MAX_SELECTIONS {
            return Err(ServerError::new("The request selects too much.", None));
        }
        for item in &selection.items {
            match &item.node {
                Selection::Field(field) => {
                    (self.visit)(&self.ancestors, field)?;
                    self.ancestors.push(&field.node);
                    self.enter(&field.node.selection_set.node, depth + 1)?;
                    self.ancestors.pop();
                }
                Selection::InlineFragment(fragment) => {
                    self.enter(&fragment.node.selection_set.node, depth + 1)?;
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let Some(fragment) = self.document.fragments.get(name) else { continue };
                    if self.fragments.insert(name) {
                        self.enter(&fragment.node.selection_set.node, depth + 1)?;
                        self.fragments.remove(name);
                    }
                }
            }
        }
        Ok(())
    }
}
