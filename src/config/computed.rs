//! Values that depend on several settings, or on the machine.

use std::path::PathBuf;

use super::Config;

impl Config {
    pub fn site_name(&self) -> &str {
        self.site_name.as_deref().unwrap_or_else(|| self.split_public_url().0)
    }

    /// Returns the path of `public_url`, such as `/auth`, or an empty string.
    pub fn public_path(&self) -> &str {
        self.split_public_url().1
    }

    /// Returns the host with the port, and the path.
    fn split_public_url(&self) -> (&str, &str) {
        let rest = self.public_url.split_once("://").map_or(self.public_url.as_str(), |(_, rest)| rest);
        rest.split_at(rest.find('/').unwrap_or(rest.len()))
    }

    pub fn sign_in(&self) -> Option<String> {
        Some(self.links.sign_in.as_ref()?.replace("{public_url}", &self.public_url))
    }

    pub fn branding_name(&self) -> &str {
        self.pages.branding.name.as_deref().unwrap_or_else(|| self.site_name())
    }

    pub fn database(&self) -> PathBuf {
        self.data_dir.join("auth.sqlite3")
    }

    pub fn secret_key_file(&self) -> PathBuf {
        self.secret_key_file.clone().unwrap_or_else(|| self.data_dir.join("secret.key"))
    }

    /// Returns whether the settings name the file of the secret key. If so, it is not created when it is missing.
    pub fn names_secret_key_file(&self) -> bool {
        self.secret_key_file.is_some()
    }

    pub fn mail_directory(&self) -> PathBuf {
        self.mail.directory.clone().unwrap_or_else(|| self.data_dir.join("mail"))
    }

    pub fn acme_directory(&self) -> PathBuf {
        self.data_dir.join("acme")
    }

    pub fn hashing_threads(&self) -> usize {
        self.passwords
            .hashing_threads
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
    }
}
