use super::{Config, Tls};

impl Config {
    /// Returns the first setting that differs from the new settings and that a running server cannot change.
    pub fn find_restart_required(&self, new: &Self) -> Option<&'static str> {
        let acme = |config: &Self| Tls { certificate: None, key: None, ..config.http.tls.clone() };
        let metrics = |config: &Self| config.metrics.listen.filter(|_| config.metrics.enabled);
        let differences = [
            ("listen", self.listen != new.listen),
            ("data_dir", self.data_dir != new.data_dir),
            ("metrics.listen", metrics(self) != metrics(new)),
            ("http.max_connections", self.http.max_connections != new.http.max_connections),
            (
                "http.max_connections_per_client",
                self.http.max_connections_per_client != new.http.max_connections_per_client,
            ),
            ("http.tls", self.http.tls.is_on() != new.http.tls.is_on()),
            ("http.tls.acme", acme(self) != acme(new)),
            ("log.format", self.log.format != new.log.format),
        ];
        differences.into_iter().find_map(|(name, differs)| differs.then_some(name))
    }
}
