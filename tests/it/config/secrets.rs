//! Secrets are not printed, and files with secrets are private.

use crate::support::program::Site;

use crate::support::check_config::{line, refusal};

const SECRET: &str = "long-and-secret-long-and-secret-long";

#[test]
fn the_secret_key_is_never_printed() {
    let site = Site::empty();
    let by_environment = site.run_with([("P4F_AUTH_SECRET_KEY", SECRET)], ["check-config"]).done();
    assert_eq!(line(&by_environment, "secret_key"), ("\"***\"", "environment"));
    site.write("config.toml", format!("secret_key = \"{SECRET}\"\n"));
    let by_file = site.run(["check-config"]).done();
    assert_eq!(line(&by_file, "secret_key").0, "\"***\"");
    assert!(!by_environment.contains("long-and") && !by_file.contains("long-and"));
}

#[test]
fn a_secret_key_of_the_wrong_type_is_refused_without_showing_it() {
    let sentence = refusal("secret_key = 1234567890123\n");
    assert!(sentence.contains("secret_key") && !sentence.contains("1234567890123"), "{sentence}");
}

#[test]
fn a_string_that_contains_the_next_settings_is_not_shown() {
    let swallowed = "'''x\nsecret_key = \"kelp-forest-of-thirty-two-letters\"\n'''\n";
    for setting in ["public_url", "mail.from", "graphql.max_body", "mail.transport", "pages.branding.accent"]
    {
        let sentence = refusal(&format!("{setting} = {swallowed}"));
        assert!(sentence.starts_with(&format!("{setting}: the value ")), "{sentence}");
        assert!(!sentence.contains("kelp"), "{sentence}");
    }
}

#[test]
fn a_mail_url_under_a_wrong_setting_is_refused_without_its_password() {
    let url = "smtps://robot:hushed@mail.example.org";
    for toml in [
        format!("mail.transport = \"{url}\""),
        format!("mail.from = \"{url}\""),
        format!("mail = \"{url}\""),
        format!("mail = [\"{url}\"]"),
        format!("[mail]\n\"{url}\" = true"),
        format!("public_url = \"{url}\""),
    ] {
        let sentence = refusal(&format!("{toml}\n"));
        assert!(!sentence.contains("hushed"), "{toml}: {sentence}");
    }
    let section = format!("{{smtp_url = \"{url}\"");
    let sentence = Site::empty().run_with([("P4F_AUTH_MAIL", section.as_str())], ["serve"]).refused(2);
    assert!(!sentence.contains("hushed"), "{sentence}");
}

#[cfg(unix)]
#[test]
fn an_unusable_key_file_is_a_configuration_error() {
    let site = Site::with_settings("secret_key_file = \"own.key\"\n");
    let mode = |mode| std::os::unix::fs::PermissionsExt::from_mode(mode);
    let refused = |message: &str| {
        for command in ["check-config", "serve"] {
            let sentence = site.run([command]).refused(2);
            assert!(sentence.starts_with("secret_key_file: ") && sentence.contains(message), "{sentence}");
        }
    };
    // systemd may provide the file when the server starts.
    let output = site.run(["check-config"]).done();
    assert!(output.contains("# secret_key_file: own.key does not exist at the moment"), "{output}");
    let sentence = site.run(["serve"]).refused(2);
    assert!(sentence.starts_with("secret_key_file: own.key cannot be read"), "{sentence}");
    std::fs::create_dir(site.path("own.key")).expect("a folder");
    std::fs::set_permissions(site.path("own.key"), mode(0o700)).expect("permissions");
    refused("own.key cannot be read");
    std::fs::remove_dir(site.path("own.key")).expect("the folder");
    site.write("own.key", "");
    std::fs::set_permissions(site.path("own.key"), mode(0o600)).expect("permissions");
    refused("own.key is empty; write a key into it");
    site.write("own.key", "too-short");
    let output = site.run(["check-config"]).done();
    assert!(
        output.contains("# The secret key has fewer than 32 characters") && !output.contains("too-short"),
        "{output}"
    );
    std::fs::set_permissions(site.path("own.key"), mode(0o644)).expect("permissions");
    refused("others may read own.key");
}

