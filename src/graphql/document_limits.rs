//! Limits on the size of a document, to protect the server and the clients that read its responses. Documents of
//! usual clients and generators stay far below them.

use std::collections::{HashMap, HashSet};

use async_graphql::parser::types::{Directive, ExecutableDocument, Selection, SelectionSet};
use async_graphql::{Name, Positioned, ServerError};

/// The depth of brackets, and of selections with fragments expanded. async-graphql recurses, and the stack is
/// limited.
pub(super) const MAX_NESTING: usize = 128;
/// Names, values and punctuators.
const MAX_TOKENS: usize = 5_000;
const MAX_ALIASES: usize = 30;
const MAX_DIRECTIVES: usize = 30;
/// Only one of the operations is executed.
const MAX_OPERATIONS: usize = 10;
const MAX_FRAGMENTS: usize = 50;
/// How often one name may be selected in one place.
const MAX_REPEATS: usize = 20;
/// The number of errors in a response, and the characters of each.
const MAX_ERRORS: usize = 50;
const MAX_MESSAGE: usize = 500;
/// The lists of the schema. Each leads to all others.
const LISTS: [&str; 4] = ["fields", "interfaces", "possibleTypes", "inputFields"];
/// How deep such lists may nest. Generators nest two at most.
const MAX_LISTS: usize = 2;
/// How often a request may select the schema, a type or one of those lists. Each adds some ten kilobytes to the
/// response.
const MAX_OF_THE_SCHEMA: usize = 20;

/// Rejects a document that is too large to parse.
pub(super) fn check_text(query: &str) -> Result<(), ServerError> {
    let Some((nesting, tokens)) = measure(query) else {
        return Err(refusal("A text in the request has no end."));
    };
    if nesting > MAX_NESTING {
        return Err(refusal("The request nests too deeply."));
    }
    if tokens > MAX_TOKENS {
        return Err(refusal(format!(
            "The request is too long: {MAX_TOKENS} names, values and signs at most."
        )));
    }
    Ok(())
}

/// Shortens a syntax error to one sentence: the parser quotes the whole faulty line.
pub(super) fn unparsed(error: ServerError) -> ServerError {
    let last = error.message.lines().last().unwrap_or_default().trim_start();
    let Some(expected) = last.strip_prefix("= ") else { return error };
    let place = error.locations.first().map(|at| format!(" in line {}, column {}", at.line, at.column));
    let message = format!("Syntax error{}: {expected}.", place.unwrap_or_default());
    ServerError { message, ..error }
}

/// Rejects a document that exceeds one of the limits.
pub(super) fn check(document: &ExecutableDocument) -> Result<(), ServerError> {
    // Validation reports every error of each operation and of each fragment.
    if document.operations.iter().count() > MAX_OPERATIONS {
        return Err(refusal(format!("A request may hold {MAX_OPERATIONS} operations at most.")));
    }
    if document.fragments.len() > MAX_FRAGMENTS {
        return Err(refusal(format!("A request may hold {MAX_FRAGMENTS} fragments at most.")));
    }
    let mut count = Count::default();
    for (_, operation) in document.operations.iter() {
        count.directives(&operation.node.directives)?;
        for variable in &operation.node.variable_definitions {
            count.directives(&variable.node.directives)?;
        }
        count.selection(&operation.node.selection_set.node)?;
    }
    for fragment in document.fragments.values() {
        count.directives(&fragment.node.directives)?;
        count.selection(&fragment.node.selection_set.node)?;
    }
    for (_, operation) in document.operations.iter() {
        let mut circles = Circles { document, entered: HashSet::new(), asked: 0 };
        circles.check(&operation.node.selection_set.node, None)?;
    }
    Ok(())
}

/// Shortens the errors: validation quotes what it rejects, as often as it occurs.
pub(super) fn shorten(errors: &mut Vec<ServerError>) {
    errors.truncate(MAX_ERRORS);
    for error in errors {
        if let Some((end, _)) = error.message.char_indices().nth(MAX_MESSAGE) {
            error.message.truncate(end);
            error.message.push('…');
        }
    }
}

fn refusal(sentence: impl Into<String>) -> ServerError {
    ServerError::new(sentence, None)
}

/// Counts what a document contains. Fragments count once, where they are defined.
#[derive(Default)]
struct Count {
    aliases: usize,
    directives: usize,
}

impl Count {
    fn directives(&mut self, directives: &[Positioned<Directive>]) -> Result<(), ServerError> {
        self.directives += directives.len();
        if self.directives > MAX_DIRECTIVES {
            return Err(refusal(format!("A request may use {MAX_DIRECTIVES} directives at most.")));
        }
        let mut seen = HashSet::new();
        let twice = directives.iter().find(|directive| !seen.insert(&directive.node.name.node));
        // GraphQL, October 2021, §5.7.3; validation would report each repetition.
        twice.map_or(Ok(()), |twice| {
            let sentence = "A request may use a directive once in the same place.";
            Err(ServerError::new(sentence, Some(twice.pos)))
        })
    }

