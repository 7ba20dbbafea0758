//! Opens connections.

use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use postgres::NoTls;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::session::{Session, describe};
use crate::config::PostgresServer;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long sent data may remain unacknowledged. Without it, a connection to a machine that has lost its power would block
/// for minutes.
const TCP_TIMEOUT: Duration = Duration::from_secs(15);
/// A silent connection is probed after this time, and is broken after [`PROBES`] without a reply.
const KEEPALIVE: Duration = Duration::from_secs(15);
const PROBE_INTERVAL: Duration = Duration::from_secs(5);
const PROBES: u32 = 3;

pub(super) struct Manager {
    connection: postgres::Config,
    /// `None` without encryption.
    tls: Option<MakeRustlsConnect>,
}

impl Manager {
    pub(super) fn new(server: &PostgresServer) -> Result<Self> {
        let mut connection = server.connection.clone();
        connection.connect_timeout(CONNECT_TIMEOUT);
        connection.tcp_user_timeout(TCP_TIMEOUT);
        connection.keepalives_idle(KEEPALIVE);
        connection.keepalives_interval(PROBE_INTERVAL);
        connection.keepalives_retries(PROBES);
        let tls = server.is_encrypted.then(|| tls_config(server)).transpose()?;
        Ok(Self { connection, tls: tls.map(MakeRustlsConnect::new) })
    }

    pub(super) fn open(&self) -> Result<postgres::Client, ConnectError> {
        let client = match &self.tls {
            Some(tls) => self.connection.connect(tls.clone()),
            None => self.connection.connect(NoTls),
        };
        client.map_err(ConnectError)
    }
}

impl r2d2::ManageConnection for Manager {
    type Connection = Session;
    type Error = ConnectError;

    fn connect(&self) -> Result<Session, ConnectError> {
        self.open().map(Session::new)
    }

    fn is_valid(&self, _: &mut Session) -> Result<(), ConnectError> {
        Ok(())
    }

    fn has_broken(&self, session: &mut Session) -> bool {
        session.must_close()
    }
}

/// Shows the cause as well, which the error of the library leaves out.
#[derive(Debug)]
pub(super) struct ConnectError(postgres::Error);

impl Error for ConnectError {}

impl Display for ConnectError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(&self.0))
    }
}

fn tls_config(server: &PostgresServer) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    match &server.ca_file {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(file) => {
            let unusable = || format!("database.ca_file: {} cannot be used", file.display());
            for certificate in CertificateDer::pem_file_iter(file).with_context(unusable)? {
                roots.add(certificate.with_context(unusable)?).with_context(unusable)?;
            }
            anyhow::ensure!(
                !roots.is_empty(),
                "database.ca_file: {} contains no certificate",
                file.display()
            );
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    Ok(config.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth())
}
