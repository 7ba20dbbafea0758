//! The program as a process in its own folder.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use regex::Regex;
use tempfile::TempDir;

use super::database::{Database, SECRET_KEY};

/// A free port and cheap password hashes.
const SETTINGS: &str = "listen = \"127.0.0.1:0\"\npasswords.memory = \"64 KiB\"\npasswords.iterations = 1\n";

/// A test fails if it waits longer for a line of output.
pub const TIMEOUT: Duration = Duration::from_mins(1);

/// A folder in which the program is run.
pub struct Site {
    folder: TempDir,
    database: Database,
    /// The URL of the database on PostgreSQL.
    url: Option<String>,
}

#[derive(Debug)]
pub struct Outcome {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A running `serve`. It is killed when dropped.
pub struct Serving {
    pub child: Child,
    address: String,
    greeting: String,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

impl Site {
    /// An empty folder.
    pub fn empty() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let database = Database::new(folder.path().join("data/auth.sqlite3"));
        let url = database.url();
        Self { folder, database, url }
    }

    /// The folder of another server on the database of this one, which must be on PostgreSQL.
    pub fn beside(&self, toml: &str) -> Self {
        let mut site = Self::with_settings(toml);
        site.url.clone_from(&self.url);
        site
    }

    /// The folder of a server on this database.
    pub fn of_database(database: &Database) -> Self {
        let mut site = Self::with_settings("mail.transport = \"file\"\n");
        site.url = database.url();
        if let Database::Sqlite(file) = database {
            let folder = file.parent().expect("a file in a folder");
            site.write(
                "config.toml",
                format!("{SETTINGS}mail.transport = \"file\"\ndata_dir = {folder:?}\n"),
            );
        }
        site
    }

    /// A folder with a `config.toml` for tests and these additional settings.
    pub fn with_settings(toml: &str) -> Self {
        let site = Self::empty();
        site.write("config.toml", format!("{SETTINGS}{toml}"));
        site
    }

    /// A folder in which the program uses a database that exists already. `url` is `None` if the settings name it.
    pub fn on_database(toml: &str, url: Option<String>) -> Self {
        Self { url, ..Self::with_settings(toml) }
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), contents).expect("a file in a temporary folder");
    }

    /// Returns the paths of all files and folders.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut waiting = vec![self.folder.path().to_owned()];
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
                let path = entry.path();
                let name = path.strip_prefix(self.folder.path()).expect("a path inside");
                names.push(name.to_str().expect("a name in UTF-8").to_owned());
                if path.is_dir() {
                    waiting.push(path);
                }
            }
        }
        names.sort();
        names
    }

    /// Returns the mode of a file, such as 0o600.
    #[cfg(unix)]
    pub fn mode(&self, name: &str) -> u32 {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(self.path(name)).expect("a file").permissions().mode() & 0o777
    }

    /// Runs a command.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl AsRef<[S]>) -> Outcome {
        self.run_with([("", ""); 0], arguments)
    }

    /// Runs a command with only these variables in its environment.
    pub fn run_with<const N: usize, S: AsRef<OsStr>>(
        &self,
        variables: [(&str, impl AsRef<OsStr>); N],
        arguments: impl AsRef<[S]>,
    ) -> Outcome {
        outcome(self.command(arguments.as_ref()).envs(variables).output().expect("the program runs"))
    }

    /// Runs a command with this standard input.
    pub fn run_with_input<S: AsRef<OsStr>>(&self, input: &str, arguments: impl AsRef<[S]>) -> Outcome {
        let mut command = self.command(arguments.as_ref());
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program runs");
        // The command may end without reading.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        outcome(child.wait_with_output().expect("the program ends"))
    }

    /// Runs a command at a terminal and types a text. Standard output is what the terminal shows. Returns `None` without
    /// `script` of util-linux.
    pub fn run_at_a_terminal(&self, typed: &str, arguments: &[&str]) -> Option<Outcome> {
        let mut child = self.terminal(arguments)?.spawn().expect("script runs");
        child.stdin.take().expect("a pipe").write_all(typed.as_bytes()).expect("script reads");
        Some(outcome(child.wait_with_output().expect("script ends")))
    }

    /// Returns a command for the program at a terminal, with pipes. Returns `None` without `script` of util-linux.
    pub fn terminal(&self, arguments: &[&str]) -> Option<Command> {
        let version = Command::new("script").arg("--version").output();
        if !version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("util-linux")) {
            eprintln!("skipped: this needs `script` of util-linux to make a terminal");
            return None;
        }
        let words = [env!("CARGO_BIN_EXE_pledge4future-auth")].iter().chain(arguments);
        let line: Vec<String> = words.map(|word| format!("'{word}'")).collect();
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &line.join(" "), "/dev/null"]);
        script.current_dir(self.folder.path()).env_clear().env("SHELL", "/bin/sh").envs(self.variables());
        script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Some(script)
    }

    /// Starts `serve` and waits until it listens.
    pub fn serve(&self) -> Serving {
        self.serve_with([])
    }

    /// Starts `serve` with only these variables in its environment.
    pub fn serve_with<const N: usize>(&self, variables: [(&str, &str); N]) -> Serving {
        let mut command = self.command(&["serve"]);
        command.envs(variables);
        begin(command)
    }

    /// Starts `serve --demo` on a free port, with only these variables in its environment.
    pub fn serve_demo<const N: usize>(&self, variables: [(&str, &str); N]) -> Serving {
        let mut command = self.command(&["serve", "--demo=127.0.0.1:0"]);
        command.envs(variables);
        begin(command)
    }

    /// Starts `serve` after a line of shell.
    pub fn serve_after(&self, line: &str) -> Serving {
        begin(self.shell(line, "serve"))
    }

    /// Runs a command after a line of shell.
    pub fn run_after(&self, line: &str, command: &str) -> Outcome {
        outcome(self.shell(line, command).output().expect("the program runs"))
    }

    fn shell(&self, line: &str, command: &str) -> Command {
        let mut shell = Command::new("sh");
        let program = env!("CARGO_BIN_EXE_pledge4future-auth");
        shell.args(["-c", &format!("{line}; exec \"$0\" {command}"), program]);
        shell.current_dir(self.folder.path()).stdin(Stdio::null());
        shell
    }

    /// Returns the variables that name a database on PostgreSQL.
    fn variables(&self) -> Vec<(&'static str, String)> {
        let Some(url) = &self.url else { return Vec::new() };
        vec![("P4F_AUTH_DATABASE__URL", url.clone()), ("P4F_AUTH_SECRET_KEY", SECRET_KEY.to_owned())]
    }

    fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_pledge4future-auth")));
        command.args(arguments).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        command.envs(self.variables());
        command
    }
}

