//! Arguments and fields that settings can turn off. They are then hidden from the schema, and rejected like unknown
//! ones.

use async_graphql::Context;

use crate::config::{Accounts, LoginField, RegisterField, UpdateField};

/// The settings that turn arguments and fields on and off.
#[derive(Clone)]
pub(super) struct Features(Accounts);

impl Features {
    pub(super) fn new(settings: &Accounts) -> Self {
        Self(settings.clone())
    }

    /// Returns whether a mutation accepts an argument, directly or within its `input`.
    pub(super) fn takes(&self, mutation: &str, argument: &str) -> bool {
        let settings = &self.0;
        let registers = |field| {
            settings.register_required.contains(&field) || settings.register_optional.contains(&field)
        };
        match (mutation, argument) {
            ("register", "username") => registers(RegisterField::Username),
            ("register", "firstName") => registers(RegisterField::FirstName),
            ("register", "lastName") => registers(RegisterField::LastName),
            ("register", "academicTitle") => registers(RegisterField::AcademicTitle),
            ("register", "password1" | "password2") => !settings.passwordless_registration,
            ("updateAccount", "firstName") => settings.update_fields.contains(&UpdateField::FirstName),
            ("updateAccount", "lastName") => settings.update_fields.contains(&UpdateField::LastName),
            ("updateAccount", "academicTitle") => {
                settings.update_fields.contains(&UpdateField::AcademicTitle)
            }
            ("tokenAuth", "email") => settings.login_fields.contains(&LoginField::Email),
            ("tokenAuth", "username") => settings.login_fields.contains(&LoginField::Username),
            _ => true,
        }
    }

    /// Returns the type of the argument `input` of a mutation whose members can be turned off.
    pub(super) fn input_type(mutation: &str) -> &'static str {
        match mutation {
            "register" => "RegisterInput",
            "updateAccount" => "UpdateAccountInput",
            _ => "ObtainJSONWebTokenInput",
        }
    }

    /// Returns whether the payload of a mutation has a field.
    pub(super) fn answers(&self, mutation: &str, field: &str) -> bool {
        match (mutation, field) {
            ("register", "token" | "refreshToken") => {
                self.0.login_unverified && !self.0.passwordless_registration
            }
            _ => true,
        }
    }
}

macro_rules! shown {
    ($($name:ident => $ask:ident($mutation:literal, $part:literal);)*) => {
        $(pub(super) fn $name(ctx: &Context<'_>) -> bool {
            ctx.data_opt::<Features>().is_none_or(|features| features.$ask($mutation, $part))
        })*
    };
}

shown! {
    register_username => takes("register", "username");
    register_first_name => takes("register", "firstName");
    register_last_name => takes("register", "lastName");
    register_academic_title => takes("register", "academicTitle");
    register_passwords => takes("register", "password1");
    register_tokens => answers("register", "token");
    update_first_name => takes("updateAccount", "firstName");
    update_last_name => takes("updateAccount", "lastName");
    update_academic_title => takes("updateAccount", "academicTitle");
    login_email => takes("tokenAuth", "email");
    login_username => takes("tokenAuth", "username");
}
