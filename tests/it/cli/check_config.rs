//! `check-config`, and settings that every command refuses.

use pledge4future_auth::config;

use crate::support::program::Site;

const SECRET: &str = "long-and-secret-long-and-secret-long";

/// The line that `check-config` prints of a setting: value and source.
fn line<'a>(printed: &'a str, name: &str) -> (&'a str, &'a str) {
    let mut lines = printed.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
    let line = lines.next().unwrap_or_else(|| panic!("{name} is not in {printed}"));
    assert_eq!(lines.next(), None, "{name} is there twice");
    let (value, source) = line.rsplit_once("  # ").expect("a value and its source");
    (value.trim_end(), source)
}

/// The sentence with which a configuration file is refused.
#[track_caller]
fn refusal(toml: &str) -> String {
    let site = Site::empty();
    site.write("config.toml", toml);
    let sentence = site.run(["check-config"]).refused(2);
    assert_eq!(site.run(["serve"]).refused(2), sentence);
    assert_eq!(site.names(), ["config.toml"], "something was made on bad settings");
    sentence
}

#[test]
fn check_config_prints_every_setting_with_its_source() {
    let site = Site::empty();
    let printed = site.run(["check-config"]).done();
    let settings = config::load_text("").expect("the defaults are good settings").settings();
    for setting in &settings {
        let printed = line(&printed, &setting.name);
        assert_eq!(printed, (setting.value.as_str(), "default"), "{}", setting.name);
    }
    assert_eq!(printed.lines().filter(|line| !line.starts_with('#')).count(), settings.len());
    assert_eq!(site.names(), [] as [&str; 0]);
}

#[test]
fn the_environment_overrides_the_file_and_the_file_the_defaults() {
    let site = Site::empty();
    site.write("config.toml", "public_url = \"https://a.example\"\n[mail]\ntransport = \"file\"\n");
    site.write("other.toml", "public_url = \"https://b.example\"\n");
    let environment = [("P4F_AUTH_MAIL__TRANSPORT", "console"), ("P4F_AUTH_PASSWORDS__MIN_LENGTH", "9")];
    let printed = site.run_with(environment, ["check-config"]).done();
    assert_eq!(line(&printed, "public_url"), ("\"https://a.example\"", "config.toml"));
    assert_eq!(line(&printed, "mail.transport"), ("\"console\"", "environment"));
    assert_eq!(line(&printed, "passwords.min_length"), ("9", "environment"));
    assert_eq!(line(&printed, "mail.from"), ("\"no-reply@localhost\"", "default"));
    assert_eq!(line(&printed, "site_name"), ("\"a.example\"", "default"));

    for printed in [
        site.run_with([("P4F_AUTH_CONFIG", "other.toml")], ["check-config"]).done(),
        site.run_with([("P4F_AUTH_CONFIG", "config.toml")], ["--config", "other.toml", "check-config"])
            .done(),
    ] {
        assert_eq!(line(&printed, "public_url"), ("\"https://b.example\"", "other.toml"));
        assert_eq!(line(&printed, "mail.transport"), ("\"console\"", "default"));
    }
}

#[test]
fn check_config_changed_prints_only_changed_settings() {
    let site = Site::empty();
    let none = site.run(["check-config", "--changed"]).done();
    assert!(
        none.lines().all(|line| line.starts_with("# "))
            && none.contains("# All settings have their defaults")
    );
    // The first is as it is by default, and the second has no fixed default.
    site.write("config.toml", "listen = \"127.0.0.1:8000\"\nsite_name = \"Ours\"\nmail.notices = false\n");
    let environment = [("P4F_AUTH_SECRET_KEY", SECRET), ("P4F_AUTH_MAIL__TRANSPORT", "console")];
    let printed = site.run_with(environment, ["check-config", "--changed"]).done();
    let names: Vec<_> =
        printed.lines().filter_map(|line| line.split_once(" = ")).map(|(name, _)| name).collect();
    assert_eq!(names, ["site_name", "secret_key", "mail.notices"], "{printed}");
    assert_eq!(line(&printed, "mail.notices"), ("false", "config.toml"));
    assert_eq!(line(&printed, "secret_key"), ("\"***\"", "environment"));
    assert!(!printed.contains("All settings"), "{printed}");
}

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
fn a_string_in_the_environment_may_look_like_a_number() {
    let site = Site::empty();
    let key = "12345678901234567890123456789012345";
    let outcome =
        site.run_with([("P4F_AUTH_SECRET_KEY", key), ("P4F_AUTH_SITE_NAME", "42")], ["check-config"]);
    assert!(!format!("{outcome:?}").contains("123456789"), "the key is shown: {outcome:?}");
    let printed = outcome.done();
    assert_eq!(line(&printed, "secret_key"), ("\"***\"", "environment"));
    assert_eq!(line(&printed, "site_name"), ("\"42\"", "environment"));
}

