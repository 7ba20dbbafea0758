//! Compares the schema with those recorded from the original. Every difference is listed.

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

/// A recorded schema, ours, and their differences.
struct Comparison {
    theirs: &'static str,
    ours: &'static str,
    /// Path, their type, our type. Settings decide which arguments are required, and a missing one is an error of its
    /// field.
    nullable: &'static [(&'static str, &'static str, &'static str)],
    /// Parts that ours lacks, without the members of missing types and fields.
    lacking: &'static [&'static str],
    /// Parts that the recorded settings had turned off, and additions.
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
            &LANGUAGE,
            &REVOKE,
            &INVITATIONS,
            &REGISTER,
            &EXPORT,
            &SECOND_FACTOR,
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
            &LANGUAGE,
            &REVOKE,
            &INVITATIONS,
            &REGISTER,
            &EXPORT,
            &SECOND_FACTOR,
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
            &LANGUAGE,
            &REVOKE,
            &INVITATIONS,
            &REGISTER,
            &EXPORT,
            &SECOND_FACTOR,
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
            &LANGUAGE_RELAY,
            &REVOKE_RELAY,
            &REGISTER_RELAY,
            &["InvitationType", "Query.invitations"],
            &EXPORT_RELAY,
            &SECOND_FACTOR_RELAY,
            &[
                "RegisterInput.academicTitle",
                "RegisterInput.firstName",
                "RegisterInput.lastName",
                "UpdateAccountInput.academicTitle",
            ],
        ],
    },
];

/// Fields that are secret here.
const SECRETS: [&str; 2] = ["UserType.isSuperuser", "UserType.password"];

/// Arguments that this server adds.
const SEARCH: [&str; 3] =
    ["Query.institutions(first)", "Query.institutions(offset)", "Query.institutions(search)"];

const SESSIONS: [&str; 4] =
    ["Mutation.revokeAllSessions", "Mutation.revokeSession", "Query.sessions", "SessionType"];

/// The payloads of session mutations.
const REVOKE: [&str; 2] = ["RevokeAllSessions", "RevokeSession"];
const EXPORT: [&str; 2] = ["ExportMyData", "Mutation.exportMyData"];

/// The payloads of session mutations for Relay.
const REVOKE_RELAY: [&str; 4] =
    ["RevokeAllSessionsInput", "RevokeAllSessionsPayload", "RevokeSessionInput", "RevokeSessionPayload"];

const INVITATIONS: [&str; 8] = [
    "AcceptInvitation",
    "InvitationType",
    "InviteToWorkingGroup",
    "Mutation.acceptInvitation",
    "Mutation.inviteToWorkingGroup",
    "Mutation.revokeInvitation",
    "Query.invitations",
    "RevokeInvitation",
];

const REGISTER: [&str; 2] = ["Mutation.register(acceptTerms)", "Mutation.register(invitation)"];

const REGISTER_RELAY: [&str; 2] = ["RegisterInput.acceptTerms", "RegisterInput.invitation"];

/// The language of an account.
const LANGUAGE: [&str; 3] =
    ["Mutation.register(language)", "Mutation.updateAccount(language)", "Query.myLanguage"];

const LANGUAGE_RELAY: [&str; 3] =
    ["RegisterInput.language", "UpdateAccountInput.language", "Query.myLanguage"];
const EXPORT_RELAY: [&str; 3] = ["ExportMyDataInput", "ExportMyDataPayload", "Mutation.exportMyData"];

/// Second factors and passkeys.
const SECOND_FACTOR: [&str; 32] = [
    "ConfirmSecondFactor",
    "FinishPasskeyRegistration",
    "Mutation.archiveAccount(code)",
    "Mutation.confirmSecondFactor",
    "Mutation.deleteAccount(code)",
    "Mutation.finishPasskeyRegistration",
    "Mutation.passwordChange(code)",
    "Mutation.removePasskey",
    "Mutation.removeSecondFactor",
    "Mutation.removeSecondaryEmail(code)",
    "Mutation.renamePasskey",
    "Mutation.renewRecoveryCodes",
    "Mutation.sendSecondaryEmailActivation(code)",
    "Mutation.setUpSecondFactor",
    "Mutation.startPasskeyLogin",
    "Mutation.startPasskeyRegistration",
    "Mutation.swapEmails(code)",
    "Mutation.tokenAuth(code)",
    "Mutation.tokenAuthPasskey",
    "Mutation.tokenAuthSecondFactor",
    "ObtainJSONWebToken.challenge",
    "ObtainJSONWebToken.passkeyOptions",
    "PasskeyType",
    "Query.secondFactor",
    "RemovePasskey",
    "RemoveSecondFactor",
    "RenamePasskey",
    "RenewRecoveryCodes",
    "SecondFactorType",
    "SetUpSecondFactor",
    "StartPasskeyLogin",
    "StartPasskeyRegistration",
];

