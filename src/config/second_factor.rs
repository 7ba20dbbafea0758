use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use url::{Host, Url};

use super::Config;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondFactor {
    pub enabled: bool,
    pub required_for: RequiredFor,
    pub code_behind_password: bool,
    passkeys: bool,
    passkey_domain: Option<String>,
}

/// The accounts that need a second factor to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequiredFor {
    Nobody,
    /// Staff and representatives of working groups.
    Staff,
    All,
}

impl Config {
    /// Returns the domain that passkeys belong to (WebAuthn calls it RP ID), or `None` if the server has no passkeys: if they
    /// are turned off, or if its address has no host name.
    pub fn passkey_domain(&self) -> Option<String> {
        if !self.second_factor.enabled || !self.second_factor.passkeys || cfg!(not(feature = "passkeys")) {
            return None;
        }
        self.second_factor.passkey_domain.clone().or_else(|| host_name(&self.public_url))
    }

    /// Returns the sites of `http.cors_origins` that are at a domain or below it.
    pub fn passkey_origins(&self, domain: &str) -> Vec<Url> {
        let is_below = |origin: &Url| origin.host_str().is_some_and(|host| is_at_or_below(host, domain));
        let origins = self.http.cors_origins.iter().filter_map(|origin| Url::parse(origin).ok());
        origins.filter(is_below).collect()
    }
}

fn is_at_or_below(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

fn host_name(address: &str) -> Option<String> {
    match Url::parse(address).ok()?.host()? {
        Host::Domain(name) => Some(name.to_owned()),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

pub(super) fn check(config: &Config) -> Result<()> {
    let settings = &config.second_factor;
    if let Some(domain) = &settings.passkey_domain {
        let host = host_name(&config.public_url)
            .context("second_factor.passkey_domain: public_url needs a host name, because passkeys do not work with an IP address")?;
        ensure!(
            is_at_or_below(&host, domain),
            "second_factor.passkey_domain: must be the host of public_url, {host}, or a domain above it"
        );
    }
    let is_required = settings.required_for != RequiredFor::Nobody;
    ensure!(
        !is_required || settings.enabled,
        "second_factor.required_for: a second factor cannot be required while second_factor.enabled is false"
    );
    ensure!(
        !is_required || config.pages.enabled,
        "second_factor.required_for: needs pages.enabled, because people set up their second factor on a page"
    );
    Ok(())
}
