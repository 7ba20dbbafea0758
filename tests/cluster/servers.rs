//! Servers on one database, each with its own folder.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use regex::Regex;

/// A proxy in front of the servers names the network of each client. The limits on passwords are large enough for all
/// clients, except for one account from one network, and nothing is forgotten during the test.
const SETTINGS: &str = r#"
listen = "127.0.0.1:0"
http.trusted_proxies = ["127.0.0.1"]
mail.transport = "file"
passwords.memory = "64 KiB"
passwords.iterations = 1

[limits]
password = { free = 10, forget = "1 day", pause = "1 hour", longest = "1 hour" }
password_per_client = { free = 1000000, forget = "1 day", pause = "1 hour", longest = "1 hour" }
password_per_account = { free = 1000000, forget = "1 day", pause = "1 hour", longest = "1 hour" }
"#;
/// The value of `limits.password.free` above.
pub const FREE_GUESSES: usize = 10;
const SECRET_KEY: &str = "the key of the servers on one cluster";

const POLL_INTERVAL: Duration = Duration::from_millis(20);
const TIMEOUT: Duration = Duration::from_mins(1);

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Running,
    Killed,
    /// It has received SIGTERM.
    Stopping,
}

/// One start of a server, until its end.
struct Life {
    status: Status,
    address: String,
    mails: PathBuf,
}

pub struct Server {
    pub name: String,
    folder: PathBuf,
    url: String,
    lives: Mutex<Vec<Life>>,
    child: Mutex<Option<Child>>,
}

impl Server {
    pub fn new(folder: &Path, name: String, url: &str) -> Self {
        let folder = folder.join(&name);
        std::fs::create_dir(&folder).expect("a folder in a temporary folder");
        std::fs::write(folder.join("config.toml"), SETTINGS).expect("a file in a temporary folder");
        Self { name, folder, url: url.to_owned(), lives: Mutex::default(), child: Mutex::default() }
    }

    /// Starts the server and waits until it listens. Each life has its own folder for mails, so that repeated deliveries
    /// can be counted.
    pub fn start(&self) -> Result<(), String> {
        let number = lock(&self.lives).len();
        let [mails, log] = ["mail", "log"].map(|name| self.folder.join(format!("{name}-{number}")));
        let mut command = Command::new(env!("CARGO_BIN_EXE_pledge4future-auth"));
        command.arg("serve").current_dir(&self.folder).env_clear();
        command.env("P4F_AUTH_DATABASE__URL", &self.url).env("P4F_AUTH_SECRET_KEY", SECRET_KEY);
        command.env("P4F_AUTH_MAIL__DIRECTORY", &mails);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log).expect("a log"));
        let mut child = command.spawn().expect("the program runs");
        let address = Regex::new(r"listening on (http://127\.0\.0\.1:\d+)").expect("a pattern");
        let began = Instant::now();
        loop {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            if let Some(found) = address.captures(&text) {
                let address = found[1].to_owned();
                lock(&self.lives).push(Life { status: Status::Running, address, mails });
                *lock(&self.child) = Some(child);
                return Ok(());
            }
            if began.elapsed() > TIMEOUT || child.try_wait().expect("a child of ours").is_some() {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{} does not start: {text}", self.name));
            }
            std::thread::sleep(POLL_INTERVAL);
        }
    }

    /// Kills the server with SIGKILL.
    pub fn kill(&self) {
        self.set_status(Status::Killed);
        if let Some(mut child) = lock(&self.child).take() {
            child.kill().expect("a child of ours");
            child.wait().expect("a child of ours");
        }
    }

    /// Sends SIGTERM and waits for the end.
    pub fn terminate(&self) -> Result<(), String> {
        self.set_status(Status::Stopping);
        let Some(mut child) = lock(&self.child).take() else { return Ok(()) };
        let process = child.id().to_string();
        // `kill` is a builtin of every shell, and may not exist as a program.
        let sent = Command::new("sh").args(["-c", &format!("kill -TERM {process}")]).status();
        if !sent.is_ok_and(|status| status.success()) {
            return Err(format!("{} had ended before it was stopped", self.name));
        }
        let status = child.wait().expect("a child of ours");
        if status.code() == Some(0) { Ok(()) } else { Err(format!("{} ended with {status}", self.name)) }
    }

    /// Returns how the server ended by itself, if it did.
    pub fn unexpected_end(&self) -> Option<ExitStatus> {
        lock(&self.child).as_mut().and_then(|child| child.try_wait().expect("a child of ours"))
    }

    fn set_status(&self, status: Status) {
        if let Some(life) = lock(&self.lives).last_mut() {
            life.status = status;
        }
    }

    /// Returns the number of the newest life, and its address. The server may be down.
    pub fn newest(&self) -> (usize, String) {
        let lives = lock(&self.lives);
        let newest = lives.last().expect("a server that was started");
        (lives.len() - 1, newest.address.clone())
    }

    pub fn status(&self, life: usize) -> Status {
        lock(&self.lives)[life].status
    }

    /// Returns the folders with mails of all lives.
    pub fn mail_folders(&self) -> Vec<PathBuf> {
        lock(&self.lives).iter().map(|life| life.mails.clone()).collect()
    }

    /// Returns the lines in the logs of all lives that contain some words.
    pub fn log_lines(&self, words: &str) -> Vec<String> {
        let lives = lock(&self.lives).len();
        let logs =
            (0..lives).map(|number| std::fs::read_to_string(self.folder.join(format!("log-{number}"))));
        let logs: Vec<String> = logs.map(Result::unwrap_or_default).collect();
        logs.iter()
            .flat_map(|log| log.lines())
            .filter(|line| line.contains(words))
            .map(str::to_owned)
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
