//! Files that the output of the program is compared with.

use std::path::Path;

/// Compares text with a file of this repository. With `UPDATE=1` in the environment, it writes the file instead.
#[track_caller]
pub fn assert_same(path: &str, actual: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(&file, actual).unwrap_or_else(|error| panic!("{path}: {error}"));
        return;
    }
    let expected = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path}: {error}"));
    if actual != expected {
        let same =
            actual.lines().zip(expected.lines()).take_while(|(actual, expected)| actual == expected).count();
        let [actual, expected] =
            [actual, expected.as_str()].map(|text| text.lines().nth(same).unwrap_or("(end)"));
        panic!(
            "{path} differs from line {}; if the change is intended, run `UPDATE=1 cargo test`\n\
             expected: {expected}\n  actual: {actual}",
            same + 1
        );
    }
}
