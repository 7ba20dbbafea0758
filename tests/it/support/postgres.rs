//! A PostgreSQL server in a temporary folder, from the programs of Debian's package `postgresql`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::certificate::Certificate;
use super::database::{connect, on_a_thread};

pub struct PostgresServer {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
}

/// How clients connect to a server.
pub enum Access<'a> {
    /// Through a socket in its folder, or by TCP on 127.0.0.1, without a password.
    Open,
    /// By TCP on 127.0.0.1, with a password and only with TLS.
    Tls(&'a Certificate),
}

pub const PASSWORD: &str = "p/4:f@\u{fc}";

impl PostgresServer {
    /// Returns `None` without PostgreSQL.
    pub fn start(access: &Access<'_>) -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("skipped: this needs PostgreSQL, for example Debian's package postgresql");
            return None;
        };
        // In memory, a new database takes a tenth of the time.
        let place = Some(PathBuf::from("/dev/shm")).filter(|folder| has_space(folder));
        let place = place.unwrap_or_else(std::env::temp_dir);
        let folder = tempfile::Builder::new().prefix("p4f-pg-").tempdir_in(place).expect("a folder");
        let server = Self { folder, programs, port: free_port() };
        server.write("password", PASSWORD);
        if is_root() {
            run(Command::new("chown").args(["-R", "postgres"]).arg(server.folder.path()));
        }
        let password_file = format!("--pwfile={}", server.path("password").display());
        let authentication = match access {
            Access::Open => "--auth=trust",
            Access::Tls(_) => "--auth=scram-sha-256",
        };
        let initdb = ["--username=p4f", "--encoding=UTF8", "--locale=C", "--no-sync", &password_file];
        run(server.program("initdb").args(initdb).arg(authentication).arg(server.path("data")));
        // Hundreds of small databases that live for seconds need no vacuum, no copies of pages and no replication.
        let mut settings = format!(
            "max_connections = 400\nautovacuum = off\nfull_page_writes = off\nwal_level = minimal\n\
             max_wal_senders = 0\njit = off\nport = {}\nunix_socket_directories = '{}'\n",
            server.port,
            server.folder.path().display()
        );
        match access {
            Access::Open => settings.push_str("listen_addresses = '127.0.0.1'\n"),
            Access::Tls(certificate) => {
                server.write("data/server.crt", &certificate.certificate);
                server.write("data/server.key", &certificate.key);
                server.write("data/pg_hba.conf", "hostssl all all 127.0.0.1/32 scram-sha-256\n");
                settings.push_str("listen_addresses = '127.0.0.1'\nssl = on\n");
            }
        }
        server.write("data/postgresql.auto.conf", &settings);
        server.launch();
        Some(server)
    }

    /// Returns the URL of a database, for clients of the socket.
    pub fn url(&self, name: &str) -> String {
        format!("{}/{name}", self.socket())
    }

    /// Returns the URL of the socket without the name of a database.
    pub fn socket(&self) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://p4f@{folder}:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn execute(&self, name: &str, sql: &str) {
        on_a_thread(|| connect(&self.socket(), name).batch_execute(sql).expect(sql));
    }

    /// Ends the server at once, as a crash does.
    pub fn crash(&self) {
        run(self
            .program("pg_ctl")
            .args(["-w", "-s", "-m", "immediate", "stop", "-D"])
            .arg(self.path("data")));
    }

    /// Starts the server, after a crash as well.
    pub fn launch(&self) {
        run(self
            .program("pg_ctl")
            .args(["-w", "-s", "-l"])
            .arg(self.path("log"))
            .arg("start")
            .arg("-D")
            .arg(self.path("data")));
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file that only its owner, the server, may read.
    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::write(&path, text).expect("a file in a temporary folder");
        run(Command::new("chmod").arg("600").arg(&path));
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&path));
        }
    }

    /// Returns a command for a program of PostgreSQL, which refuses to run as root.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let stopped =
            self.program("pg_ctl").args(["-m", "immediate", "stop", "-D"]).arg(self.path("data")).output();
        assert!(stopped.is_ok() || std::thread::panicking());
    }
}

/// Returns the folder of `initdb`, which Debian does not put into PATH.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.splice(0..0, std::env::split_paths(&path));
    folders.into_iter().rev().find(|folder| folder.join("initdb").exists())
}

fn has_space(folder: &Path) -> bool {
    rustix::fs::statvfs(folder).is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) > 2 << 30)
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

#[track_caller]
fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
}
