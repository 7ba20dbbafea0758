//! Certificates for 127.0.0.1, each from its own authority.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;

/// A certificate in PEM.
#[derive(Clone)]
pub struct Certificate {
    #[expect(clippy::struct_field_names, reason = "the key is not part of it")]
    pub certificate: String,
    pub key: String,
    /// The certificate of the authority that signed it.
    pub authority: String,
}

impl Certificate {
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority =
            CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &authority).expect("a certificate");
        Self { certificate: certificate.pem(), key: key.serialize_pem(), authority: authority.pem() }
    }

    /// Returns the configuration of a server with this certificate.
    pub fn server(&self) -> Arc<ServerConfig> {
        let certificate = rustls::pki_types::CertificateDer::from_pem_slice(self.certificate.as_bytes());
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("a key");
        let server = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.expect("a certificate")], key)
            .expect("a key that fits");
        Arc::new(server)
    }

    /// Returns a client that trusts only the authority of this certificate.
    pub fn client(&self) -> reqwest::Client {
        let authority = reqwest::Certificate::from_pem(self.authority.as_bytes()).expect("a certificate");
        reqwest::Client::builder().add_root_certificate(authority).build().expect("a client")
    }
}
