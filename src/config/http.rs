//! `[http]`: connections.

use std::path::PathBuf;

use serde::Deserialize;

/// `[http]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Encryption.
    pub tls: Tls,
}

/// `[http.tls]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// A certificate with those that vouch for it, in PEM.
    pub certificate: Option<PathBuf>,
    /// Its key, in PEM.
    pub key: Option<PathBuf>,
    /// The name to get a certificate for.
    pub acme: Option<String>,
    /// The address that the authority writes to.
    pub acme_contact: Option<String>,
    /// The authority's directory (RFC 8555 §7.1.1).
    pub acme_directory: String,
    /// Who may vouch for the authority's own server, in PEM.
    pub acme_ca_file: Option<PathBuf>,
}

impl Tls {
    /// Whether connections are encrypted.
    pub fn is_on(&self) -> bool {
        self.certificate.is_some() || self.acme.is_some()
    }
}
