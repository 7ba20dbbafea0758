//! Invalid values are refused with the name of the setting.

use pledge4future_auth::config;

use crate::support::program::Site;

use crate::support::check_config::{line, refusal};

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
    assert!(sentence.ends_with("did you mean \"mail.transport\" (P4F_AUTH_MAIL__TRANSPORT)?"), "{sentence}");
    let sentence = site.run_with([("P4F_AUTH_FOO", "1")], ["check-config"]).refused(2);
    assert_eq!(sentence, "there is no setting \"foo\" (in the environment)");
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
        ("mail.connections = 0", "mail.connections"),
        ("mail.connections = 65", "mail.connections"),
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
        ("passwords.memory = \"1025 MiB\"", "passwords.memory: must be at most \"1 GiB\""),
        ("passwords.memory = \"1 GiB\"\npasswords.iterations = 9", "passwords.iterations: must be at most 8"),
        ("accounts.register_required = []", "accounts.register_required"),
        ("accounts.register_optional = [\"shoe_size\"]", "accounts.register_optional"),
        ("accounts.users_visible_to = \"friends\"", "accounts.users_visible_to"),
        ("accounts.registration = \"closed\"", "accounts.registration"),
        ("accounts.registration = \"domains\"", "accounts.registration_domains: must not be empty"),
        (
            "accounts.registration_domains = [\"example.org\"]",
            "accounts.registration_domains: has an effect only with accounts.registration = \"domains\"",
        ),
        (
            "accounts.terms.url = \"https://example.org/terms\"",
            "accounts.terms: url and version belong together",
        ),
        ("accounts.terms.version = \"1\"", "accounts.terms: url and version belong together"),
        ("accounts.terms.version = \"1\"\naccounts.terms.url = \"/terms\"", "accounts.terms.url: \"/terms\""),
        (
            "accounts.terms.version = \" \"\naccounts.terms.url = \"https://example.org\"",
            "accounts.terms.version: write a version",
        ),
        ("links.invitation = \"{public_url}/invitation\"", "links.invitation"),
        ("tokens.invitation_lifetime = \"0 seconds\"", "tokens.invitation_lifetime"),
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
fn only_host_names_are_accepted_as_domains() {
    let settings = |domain: &str| {
        format!("accounts.registration = \"domains\"\naccounts.registration_domains = [{domain:?}]\n")
    };
    for domain in [
        "",
        "*",
        "*.",
        "@example.org",
        "a b.org",
        "127.0.0.1",
        "https://example.org",
        "a..org",
        "example.org.",
        "*.*.org",
    ] {
        let sentence = refusal(&settings(domain));
        let expected = format!("accounts.registration_domains: {domain:?} is not a domain");
        assert!(sentence.starts_with(&expected), "{sentence}");
    }
    for domain in ["example.org", "*.example.org", "MÜNCHEN.example", "xn--mnchen-3ya.example", "localhost"]
    {
        assert!(config::load_text(&settings(domain)).is_ok(), "{domain}");
    }
}

#[test]
fn a_list_of_the_wrong_type_is_refused_with_an_example() {
    let settings = config::load_text("").expect("the defaults are valid settings").settings();
    let lists: Vec<_> = settings.iter().filter(|setting| setting.value.starts_with('[')).collect();
    assert!(lists.len() > 5, "{}", lists.len());
    for list in lists {
        let sentence = refusal(&format!("{} = 1\n", list.name));
        let (_, example) = sentence.split_once("; write it like ").expect("an example");
        let example = example.strip_suffix(" (config.toml)").expect("the name of the file");
        assert!(example.starts_with("[\"") && example.ends_with("\"]"), "{sentence}");
        let mode = if list.name == "accounts.registration_domains" {
            "accounts.registration = \"domains\"\n"
        } else {
            ""
        };
        let site = Site::with_settings(&format!("{mode}{} = {example}\n", list.name));
        assert_eq!(line(&site.run(["check-config"]).done(), &list.name), (example, "config.toml"));
    }
}

#[test]
fn control_characters_in_a_file_are_escaped_in_errors() {
    for (toml, shown) in [
        ("\"a\\nb\\u001b[2J\" = 1\n", "a b [2J"),
        ("public_url = \"a\\u001b[2J\"\n", "\"a\\u{1b}[2J\""),
        ("[mail]\nfrom = \"a\\u001b[2J\"\n", "\"a\\u{1b}[2J\""),
    ] {
        let sentence = refusal(toml);
        assert!(sentence.contains(shown), "{sentence}");
    }
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
