//! The Debian package.

use std::process::Command;

use figment::Figment;
use figment::providers::{Format as _, Toml};

use crate::support::machine::{CONFIG, Machine, Outcome, machine_without_users};

#[test]
fn the_debian_package_asks_for_public_url_until_it_is_set() {
    let Some(machine) = machine_without_users() else { return };
    machine.command("deb-systemd-helper", "exit 0");
    std::fs::create_dir_all(machine.path("etc/pledge4future-auth")).expect("a folder");
    let configure = || {
        let script = "exec sh \"${0%/*}/packaging/deb/postinst\" configure";
        machine.run_as_root(&["etc", "run", "var/lib"], script).map(Outcome::done)
    };
    let config = include_str!("../../../packaging/config.toml");
    std::fs::write(machine.path(CONFIG), config).expect("a file");
    let Some(output) = configure() else { return };
    assert!(output.contains("set public_url in /etc/pledge4future-auth/config.toml"), "{output}");
    std::fs::write(machine.path(CONFIG), config.replace("# public_url", "public_url")).expect("a file");
    assert_eq!(configure().as_deref(), Some(""));
}

#[test]
fn the_debian_package_contains_the_manual_pages_and_completions() {
    let Some(machine) = Machine::empty() else { return };
    let manual = Command::new("sh")
        .args([concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/manual.sh"), "./program", "manual"])
        .current_dir(machine.folder.path())
        .status();
    assert!(manual.expect("sh runs").success());
    let cargo = Figment::from(Toml::string(include_str!("../../../Cargo.toml")));
    let assets: Vec<[String; 3]> = cargo.extract_inner("package.metadata.deb.assets").expect("a list");
    let mut taken: Vec<&str> =
        assets.iter().filter_map(|[source, ..]| source.strip_prefix("target/manual/")).collect();
    taken.sort_unstable();
    assert_eq!(taken, ["completions/bash", "completions/fish", "completions/zsh", "man/*.1"]);
    for file in [taken[0], taken[1], taken[2], "man/pledge4future-auth-user-create.1"] {
        let text = std::fs::read_to_string(machine.folder.path().join("manual").join(file)).expect(file);
        assert!(text.contains("pledge4future-auth"), "{file}: {text}");
    }
}
