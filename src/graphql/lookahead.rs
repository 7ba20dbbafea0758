//! What a request selects around accounts and groups, as the rules below want to be told.

use async_graphql::{Context, SelectionField};

use crate::groups::loader::{AccountSelection, GroupSelection, JoinRequestSelection, PlaceSelection};

/// What is around something, as far as a selection asks for it.
pub(super) trait Lookahead: Default {
    /// Notes what a field, whose answer is such a thing, selects of it.
    fn note(&mut self, field: SelectionField<'_>);

    /// What the present field selects below the fields on a path, or of itself where there is none.
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

/// An alias may select the same thing twice: what both want is wanted.
fn note<A: Lookahead>(selection: &mut Option<Box<A>>, field: SelectionField<'_>) {
    selection.get_or_insert_default().note(field);
}

impl Lookahead for AccountSelection {
    fn note(&mut self, field: SelectionField<'_>) {
        for child in field.selection_set() {
            match child.name() {
                // Whoever must not see the group must not learn that the account speaks for one.
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
