use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use tokio::signal::unix::Signal;
use tokio::sync::watch;

use super::check;
use crate::app::App;
use crate::config::{self, LogLevel};
use crate::http;

/// Reloads the settings of the running server.
pub(super) struct Reload<F> {
    pub(super) file: Option<PathBuf>,
    pub(super) current: watch::Sender<Arc<App>>,
    pub(super) service: http::Service,
    pub(super) set_log_level: F,
}

impl<F: Fn(LogLevel) + Send + Sync + 'static> Reload<F> {
    /// Reloads at each signal. If the new settings cannot be used, the server keeps the current ones.
    pub(super) async fn run(self, mut reload_signal: Signal) {
        let this = Arc::new(self);
        while reload_signal.recv().await.is_some() {
            let worker = Arc::clone(&this);
            match tokio::task::spawn_blocking(move || worker.reload()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!("the settings were not reloaded: {error:#}"),
                Err(panic) => tracing::error!("the settings were not reloaded: {panic}"),
            }
        }
    }

    fn reload(&self) -> Result<()> {
        let config = config::load(self.file.as_deref())?.config;
        let current = Arc::clone(&self.current.borrow());
        if let Some(setting) = current.config.find_restart_required(&config) {
            bail!("{setting}: restart the server to change this setting");
        }
        check(&config)?;
        let app = Arc::new(current.with_settings(config)?);
        self.service.reload(Arc::clone(&app))?;
        (self.set_log_level)(app.config.log.level);
        self.current.send_replace(app);
        tracing::info!("the settings were reloaded");
        Ok(())
    }
}
