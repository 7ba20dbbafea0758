//! What the fuzz targets do with their bytes, and what must hold then: shared by the programs in `run/`, which make the
//! bytes up, and by the tests, which replay those in `corpus/`.

mod configuration;
mod graphql;
mod import;
mod passwords;
mod tokens;

pub use configuration::configuration;
pub use graphql::graphql;
pub use import::import;
pub use passwords::password_hash;
pub use tokens::{access_token, action_token};

/// A part of a secret that is too short to be told from other words.
const SHORT: usize = 8;

/// Whether what is `told` of an input gives a secret away that stands in it once. What is told just so of another
/// secret is no part of this one.
fn shows(input: &str, secret: &str, told: impl Fn(&str) -> String) -> bool {
    secret.len() >= SHORT
        && input.matches(secret).count() == 1
        && told(input).contains(secret)
        && !told(&input.replace(secret, &"x".repeat(secret.len()))).contains(secret)
}
