use super::{Config, Tls};

impl Config {
    /// Returns the first setting that differs in `new` and that a running server cannot change.
    pub fn find_restart_required(&self, new: &Self) -> Option<&'static str> {
        // A certificate and its key can be reloaded. All other settings of `http.tls` concern ACME, and cannot.
        let without_files = |tls: &Tls| Tls { certificate: None, key: None, ..tls.clone() };
        let differences = [
            ("listen", self.listen != new.listen),
            ("data_dir", self.data_dir != new.data_dir),
            ("database", self.database != new.database),
            ("metrics.listen", self.metrics.address() != new.metrics.address()),
            ("http.max_connections", self.http.max_connections != new.http.max_connections),
            (
                "http.max_connections_per_client",
                self.http.max_connections_per_client != new.http.max_connections_per_client,
            ),
            ("http.tls", self.http.tls.is_on() != new.http.tls.is_on()),
            ("http.tls.acme", without_files(&self.http.tls) != without_files(&new.http.tls)),
            ("log.format", self.log.format != new.log.format),
        ];
        differences.into_iter().find_map(|(name, differs)| differs.then_some(name))
    }
}
