//! Compatibility with Django 3.1, on which the original server runs: signatures, validators and string functions with
//! the same results. Also the password hashes of any version of Django.

pub mod ascii_json;
pub mod bcrypt_sha256;
pub mod common_passwords;
pub mod email_validator;
pub mod password_validators;
pub mod pbkdf2;
pub mod scrypt;
pub mod signing;
pub mod text;