    fn selection(&mut self, selection: &SelectionSet) -> Result<(), ServerError> {
        let mut repeats: HashMap<&str, usize> = HashMap::new();
        for item in &selection.items {
            let (directives, below) = match &item.node {
                Selection::Field(field) => {
                    self.aliases += usize::from(field.node.alias.is_some());
                    if self.aliases > MAX_ALIASES {
                        return Err(refusal(format!("A request may use {MAX_ALIASES} aliases at most.")));
                    }
                    let repeats = repeats.entry(field.node.response_key().node.as_str()).or_default();
                    *repeats += 1;
                    if *repeats > MAX_REPEATS {
                        let sentence = format!(
                            "A request may repeat a field {MAX_REPEATS} times at most in the same place."
                        );
                        return Err(ServerError::new(sentence, Some(field.pos)));
                    }
                    (&field.node.directives, Some(&field.node.selection_set))
                }
                Selection::InlineFragment(fragment) => {
                    (&fragment.node.directives, Some(&fragment.node.selection_set))
                }
                Selection::FragmentSpread(spread) => (&spread.node.directives, None),
            };
            self.directives(directives)?;
            below.map_or(Ok(()), |below| self.selection(&below.node))?;
        }
        Ok(())
    }
}

/// Detects circular paths through the schema. Each turn multiplies the size of the response by the number of types; a
/// limit on fields does not catch that, because it counts each field once.
struct Circles<'a> {
    document: &'a ExecutableDocument,
    entered: HashSet<&'a Name>,
    /// How often the schema, a type or a list of them was selected.
    asked: usize,
}

impl<'a> Circles<'a> {
    /// `lists` is the number of schema lists around the selection, or `None` outside the schema.
    fn check(&mut self, selection: &'a SelectionSet, lists: Option<usize>) -> Result<(), ServerError> {
        for item in &selection.items {
            match &item.node {
                Selection::Field(field) => {
                    let name = field.node.name.node.as_str();
                    let lists = match lists {
                        Some(lists) => Some(lists + usize::from(LISTS.contains(&name))),
                        None => matches!(name, "__schema" | "__type").then_some(0),
                    };
                    if lists.is_some_and(|lists| lists > MAX_LISTS) {
                        let sentence = "A request may not go through the schema in circles.";
                        return Err(ServerError::new(sentence, Some(field.pos)));
                    }
                    self.asked += usize::from(matches!(name, "__schema" | "__type") || LISTS.contains(&name));
                    if self.asked > MAX_OF_THE_SCHEMA {
                        let sentence = format!(
                            "A request may ask for the schema, a type or a list of them {MAX_OF_THE_SCHEMA} times at most."
                        );
                        return Err(ServerError::new(sentence, Some(field.pos)));
                    }
                    self.check(&field.node.selection_set.node, lists)?;
                }
                Selection::InlineFragment(fragment) => {
                    self.check(&fragment.node.selection_set.node, lists)?;
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let Some(fragment) = self.document.fragments.get(name) else { continue };
                    if self.entered.insert(name) {
                        self.check(&fragment.node.selection_set.node, lists)?;
                        self.entered.remove(name);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Returns the depth of the brackets and the number of tokens of a document, or `None` if a string is not terminated.
/// A string counts as one token, a comment as none.
///
/// Strings and comments must end exactly where the parser sees them end. Otherwise brackets that only the parser sees
/// would not be counted.
fn measure(query: &str) -> Option<(usize, usize)> {
    let (mut depth, mut deepest, mut tokens) = (0_usize, 0, 0);
    let mut rest = query.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        tokens += usize::from(!matches!(first, b' ' | b'\t' | b'\r' | b'\n' | b',' | b'#'));
        rest = match first {
            b'#' => {
                let end = behind.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
                &behind[end.unwrap_or(behind.len())..]
            }
            b'"' if behind.starts_with(b"\"\"") => behind_block(&behind[2..])?,
            b'"' => behind_text(behind)?,
            b'{' | b'[' | b'(' => {
                depth += 1;
                deepest = deepest.max(depth);
                behind
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                behind
            }
            _ if is_of_name(*first) => {
                let end = behind.iter().position(|byte| !is_of_name(*byte));
                &behind[end.unwrap_or(behind.len())..]
            }
            _ => behind,
        };
    }
    Some((deepest, tokens))
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// Returns what follows a string in single quotation marks, which ends on its line.
fn behind_text(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    loop {
        rest = match rest {
            [b'"', behind @ ..] => return Some(behind),
            [] | [b'\r' | b'\n', ..] => return None,
            [b'\\', _, behind @ ..] | [_, behind @ ..] => behind,
        };
    }
}

/// Returns what follows a block string. A backslash escapes only three quotation marks.
fn behind_block(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    loop {
        rest = match rest {
            [b'"', b'"', b'"', behind @ ..] => return Some(behind),
            [] => return None,
            [b'\\', b'"', b'"', b'"', behind @ ..] | [_, behind @ ..] => behind,
        };
    }
}
