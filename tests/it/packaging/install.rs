//! `install.sh` into a folder.

use std::process::Command;

use crate::support::machine::{BACKUP, CONFIG, DATA, Machine, PROGRAM, SERVICE, TIMER};

#[test]
fn all_files_are_installed_with_their_modes() {
    let Some(machine) = Machine::empty() else { return };
    let output = machine
        .install(&["--public-url", "https://accounts.example.org/", "--listen", "127.0.0.1:8123"])
        .done();
    let modes = [
        (PROGRAM, 0o755),
        (CONFIG, 0o640),
        (DATA, 0o700),
        ("etc/pledge4future-auth", 0o755),
        (SERVICE, 0o644),
        (BACKUP, 0o644),
        (TIMER, 0o644),
        ("usr/local/bin", 0o755),
    ];
    for (name, mode) in modes {
        assert_eq!(machine.mode(name), mode, "{name}");
    }
    for name in [PROGRAM, CONFIG, DATA, SERVICE, BACKUP, TIMER] {
        assert!(output.lines().any(|line| line.ends_with(name)), "{name}: {output}");
    }
    assert_eq!(std::fs::read(machine.path(PROGRAM)).ok(), std::fs::read(machine.program()).ok());
    let config = machine.text(CONFIG);
    for line in [
        "listen = \"127.0.0.1:8123\"",
        "public_url = \"https://accounts.example.org\"",
        "data_dir = \"/var/lib/pledge4future-auth\"",
    ] {
        assert!(config.lines().any(|known| known == line), "{line}: {config}");
    }
    for unit in [SERVICE, BACKUP] {
        assert!(machine.text(unit).contains("/usr/local/bin/pledge4future-auth --config"), "{unit}");
    }
    let files = machine.state().into_keys().filter(|path| path.is_file());
    let mut expected = [PROGRAM, CONFIG, SERVICE, BACKUP, TIMER].map(|name| machine.path(name));
    expected.sort();
    assert_eq!(files.collect::<Vec<_>>(), expected);
}

#[test]
fn the_units_follow_the_chosen_prefix() {
    let Some(machine) = Machine::empty() else { return };
    machine.install(&["--prefix", "/opt/auth"]).done();
    assert_eq!(machine.mode("opt/auth/bin/pledge4future-auth"), 0o755);
    for unit in [SERVICE, BACKUP] {
        assert!(machine.text(unit).contains("/opt/auth/bin/pledge4future-auth --config"), "{unit}");
    }
    assert!(!machine.path("usr").exists());
}

#[test]
fn a_second_run_changes_nothing() {
    let Some(machine) = Machine::empty() else { return };
    machine.install(&[]).done();
    let before = machine.state();
    let output = machine.install(&[]).done();
    assert!(output.contains("Nothing changed"), "{output}");
    assert_eq!(machine.state(), before);
}

#[test]
fn another_version_replaces_the_program_and_keeps_the_previous_one() {
    let Some(machine) = Machine::empty() else { return };
    machine.install(&[]).done();
    let old = machine.text(PROGRAM);
    let appended = Command::new("sh")
        .args(["-c", "echo '# newer' >>program"])
        .current_dir(machine.folder.path())
        .status();
    assert!(appended.expect("sh runs").success());
    let output = machine.install(&[]).done();
    let changed: Vec<_> = output.lines().filter(|line| line.trim_start().starts_with("changed")).collect();
    assert_eq!(changed.len(), 1, "{output}");
    assert!(changed[0].ends_with(PROGRAM), "{output}");
    assert_eq!(machine.text(PROGRAM), format!("{old}# newer\n"));
    assert_eq!(machine.text(&format!("{PROGRAM}.previous")), old);
}

#[test]
fn without_a_name_the_newest_program_that_cargo_built_is_installed() {
    let Some(machine) = Machine::empty() else { return };
    for (year, folder) in (2001..).zip(["release", "host/release", "dist", "host/dist"]) {
        let script = format!(
            "cp -R \"$0/install.sh\" \"$0/packaging\" . && built=target/{folder}/pledge4future-auth && mkdir -p target/{folder} && \
             cp program $built && echo '# {folder}' >>$built && touch -t {year}01010000 $built && exec sh install.sh --root root"
        );
        let output = Command::new("sh")
            .args(["-c", &script, env!("CARGO_MANIFEST_DIR")])
            .current_dir(machine.folder.path())
            .output()
            .expect("sh runs");
        assert!(output.status.success(), "{output:?}");
        assert!(machine.text(PROGRAM).ends_with(&format!("# {folder}\n")), "{folder}");
    }
}

