//! Collects what a request selects around accounts and groups, for the rules to load.

use async_graphql::{Context, SelectionField};

use crate::groups::loader::{AccountSelection, GroupSelection, JoinRequestSelection, PlaceSelection};

/// A set of related objects that a request selects.
pub(super) trait Lookahead: Default {
    /// Adds what `field`, which returns such an object, selects.
    fn note(&mut self, field: SelectionField<'_>);

    /// Returns what the current field selects at the end of `path`; an empty path stands for the field itself.
    fn selected(ctx: &Context<'_>, path: &[&str]) -> Self {
        let mut selection = Self::default();
        follow(ctx.field(), path, &mut selection);
        selection
    }
}

fn follow<A: Lookahead>(field: SelectionField<'_>, path: &[&str], selection: &mut A) {
    match path {
        [] => selection.note(field),
        [next, rest @ ..] => {
            for child in field.selection_set().filter(|child| child.name() == *next) {
                follow(child, rest, selection);
            }
        }
    }
}

/// Merges selections: aliases may select the same object more than once.
fn note<A: Lookahead>(selection: &mut Option<Box<A>>, field: SelectionField<'_>) {
    selection.get_or_insert_default().note(field);
}

impl Lookahead for AccountSelection {
    fn note(&mut self, field: SelectionField<'_>) {
        for child in field.selection_set() {
            match child.name() {
                // `isRepresentative` needs the group, since a viewer who may not see the group must not learn of its
                // representative.
                "workingGroup" | "workinggroup" | "isRepresentative" => note(&mut self.group, child),
                "workinggroupjoinrequestSet" => note(&mut self.join_requests, child),
                _ => {}
            }
        }
    }
}

impl Lookahead for GroupSelection {
    fn note(&mut self, field: SelectionField<'_>) {
        for child in field.selection_set() {
            match child.name() {
                "institution" => self.institution.note(child),
                "field" => self.research_field.note(child),
                "representative" => note(&mut self.representative, child),
                "customuserSet" => note(&mut self.members, child),
                "workinggroupjoinrequestSet" => note(&mut self.join_requests, child),
                _ => {}
            }
        }
    }
}

impl Lookahead for PlaceSelection {
    fn note(&mut self, field: SelectionField<'_>) {
        for child in field.selection_set().filter(|child| child.name() == "workinggroupSet") {
            note(&mut self.groups, child);
        }
    }
}

impl Lookahead for JoinRequestSelection {
    fn note(&mut self, field: SelectionField<'_>) {
        for child in field.selection_set() {
            match child.name() {
                "user" => note(&mut self.account, child),
                "workingGroup" => note(&mut self.group, child),
                _ => {}
            }
        }
    }
}
