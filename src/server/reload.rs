use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Result, bail};
use tokio::signal::unix::Signal;
use tokio::sync::watch;

use super::{check, run_blocking};
use crate::app::App;
use crate::config::{self, LogLevel};
use crate::http;

pub type SetLogLevel = Box<dyn Fn(LogLevel) + Send + Sync>;

/// The parts of a running server that use new settings.
pub(super) struct Reload {
    pub(super) file: Option<PathBuf>,
    pub(super) current: watch::Sender<Arc<App>>,
    pub(super) service: http::Service,
    pub(super) set_log_level: SetLogLevel,
}

impl Reload {
    /// Reloads the settings at each signal. If the new ones cannot be used, the server keeps the current ones.
    pub(super) async fn run(self, mut reload_signal: Signal) {
        let this = Arc::new(self);
        while reload_signal.recv().await.is_some() {
            let worker = Arc::clone(&this);
            if let Err(error) = run_blocking(move || worker.reload()).await {
                tracing::error!("the settings were not reloaded: {error:#}");
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
