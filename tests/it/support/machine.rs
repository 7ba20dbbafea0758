//! A machine on which tests run `install.sh`.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

pub const PROGRAM: &str = "usr/local/bin/pledge4future-auth";
pub const CONFIG: &str = "etc/pledge4future-auth/config.toml";
pub const DATA: &str = "var/lib/pledge4future-auth";
pub const SERVICE: &str = "etc/systemd/system/pledge4future-auth.service";
pub const BACKUP: &str = "etc/systemd/system/pledge4future-auth-backup.service";
pub const TIMER: &str = "etc/systemd/system/pledge4future-auth-backup.timer";

/// A folder as the root of a machine, and a program to install.
pub struct Machine {
    pub folder: TempDir,
}

impl Machine {
    /// Returns `None` if there is no shell.
    pub fn empty() -> Option<Self> {
        let there = Command::new("sh").args(["-c", "exit 0"]).status().is_ok_and(|status| status.success());
        if !there {
            eprintln!("skipped: install.sh needs a shell, and there is no sh");
            return None;
        }
        let machine = Self { folder: TempDir::new().expect("a temporary folder") };
        // A small script that runs the program is installed instead of a copy. A shell writes it, because a file
        // that this process has open cannot be executed while another test starts a program.
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

    pub fn program(&self) -> PathBuf {
        self.folder.path().join("program")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("root").join(name)
    }

    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn mode(&self, name: &str) -> u32 {
        let metadata = std::fs::metadata(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        metadata.permissions().mode() & 0o7777
    }

    /// Returns inode, mode and modification time of every file and folder.
    pub fn state(&self) -> BTreeMap<PathBuf, (u64, u32, i64, i64)> {
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

    /// Runs `install.sh` with these arguments.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
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

    /// Runs `install.sh` for this machine and its program.
    pub fn install(&self, arguments: &[&str]) -> Outcome {
        let mut all = vec!["--root", "root", "--binary", "program", "--no-start"];
        all.extend(arguments);
        self.run(&all)
    }
}

impl Machine {
    /// Runs a shell script as root in a mount namespace, where folders of `root` replace those of the system and commands
    /// of `bin` come first. `$0` is `install.sh`. Returns `None` if the kernel does not permit it.
    pub fn run_as_root(&self, folders: &[&str], script: &str) -> Option<Outcome> {
        let succeeds = |arguments: &[&str]| {
            let asked = Command::new("unshare").args(arguments).stderr(Stdio::null()).status();
            asked.is_ok_and(|status| status.success())
        };
        if !succeeds(&["--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", "/run"]) {
            eprintln!("skipped: this needs `unshare` and the right to mount");
            return None;
        }
        for folder in folders {
            std::fs::create_dir_all(self.path(folder)).expect("a folder");
        }
        // The commands are copied for the same reason as above.
        let mounts: String =
            folders.iter().map(|name| format!("mount --bind root/{name} /{name} && ")).collect();
        let script = format!(
            "cp -a /etc/alternatives /etc/ld.so.cache root/etc 2>/dev/null; rm -rf ready && cp -r bin ready && chmod 755 ready/* && {mounts} \
             export PATH=\"$PWD/ready:$PATH\" && {script}"
        );
        let output = Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-c", &script])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/install.sh"))
            .env("P4F_AUTH_LISTEN", "a value of the caller")
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

    /// Runs `install.sh --dry-run` on a machine with systemd.
    pub fn dry_run_with_systemd(&self) -> Option<Outcome> {
        self.run_as_root(&["etc", "run"], "exec sh \"$0\" --dry-run --binary program")
    }

    /// Adds a command that replaces one of the system.
    pub fn command(&self, name: &str, script: &str) {
        let folder = self.folder.path().join("bin");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(name), format!("#!/bin/sh\n{script}\n")).expect("a file");
    }
}

impl Machine {
    /// Runs `install.sh` as root after some commands, on a machine with the user of the service. Returns `None` if the
    /// kernel does not permit it.
    pub fn install_as_root(&self, before: &str, arguments: &str) -> Option<Outcome> {
        for (name, script) in COMMANDS {
            self.command(name, script);
        }
        let script = format!("{before} FOLDER=\"$PWD\" exec sh \"$0\" {arguments}");
        self.run_as_root(&["etc", "var/lib", "usr/local"], &script)
    }
}

#[derive(Debug)]
pub struct Outcome {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Asserts success without errors. Returns standard output.
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!(self.status, Some(0), "{self:?}");
        assert_eq!(self.stderr, "", "{self:?}");
        assert!(!self.stdout.contains('\u{1b}'), "colours without a terminal: {self:?}");
        self.stdout
    }

    /// Asserts a failure with this status. Returns the only line on standard error.
    #[track_caller]
    pub fn refused(self, status: i32) -> String {
        assert_eq!(self.status, Some(status), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        let sentence = self.stderr.trim_end().strip_prefix("install.sh: ");
        sentence.unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

/// `systemctl` of a machine whose service has drop-ins.
pub const SYSTEMCTL: &str = r#"#!/bin/sh
case "$*" in
    "show -p Environment "*) echo 'Environment=LANG=C "P4F_AUTH_MAIL__SMTP_URL=smtps://robot:hushed&\$5@mail.example.org"' ;;
    "show -p EnvironmentFiles "*) echo "EnvironmentFiles=$PWD/given.env (ignore_errors=no)" ;;
    *) exit 1 ;;
esac
"#;

/// Commands of a machine that has the user of the service. The file `owners` has a path and its owner on each line; other
/// files have the expected owner.
pub const COMMANDS: [(&str, &str); 5] = [
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

/// A machine on which users cannot be created and owners cannot be changed.
pub fn machine_without_users() -> Option<Machine> {
    let machine = Machine::empty()?;
    for name in ["useradd", "groupadd", "adduser", "chown"] {
        machine.command(name, "exit 0");
    }
    machine.command("getent", "exit 2");
    machine.command("runuser", "[ \"$1 $2 $3\" = '-u pledge4future-auth --' ] && shift 3 && exec \"$@\"");
    Some(machine)
}
