//! `/healthz`, `/readyz` and `/metrics`, for monitoring.

use std::sync::Arc;

use poem::endpoint::{make, make_sync};
use poem::error::MethodNotAllowedError;
use poem::http::StatusCode;
use poem::{Endpoint, EndpointExt as _, Response, RouteMethod};

use crate::app::App;
use crate::blocking_pool::{BlockingPool, Queue};
use crate::health;

const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Responds if the server runs.
pub(super) fn alive() -> impl Endpoint {
    read_only(make_sync(|_| text(StatusCode::OK, "alive\n")))
}

/// Reports whether the server can work.
pub(super) fn ready(pool: Arc<BlockingPool>) -> impl Endpoint {
    read_only(make(move |_| {
        let pool = Arc::clone(&pool);
        async move {
            match pool.call(Queue::Writing, health::problems).await {
                Ok(problems) if problems.is_empty() => text(StatusCode::OK, "ready\n"),
                Ok(problems) => text(StatusCode::SERVICE_UNAVAILABLE, problems.join("\n") + "\n"),
                Err(_) => text(StatusCode::SERVICE_UNAVAILABLE, "the database cannot be read\n"),
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
                Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the database cannot be read\n"),
            }
        }
    }))
}

fn read_only(endpoint: impl Endpoint + 'static) -> impl Endpoint {
    let endpoint = Arc::new(endpoint);
    RouteMethod::new()
        .get(Arc::clone(&endpoint))
        .head(endpoint)
        .catch_error(|_: MethodNotAllowedError| async { text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n") })
}

fn text(status: StatusCode, text: impl Into<String>) -> Response {
    Response::builder().status(status).content_type("text/plain; charset=utf-8").body(text.into())
}
