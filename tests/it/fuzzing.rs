//! What the fuzz targets have found worth keeping (`tests/fuzz/corpus/`), through the same functions.

use std::fs;
use std::path::Path;

use crate::fuzz_targets;

/// Every file of a corpus, through its target.
fn replay(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut count = 0;
    for file in files {
        let path = file.expect("a file").path();
        let data = fs::read(&path).expect("a file");
        let outcome = std::panic::catch_unwind(|| target(&data));
        assert!(outcome.is_ok(), "{}", path.display());
        count += 1;
    }
    assert!(count > 4, "{count} files in {}", folder.display());
}

#[test]
fn every_action_token_of_the_corpus_is_judged_as_it_should_be() {
    replay("action_token", fuzz_targets::action_token);
}

#[test]
fn every_access_token_of_the_corpus_is_judged_as_it_should_be() {
    replay("access_token", fuzz_targets::access_token);
}

#[test]
fn every_password_hash_of_the_corpus_is_judged_as_it_should_be() {
    replay("password_hash", fuzz_targets::password_hash);
}

#[test]
fn every_request_of_the_corpus_is_answered_as_it_should_be() {
    replay("graphql", fuzz_targets::graphql);
}

#[test]
fn every_import_file_of_the_corpus_is_read_as_it_should_be() {
    replay("import", fuzz_targets::import);
}

#[test]
fn every_configuration_of_the_corpus_is_read_as_it_should_be() {
    replay("configuration", fuzz_targets::configuration);
}
