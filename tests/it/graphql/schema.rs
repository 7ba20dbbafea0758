use pledge4future_auth::config;
use pledge4future_auth::graphql::{self, MutationStyle};

use crate::support::contract_file;

#[test]
fn the_schemas_are_the_committed_ones() {
    let config = config::load_text("").expect("the defaults are valid settings").config;
    for (style, file) in [
        (MutationStyle::Plain, "tests/contracts/schema.graphql"),
        (MutationStyle::Relay, "tests/contracts/relay.graphql"),
    ] {
        contract_file::assert_same(file, &graphql::sdl(style, &config.graphql));
    }
}
