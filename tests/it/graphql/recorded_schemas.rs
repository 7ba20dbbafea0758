//! Our schema beside the recorded one of the original: what both have is the same, what one lacks is listed.

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::Positioned;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    FieldDefinition, InputValueDefinition, TypeDefinition, TypeKind, TypeSystemDefinition,
};

const WEPLEDGE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contracts/recorded.wepledge.graphql"));
const DEFAULTS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contracts/recorded.library-defaults.graphql"));
const PASSWORDLESS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contracts/recorded.passwordless.graphql"));
const RELAY: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contracts/recorded.relay.graphql"));
const SCHEMA: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contracts/schema.graphql"));
const RELAY_SCHEMA: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contracts/relay.graphql"));

/// A recorded schema, ours, and all in which they differ.
struct Comparison {
    theirs: &'static str,
    ours: &'static str,
    /// What is, theirs, ours. Settings decide what is required; a missing one is an error of its field.
    nullable: &'static [(&'static str, &'static str, &'static str)],
    /// What belongs to a type or field that is lacking goes without saying.
    lacking: &'static [&'static str],
    /// What the recorded settings had turned off, and what is new.
    added: &'static [&'static [&'static str]],
}

const COMPARISONS: [Comparison; 4] = [
    Comparison {
        theirs: WEPLEDGE,
        ours: SCHEMA,
        nullable: &[
            ("Mutation.register(email)", "String!", "String"),
            ("Mutation.register(username)", "String!", "String"),
            ("Mutation.register(password1)", "String!", "String"),
            ("Mutation.register(password2)", "String!", "String"),
        ],
        lacking: &SECRETS,
        added: &[
            &SEARCH,
            &SESSIONS,
            &HAND_OVER,
            &REVOKE,
            &["Mutation.tokenAuth(username)", "Register.refreshToken", "Register.token"],
        ],
    },
    Comparison {
        theirs: DEFAULTS,
        ours: SCHEMA,
        nullable: &[
            ("Mutation.register(email)", "String!", "String"),
            ("Mutation.register(username)", "String!", "String"),
            ("Mutation.register(password1)", "String!", "String"),
            ("Mutation.register(password2)", "String!", "String"),
        ],
        lacking: &SECRETS,
        added: &[
            &SEARCH,
            &SESSIONS,
            &HAND_OVER,
            &REVOKE,
            &[
                "Mutation.register(academicTitle)",
                "Mutation.register(firstName)",
                "Mutation.register(lastName)",
                "Mutation.updateAccount(academicTitle)",
            ],
        ],
    },
    Comparison {
        theirs: PASSWORDLESS,
        ours: SCHEMA,
        nullable: &[
            ("Mutation.register(email)", "String!", "String"),
            ("Mutation.register(username)", "String!", "String"),
        ],
        lacking: &SECRETS,
        added: &[
            &SEARCH,
            &SESSIONS,
            &HAND_OVER,
            &REVOKE,
            &[
                "Mutation.register(password1)",
                "Mutation.register(password2)",
                "Mutation.tokenAuth(username)",
                "Register.refreshToken",
                "Register.token",
            ],
        ],
    },
    Comparison {
        theirs: RELAY,
        ours: RELAY_SCHEMA,
        nullable: &[
            ("RegisterInput.email", "String!", "String"),
            ("RegisterInput.username", "String!", "String"),
            ("RegisterInput.password1", "String!", "String"),
            ("RegisterInput.password2", "String!", "String"),
        ],
        lacking: &SECRETS,
        added: &[
            &SEARCH,
            &SESSIONS,
            &REVOKE_RELAY,
            &[
                "RegisterInput.academicTitle",
                "RegisterInput.firstName",
                "RegisterInput.lastName",
                "UpdateAccountInput.academicTitle",
            ],
        ],
    },
];

/// Never shown.
const SECRETS: [&str; 2] = ["UserType.isSuperuser", "UserType.password"];

/// What this server adds to every flavour, and clients of the original need not know.
const SEARCH: [&str; 3] =
    ["Query.institutions(first)", "Query.institutions(offset)", "Query.institutions(search)"];

/// Sessions, as their owners see them.
const SESSIONS: [&str; 4] =
    ["Mutation.revokeAllSessions", "Mutation.revokeSession", "Query.sessions", "SessionType"];

/// What ending them answers.
const REVOKE: [&str; 2] = ["RevokeAllSessions", "RevokeSession"];

/// The same for Relay.
const REVOKE_RELAY: [&str; 4] =
    ["RevokeAllSessionsInput", "RevokeAllSessionsPayload", "RevokeSessionInput", "RevokeSessionPayload"];

/// What it adds besides where working groups can be changed.
const HAND_OVER: [&str; 2] = ["HandOverWorkingGroup", "Mutation.handOverWorkingGroup"];

