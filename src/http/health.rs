//! `/healthz`, `/readyz` and `/metrics`, for whatever watches over the server.

use std::sync::Arc;

use poem::http::{Method, StatusCode};
use poem::{Request, Response, Result};

use crate::app::App;
use crate::blocking_pool::{BlockingPool, Queue};
use crate::health;

const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Whether the server answers at all.
pub(super) struct Alive;

/// Whether it can do its work.
pub(super) struct Ready(pub(super) Arc<BlockingPool>);

/// What it has done and has on its hands, in the text format of Prometheus.
pub(super) struct Counted(pub(super) Arc<BlockingPool>);

impl poem::Endpoint for Counted {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        if let Some(refused) = only_read(&request) {
            return Ok(refused);
        }
        let rule = |app: &App| Ok(app.metrics.text(health::levels(app)?).map_err(anyhow::Error::new)?);
        Ok(match self.0.call(Queue::Reading, rule).await {
            Ok(page) => Response::builder().content_type(METRICS).body(page),
            Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the database cannot be read\n"),
        })
    }
}

impl poem::Endpoint for Alive {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        Ok(only_read(&request).unwrap_or_else(|| text(StatusCode::OK, "alive\n")))
    }
}

impl poem::Endpoint for Ready {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        if let Some(refused) = only_read(&request) {
            return Ok(refused);
        }
        Ok(match self.0.call(Queue::Writing, health::problems).await {
            Ok(problems) if problems.is_empty() => text(StatusCode::OK, "ready\n"),
            Ok(problems) => text(StatusCode::SERVICE_UNAVAILABLE, &(problems.join("\n") + "\n")),
            Err(_) => text(StatusCode::SERVICE_UNAVAILABLE, "the database cannot be read\n"),
        })
    }
}

fn only_read(request: &Request) -> Option<Response> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    (!reads).then(|| text(StatusCode::METHOD_NOT_ALLOWED, "GET only\n"))
}

fn text(status: StatusCode, text: &str) -> Response {
    Response::builder().status(status).content_type("text/plain; charset=utf-8").body(text.to_owned())
}