#[test]
fn a_dry_run_of_the_installer_changes_nothing() {
    let Some(machine) = Machine::empty() else { return };
    let output = machine.install(&["--dry-run"]).done();
    for name in [PROGRAM, CONFIG, DATA, SERVICE] {
        assert!(output.lines().any(|line| line.ends_with(name)), "{name}: {output}");
    }
    assert!(!machine.path("").exists(), "a file was created");
    machine.install(&[]).done();
    let before = machine.state();
    machine.install(&["--dry-run", "--prefix", "/opt/auth"]).done();
    machine.run(&["--root", "root", "--uninstall", "--purge", "--dry-run"]).done();
    assert_eq!(machine.state(), before);
}

#[test]
fn an_existing_configuration_is_not_changed() {
    let Some(machine) = Machine::empty() else { return };
    let own = "# our own\ndata_dir = \"/var/lib/pledge4future-auth\"\nsite_name = \"Ours\"\n";
    std::fs::create_dir_all(machine.path("etc/pledge4future-auth")).expect("a folder");
    std::fs::write(machine.path(CONFIG), own).expect("a file");
    let output = machine.install(&["--public-url", "https://accounts.example.org"]).done();
    assert_eq!(machine.text(CONFIG), own);
    assert!(output.contains("stays as it is"), "the installer ignores --public-url silently: {output}");
}

#[test]
fn a_configuration_that_the_new_version_refuses_stops_the_installation() {
    let Some(machine) = Machine::empty() else { return };
    std::fs::create_dir_all(machine.path("etc/pledge4future-auth")).expect("a folder");
    std::fs::write(machine.path(CONFIG), "listn = \"127.0.0.1:8000\"\n").expect("a file");
    let before = machine.state();
    let sentence = machine.install(&[]).refused(1);
    assert!(sentence.contains("listn") && sentence.contains("nothing was changed"), "{sentence}");
    assert_eq!(machine.state(), before);
}

#[test]
fn an_obstacle_is_named_before_anything_is_created() {
    let Some(machine) = Machine::empty() else { return };
    for (path, folder) in [(DATA, false), ("etc/pledge4future-auth", false), (PROGRAM, true), (TIMER, true)] {
        let path = machine.path(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        if folder { std::fs::create_dir(&path) } else { std::fs::write(&path, "") }.expect("something");
        let before = machine.state();
        let sentence = machine.install(&[]).refused(1);
        assert!(
            sentence.contains(&*path.to_string_lossy()) && sentence.ends_with("move it away."),
            "{sentence}"
        );
        assert_eq!(machine.state(), before);
        if folder { std::fs::remove_dir(&path) } else { std::fs::remove_file(&path) }.expect("nothing");
    }
}

#[test]
fn invalid_options_are_refused_and_nothing_is_created() {
    let Some(machine) = Machine::empty() else { return };
    let cases: [(&[&str], &str); 10] = [
        (&["--frob"], "--frob"),
        (&["more"], "more"),
        (&["--listen"], "--listen"),
        (&["--listen", "8000"], "--listen"),
        (&["--listen", "127.0.0.1:8000\"\nsecret_key = \"x"], "--listen"),
        (&["--public-url", "example.org"], "--public-url"),
        (&["--public-url", "https://example.org/\"quoted\""], "--public-url"),
        (&["--prefix", "opt"], "--prefix"),
        (&["--purge"], "--purge"),
        (&["--yes"], "--yes"),
    ];
    for (arguments, named) in cases {
        let outcome = machine.install(arguments);
        assert_eq!(outcome.status, Some(2), "{arguments:?}: {outcome:?}");
        assert_eq!(outcome.stdout, "", "{arguments:?}");
        assert!(outcome.stderr.starts_with("install.sh: ") && outcome.stderr.contains(named), "{outcome:?}");
    }
    assert!(!machine.path("").exists(), "a file was created");
}

#[test]
fn a_missing_or_wrong_program_is_refused_and_nothing_is_created() {
    let Some(machine) = Machine::empty() else { return };
    let install =
        |binary: &str| machine.run(&["--root", "root", "--no-start", "--binary", binary]).refused(1);
    assert!(install("gone").contains("gone"));
    assert!(install("/bin/sh").contains("/bin/sh"));
    assert!(!machine.path("").exists(), "a file was created");
}
