//! `install.sh` into a folder, as packages use it: what is there afterwards, and what it leaves alone.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use figment::Figment;
use figment::providers::{Format as _, Toml};
use tempfile::TempDir;

const PROGRAM: &str = "usr/local/bin/pledge4future-auth";
const CONFIG: &str = "etc/pledge4future-auth/config.toml";
const DATA: &str = "var/lib/pledge4future-auth";
const SERVICE: &str = "etc/systemd/system/pledge4future-auth.service";
const BACKUP: &str = "etc/systemd/system/pledge4future-auth-backup.service";
const TIMER: &str = "etc/systemd/system/pledge4future-auth-backup.timer";

/// An empty machine, and the program to install there.
struct Machine {
    folder: TempDir,
}

/// How a run ended.
#[derive(Debug)]
struct Outcome {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Machine {
    /// `None` where there is no shell to run the script.
    fn empty() -> Option<Self> {
        let there = Command::new("sh").args(["-c", "exit 0"]).status().is_ok_and(|status| status.success());
        if !there {
            eprintln!("skipped: install.sh needs a shell, and there is no sh");
            return None;
        }
        let machine = Self { folder: TempDir::new().expect("a temporary folder") };
        // Each test would copy the large program, so a script that hands on to it is installed. A shell writes
        // it: a file that this process had open could not be executed while another test starts a program.
        let written = Command::new("sh")
            .args([
                "-c",
                "printf '#!/bin/sh\\nexec \"%s\" \"$@\"\\n' \"$2\" >\"$1\" && chmod 755 \"$1\"",
                "sh",
            ])
            .arg(machine.program())
            .arg(env!("CARGO_BIN_EXE_pledge4future-auth"))
            .status();
        assert!(written.expect("sh runs").success());
        Some(machine)
    }

    /// The program to install.
    fn program(&self) -> PathBuf {
        self.folder.path().join("program")
    }

    /// A file of the machine.
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("root").join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn mode(&self, name: &str) -> u32 {
        let metadata = std::fs::metadata(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        metadata.permissions().mode() & 0o7777
    }

    /// Every file and folder with its number, mode and moment of change: equal only if nothing was touched.
    fn state(&self) -> BTreeMap<PathBuf, (u64, u32, i64, i64)> {
        let mut state = BTreeMap::new();
        let mut waiting = vec![self.path("")];
        while let Some(path) = waiting.pop() {
            let Ok(metadata) = std::fs::symlink_metadata(&path) else { continue };
            if metadata.is_dir() {
                let entries = std::fs::read_dir(&path).expect("a folder");
                waiting.extend(entries.map(|entry| entry.expect("an entry").path()));
            }
            state.insert(path, (metadata.ino(), metadata.mode(), metadata.mtime(), metadata.mtime_nsec()));
        }
        state
    }

    /// Runs the script with these arguments alone.
    fn run(&self, arguments: &[&str]) -> Outcome {
        let output = Command::new("sh")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/install.sh"))
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("sh runs");
        let text = |bytes| String::from_utf8(bytes).expect("output in UTF-8");
        Outcome { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Runs the script for this machine and the program at hand.
    fn install(&self, arguments: &[&str]) -> Outcome {
        let mut all = vec!["--root", "root", "--binary", "program", "--no-start"];
        all.extend(arguments);
        self.run(&all)
    }
}

/// `systemctl` of a machine whose service has these drop-ins.
const SYSTEMCTL: &str = r#"#!/bin/sh
case "$*" in
    "show -p Environment "*) echo 'Environment=LANG=C "P4F_AUTH_MAIL__SMTP_URL=smtps://robot:hushed&\$5@mail.example.org"' ;;
    "show -p EnvironmentFiles "*) echo "EnvironmentFiles=$PWD/given.env (ignore_errors=no)" ;;
    *) exit 1 ;;
esac
"#;

impl Machine {
    /// Runs a shell script as root of this machine: in a world of mounts of its own, where folders of `root` are in the place
    /// of those that there are, and commands in `bin` come first. `$0` is `install.sh`. `None` where the kernel does not
    /// let us.
    fn run_as_root(&self, folders: &[&str], script: &str) -> Option<Outcome> {
        let there = |arguments: &[&str]| {
            let asked = Command::new("unshare").args(arguments).stderr(Stdio::null()).status();
            asked.is_ok_and(|status| status.success())
        };
        if !there(&["--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/run"]) {
            eprintln!("skipped: this needs `unshare` and a kernel that lets us mount");
            return None;
        }
        for folder in folders {
            std::fs::create_dir_all(self.path(folder)).expect("a folder");
        }
        // A copy of the commands, for the reason that stands above.
        let mounts: String =
            folders.iter().map(|name| format!("mount --bind root/{name} /{name} && ")).collect();
        let script = format!(
            "cp -a /etc/alternatives /etc/ld.so.cache root/etc 2>/dev/null; rm -rf ready && cp -r bin ready && chmod 755 ready/* && {mounts} \
             export PATH=\"$PWD/ready:$PATH\" && {script}"
        );
        let output = Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-c", &script])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/install.sh"))
            .env("P4F_AUTH_LISTEN", "nonsense of whoever runs it")
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("unshare runs");
        let text = |bytes| String::from_utf8(bytes).expect("output in UTF-8");
        Some(Outcome {
            status: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        })
    }

    /// Looks what the script would do to this machine if it ran systemd and had these settings.
    fn look_under_systemd(&self) -> Option<Outcome> {
        self.run_as_root(&["etc", "run"], "exec sh \"$0\" --dry-run --binary program")
    }

    /// Makes a command of the machine, which comes before those that there are.
    fn command(&self, name: &str, script: &str) {
        let folder = self.folder.path().join("bin");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(name), format!("#!/bin/sh\n{script}\n")).expect("a file");
    }
}

