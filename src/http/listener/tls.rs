//! TLS with certificates from files, which can be reloaded, or from ACME, which are renewed automatically.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use futures_util::StreamExt as _;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ResolvesServerCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_acme::acme::ACME_TLS_ALPN_NAME;
use rustls_acme::caches::DirCache;
use rustls_acme::{AcmeConfig, EventOk};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::config::{self, Config};
use crate::private_files;

/// The TLS configuration for new connections.
pub(in crate::http) struct Tls(watch::Sender<Arc<ServerConfig>>);

/// Gets and renews a certificate while it is polled.
pub(in crate::http) type CertificateRenewal = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Checks the files that the settings name.
pub(in crate::http) fn check(config: &Config) -> Result<()> {
    let tls = &config.http.tls;
    if let (Some(certificate), Some(key)) = (&tls.certificate, &tls.key) {
        config_from_files(certificate, key)?;
    }
    if let Some(file) = &tls.acme_ca_file {
        read_authorities(file)?;
    }
    Ok(())
}

impl Tls {
    /// Returns `None` if TLS is off.
    pub(in crate::http) fn open(config: &Config) -> Result<Option<(Arc<Self>, Option<CertificateRenewal>)>> {
        let tls = &config.http.tls;
        let (server, renewal) = match (&tls.certificate, &tls.key, &tls.acme) {
            (Some(certificate), Some(key), _) => (config_from_files(certificate, key)?, None),
            (_, _, Some(name)) => {
                let (server, renewal) = config_from_acme(name, config)?;
                (server, Some(renewal))
            }
            _ => return Ok(None),
        };
        Ok(Some((Arc::new(Self(watch::Sender::new(Arc::new(server)))), renewal)))
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        Arc::clone(&self.0.borrow()).into()
    }

    /// Reads the certificate again if it is from files. ACME renews its certificate itself.
    pub(in crate::http) fn reload(&self, config: &config::Tls) -> Result<()> {
        if let (Some(certificate), Some(key)) = (&config.certificate, &config.key) {
            self.0.send_replace(Arc::new(config_from_files(certificate, key)?));
        }
        Ok(())
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn config_from_files(certificate: &Path, key: &Path) -> Result<ServerConfig> {
    let certificates = read_certificates("http.tls.certificate", certificate)?;
    let path = key.display();
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| match error {
        PemError::Io(error) => anyhow!("http.tls.key: {path} cannot be read ({error})"),
        _ => anyhow!("http.tls.key: {path} contains no key in PEM"),
    })?;
    let certified = CertifiedKey::from_der(certificates, key, &provider())
        .context("http.tls.key: the key does not match the certificate")?;
    server_config(Arc::new(SingleCertAndKey::from(certified)))
}

fn read_certificates(setting: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let path = file.display();
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Err(PemError::Io(error)) => Err(anyhow!("{setting}: {path} cannot be read ({error})")),
        _ => Err(anyhow!("{setting}: {path} contains no certificate in PEM")),
    }
}

fn server_config(certificates: Arc<dyn ResolvesServerCert>) -> Result<ServerConfig> {
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let mut server = builder.with_no_client_auth().with_cert_resolver(certificates);
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(server)
}

/// Returns a configuration whose certificate is ordered and renewed by ACME (RFC 8555, RFC 8737). Handshakes fail until
/// the first certificate is issued.
fn config_from_acme(name: &str, config: &Config) -> Result<(ServerConfig, CertificateRenewal)> {
    let (tls, folder) = (&config.http.tls, config.acme_directory());
    private_files::create_dir(&folder)
        .with_context(|| format!("the folder {} for certificates cannot be created", folder.display()))?;
    let acme = match &tls.acme_ca_file {
        Some(file) => {
            let client =
                ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
            let client = client.with_root_certificates(read_authorities(file)?).with_no_client_auth();
            AcmeConfig::new_with_client_config([name], Arc::new(client))
        }
        None => AcmeConfig::new_with_provider([name], provider()),
    };
    let mut state = acme
        .directory(&tls.acme_directory)
        .contact(tls.acme_contact.iter().map(|address| format!("mailto:{address}")))
        .cache(DirCache::new(folder))
        .state();
    let mut server = server_config(state.resolver())?;
    server.alpn_protocols.push(ACME_TLS_ALPN_NAME.to_vec());
    let name = name.to_owned();
    let renewal = async move {
        while let Some(event) = state.next().await {
            match event {
                Ok(EventOk::DeployedCachedCert) => tracing::info!("using the stored certificate for {name}"),
                Ok(EventOk::DeployedNewCert) => tracing::info!("using a new certificate for {name}"),
                Ok(EventOk::CertCacheStore | EventOk::AccountCacheStore) => {}
                Err(error) => {
                    tracing::error!("cannot get a new certificate for {name}, will try again: {error}");
                }
            }
        }
    };
    Ok((server, Box::pin(renewal)))
}

fn read_authorities(file: &Path) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in read_certificates("http.tls.acme_ca_file", file)? {
        roots.add(certificate).with_context(|| {
            format!("http.tls.acme_ca_file: {} contains a certificate that cannot be used", file.display())
        })?;
    }
    Ok(roots)
}
