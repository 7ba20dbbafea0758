//! `check-config`.

use pledge4future_auth::config;

use crate::support::check_config::line;
use crate::support::program::Site;

const SECRET: &str = "long-and-secret-long-and-secret-long";

#[test]
fn check_config_prints_every_setting_with_its_source() {
    let site = Site::empty();
    let printed = site.run(["check-config"]).done();
    let settings = config::load_text("").expect("the defaults are valid settings").settings();
    for setting in &settings {
        let printed = line(&printed, &setting.name);
        assert_eq!(printed, (setting.value.as_str(), "default"), "{}", setting.name);
    }
    assert_eq!(printed.lines().filter(|line| !line.starts_with('#')).count(), settings.len());
    assert_eq!(site.names(), [] as [&str; 0]);
}

#[test]
fn check_config_changed_prints_only_changed_settings() {
    let site = Site::empty();
    let none = site.run(["check-config", "--changed"]).done();
    assert!(
        none.lines().all(|line| line.starts_with("# "))
            && none.contains("# All settings have their defaults")
    );
    // The first setting has its default value, and the second has no fixed default.
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