/// Commands of a machine that has the user of the service: who owns what is written in `owners`, a path and its owner a
/// line, and all else belongs to whom it should.
const COMMANDS: [(&str, &str); 5] = [
    ("getent", "exit 0"),
    ("userdel", "exit 0"),
    ("runuser", "shift 3; exec \"$@\""),
    ("chown", "echo \"$1 $2\" >>\"$FOLDER/chowned\""),
    (
        "stat",
        "for path; do :; done
         case $3 in
             %U:%G) owner=$(sed -n \"s|^$path ||p\" \"$FOLDER/owners\")
                    [ -z \"$owner\" ] || { echo \"$owner\"; exit; }
                    case $path in
                        /var/lib/*) echo pledge4future-auth:pledge4future-auth ;;
                        *) echo root:root ;;
                    esac ;;
             *) exec /usr/bin/stat \"$@\" ;;
         esac",
    ),
];

impl Machine {
    /// Runs install.sh as root of a machine with the user of the service, after some commands. `None` where the kernel does
    /// not let us.
    fn install_as_root(&self, before: &str, arguments: &str) -> Option<Outcome> {
        for (name, script) in COMMANDS {
            self.command(name, script);
        }
        let script = format!("{before} FOLDER=\"$PWD\" exec sh \"$0\" {arguments}");
        self.run_as_root(&["etc", "var/lib", "usr/local"], &script)
    }
}

impl Outcome {
    /// It was done: what it printed, and nothing on standard error.
    #[track_caller]
    fn done(self) -> String {
        assert_eq!(self.status, Some(0), "{self:?}");
        assert_eq!(self.stderr, "", "{self:?}");
        assert!(!self.stdout.contains('\u{1b}'), "colours without a terminal: {self:?}");
        self.stdout
    }

    /// It failed with this status: the only line on standard error.
    #[track_caller]
    fn refused(self, status: i32) -> String {
        assert_eq!(self.status, Some(status), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        let sentence = self.stderr.trim_end().strip_prefix("install.sh: ");
        sentence.unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

#[test]
fn all_files_are_installed_with_their_modes() {
    let Some(machine) = Machine::empty() else { return };
    let told = machine
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
        assert!(told.lines().any(|line| line.ends_with(name)), "{name}: {told}");
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
    let told = machine.install(&[]).done();
    assert!(told.contains("Nothing changed"), "{told}");
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
    let told = machine.install(&[]).done();
    let changed: Vec<_> = told.lines().filter(|line| line.trim_start().starts_with("changed")).collect();
    assert_eq!(changed.len(), 1, "{told}");
    assert!(changed[0].ends_with(PROGRAM), "{told}");
    assert_eq!(machine.text(PROGRAM), format!("{old}# newer\n"));
    assert_eq!(machine.text(&format!("{PROGRAM}.previous")), old);
}

#[test]
fn a_dry_run_of_the_installer_changes_nothing() {
    let Some(machine) = Machine::empty() else { return };
    let told = machine.install(&["--dry-run"]).done();
    for name in [PROGRAM, CONFIG, DATA, SERVICE] {
        assert!(told.lines().any(|line| line.ends_with(name)), "{name}: {told}");
    }
    assert!(!machine.path("").exists(), "something was made");
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
    let told = machine.install(&["--public-url", "https://accounts.example.org"]).done();
    assert_eq!(machine.text(CONFIG), own);
    assert!(told.contains("stays as it is"), "the address goes nowhere and nobody is told: {told}");
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
    let Some(outcome) = machine.look_under_systemd() else { return };
    assert!(outcome.refused(1).starts_with("data_dir in "), "without a drop-in it may write nowhere else");
    file(
        "root/etc/pledge4future-auth/config.toml",
        "data_dir = \"/var/lib/pledge4future-auth\"\nmail.transport = \"smtp\"\n",
    );
    let sentence = machine.look_under_systemd().expect("as before").refused(1);
    assert!(sentence.starts_with("the service has no right to port 443"), "{sentence}");

    file(
        "root/etc/systemd/system/pledge4future-auth.service.d/port-443.conf",
        include_str!("../../packaging/port-443.conf"),
    );
    let told = machine.look_under_systemd().expect("as before").done();
    assert!(told.contains("Nothing was changed"), "{told}");
    assert!(!told.contains("hushed") && !told.contains("robot"), "{told}");

    file("given.env", "P4F_AUTH_MAIL__SMTP_URL='smtps://hushed'\\''@'\nP4F_AUTH_LISTEN=nowhere\n");
    let sentence = machine.look_under_systemd().expect("as before").refused(1);
    assert!(sentence.contains("nothing was changed: ") && !sentence.contains("hushed"), "{sentence}");
}

/// A machine on which nobody can be made a user, or anything be given to one.
fn machine_without_users() -> Option<Machine> {
    let machine = Machine::empty()?;
    for name in ["useradd", "groupadd", "adduser", "chown"] {
        machine.command(name, "exit 0");
    }
    machine.command("getent", "exit 2");
    machine.command("runuser", "[ \"$1 $2 $3\" = '-u pledge4future-auth --' ] && shift 3 && exec \"$@\"");
    Some(machine)
}

#[test]
fn without_systemd_the_installer_prints_commands_of_a_minimal_debian() {
    let Some(machine) = machine_without_users() else { return };
    let script = "unset P4F_AUTH_LISTEN; sh \"$0\" --no-systemd --binary program >told && cat told && \
         sed -n 's/^ *\\(runuser .* user create .*\\)/\\1/p' told | sh";
    let Some(outcome) = machine.run_as_root(&["etc", "usr/local", "var/lib"], script) else { return };
    let told = outcome.done();
    assert!(
        told.contains("  start     runuser -u pledge4future-auth -- /usr/local/bin/pledge4future-auth"),
        "{told}"
    );
    for missing in ["systemd", "systemctl", "journalctl", "sudo"] {
        assert!(!told.contains(missing), "{missing}: {told}");
    }
    // What it says of the first account works.
    assert!(told.ends_with("account 1 is made: you@example.org\n"), "{told}");
    let with_a_service = machine.run_as_root(&["etc", "run"], "exec sh \"$0\" --dry-run --binary program");
    let sentence = with_a_service.expect("as before").refused(1);
    assert!(sentence.contains("add --no-systemd"), "{sentence}");
    assert!(machine.path("var/lib/pledge4future-auth/auth.sqlite3").exists());
}

#[test]
fn the_debian_package_asks_for_public_url_until_it_is_set() {
    let Some(machine) = machine_without_users() else { return };
    machine.command("deb-systemd-helper", "exit 0");
    std::fs::create_dir_all(machine.path("etc/pledge4future-auth")).expect("a folder");
    let configure = || {
        let script = "exec sh \"${0%/*}/packaging/deb/postinst\" configure";
        machine.run_as_root(&["etc", "run", "var/lib"], script).map(Outcome::done)
    };
    let config = include_str!("../../packaging/config.toml");
    std::fs::write(machine.path(CONFIG), config).expect("a file");
    let Some(told) = configure() else { return };
    assert!(told.contains("set public_url in /etc/pledge4future-auth/config.toml"), "{told}");
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
    let cargo = Figment::from(Toml::string(include_str!("../../Cargo.toml")));
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
    let told = machine.install_as_root("", install).expect("as before").done();
    for path in
        ["/etc/pledge4future-auth", "/var/lib/pledge4future-auth", "/usr/local/bin/pledge4future-auth"]
    {
        assert!(told.lines().any(|line| line == format!("  changed   {path}")), "{path}: {told}");
    }
    assert!(told.contains("config.toml belongs to eve:users, with the mode -rw-r-----: others"), "{told}");
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
        let told = machine.install_as_root("", install).expect("as before").done();
        assert_eq!(told.contains("config.toml belongs to root:adm"), is_pointed_out, "{mode:o}: {told}");
    }
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

    // Nobody is at a terminal to be asked.
    let sentence = machine.run(&["--root", "root", "--uninstall", "--purge"]).refused(1);
    assert!(sentence.contains("--yes"), "{sentence}");
    assert_eq!(machine.text(&database), "accounts");

    machine.run(&["--root", "root", "--uninstall", "--purge", "--yes"]).done();
    assert!(!machine.path(DATA).exists() && !machine.path("etc/pledge4future-auth").exists());
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
    assert!(!machine.path("").exists(), "something was made");
}

#[test]
fn a_missing_or_wrong_program_is_refused_and_nothing_is_created() {
    let Some(machine) = Machine::empty() else { return };
    let install =
        |binary: &str| machine.run(&["--root", "root", "--no-start", "--binary", binary]).refused(1);
    assert!(install("gone").contains("gone"));
    assert!(install("/bin/sh").contains("/bin/sh"));
    assert!(!machine.path("").exists(), "something was made");
}