fn begin(mut command: Command) -> Serving {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let stdout = lines(child.stdout.take().expect("a pipe"));
    let stderr = lines(child.stderr.take().expect("a pipe"));
    let mut greeting = next(&stderr);
    while greeting.contains(" TRACE ") {
        greeting = next(&stderr);
    }
    let address = Regex::new(r"listening on (https?://127\.0\.0\.1:\d+)").expect("a pattern");
    let address = address.captures(&greeting).unwrap_or_else(|| panic!("no address in {greeting:?}"));
    Serving { child, address: address[1].to_owned(), greeting, stdout, stderr }
}

fn outcome(output: std::process::Output) -> Outcome {
    let text = |bytes| String::from_utf8(bytes).expect("output in UTF-8");
    Outcome { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl Outcome {
    /// Asserts success without errors. Returns standard output.
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!(self.status, Some(0), "{self:?}");
        assert_eq!(self.stderr, "", "{self:?}");
        self.stdout
    }

    /// Asserts a failure with this status and no output. Returns the only line on standard error.
    #[track_caller]
    pub fn refused(self, status: i32) -> String {
        assert_eq!(self.status, Some(status), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        let sentence = self.stderr.trim_end().strip_prefix("pledge4future-auth: ");
        sentence.unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

impl Serving {
    /// Returns the first line of the log.
    pub fn greeting(&self) -> &str {
        &self.greeting
    }

    /// Returns the URL of the GraphQL endpoint.
    pub fn endpoint(&self) -> String {
        format!("{}/graphql", self.address)
    }

    /// Waits for the next line on standard output.
    pub fn next_line(&self) -> String {
        next(&self.stdout)
    }

    /// Waits for the next mail on standard output. A line of dashes ends it.
    pub fn mail(&self) -> String {
        let mut mail = String::new();
        loop {
            let line = next(&self.stdout);
            if line.len() > 70 && line.chars().all(|character| character == '-') {
                return mail;
            }
            mail.push_str(&line);
            mail.push('\n');
        }
    }

    /// Returns the URL of the server.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Reloads the settings. Returns the log line about the reload.
    pub fn reload(&self) -> String {
        self.signal("-HUP");
        self.wait_for("the settings ")
    }

    /// Waits for a log line with these words.
    pub fn wait_for(&self, words: &str) -> String {
        loop {
            let line = next(&self.stderr);
            if line.contains(words) {
                return line;
            }
        }
    }

    pub fn process_id(&self) -> String {
        self.child.id().to_string()
    }

    /// Sends a signal, such as `-HUP`.
    pub fn signal(&self, signal: &str) {
        let process = self.process_id();
        // `kill` is a builtin of every shell, and may not exist as a program.
        let sent = Command::new("sh").args(["-c", &format!("kill {signal} {process}")]).status();
        assert!(sent.expect("a shell runs").success(), "the signal was not sent");
    }

    /// Sends SIGTERM and waits for the end.
    pub fn terminate(mut self) -> Outcome {
        self.signal("-TERM");
        let status = self.child.wait().expect("the program ends").code();
        let rest = |lines: &Receiver<String>| lines.iter().map(|line| line + "\n").collect();
        Outcome { status, stdout: rest(&self.stdout), stderr: rest(&self.stderr) }
    }

    pub fn kill(self) {
        drop(self);
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // The program may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads lines on another thread, so that the program does not block.
pub fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(pipe).lines().map_while(Result::ok);
        lines.into_iter().all(|line| sender.send(line).is_ok())
    });
    receiver
}

/// Waits for a line of output.
pub fn next(lines: &Receiver<String>) -> String {
    match lines.recv_timeout(TIMEOUT) {
        Ok(line) => line,
        Err(RecvTimeoutError::Timeout) => panic!("the program printed nothing for a minute"),
        Err(RecvTimeoutError::Disconnected) => panic!("the program has ended"),
    }
}
