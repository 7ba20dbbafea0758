//! `mail.smtp_url` and `mail.smtp_ca_file`.

use crate::support::program::Site;

#[test]
fn check_config_masks_only_the_password_of_the_url() {
    let site = Site::empty();
    for (url, shown) in [
        ("smtps://user:very%20hushed@mail.example.org:465", "smtps://user:***@mail.example.org:465"),
        ("smtp://user%40a:hushed@[::1]:25/mx.example.org", "smtp://user%40a:***@[::1]:25/mx.example.org"),
        ("smtp://u:hushed@mail.example.org?tls=required", "smtp://u:***@mail.example.org?tls=required"),
        ("smtp://localhost:8055", "smtp://localhost:8055"),
    ] {
        let printed = site.run_with([("P4F_AUTH_MAIL__SMTP_URL", url)], ["check-config"]).done();
        let line = printed.lines().find(|line| line.starts_with("mail.smtp_url = ")).expect("the setting");
        assert!(line.starts_with(&format!("mail.smtp_url = \"{shown}\" ")), "{line}");
        assert!(line.ends_with("# environment") && !printed.contains("hushed"), "{printed}");
    }
}

#[test]
fn invalid_urls_are_refused_without_showing_them() {
    let cases = [
        "",
        "secret",
        "secret@mail.example.org",
        "https://robot:secret@mail.example.org",
        "smtps://robot:secret@",
        "smtps:robot:secret@mail.example.org",
        "smtps://robot:sec#ret@mail.example.org",
        "smtps://robot:secret@mail.example.org:99999",
        "smtps://robot:secret@mail.example.org/a/path",
        "smtps://robot:secret@mail.example.org#secret",
        "smtps://robot:secret@mail.example.org?tls=none",
        "smtps://robot:secret%ff@mail.example.org",
        "smtps://secret@mail.example.org",
        "smtps://:secret@mail.example.org",
        "smtp://robot:secret@mail.example.org",
        "smtp://robot:secret@mail.example.org?tls=opportunistic",
        "smtp://robot:secret@mail.example.org?tls=requird",
        "smtp://robot:secret@mail.example.org?ssl=required",
        "smtp://robot:secret@localhost.example.org",
    ];
    let site = Site::empty();
    for url in cases {
        let sentence = site.run_with([("P4F_AUTH_MAIL__SMTP_URL", url)], ["check-config"]).refused(2);
        assert!(sentence.starts_with("mail.smtp_url: "), "{url}: {sentence}");
        assert!(!sentence.contains("secret") && !sentence.contains("robot"), "{url}: {sentence}");
    }
    let without_url = site.run_with([("P4F_AUTH_MAIL__TRANSPORT", "smtp")], ["check-config"]).refused(2);
    assert!(without_url.starts_with("mail.smtp_url: "), "{without_url}");
    site.write("config.toml", "[mail]\nsmtp_url = 1234567890123\n");
    let no_text = site.run(["check-config"]).refused(2);
    assert!(no_text.starts_with("mail.smtp_url: ") && !no_text.contains("1234567890123"), "{no_text}");
}

#[test]
fn valid_urls_are_accepted() {
    let cases = [
        "smtps://mail.example.org",
        "smtps://robot%40example.org:secret@mail.example.org:465",
        "smtps://robot:secret@mail.example.org:465/accounts.example.org",
        "smtps://robot:secret@[2001:db8::25]",
        "smtp://robot:secret@mail.example.org:587?tls=required",
        "smtp://mail.example.org",
        "smtp://robot:secret@localhost:25",
        "smtp://robot:secret@127.0.0.1:25",
        "smtp://robot:secret@[::1]:25",
    ];
    let site = Site::empty();
    for url in cases {
        site.run_with(
            [("P4F_AUTH_MAIL__TRANSPORT", "smtp"), ("P4F_AUTH_MAIL__SMTP_URL", url)],
            ["check-config"],
        )
        .done();
    }
}

#[test]
fn a_file_without_certificates_is_refused_by_name() {
    let site = Site::empty();
    site.write("text.pem", "hello");
    site.write("broken.pem", "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n");
    for file in ["missing.pem", "text.pem", "broken.pem"] {
        let sentence = site.run_with([("P4F_AUTH_MAIL__SMTP_CA_FILE", file)], ["check-config"]).refused(2);
        assert!(sentence.starts_with("mail.smtp_ca_file: ") && sentence.contains(file), "{sentence}");
    }
}