/// What there is, by its path, and of what type or kind it is.
type Facts = BTreeMap<String, String>;

fn facts(sdl: &str) -> Facts {
    let mut facts = Facts::new();
    for definition in parse_schema(sdl).expect("a schema").definitions {
        match definition {
            TypeSystemDefinition::Type(definition) => note_type(&mut facts, &definition.node),
            TypeSystemDefinition::Schema(definition) => {
                let (query, mutation) = (definition.node.query, definition.node.mutation);
                facts.insert("schema.query".to_owned(), name(&query.expect("a root")));
                facts.insert("schema.mutation".to_owned(), name(&mutation.expect("a root")));
            }
            // Directives are those of the GraphQL specification, which the recording leaves out.
            TypeSystemDefinition::Directive(_) => {}
        }
    }
    facts
}

fn note_type(facts: &mut Facts, definition: &TypeDefinition) {
    let type_name = definition.name.node.as_str();
    let kind = match &definition.kind {
        TypeKind::Scalar => "scalar",
        TypeKind::Object(object) => {
            note_interfaces(facts, type_name, &object.implements);
            note_fields(facts, type_name, &object.fields);
            "type"
        }
        TypeKind::Interface(interface) => {
            note_interfaces(facts, type_name, &interface.implements);
            note_fields(facts, type_name, &interface.fields);
            "interface"
        }
        TypeKind::Enum(choice) => {
            for value in &choice.values {
                facts.insert(format!("{type_name}.{}", value.node.value), "value".to_owned());
            }
            "enum"
        }
        TypeKind::InputObject(input) => {
            for field in &input.fields {
                facts.insert(format!("{type_name}.{}", field.node.name), argument(field));
            }
            "input"
        }
        TypeKind::Union(_) => panic!("{type_name}: neither schema has unions"),
    };
    facts.insert(type_name.to_owned(), kind.to_owned());
}

fn note_interfaces(facts: &mut Facts, type_name: &str, interfaces: &[Positioned<async_graphql::Name>]) {
    for interface in interfaces {
        facts.insert(format!("{type_name} implements {interface}"), "interface".to_owned());
    }
}

fn note_fields(facts: &mut Facts, type_name: &str, fields: &[Positioned<FieldDefinition>]) {
    for Positioned { node: field, .. } in fields {
        let path = format!("{type_name}.{}", field.name);
        for given in &field.arguments {
            facts.insert(format!("{path}({})", given.node.name), argument(given));
        }
        facts.insert(path, field.ty.to_string());
    }
}

fn argument(value: &Positioned<InputValueDefinition>) -> String {
    let default = value.node.default_value.as_ref();
    default.map_or_else(|| value.node.ty.to_string(), |default| format!("{} = {default}", value.node.ty))
}

fn name(name: &Positioned<async_graphql::Name>) -> String {
    name.node.to_string()
}

/// What `some` have and `others` lack, without what belongs to a type or field that is lacking as a whole.
fn lacking<'a>(some: &'a Facts, others: &Facts) -> BTreeSet<&'a str> {
    let is_lacking = |path: &str| some.contains_key(path) && !others.contains_key(path);
    let belongs_to_lacking =
        |path: &str| path.match_indices(['.', '(', ' ']).any(|(end, _)| is_lacking(&path[..end]));
    some.keys().map(String::as_str).filter(|path| is_lacking(path) && !belongs_to_lacking(path)).collect()
}

impl Comparison {
    fn facts(&self) -> (Facts, Facts) {
        (facts(self.theirs), facts(self.ours))
    }
}

#[test]
fn common_parts_of_the_schemas_differ_only_in_nullability() {
    for comparison in &COMPARISONS {
        let (theirs, ours) = comparison.facts();
        let shared =
            theirs.iter().filter_map(|(path, theirs)| Some((path.as_str(), theirs, ours.get(path)?)));
        assert!(shared.clone().count() > 100, "the schemas have little in common");
        let different: BTreeSet<_> = shared
            .filter(|(_, theirs, ours)| theirs != ours)
            .map(|(path, theirs, ours)| (path, theirs.as_str(), ours.as_str()))
            .collect();
        assert_eq!(different, comparison.nullable.iter().copied().collect());
    }
}

#[test]
fn omissions_from_the_recorded_schemas_are_listed() {
    for comparison in &COMPARISONS {
        let (theirs, ours) = comparison.facts();
        assert_eq!(lacking(&theirs, &ours), comparison.lacking.iter().copied().collect());
    }
}

#[test]
fn additions_to_the_recorded_schemas_are_listed() {
    for comparison in &COMPARISONS {
        let (theirs, ours) = comparison.facts();
        assert_eq!(lacking(&ours, &theirs), comparison.added.concat().into_iter().collect());
    }
}
