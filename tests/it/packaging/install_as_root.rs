//! `install.sh` as root: users, owners and systemd.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::machine::{CONFIG, Machine, SYSTEMCTL, machine_without_users};

#[test]
fn settings_and_port_rights_in_systemd_drop_ins_are_considered() {
    let Some(machine) = Machine::empty() else { return };
    for folder in ["etc/pledge4future-auth", "etc/systemd/system", "run/systemd/system"] {
        std::fs::create_dir_all(machine.path(folder)).expect("a folder");
    }
    let file = |name: &str, text: &str| {
        let path = machine.folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    };
    file("bin/systemctl", SYSTEMCTL);
    file("root/etc/pledge4future-auth/config.toml", "data_dir = \"/srv\"\n[mail]\ntransport = \"smtp\"\n");

    file("given.env", "# of the service\nP4F_AUTH_LISTEN = \"[::]:443\"\n");
    let Some(outcome) = machine.dry_run_with_systemd() else { return };
    assert!(outcome.refused(1).starts_with("data_dir in "), "the service may write to another folder");
    file(
        "root/etc/pledge4future-auth/config.toml",
        "data_dir = \"/var/lib/pledge4future-auth\"\nmail.transport = \"smtp\"\n",
    );
    let sentence = machine.dry_run_with_systemd().expect("as before").refused(1);
    assert!(sentence.starts_with("the service may not listen on port 443"), "{sentence}");

    file(
        "root/etc/systemd/system/pledge4future-auth.service.d/port-443.conf",
        include_str!("../../../packaging/port-443.conf"),
    );
    let output = machine.dry_run_with_systemd().expect("as before").done();
    assert!(output.contains("Nothing was changed"), "{output}");
    assert!(!output.contains("hushed") && !output.contains("robot"), "{output}");

    file("given.env", "P4F_AUTH_MAIL__SMTP_URL='smtps://hushed'\\''@'\nP4F_AUTH_LISTEN=nowhere\n");
    let sentence = machine.dry_run_with_systemd().expect("as before").refused(1);
    assert!(sentence.contains("nothing was changed: ") && !sentence.contains("hushed"), "{sentence}");
}

#[test]
fn without_systemd_the_installer_prints_commands_of_a_minimal_debian() {
    let Some(machine) = machine_without_users() else { return };
    let script = "unset P4F_AUTH_LISTEN; sh \"$0\" --no-systemd --binary program >output && cat output && \
         sed -n 's/^ *\\(runuser .* user create .*\\)/\\1/p' output | sh";
    let Some(outcome) = machine.run_as_root(&["etc", "usr/local", "var/lib"], script) else { return };
    let output = outcome.done();
    assert!(
        output.contains("  start     runuser -u pledge4future-auth -- /usr/local/bin/pledge4future-auth"),
        "{output}"
    );
    for missing in ["systemd", "systemctl", "journalctl", "sudo"] {
        assert!(!output.contains(missing), "{missing}: {output}");
    }
    // The printed command creates the first account.
    assert!(output.ends_with("account 1 created: you@example.org\n"), "{output}");
    let with_a_service = machine.run_as_root(&["etc", "run"], "exec sh \"$0\" --dry-run --binary program");
    let sentence = with_a_service.expect("as before").refused(1);
    assert!(sentence.contains("add --no-systemd"), "{sentence}");
    assert!(machine.path("var/lib/pledge4future-auth/auth.sqlite3").exists());
}

#[test]
fn files_of_other_owners_are_taken_over_or_reported() {
    let Some(machine) = Machine::empty() else { return };
    let install = "--no-systemd --binary program";
    let file = |name: &str| machine.folder.path().join(name);
    std::fs::write(file("owners"), "").expect("a file");
    let Some(first) = machine.install_as_root("", install) else { return };
    first.done();
    assert!(machine.install_as_root("", install).expect("as before").done().contains("Nothing changed"));

    std::fs::write(
        file("owners"),
        "/etc/pledge4future-auth eve:eve\n/etc/pledge4future-auth/config.toml eve:users\n\
         /var/lib/pledge4future-auth eve:eve\n/usr/local/bin/pledge4future-auth eve:eve\n",
    )
    .expect("a file");
    std::fs::remove_file(file("chowned")).expect("a file");
    let output = machine.install_as_root("", install).expect("as before").done();
    for path in
        ["/etc/pledge4future-auth", "/var/lib/pledge4future-auth", "/usr/local/bin/pledge4future-auth"]
    {
        assert!(output.lines().any(|line| line == format!("  changed   {path}")), "{path}: {output}");
    }
    assert!(
        output.contains(
            "config.toml belongs to eve:users, with the mode -rw-r-----: users other than root can"
        ),
        "{output}"
    );
    let chowned = std::fs::read_to_string(file("chowned")).expect("a file");
    let expected = "pledge4future-auth:pledge4future-auth /var/lib/pledge4future-auth\n\
                    root:root /etc/pledge4future-auth\n";
    assert_eq!(chowned, expected);
}

#[test]
fn the_installer_warns_of_a_group_writable_but_not_group_readable_configuration() {
    let Some(machine) = Machine::empty() else { return };
    let install = "--no-systemd --binary program";
    std::fs::write(machine.folder.path().join("owners"), "/etc/pledge4future-auth/config.toml root:adm\n")
        .expect("a file");
    let Some(first) = machine.install_as_root("", install) else { return };
    first.done();
    for (mode, is_pointed_out) in [(0o640, false), (0o660, true), (0o642, true)] {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(machine.path(CONFIG), permissions).expect("a file");
        let output = machine.install_as_root("", install).expect("as before").done();
        assert_eq!(output.contains("config.toml belongs to root:adm"), is_pointed_out, "{mode:o}: {output}");
    }
}
