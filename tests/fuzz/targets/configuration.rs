//! Configuration files: an error is one line without secrets.

use figment::Figment;
use figment::providers::{Format as _, Toml};
use pledge4future_auth::config;

use super::reveals;

const SECRETS: [&str; 2] = ["secret_key", "mail.smtp_url"];

/// Loads a configuration file.
pub fn configuration(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match config::load_text(text) {
        Ok(loaded) => {
            for setting in loaded.settings() {
                assert!(!setting.name.is_empty() && !setting.source.is_empty());
                if setting.name == "secret_key" {
                    let masked = ["\"***\"", "(kept in secret_key_file)"];
                    assert!(masked.contains(&setting.value.as_str()), "{}", setting.value);
                }
                if setting.name == "mail.smtp_url" {
                    let url = url::Url::parse(setting.value.trim_matches('"')).ok();
                    let password = url.as_ref().and_then(url::Url::password);
                    assert!(matches!(password, None | Some("***")), "{}", setting.value);
                }
            }
            assert!(!loaded.config.public_url.ends_with('/'));
        }
        Err(error) => {
            let sentence = error.to_string();
            assert!(!sentence.is_empty());
            assert!(!sentence.chars().any(char::is_control), "{sentence:?}");
            let told = |text: &str| config::load_text(text).err().map(|e| e.to_string()).unwrap_or_default();
            let shown = secrets(text).into_iter().find(|secret| reveals(text, secret, told));
            assert_eq!(shown, None, "{sentence:?}");
        }
    }
}

/// Returns the secrets that can be found in a string that may not be TOML.
fn secrets(text: &str) -> Vec<String> {
    let figment = Figment::from(Toml::string(text));
    let named = SECRETS.iter().filter_map(|name| figment.find_value(name).ok()?.into_string());
    let written = text.lines().filter_map(|line| {
        let (name, value) = line.split_once('=')?;
        let is_secret = SECRETS.iter().any(|secret| secret.ends_with(name.trim()) && name.trim().len() > 7);
        is_secret.then(|| value.trim().trim_matches(['"', '\'']).to_owned())
    });
    let mut secrets: Vec<String> = named.chain(written).collect();
    let urls = secrets.iter().filter_map(|secret| url::Url::parse(secret).ok());
    let passwords: Vec<String> = urls.filter_map(|url| url.password().map(str::to_owned)).collect();
    secrets.extend(passwords);
    secrets
}
