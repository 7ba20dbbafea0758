//! Settings in the environment.

use crate::support::program::Site;

use crate::support::check_config::line;

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
    assert!(
        sentence.starts_with("accounts.login_fields: \"shoe_size\" is not one of \"email\""),
        "{sentence}"
    );
    let sentence = refused("P4F_AUTH_HTTP__CORS_ORIGINS", "localhost:3000");
    assert!(sentence.starts_with("http.cors_origins: \"localhost:3000\" is not an origin"), "{sentence}");
    let sentence = refused("P4F_AUTH_ACCOUNTS__REGISTER_REQUIRED", "email,first_name");
    assert!(sentence.starts_with("accounts.register_optional: \"first_name\" is in "), "{sentence}");
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
