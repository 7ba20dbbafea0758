//! Settings that a running server cannot change.

use super::{Config, Tls};

impl Config {
    /// The first setting in which `other` differs and that a running server cannot change.
    pub fn differs_for_good(&self, other: &Self) -> Option<&'static str> {
        let acme = |config: &Self| {
            let Tls { acme, acme_contact, acme_directory, acme_ca_file, .. } = config.http.tls.clone();
            (acme, acme_contact, acme_directory, acme_ca_file)
        };
        let watch = |config: &Self| config.metrics.listen.filter(|_| config.metrics.enabled);
        let differences = [
            ("listen", self.listen != other.listen),
            ("data_dir", self.data_dir != other.data_dir),
            ("metrics.listen", watch(self) != watch(other)),
            ("http.max_connections", self.http.max_connections != other.http.max_connections),
            (
                "http.max_connections_per_client",
                self.http.max_connections_per_client != other.http.max_connections_per_client,
            ),
            ("http.tls", self.http.tls.is_on() != other.http.tls.is_on()),
            ("http.tls.acme", acme(self) != acme(other)),
            ("log.format", self.log.format != other.log.format),
        ];
        differences.into_iter().find_map(|(name, differs)| differs.then_some(name))
    }
}