/// Second factors and passkeys, for Relay.
const SECOND_FACTOR_RELAY: [&str; 43] = [
    "ArchiveAccountInput.code",
    "ConfirmSecondFactorInput",
    "ConfirmSecondFactorPayload",
    "DeleteAccountInput.code",
    "FinishPasskeyRegistrationInput",
    "FinishPasskeyRegistrationPayload",
    "Mutation.confirmSecondFactor",
    "Mutation.finishPasskeyRegistration",
    "Mutation.removePasskey",
    "Mutation.removeSecondFactor",
    "Mutation.renamePasskey",
    "Mutation.renewRecoveryCodes",
    "Mutation.setUpSecondFactor",
    "Mutation.startPasskeyLogin",
    "Mutation.startPasskeyRegistration",
    "Mutation.tokenAuthPasskey",
    "Mutation.tokenAuthSecondFactor",
    "ObtainJSONWebTokenInput.code",
    "ObtainJSONWebTokenPayload.challenge",
    "ObtainJSONWebTokenPayload.passkeyOptions",
    "PasskeyType",
    "PasswordChangeInput.code",
    "Query.secondFactor",
    "RemovePasskeyInput",
    "RemovePasskeyPayload",
    "RemoveSecondFactorInput",
    "RemoveSecondFactorPayload",
    "RemoveSecondaryEmailInput.code",
    "RenamePasskeyInput",
    "RenamePasskeyPayload",
    "RenewRecoveryCodesInput",
    "RenewRecoveryCodesPayload",
    "SecondFactorType",
    "SendSecondaryEmailActivationInput.code",
    "SetUpSecondFactorInput",
    "SetUpSecondFactorPayload",
    "StartPasskeyLoginInput",
    "StartPasskeyLoginPayload",
    "StartPasskeyRegistrationInput",
    "StartPasskeyRegistrationPayload",
    "SwapEmailsInput.code",
    "TokenAuthPasskeyInput",
    "TokenAuthSecondFactorInput",
];

const HAND_OVER: [&str; 2] = ["HandOverWorkingGroup", "Mutation.handOverWorkingGroup"];

/// The type or kind of each part of a schema, by its path.
type Facts = BTreeMap<String, String>;

fn facts(sdl: &str) -> Facts {
    let mut facts = Facts::new();
    for definition in parse_schema(sdl).expect("a schema").definitions {
        match definition {
            TypeSystemDefinition::Type(definition) => add_type(&mut facts, &definition.node),
            TypeSystemDefinition::Schema(definition) => {
                let (query, mutation) = (definition.node.query, definition.node.mutation);
                facts.insert("schema.query".to_owned(), name(&query.expect("a root")));
                facts.insert("schema.mutation".to_owned(), name(&mutation.expect("a root")));
            }
            // The recording leaves out the directives of the GraphQL specification.
            TypeSystemDefinition::Directive(_) => {}
        }
    }
    facts
}

fn add_type(facts: &mut Facts, definition: &TypeDefinition) {
    let type_name = definition.name.node.as_str();
    let kind = match &definition.kind {
        TypeKind::Scalar => "scalar",
        TypeKind::Object(object) => {
            add_interfaces(facts, type_name, &object.implements);
            add_fields(facts, type_name, &object.fields);
            "type"
        }
        TypeKind::Interface(interface) => {
            add_interfaces(facts, type_name, &interface.implements);
            add_fields(facts, type_name, &interface.fields);
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

fn add_interfaces(facts: &mut Facts, type_name: &str, interfaces: &[Positioned<async_graphql::Name>]) {
    for interface in interfaces {
        facts.insert(format!("{type_name} implements {interface}"), "interface".to_owned());
    }
}

fn add_fields(facts: &mut Facts, type_name: &str, fields: &[Positioned<FieldDefinition>]) {
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

/// Returns the parts of `some` that `others` lack, without the members of missing types and fields.
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