#[test]
fn a_secret_key_of_the_wrong_type_is_refused_without_showing_it() {
    let sentence = refusal("secret_key = 1234567890123\n");
    assert!(sentence.contains("secret_key") && !sentence.contains("1234567890123"), "{sentence}");
}

#[test]
fn control_characters_in_a_file_are_escaped_in_errors() {
    for (toml, shown) in [
        ("\"a\\nb\\u001b[2J\" = 1\n", "a\u{fffd}b\u{fffd}[2J"),
        ("public_url = \"a\\u001b[2J\"\n", "\"a\\u{1b}[2J\""),
        ("[mail]\nfrom = \"a\\u001b[2J\"\n", "\"a\\u{1b}[2J\""),
    ] {
        let sentence = refusal(toml);
        assert!(sentence.contains(shown), "{sentence}");
    }
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
fn an_unknown_setting_is_refused_with_a_suggestion() {
    let in_file = [
        ("listn = \"127.0.0.1:0\"\n", "\"listn\"", "listen"),
        ("[mail]\ntransprt = \"file\"\n", "\"mail.transprt\"", "transport"),
        ("[token]\naccess_lifetime = \"1 hour\"\n", "\"token\"", "tokens"),
    ];
    for (toml, name, nearest) in in_file {
        let sentence = refusal(toml);
        for part in [name, nearest, "config.toml"] {
            assert!(sentence.contains(part), "{part}: {sentence}");
        }
    }
    let site = Site::empty();
    let sentence = site.run_with([("P4F_AUTH_MAIL__TRANSPRT", "file")], ["check-config"]).refused(2);
    assert!(sentence.contains("mail.transprt") && sentence.contains("transport"), "{sentence}");
    let sentence = site.run_with([("P4F_AUTH_LISTN", "file")], ["check-config"]).refused(2);
    assert!(sentence.contains("listn") && sentence.contains("listen"), "{sentence}");
    let sentence = site.run_with([("P4F_AUTH_MAIL_TRANSPORT", "file")], ["check-config"]).refused(2);
    assert!(sentence.ends_with("did you mean \"mail.transport\", P4F_AUTH_MAIL__TRANSPORT?"), "{sentence}");
    let sentence = site.run_with([("P4F_AUTH_FOO", "1")], ["check-config"]).refused(2);
    assert_eq!(sentence, "there is no setting \"foo\" (in the environment)");
}

#[cfg(unix)]
#[test]
fn an_unusable_key_file_is_a_configuration_error() {
    let site = Site::with_settings("secret_key_file = \"own.key\"\n");
    let mode = |mode| std::os::unix::fs::PermissionsExt::from_mode(mode);
    let refused = |complaint: &str| {
        for command in ["check-config", "serve"] {
            let sentence = site.run([command]).refused(2);
            assert!(sentence.starts_with("secret_key_file: ") && sentence.contains(complaint), "{sentence}");
        }
    };
    // systemd may hand it over when the server starts.
    let told = site.run(["check-config"]).done();
    assert!(told.contains("# secret_key_file: own.key is not there at the moment"), "{told}");
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
    let told = site.run(["check-config"]).done();
    assert!(
        told.contains("# The secret key has fewer than 32 characters") && !told.contains("too-short"),
        "{told}"
    );
    std::fs::set_permissions(site.path("own.key"), mode(0o644)).expect("permissions");
    refused("others may read own.key");
}

#[test]
fn an_invalid_value_is_refused_with_the_name_of_the_setting() {
    let cases = [
        ("listen = \"localhost\"", "listen"),
        ("listen = 8000", "listen"),
        ("public_url = \"ftp://example.org\"", "public_url"),
        ("public_url = \"example.org\"", "public_url"),
        ("public_url = \"https://example.org/a b\"", "public_url"),
        ("public_url = \"https://example.org/:auth\"", "public_url"),
        ("public_url = \"https://example.org/a//b\"", "public_url"),
        ("public_url = \"https://example.org/../auth\"", "public_url"),
        ("public_url = \"https://example.org\\\\auth\"", "public_url"),
        ("public_url = \"https://example.org/graphql\"", "public_url: /graphql is a path of the server"),
        (
            "public_url = \"https://example.org/activate/here\"",
            "public_url: /activate is a path of the server",
        ),
        ("public_url = \"https://example.org/<b>\"", "public_url"),
        ("site_name = \"two\\nlines\"", "site_name"),
        ("secret_key = \"\"", "secret_key"),
        ("mail.transport = \"pigeon\"", "mail.transport"),
        ("mail.from = \"nobody\"", "mail.from"),
        ("links.activation = \"{public_url}/activate\"", "links.activation"),
        ("links.sign_in = \"{public_url}/login/{token}\"", "links.sign_in"),
        ("links.sign_in = \"/login\"", "links.sign_in"),
        ("links.sign_in = \"javascript:alert(1)\"", "links.sign_in"),
        ("links.sign_in = \"https://example.org/\\\"x\"", "links.sign_in"),
        ("links.join_requests = \"{public_url}/{token}\"", "links.join_requests"),
        ("tokens.access_lifetime = \"soon\"", "tokens.access_lifetime"),
        ("tokens.access_lifetime = \"0 seconds\"", "tokens.access_lifetime"),
        ("passwords.hashing_threads = 9000000000000000000", "passwords.hashing_threads"),
        ("passwords.memory = \"4000 GiB\"", "passwords.memory"),
        ("accounts.register_required = []", "accounts.register_required"),
        ("accounts.register_optional = [\"shoe_size\"]", "accounts.register_optional"),
        ("accounts.users_visible_to = \"friends\"", "accounts.users_visible_to"),
        ("passwords.iterations = -1", "passwords.iterations"),
        ("passwords.memory = \"1 KiB\"", "passwords"),
        ("passwords.parallelism = 4249599495", "passwords"),
        ("graphql.max_body = \"big\"", "graphql.max_body"),
        ("graphql.max_body = \"1 KB\"", "graphql.max_body"),
        ("http.trusted_proxies = [\"127.0.0.1\", \"localhost\"]", "http.trusted_proxies"),
        ("http.trusted_proxies = [\"10.0.0.0/33\"]", "http.trusted_proxies"),
        ("http.trusted_proxies = [\"::/0\"]", "http.trusted_proxies"),
        ("http.trusted_proxies = \"127.0.0.1\"", "http.trusted_proxies"),
        ("log.level = \"loud\"", "log.level"),
    ];
    for (toml, name) in cases {
        let sentence = refusal(&format!("{toml}\n"));
        assert!(sentence.starts_with(name), "{toml}: {sentence}");
        assert!(!sentence.contains("LogLevel") && !sentence.contains("u32"), "{toml}: {sentence}");
    }
}

#[test]
fn a_list_of_the_wrong_type_is_refused_with_an_example() {
    let settings = config::load_text("").expect("the defaults are good settings").settings();
    let lists: Vec<_> = settings.iter().filter(|setting| setting.value.starts_with('[')).collect();
    assert!(lists.len() > 5, "{}", lists.len());
    for list in lists {
        let sentence = refusal(&format!("{} = 1\n", list.name));
        let (_, example) = sentence.split_once("; write it like ").expect("an example");
        let example = example.strip_suffix(" (config.toml)").expect("the name of the file");
        assert!(example.starts_with("[\"") && example.ends_with("\"]"), "{sentence}");
        let site = Site::with_settings(&format!("{} = {example}\n", list.name));
        assert_eq!(line(&site.run(["check-config"]).done(), &list.name), (example, "config.toml"));
    }
}

#[test]
fn lists_in_the_environment_are_comma_separated_or_toml() {
    let site = Site::empty();
    for (variable, name, written, shown) in [
        ("HTTP__CORS_ORIGINS", "http.cors_origins", "http://localhost:3000", "[\"http://localhost:3000\"]"),
        (
            "HTTP__CORS_ORIGINS",
            "http.cors_origins",
            "https://a.example, https://b.example",
            "[\"https://a.example\", \"https://b.example\"]",
        ),
        ("HTTP__CORS_ORIGINS", "http.cors_origins", "[\"https://a.example\"]", "[\"https://a.example\"]"),
        ("HTTP__CORS_ORIGINS", "http.cors_origins", "", "[]"),
        ("HTTP__TRUSTED_PROXIES", "http.trusted_proxies", "127.0.0.1,::1", "[\"127.0.0.1\", \"::1\"]"),
        ("ACCOUNTS__LOGIN_FIELDS", "accounts.login_fields", "email,username", "[\"email\", \"username\"]"),
        ("ACCOUNTS__REGISTER_OPTIONAL", "accounts.register_optional", "first_name", "[\"first_name\"]"),
        ("ACCOUNTS__UPDATE_FIELDS", "accounts.update_fields", "[]", "[]"),
    ] {
        let variable = format!("P4F_AUTH_{variable}");
        let printed = site.run_with([(variable.as_str(), written)], ["check-config"]).done();
        assert_eq!(line(&printed, name), (shown, "environment"), "{written}");
    }
    let refused = |variable, written| site.run_with([(variable, written)], ["check-config"]).refused(2);
    let sentence = refused("P4F_AUTH_ACCOUNTS__LOGIN_FIELDS", "email,shoe_size");
    assert!(sentence.starts_with("accounts.login_fields: \"shoe_size\" is none of \"email\""), "{sentence}");
    let sentence = refused("P4F_AUTH_HTTP__CORS_ORIGINS", "localhost:3000");
    assert!(sentence.starts_with("http.cors_origins: \"localhost:3000\" is no site"), "{sentence}");
    let sentence = refused("P4F_AUTH_ACCOUNTS__REGISTER_REQUIRED", "email,first_name");
    assert!(sentence.starts_with("accounts.register_optional: \"first_name\" is in "), "{sentence}");
}

/// The warning of `check-config` about a configuration file that others may read.
#[cfg(unix)]
fn exposed(site: &Site, arguments: &[&str], file: &str) -> bool {
    let printed = site.run(arguments).done();
    let warns = printed.contains("others may read");
    let warning = format!("# {file} holds a secret and others may read it: run `chmod 600` on it\n");
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
    assert!(exposed(&site, &["check-config"], "config.toml"));
    std::fs::create_dir(site.path("below")).expect("a folder");
    for (folder, given) in
        [(".", whole), (".", "config.toml"), (".", "./config.toml"), ("below", "../config.toml")]
    {
        let shown = site.run_after(&format!("cd {folder}"), &format!("--config {given} check-config")).done();
        assert!(shown.contains(&format!("# {given} holds a secret and others may read it")), "{shown}");
        assert_eq!(line(&shown, "secret_key"), ("\"***\"", given));
    }
    mode(&site, 0o600);
    assert!(!exposed(&site, &["--config", whole, "check-config"], whole));
    // The files that `install.sh` makes belong to root, and the service reads them by their group.
    mode(&site, 0o640);
    let is_root = rustix::process::geteuid().is_root();
    assert_eq!(exposed(&site, &["check-config"], "config.toml"), !is_root);
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
        assert_eq!(exposed(&site, &["check-config"], "config.toml"), is_secret, "{url}");
        let log = site.serve().terminate().stderr;
        assert_eq!(
            log.contains("WARN config.toml holds a secret and others may read it"),
            is_secret,
            "{log}"
        );
        // Above the file, and so not in it.
        let elsewhere = [("P4F_AUTH_MAIL__SMTP_URL", "smtps://robot:secret@mail.example.org")];
        let printed = site.run_with(elsewhere, ["check-config"]).done();
        assert!(!printed.contains("others may read"), "{printed}");
    }
}

