//! `install.sh --uninstall`.

use crate::support::machine::{BACKUP, CONFIG, DATA, Machine, PROGRAM, SERVICE, TIMER};

#[test]
fn a_purge_empties_a_mounted_data_folder() {
    let Some(machine) = Machine::empty() else { return };
    std::fs::write(machine.folder.path().join("owners"), "").expect("a file");
    let Some(first) = machine.install_as_root("", "--no-systemd --binary program") else { return };
    first.done();
    let mount = "mount -t tmpfs none /var/lib/pledge4future-auth && touch /var/lib/pledge4future-auth/auth.sqlite3 &&";
    let purged =
        machine.install_as_root(mount, "--no-systemd --uninstall --purge --yes").expect("as before").done();
    assert!(purged.contains("  emptied   /var/lib/pledge4future-auth\n"), "{purged}");
    assert!(purged.contains("  removed   user pledge4future-auth\n"), "{purged}");
}

#[test]
fn a_purge_reports_what_cannot_be_removed() {
    let Some(machine) = Machine::empty() else { return };
    std::fs::write(machine.folder.path().join("owners"), "").expect("a file");
    let Some(first) = machine.install_as_root("", "--no-systemd --binary program") else { return };
    first.done();
    let mount =
        "mkdir /var/lib/pledge4future-auth/mail && mount -t tmpfs none /var/lib/pledge4future-auth/mail &&";
    let purge = machine.install_as_root(mount, "--no-systemd --uninstall --purge --yes").expect("as before");
    assert_eq!(purge.status, Some(1), "{purge:?}");
    assert!(purge.stderr.contains("cannot be removed: rm: "), "{purge:?}");
}

#[test]
fn uninstalling_keeps_data_and_settings_without_purge() {
    let Some(machine) = Machine::empty() else { return };
    machine.install(&[]).done();
    let database = format!("{DATA}/auth.sqlite3");
    std::fs::write(machine.path(&database), "accounts").expect("a file");

    machine.run(&["--root", "root", "--uninstall"]).done();
    for name in [PROGRAM, SERVICE, BACKUP, TIMER] {
        assert!(!machine.path(name).exists(), "{name} is still there");
    }
    assert_eq!(machine.text(&database), "accounts");
    assert!(machine.path(CONFIG).exists());

    // There is no terminal for the question.
    let sentence = machine.run(&["--root", "root", "--uninstall", "--purge"]).refused(1);
    assert!(sentence.contains("--yes"), "{sentence}");
    assert_eq!(machine.text(&database), "accounts");

    machine.run(&["--root", "root", "--uninstall", "--purge", "--yes"]).done();
    assert!(!machine.path(DATA).exists() && !machine.path("etc/pledge4future-auth").exists());
}
