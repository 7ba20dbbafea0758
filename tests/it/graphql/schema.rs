use pledge4future_auth::config;
use pledge4future_auth::graphql::{self, Flavour};

use crate::support::contract_file;

#[test]
fn the_schemas_are_the_committed_ones() {
    let config = config::load_text("").expect("the defaults are valid settings").config;
    for (flavour, file) in [
        (Flavour::Plain, "tests/contracts/schema.graphql"),
        (Flavour::Relay, "tests/contracts/relay.graphql"),
    ] {
        contract_file::assert_same(file, &graphql::sdl(flavour, &config.graphql));
    }
}