#[test]
fn an_invalid_value_in_the_environment_is_refused_with_its_source() {
    let site = Site::empty();
    let sentence = site.run_with([("P4F_AUTH_LISTEN", "nowhere")], ["check-config"]).refused(2);
    assert!(sentence.starts_with("listen"), "{sentence}");
    assert!(sentence.contains("environment") || sentence.contains("P4F_AUTH_LISTEN"), "{sentence}");
    assert_eq!(site.names(), [] as [&str; 0]);
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_refused() {
    use std::os::unix::ffi::OsStrExt as _;
    let site = Site::empty();
    let value = std::ffi::OsStr::from_bytes(b"long-and-secret-long-and-secret-long\xff");
    let sentence = site.run_with([("P4F_AUTH_SECRET_KEY", value)], ["check-config"]).refused(2);
    assert!(
        sentence.starts_with("P4F_AUTH_SECRET_KEY is not valid UTF-8; set it to UTF-8 text"),
        "{sentence}"
    );
    assert_eq!(site.names(), [] as [&str; 0]);
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

#[test]
fn invalid_toml_is_refused_with_file_and_line() {
    let sentence = refusal("listen = \"127.0.0.1:0\"\npublic_url = \n");
    assert!(sentence.contains("config.toml") && sentence.contains("line 2"), "{sentence}");
}

#[test]
fn a_missing_configuration_file_is_refused_by_name() {
    let site = Site::empty();
    let sentence = site.run(["--config", "missing.toml", "serve"]).refused(2);
    assert!(sentence.contains("missing.toml"), "{sentence}");
    let sentence = site.run_with([("P4F_AUTH_CONFIG", "gone.toml")], ["serve"]).refused(2);
    assert!(sentence.contains("gone.toml"), "{sentence}");
    assert_eq!(site.names(), [] as [&str; 0]);
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
