//! Ids and cursors, compared with those of graphql-relay.

use pledge4future_auth::graphql::relay_id;

use crate::support::vectors::{integer, list, text, vectors};

#[test]
fn global_ids_are_those_of_graphql_relay() {
    let vectors = vectors();
    for case in list(&vectors["relay"]["ids"]) {
        let id = relay_id::to_global_id(text(&case["type"]), text(&case["id"]));
        assert_eq!(id, case["global_id"], "{case}");
    }
    for case in list(&vectors["relay"]["ids_read"]) {
        let read = relay_id::from_global_id(text(&case["global_id"]));
        let owned = |member: &str| case[member].as_str().map(str::to_owned);
        assert_eq!(read, owned("type").zip(owned("id")), "{case}");
        assert_eq!(read.is_none(), case["error"].is_string(), "{case}");
    }
}

#[test]
fn cursors_are_those_of_graphql_relay() {
    let vectors = vectors();
    for case in list(&vectors["relay"]["cursors"]) {
        assert_eq!(relay_id::to_cursor(integer(&case["offset"])), case["cursor"], "{case}");
    }
    for case in list(&vectors["relay"]["cursors_read"]) {
        assert_eq!(relay_id::from_cursor(text(&case["cursor"])), case["offset"].as_i64(), "{case}");
    }
}
