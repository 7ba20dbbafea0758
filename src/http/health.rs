//! `/healthz`, `/readyz` and `/metrics`, for monitoring.

use std::sync::Arc;

use poem::endpoint::{make, make_sync};
use poem::error::MethodNotAllowedError;
use poem::http::StatusCode;
use poem::{Endpoint, EndpointExt as _, IntoResponse, Response, RouteMethod};

use crate::app::App;
use crate::blocking_pool::{BlockingPool, Queue};
use crate::health;

const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";
const UNREADABLE: &str = "the database cannot be read\n";

/// Reports that the server runs.
pub(super) fn alive() -> impl Endpoint {
    read_only(make_sync(|_| "alive\n"))
}

/// Reports whether the server can work.
pub(super) fn ready(pool: Arc<BlockingPool>) -> impl Endpoint {
    read_only(make(move |_| {
        let pool = Arc::clone(&pool);
        async move {
            // The check begins a write, so it waits in the queue of writes.
            match pool.call(Queue::Writing, health::problems).await {
                Ok(problems) if problems.is_empty() => "ready\n".into_response(),
                Ok(problems) => (StatusCode::SERVICE_UNAVAILABLE, problems.join("\n") + "\n").into_response(),
                Err(_) => (StatusCode::SERVICE_UNAVAILABLE, UNREADABLE).into_response(),
            }
        }
    }))
}

/// Returns the metrics in the text format of Prometheus.
pub(super) fn metrics(pool: Arc<BlockingPool>) -> impl Endpoint {
    read_only(make(move |_| {
        let pool = Arc::clone(&pool);
        async move {
            let rule = |app: &App| {
                health::update_metrics(app)?;
                Ok(app.metrics.to_text().map_err(anyhow::Error::new)?)
            };
            match pool.call(Queue::Reading, rule).await {
                Ok(metrics) => Response::builder().content_type(PROMETHEUS).body(metrics),
                Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, UNREADABLE).into_response(),
            }
        }
    }))
}

fn read_only(endpoint: impl Endpoint + 'static) -> impl Endpoint {
    let endpoint = Arc::new(endpoint);
    RouteMethod::new().get(Arc::clone(&endpoint)).head(endpoint).catch_error(
        |_: MethodNotAllowedError| async { (StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD only\n") },
    )
}
