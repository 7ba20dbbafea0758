//! Mutations whose arguments are sent as variables.

use std::fmt;

use serde_json::{Map, Value, json};

/// One mutation. Its payload is in the reply as `payload`.
#[derive(Debug, Clone)]
pub struct Mutation {
    name: String,
    arguments: Map<String, Value>,
    in_input: bool,
    selection: &'static str,
}

/// The mutations with an argument `id`.
const TAKES_ID: [&str; 4] = ["revokeSession", "revokeInvitation", "renamePasskey", "removePasskey"];

/// A mutation that selects `success` and `errors`.
pub fn mutation(name: impl Into<String>, arguments: Value) -> Mutation {
    let Value::Object(arguments) = arguments else { panic!("{arguments} are not arguments") };
    Mutation { name: name.into(), arguments, in_input: false, selection: "success errors" }
}

impl Mutation {
    /// Passes the arguments as fields of the argument `input`.
    pub fn in_input(self) -> Self {
        Self { in_input: true, ..self }
    }

    pub fn select(self, selection: &'static str) -> Self {
        Self { selection, ..self }
    }

    /// Adds or replaces an argument.
    pub fn with(mut self, argument: &str, value: impl Into<Value>) -> Self {
        self.arguments.insert(argument.to_owned(), value.into());
        self
    }

    pub fn without(mut self, argument: &str) -> Self {
        self.arguments.remove(argument);
        self
    }

    pub fn document(&self) -> String {
        let names = || self.arguments.keys();
        let list = |items: Vec<String>| items.join(", ");
        let variables = list(self.arguments.iter().map(|(name, value)| self.declare(name, value)).collect());
        let arguments = list(names().map(|name| format!("{name}: ${name}")).collect());
        let Self { name, selection, .. } = self;
        match (self.arguments.is_empty(), self.in_input) {
            (true, _) => format!("mutation {{ payload: {name} {{ {selection} }} }}"),
            (_, false) => {
                format!("mutation ({variables}) {{ payload: {name}({arguments}) {{ {selection} }} }}")
            }
            (_, true) => {
                format!(
                    "mutation ({variables}) {{ payload: {name}(input: {{ {arguments} }}) {{ {selection} }} }}"
                )
            }
        }
    }

    /// The declaration of a variable. Its type follows from its value.
    fn declare(&self, name: &str, value: &Value) -> String {
        let kind = match value {
            Value::String(_) if name == "id" && TAKES_ID.contains(&self.name.as_str()) => "ID!",
            Value::String(_) => "String!",
            Value::Number(_) => "Int!",
            Value::Bool(_) => "Boolean!",
            _ => "String",
        };
        format!("${name}: {kind}")
    }

    pub fn variables(&self) -> Value {
        self.arguments.clone().into()
    }

    /// The body of a request.
    pub fn body(&self) -> Value {
        json!({ "query": self.document(), "variables": self.variables() })
    }
}

impl fmt::Display for Mutation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} with {}", self.document(), self.variables())
    }
}

/// Registers without a username.
pub fn register(email: &str, password: &str) -> Mutation {
    mutation("register", json!({ "email": email, "password1": password, "password2": password }))
}

pub fn invite_to_working_group(email: &str) -> Mutation {
    mutation("inviteToWorkingGroup", json!({ "email": email }))
}

pub fn accept_invitation(token: &str) -> Mutation {
    mutation("acceptInvitation", json!({ "token": token }))
}

pub fn revoke_invitation(id: &str) -> Mutation {
    mutation("revokeInvitation", json!({ "id": id }))
}

pub fn verify_account(token: &str) -> Mutation {
    mutation("verifyAccount", json!({ "token": token }))
}

pub fn resend_activation(email: &str) -> Mutation {
    mutation("resendActivationEmail", json!({ "email": email }))
}

pub fn log_in(email: &str, password: &str) -> Mutation {
    mutation("tokenAuth", json!({ "email": email, "password": password }))
}

pub fn verify_token(token: &str) -> Mutation {
    mutation("verifyToken", json!({ "token": token }))
}

pub fn refresh_token(refresh_token: &str) -> Mutation {
    mutation("refreshToken", json!({ "refreshToken": refresh_token }))
}

pub fn revoke_token(refresh_token: &str) -> Mutation {
    mutation("revokeToken", json!({ "refreshToken": refresh_token }))
}

pub fn revoke_session(id: &str) -> Mutation {
    mutation("revokeSession", json!({ "id": id }))
}

pub fn revoke_all_sessions() -> Mutation {
    mutation("revokeAllSessions", json!({}))
}

pub fn request_reset(email: &str) -> Mutation {
    mutation("sendPasswordResetEmail", json!({ "email": email }))
}

pub fn reset_password(token: &str, password: &str) -> Mutation {
    let arguments = json!({ "token": token, "newPassword1": password, "newPassword2": password });
    mutation("passwordReset", arguments)
}

/// Sets the first password of an account.
pub fn set_password(token: &str, password: &str) -> Mutation {
    let arguments = json!({ "token": token, "newPassword1": password, "newPassword2": password });
    mutation("passwordSet", arguments)
}

pub fn change_password(old: &str, new: &str) -> Mutation {
    mutation("passwordChange", json!({ "oldPassword": old, "newPassword1": new, "newPassword2": new }))
}

pub fn update_first_name(name: &str) -> Mutation {
    mutation("updateAccount", json!({ "firstName": name }))
}

pub fn request_secondary_email(email: &str, password: &str) -> Mutation {
    mutation("sendSecondaryEmailActivation", json!({ "email": email, "password": password }))
}

pub fn verify_secondary_email(token: &str) -> Mutation {
    mutation("verifySecondaryEmail", json!({ "token": token }))
}

pub fn swap_emails(password: &str) -> Mutation {
    mutation("swapEmails", json!({ "password": password }))
}

pub fn remove_secondary_email(password: &str) -> Mutation {
    mutation("removeSecondaryEmail", json!({ "password": password }))
}

pub fn archive_account(password: &str) -> Mutation {
    mutation("archiveAccount", json!({ "password": password }))
}

pub fn delete_account(password: &str) -> Mutation {
    mutation("deleteAccount", json!({ "password": password }))
}
