//! Encryption: certificates from files, which can be read again, or by ACME, which renews them by itself.

use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, PoisonError, RwLock};

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

use crate::config::{self, Config};
use crate::private_files;

/// How connections are encrypted.
pub(super) struct Tls {
    server: RwLock<Arc<ServerConfig>>,
}

/// Sees to the certificate for as long as it is polled.
pub(super) type Renewal = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Refuses certificates that cannot be used.
pub(super) fn check(config: &Config) -> Result<()> {
    let tls = &config.http.tls;
    if let (Some(certificate), Some(key)) = (&tls.certificate, &tls.key) {
        from_files(certificate, key)?;
    }
    if let Some(file) = &tls.acme_ca_file {
        authorities(file)?;
    }
    Ok(())
}

impl Tls {
    /// As configured, and what renews the certificate if that has to be done; none if connections are not encrypted.
    pub(super) fn open(config: &Config) -> Result<Option<(Self, Option<Renewal>)>> {
        let tls = &config.http.tls;
        let (server, renewal) = match (&tls.certificate, &tls.key, &tls.acme) {
            (Some(certificate), Some(key), _) => (from_files(certificate, key)?, None),
            (_, _, Some(name)) => by_acme(name, config).map(|(server, renewal)| (server, Some(renewal)))?,
            _ => return Ok(None),
        };
        Ok(Some((Self { server: RwLock::new(Arc::new(server)) }, renewal)))
    }

    /// What connections that begin now are encrypted by.
    pub(super) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the files again, if the certificate is from files; one by ACME needs no telling.
    pub(super) fn reload(&self, config: &config::Tls) -> Result<()> {
        if let (Some(certificate), Some(key)) = (&config.certificate, &config.key) {
            let server = Arc::new(from_files(certificate, key)?);
            *self.server.write().unwrap_or_else(PoisonError::into_inner) = server;
        }
        Ok(())
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn from_files(certificate: &Path, key: &Path) -> Result<ServerConfig> {
    let certificates = read_certificates("http.tls.certificate", certificate)?;
    let (name, place) = ("http.tls.key", key.display());
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| match error {
        PemError::Io(error) => anyhow!("{name}: {place} cannot be read ({error})"),
        _ => anyhow!("{name}: {place} holds no key in PEM"),
    })?;
    let certified = CertifiedKey::from_der(certificates, key, &provider());
    let certified = certified.with_context(|| format!("{name}: the key does not go with the certificate"))?;
    serve_with(Arc::new(SingleCertAndKey::from(certified)))
}

fn read_certificates(setting: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let place = file.display();
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Err(PemError::Io(error)) => Err(anyhow!("{setting}: {place} cannot be read ({error})")),
        _ => Err(anyhow!("{setting}: {place} holds no certificate in PEM")),
    }
}

fn serve_with(certificates: Arc<dyn ResolvesServerCert>) -> Result<ServerConfig> {
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    let mut server = builder.with_no_client_auth().with_cert_resolver(certificates);
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(server)
}

/// With a certificate for `name`, which is got and renewed in time (RFC 8555, RFC 8737). Until there is one, connections
/// are refused.
fn by_acme(name: &str, config: &Config) -> Result<(ServerConfig, Renewal)> {
    let (tls, folder) = (&config.http.tls, config.acme_directory());
    private_files::create_dir(&folder)
        .with_context(|| format!("{} cannot be made a folder for certificates", folder.display()))?;
    let acme = match &tls.acme_ca_file {
        Some(file) => AcmeConfig::new_with_client_config([name], Arc::new(trusting(file)?)),
        None => AcmeConfig::new_with_provider([name], provider()),
    };
    let mut state = acme
        .directory(&tls.acme_directory)
        .contact(tls.acme_contact.iter().map(|address| format!("mailto:{address}")))
        .cache(DirCache::new(folder))
        .state();
    let mut server = serve_with(state.resolver())?;
    server.alpn_protocols.push(ACME_TLS_ALPN_NAME.to_vec());
    let name = name.to_owned();
    let renewal = async move {
        while let Some(event) = state.next().await {
            match event {
                Ok(EventOk::DeployedCachedCert) => tracing::info!("the certificate for {name} is in use"),
                Ok(EventOk::DeployedNewCert) => tracing::info!("there is a new certificate for {name}"),
                Ok(EventOk::CertCacheStore | EventOk::AccountCacheStore) => {}
                Err(error) => {
                    tracing::error!("there is no new certificate for {name}, it is tried again: {error}");
                }
            }
        }
    };
    Ok((server, Box::pin(renewal)))
}

fn authorities(file: &Path) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in read_certificates("http.tls.acme_ca_file", file)? {
        roots.add(certificate).with_context(|| {
            format!("http.tls.acme_ca_file: {} holds a certificate that cannot be used", file.display())
        })?;
    }
    Ok(roots)
}

fn trusting(file: &Path) -> Result<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(authorities(file)?).with_no_client_auth())
}