/// Whether `check-config` warns that others may read the configuration file.
#[cfg(unix)]
fn warns(site: &Site, arguments: &[&str], file: &str) -> bool {
    let printed = site.run(arguments).done();
    let warns = printed.contains("others may read");
    let warning = format!("# {file} contains a secret and others may read it: run `chmod 600` on it\n");
    assert_eq!(printed.contains(&warning), warns, "{printed}");
    warns
}

#[cfg(unix)]
#[test]
fn a_readable_file_with_a_secret_is_named_as_given() {
    let mode = |site: &Site, mode| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(site.path("config.toml"), mode).expect("permissions");
    };
    let site = Site::with_settings(&format!("secret_key = \"{SECRET}\"\n"));
    let whole = site.path("config.toml");
    let whole = whole.to_str().expect("a path in UTF-8");
    mode(&site, 0o644);
    assert!(warns(&site, &["check-config"], "config.toml"));
    std::fs::create_dir(site.path("below")).expect("a folder");
    for (folder, given) in
        [(".", whole), (".", "config.toml"), (".", "./config.toml"), ("below", "../config.toml")]
    {
        let shown = site.run_after(&format!("cd {folder}"), &format!("--config {given} check-config")).done();
        assert!(shown.contains(&format!("# {given} contains a secret and others may read it")), "{shown}");
        assert_eq!(line(&shown, "secret_key"), ("\"***\"", given));
    }
    mode(&site, 0o600);
    assert!(!warns(&site, &["--config", whole, "check-config"], whole));
    // Files of `install.sh` belong to root, and the service reads them as a member of their group.
    mode(&site, 0o640);
    let is_root = rustix::process::geteuid().is_root();
    assert_eq!(warns(&site, &["check-config"], "config.toml"), !is_root);
}

#[cfg(unix)]
#[test]
fn a_mail_url_is_a_secret_only_with_a_password() {
    for (url, is_secret) in [
        ("smtp://localhost:8055", false),
        ("smtps://mail.example.org", false),
        ("smtps://robot:secret@mail.example.org", true),
    ] {
        let site = Site::with_settings(&format!("[mail]\ntransport = \"smtp\"\nsmtp_url = \"{url}\"\n"));
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(site.path("config.toml"), mode).expect("permissions");
        assert_eq!(warns(&site, &["check-config"], "config.toml"), is_secret, "{url}");
        let log = site.serve().terminate().stderr;
        assert_eq!(
            log.contains("WARN config.toml contains a secret and others may read it"),
            is_secret,
            "{log}"
        );
        // The environment overrides the file, so the file contains no secret in use.
        let elsewhere = [("P4F_AUTH_MAIL__SMTP_URL", "smtps://robot:secret@mail.example.org")];
        let printed = site.run_with(elsewhere, ["check-config"]).done();
        assert!(!printed.contains("others may read"), "{printed}");
    }
}

#[cfg(unix)]
#[test]
fn a_key_from_the_credentials_directory_is_accepted_with_any_mode() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = Site::with_settings("secret_key_file = \"given/secret.key\"\n");
    std::fs::create_dir(site.path("given")).expect("a folder");
    site.write("given/secret.key", "a-key-of-more-than-thirty-two-characters");
    let group_may_read = std::fs::Permissions::from_mode(0o440);
    std::fs::set_permissions(site.path("given/secret.key"), group_may_read).expect("permissions");
    let sentence = site.run(["migrate"]).refused(1);
    assert!(sentence.contains("others may read given/secret.key"), "{sentence}");
    site.run_with([("CREDENTIALS_DIRECTORY", "given")], ["migrate"]).done();
    std::fs::remove_file(site.path("given/secret.key")).expect("a file");
    site.run(["backup", "copy.sqlite3"]).done();
}
