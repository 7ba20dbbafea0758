//! What `check-config` prints.

use crate::support::program::Site;

/// Returns the value and the source that `check-config` prints for a setting.
pub fn line<'a>(printed: &'a str, name: &str) -> (&'a str, &'a str) {
    let mut lines = printed.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
    let line = lines.next().unwrap_or_else(|| panic!("{name} is not in {printed}"));
    assert_eq!(lines.next(), None, "{name} is printed twice");
    let (value, source) = line.rsplit_once("  # ").expect("a value and its source");
    (value.trim_end(), source)
}

/// Returns the sentence with which a configuration file is refused.
#[track_caller]
pub fn refusal(toml: &str) -> String {
    let site = Site::empty();
    site.write("config.toml", toml);
    let sentence = site.run(["check-config"]).refused(2);
    assert_eq!(site.run(["serve"]).refused(2), sentence);
    assert_eq!(site.names(), ["config.toml"], "a file was created despite invalid settings");
    sentence
}
