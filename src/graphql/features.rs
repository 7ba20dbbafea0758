//! Arguments and payload fields that settings can turn off. The schema then hides them, and requests that use them are
//! rejected as if they were unknown.

use async_graphql::parser::types::{Field, OperationDefinition};
use async_graphql::{Context, ServerError, Value, Variables};
use async_graphql_value::Value as ParsedValue;

use crate::config::{Accounts, LoginField, RegisterField, UpdateField};

/// The settings that turn arguments and fields on and off.
#[derive(Clone)]
pub(super) struct Features(pub(super) Accounts);

/// Lists the arguments and payload fields that settings can turn off, each with the condition that turns it on. Each line defines
/// a function for `#[graphql(visible = "…")]`; together they define `Features::has`.
macro_rules! features {
    ($settings:ident => $($visible:ident: $mutation:literal, $($name:literal)|+ => $is_on:expr;)*) => {
        $(pub(super) fn $visible(ctx: &Context<'_>) -> bool {
            ctx.data_opt::<Features>().is_none_or(|Features($settings)| $is_on)
        })*

        impl Features {
            fn has(&self, mutation: &str, name: &str) -> bool {
                let Features($settings) = self;
                match (mutation, name) {
                    $(($mutation, $($name)|+) => $is_on,)*
                    _ => true,
                }
            }
        }
    };
}

features! { settings =>
    register_username: "register", "username" => registers(settings, RegisterField::Username);
    register_first_name: "register", "firstName" => registers(settings, RegisterField::FirstName);
    register_last_name: "register", "lastName" => registers(settings, RegisterField::LastName);
    register_academic_title: "register", "academicTitle" => registers(settings, RegisterField::AcademicTitle);
    register_passwords: "register", "password1" | "password2" => !settings.passwordless_registration;
    register_accept_terms: "register", "acceptTerms" => settings.terms.are_set();
    register_tokens: "register", "token" | "refreshToken" =>
        settings.login_unverified && !settings.passwordless_registration;
    update_first_name: "updateAccount", "firstName" => settings.update_fields.contains(&UpdateField::FirstName);
    update_last_name: "updateAccount", "lastName" => settings.update_fields.contains(&UpdateField::LastName);
    update_academic_title: "updateAccount", "academicTitle" =>
        settings.update_fields.contains(&UpdateField::AcademicTitle);
    login_email: "tokenAuth", "email" => settings.login_fields.contains(&LoginField::Email);
    login_username: "tokenAuth", "username" => settings.login_fields.contains(&LoginField::Username);
}

fn registers(settings: &Accounts, field: RegisterField) -> bool {
    settings.register_required.contains(&field) || settings.register_optional.contains(&field)
}

impl Features {
    /// Returns an error for everything in a mutation that settings turn off, as if the schema did not contain it.
    pub(super) fn check(
        &self,
        mutation: &Field,
        payload_fields: &[&Field],
        operation: &OperationDefinition,
        variables: &Variables,
    ) -> Vec<ServerError> {
        let name = mutation.name.node.as_str();
        let is_off = |part: &str| !self.has(name, part);
        let mut errors = Vec::new();
        let mut reject = |message: String, pos| errors.push(ServerError::new(message, Some(pos)));
        for (argument, _) in mutation.arguments.iter().filter(|(argument, _)| is_off(&argument.node)) {
            let message =
                format!("Unknown argument \"{argument}\" on field \"{name}\" of type \"Mutation\".");
            reject(message, argument.pos);
        }
        // Only the payload of `register` has fields that can be turned off. In the style of Relay, it has another name.
        let mut payload = "Register";
        if let Some(input) = mutation.get_argument("input") {
            payload = "RegisterPayload";
            let input_type = match name {
                "register" => "RegisterInput",
                "updateAccount" => "UpdateAccountInput",
                _ => "ObtainJSONWebTokenInput",
            };
            let members = member_names(&input.node, operation, variables);
            for member in members.iter().filter(|member| is_off(member)) {
                let message = format!(
                    "Invalid value for argument \"input\", unknown field \"{member}\" of type \"{input_type}\""
                );
                reject(message, input.pos);
            }
        }
        for field in payload_fields.iter().map(|field| &field.name).filter(|field| is_off(&field.node)) {
            reject(format!("Unknown field \"{field}\" on type \"{payload}\"."), field.pos);
        }
        errors
    }
}

/// Returns the names in an object that is a literal, a variable, or the default of a variable.
fn member_names(input: &ParsedValue, operation: &OperationDefinition, variables: &Variables) -> Vec<String> {
    let constant = match input {
        ParsedValue::Object(members) => return members.keys().map(ToString::to_string).collect(),
        ParsedValue::Variable(name) => variables.get(name).or_else(|| {
            let definition =
                operation.variable_definitions.iter().find(|known| known.node.name.node == *name);
            definition?.node.default_value.as_ref().map(|default| &default.node)
        }),
        _ => None,
    };
    match constant {
        Some(Value::Object(members)) => members.keys().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}
