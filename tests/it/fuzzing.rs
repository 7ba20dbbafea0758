//! Runs the fuzz targets on their corpora, `tests/fuzz/corpus/`.

use std::fs;
use std::path::Path;

use crate::fuzz_targets;

/// Runs a target on every file of its corpus.
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
fn the_corpus_of_action_tokens_passes() {
    replay("action_token", fuzz_targets::action_token);
}

#[test]
fn the_corpus_of_access_tokens_passes() {
    replay("access_token", fuzz_targets::access_token);
}

#[test]
fn the_corpus_of_password_hashes_passes() {
    replay("password_hash", fuzz_targets::password_hash);
}

#[test]
fn the_corpus_of_requests_passes() {
    replay("graphql", fuzz_targets::graphql);
}

#[test]
fn the_corpus_of_import_files_passes() {
    replay("import", fuzz_targets::import);
}

#[test]
fn the_corpus_of_configurations_passes() {
    replay("configuration", fuzz_targets::configuration);
}

#[test]
fn the_corpus_of_django_dumps_passes() {
    replay("django", fuzz_targets::django);
}

#[test]
fn the_corpus_of_passkeys_passes() {
    replay("passkey", fuzz_targets::passkey);
}
