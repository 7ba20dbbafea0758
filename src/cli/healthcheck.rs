use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustls::crypto::ring;
use ureq::Agent;
use ureq::tls::TlsConfig;

use super::output::print;
use crate::config::Config;

const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_RESPONSE: u64 = 16 * 1024;

pub(super) fn run(config: &Config) -> Result<()> {
    let (mut address, scheme) = match config.metrics.address() {
        Some(address) => (address, "http"),
        None => (config.listen, if config.http.tls.is_on() { "https" } else { "http" }),
    };
    if address.port() == 0 {
        bail!("listen: with port 0 the port of the server is unknown; choose another port");
    }
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    let (is_ready, body) = request_readiness(&format!("{scheme}://{address}/readyz"))
        .with_context(|| format!("no server answers at {address}"))?;
    if is_ready && body == "ready\n" {
        return print("ready\n");
    }
    bail!("the server at {address} is not ready: {}", body.trim().replace('\n', "; "))
}

fn request_readiness(url: &str) -> Result<(bool, String)> {
    let tls = TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        // The certificate is not valid for the loopback address, and the request contains no secret.
        .disable_verification(true)
        .build();
    let config = Agent::config_builder().timeout_global(Some(TIMEOUT)).proxy(None).tls_config(tls);
    let agent = config.http_status_as_error(false).build().new_agent();
    let mut response = agent.get(url).call()?;
    let is_ready = response.status() == 200;
    Ok((is_ready, response.body_mut().with_config().limit(MAX_RESPONSE).read_to_string()?))
}
