//! What a request selects around accounts and groups, as the rules below want to be told.

use async_graphql::{Context, SelectionField};

use crate::groups::picture::{AroundAccount, AroundGroup, AroundJoinRequest, AroundPlace};

/// What is around something, as far as a selection asks for it.
pub(super) trait Around: Default {
    /// Notes what a field, whose answer is such a thing, selects of it.
    fn note(&mut self, field: SelectionField<'_>);

    /// What the present field selects below the fields on a path, or of itself where there is none.
    fn selected(ctx: &Context<'_>, path: &[&str]) -> Self {
        let mut around = Self::default();
        follow(ctx.field(), path, &mut around);
        around
    }
}

fn follow<A: Around>(field: SelectionField<'_>, path: &[&str], around: &mut A) {
    match path {
        [] => around.note(field),
        [next, rest @ ..] => {
            for child in field.selection_set().filter(|child| child.name() == *next) {
                follow(child, rest, around);
            }
        }
    }
}

/// An alias may select the same thing twice: what both want is wanted.
fn note<A: Around>(around: &mut Option<Box<A>>, field: SelectionField<'_>) {
    around.get_or_insert_default().note(field);
}

impl Around for AroundAccount {
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

impl Around for AroundGroup {
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

impl Around for AroundPlace {
    fn note(&mut self, field: SelectionField<'_>) {
        for child in field.selection_set().filter(|child| child.name() == "workinggroupSet") {
            note(&mut self.groups, child);
        }
    }
}

impl Around for AroundJoinRequest {
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
