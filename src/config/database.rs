//! Where the accounts are stored.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

/// The names by which PostgreSQL lists the connections of servers and commands, and those of commands that run alone.
pub const APPLICATION_NAME: &str = "pledge4future-auth";
const UNCOUNTED_APPLICATION_NAME: &str = "pledge4future-auth move";

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `None` for the SQLite file in `data_dir`.
    pub url: Option<SecretString>,
    pub ca_file: Option<PathBuf>,
    /// Whether connections to another machine may be unencrypted.
    pub plain_text: bool,
    /// The most connections of a server to PostgreSQL.
    pub connections: u32,
}

impl PartialEq for Database {
    fn eq(&self, other: &Self) -> bool {
        let url = |database: &Self| database.url.as_ref().map(|url| url.expose_secret().to_owned());
        (url(self), &self.ca_file, self.plain_text, self.connections)
            == (url(other), &other.ca_file, other.plain_text, other.connections)
    }
}

/// The database of a server or a command.
#[derive(Debug, Clone)]
pub enum Location {
    /// The path of an SQLite file.
    Sqlite(PathBuf),
    #[cfg(feature = "postgres")]
    Postgres(Box<PostgresServer>),
}

impl Location {
    /// Whether other machines may use the database as well.
    pub fn is_shared(&self) -> bool {
        !matches!(self, Self::Sqlite(_))
    }

    /// Returns the SQLite file; `None` for PostgreSQL.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => None,
        }
    }

    /// Returns the path or the URL without user and password.
    pub fn describe(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            #[cfg(feature = "postgres")]
            Self::Postgres(server) => server.describe(),
        }
    }
}

impl Database {
    /// Parses `database.url`. Errors do not contain any part of it, because it may contain a password.
    pub(super) fn locate(&self, url: &SecretString) -> Result<Location> {
        parse_postgres(url.expose_secret(), self, APPLICATION_NAME)
    }

    /// Parses `sqlite:PATH` or `postgres://…` for a command that runs alone: it does not count its own connections.
    pub fn locate_uncounted(&self, url: &str) -> Result<Location> {
        match url.strip_prefix("sqlite:") {
            Some("") => bail!("name a file after sqlite:"),
            Some(path) => Ok(Location::Sqlite(path.into())),
            None => parse_postgres(url, self, UNCOUNTED_APPLICATION_NAME),
        }
    }
}

#[cfg(feature = "postgres")]
fn parse_postgres(url: &str, settings: &Database, application_name: &str) -> Result<Location> {
    let mut server = PostgresServer::parse(url, settings)?;
    server.connection.application_name(application_name);
    Ok(Location::Postgres(Box::new(server)))
}

#[cfg(not(feature = "postgres"))]
fn parse_postgres(_url: &str, _settings: &Database, _application_name: &str) -> Result<Location> {
    bail!("this program was built without the feature \"postgres\"; use one that was built with it")
}

#[cfg(feature = "postgres")]
#[derive(Debug, Clone)]
pub struct PostgresServer {
    /// Hosts, user, password and the name of the database.
    pub connection: postgres::Config,
    /// Whether connections use TLS, with a certificate that is valid for the host.
    pub is_encrypted: bool,
    /// The CA certificates in PEM; `None` for the CAs that browsers trust.
    pub ca_file: Option<PathBuf>,
    pub connections: u32,
}

#[cfg(feature = "postgres")]
impl PostgresServer {
    fn parse(url: &str, settings: &Database) -> Result<Self> {
        use postgres::config::SslMode;
        const WRITE_AS: &str = "write the URL as \"postgres://user:password@db.example.org/name\"";
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            bail!("it must begin with postgres://; {WRITE_AS}");
        }
        // This program always does what libpq calls `verify-full`, which rust-postgres does not know.
        let (address, options) = url.split_once('?').unwrap_or((url, ""));
        let options = options
            .replace("sslmode=verify-full", "sslmode=require")
            .replace("sslmode=verify-ca", "sslmode=require");
        let url = format!("{address}?{options}");
        // The error of the library may quote a part of the password.
        let Ok(mut connection) = url.parse::<postgres::Config>() else {
            bail!(
                "it is not a valid URL, or ends with an option that is not supported; {WRITE_AS}, and special characters in user \
                 and password as %40; database.ca_file replaces sslrootcert"
            )
        };
        if connection.get_hosts().is_empty() {
            bail!("it names no host; {WRITE_AS}");
        }
        if connection.get_dbname().is_none() {
            bail!("it names no database; {WRITE_AS}");
        }
        if connection.get_password().is_none()
            && let Some(password) = std::env::var_os("PGPASSWORD")
        {
            connection.password(password.into_encoded_bytes());
        }
        let is_local = is_local(&connection);
        let is_encrypted = match connection.get_ssl_mode() {
            SslMode::Disable if is_local || settings.plain_text => false,
            SslMode::Disable => bail!(
                "passwords and tokens would cross the network unencrypted; remove sslmode=disable, or set \
                 database.plain_text = true"
            ),
            // PostgreSQL offers no TLS on sockets.
            SslMode::Prefer if has_only_sockets(&connection) => false,
            SslMode::Prefer => settings.ca_file.is_some() || !(is_local || settings.plain_text),
            _ => true,
        };
        connection.ssl_mode(if is_encrypted { SslMode::Require } else { SslMode::Disable });
        Ok(Self {
            connection,
            is_encrypted,
            ca_file: settings.ca_file.clone(),
            connections: settings.connections,
        })
    }

    fn describe(&self) -> String {
        use postgres::config::Host;
        let ports = self.connection.get_ports();
        let host = |(index, host): (usize, &Host)| {
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) if name.contains(':') => format!("[{name}]:{port}"),
                Host::Tcp(name) => format!("{name}:{port}"),
                Host::Unix(folder) => folder.display().to_string(),
            }
        };
        let hosts: Vec<String> = self.connection.get_hosts().iter().enumerate().map(host).collect();
        format!("postgres://{}/{}", hosts.join(","), self.connection.get_dbname().unwrap_or_default())
    }
}

/// Whether all hosts are this machine.
#[cfg(feature = "postgres")]
fn is_local(connection: &postgres::Config) -> bool {
    use postgres::config::Host;
    let is_local_host = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => super::is_loopback(name),
    };
    connection.get_hosts().iter().all(is_local_host)
        && connection.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback)
}

#[cfg(feature = "postgres")]
fn has_only_sockets(connection: &postgres::Config) -> bool {
    connection.get_hosts().iter().all(|host| matches!(host, postgres::config::Host::Unix(_)))
}
