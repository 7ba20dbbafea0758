//! The HTTP server: listeners, GraphQL, health checks and pages.

mod client_ip;
mod client_quota;
mod cors;
mod endpoint;
mod graphiql;
mod headers;
mod health;
mod json;
mod listener;
mod pages;
mod prefix;
mod request_log;
mod router;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use poem::{Endpoint, Request, Response};
use tokio::sync::{oneshot, watch};

use crate::app::{self, App};
use crate::config::Config;
use client_ip::TrustedProxies;
use client_quota::Quotas;
use listener::{CertificateRenewal, ConnectionLimit, Listener, Tls};
use router::Routes;

/// A connection without activity for this time is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);
/// The time that requests in progress have after the stop signal.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(8);
/// Requests in progress on one HTTP/2 connection. Each needs its own memory.
const MAX_STREAMS_PER_CONNECTION: u32 = 32;
const MAX_METRICS_CONNECTIONS: usize = 64;

/// Bound sockets that do not accept connections yet.
pub struct Server {
    public: Listener,
    metrics: Option<Listener>,
    renewal: Option<CertificateRenewal>,
    service: Service,
}

/// What answers requests. A reload replaces the routes, and keeps the limits.
#[derive(Clone)]
pub struct Service {
    public: CurrentRoutes,
    /// The routes of `metrics.listen`, if it is set.
    metrics: Option<CurrentRoutes>,
    tls: Option<Arc<Tls>>,
    connection_limit: ConnectionLimit,
    quotas: Quotas,
}

/// Binds the sockets. Must be called within a Tokio runtime.
pub fn bind(app: Arc<App>) -> Result<Server> {
    let http = &app.config.http;
    let (tls, renewal) = Tls::open(&app.config)?.unzip();
    let connection_limit = ConnectionLimit::new(
        listener::available_connections(http.max_connections),
        http.max_connections_per_client,
        TrustedProxies::new(http),
        Arc::clone(&app.metrics),
    );
    let public = Listener::bind("listen", app.config.listen, tls.clone(), connection_limit.clone())?;
    let metrics = app.config.metrics.address().map(|address| {
        // A limit of its own keeps monitoring reachable when all public connections are in use.
        let max = MAX_METRICS_CONNECTIONS;
        let limit = ConnectionLimit::new(max, max, TrustedProxies::default(), Arc::clone(&app.metrics));
        Listener::bind("metrics.listen", address, None, limit)
    });
    let metrics = metrics.transpose()?;
    let quotas = Quotas::new();
    let routes = router::routes(app, metrics.is_some(), &quotas)?;
    let [public_routes, metrics_routes] =
        routes.map(|routes| CurrentRoutes(watch::Sender::new(Arc::new(routes))));
    let service = Service {
        public: public_routes,
        metrics: metrics.is_some().then_some(metrics_routes),
        tls,
        connection_limit,
        quotas,
    };
    Ok(Server { public, metrics, renewal: renewal.flatten(), service })
}

/// Checks the files that are named in the settings of TLS and pages.
pub fn check(config: &Config) -> Result<()> {
    listener::check_tls(config)?;
    pages::Theme::new(config, &app::load_languages(config)?).map(drop)
}

impl Server {
    /// Returns the address with the port that was assigned.
    pub fn address(&self) -> SocketAddr {
        self.public.address()
    }

    /// Returns the address of `metrics.listen`, if it is set.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(Listener::address)
    }

    pub fn service(&self) -> Service {
        self.service.clone()
    }

    /// Serves until `stop` completes. Requests in progress then have [`SHUTDOWN_TIMEOUT`] to end.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<()> {
        let Self { public, metrics, renewal, service } = self;
        let renewal = renewal.map(tokio::spawn);
        let (stop_metrics, metrics_stopped) = oneshot::channel::<()>();
        let metrics = metrics.zip(service.metrics).map(|(listener, routes)| {
            tokio::spawn(serve(listener, routes, async { drop(metrics_stopped.await) }))
        });
        let outcome = serve(public, service.public, stop).await;
        drop(stop_metrics);
        if let Some(renewal) = renewal {
            renewal.abort();
        }
        if let Some(metrics) = metrics {
            metrics.await??;
        }
        outcome
    }
}

impl Service {
    /// Answers a request that did not arrive at a socket, for tests.
    pub async fn respond(&self, request: Request) -> Response {
        self.public.get_response(request).await
    }

    /// Replaces the application, so that further requests use its settings. Changes nothing if the settings are invalid.
    pub fn reload(&self, app: Arc<App>) -> Result<()> {
        let http = app.config.http.clone();
        let [public, metrics] = router::routes(app, self.metrics.is_some(), &self.quotas)?;
        if let Some(tls) = &self.tls {
            tls.reload(&http.tls)?;
        }
        self.connection_limit.set_trusted_proxies(TrustedProxies::new(&http));
        self.public.0.send_replace(Arc::new(public));
        if let Some(current) = &self.metrics {
            current.0.send_replace(Arc::new(metrics));
        }
        Ok(())
    }
}

async fn serve(listener: Listener, routes: CurrentRoutes, stop: impl Future<Output = ()>) -> Result<()> {
    let server = poem::Server::new_with_acceptor(listener)
        .idle_timeout(IDLE_TIMEOUT)
        .http2_max_concurrent_streams(MAX_STREAMS_PER_CONNECTION);
    Ok(server.run_with_graceful_shutdown(routes, stop, Some(SHUTDOWN_TIMEOUT)).await?)
}

/// Routes that a reload replaces.
#[derive(Clone)]
struct CurrentRoutes(watch::Sender<Arc<Routes>>);

impl Endpoint for CurrentRoutes {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let routes = Arc::clone(&self.0.borrow());
        routes.call(request).await
    }
}
