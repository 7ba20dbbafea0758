//! HTTP: where requests come in.

mod client;
mod endpoint;
mod graphiql;
mod headers;
mod health;
mod pages;

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use poem::listener::TcpAcceptor;
use poem::{EndpointExt as _, Route, Server};

use crate::app::App;
use crate::config::Config;
use crate::graphql::{Flavour, GraphQl};
use crate::lanes::Lanes;

/// How long requests that are under way may take once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(10);
/// A connection on which nothing happens is closed.
const IDLE: Duration = Duration::from_secs(75);

/// A socket that listens but does not answer yet.
pub struct Bound {
    acceptor: TcpAcceptor,
    address: SocketAddr,
}

/// Listens at an address. Needs a runtime around it.
///
/// # Errors
/// A sentence on who is in the way.
pub fn bind(listen: SocketAddr) -> Result<Bound> {
    let bound = TcpListener::bind(listen).and_then(|listener| {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(Bound { acceptor: TcpAcceptor::from_std(listener)?, address })
    });
    bound.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            anyhow!("listen: another program listens at {listen}; stop it, or choose another port")
        }
        std::io::ErrorKind::PermissionDenied => {
            anyhow!("listen: {listen} may not be listened at; choose a port from 1024 on")
        }
        _ => anyhow!("listen: {listen} cannot be listened at ({error})"),
    })
}

/// Refuses settings of pages that cannot be carried out.
///
/// # Errors
/// A sentence on what is wrong.
pub fn check(config: &Config) -> Result<()> {
    pages::Look::new(config).map(drop)
}

impl Bound {
    /// The address, with the port that was taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `stop` comes, and then those that are under way.
    ///
    /// # Errors
    /// If the socket fails.
    pub async fn serve(self, app: Arc<App>, stop: impl Future<Output = ()>) -> Result<()> {
        let routes = routes(app)?;
        Server::new_with_acceptor(self.acceptor)
            .idle_timeout(IDLE)
            .run_with_graceful_shutdown(routes, stop, Some(DRAIN))
            .await?;
        Ok(())
    }
}

fn routes(app: Arc<App>) -> Result<impl poem::Endpoint> {
    let (max_body, relay) = (app.config.graphql.max_body.count(), app.config.graphql.relay);
    let lanes = Arc::new(Lanes::new(Arc::clone(&app)));
    let graphql = Arc::new(GraphQl::new(&app, Arc::clone(&lanes)));
    let graphiql = app.config.graphql.graphiql;
    let proxies = client::Proxies::new(app.config.http.trusted_proxies());
    let endpoint = |flavour| {
        let graphiql = graphiql && flavour == Flavour::Plain;
        Arc::new(endpoint::Endpoint {
            graphql: Arc::clone(&graphql),
            flavour,
            max_body,
            graphiql,
            proxies: proxies.clone(),
            random: app.random.clone(),
        })
    };
    let mut routes =
        Route::new().at("/healthz", health::Alive).at("/readyz", health::Ready(Arc::clone(&lanes)));
    if app.config.metrics.enabled {
        routes = routes.at("/metrics", health::Counted(Arc::clone(&lanes)));
    }
    for (path, flavour) in [("/graphql", Flavour::Plain), ("/relay", Flavour::Relay)] {
        if flavour == Flavour::Plain || relay {
            routes = routes.at(path, endpoint(flavour)).at(format!("{path}/"), endpoint(flavour));
        }
    }
    if graphiql {
        routes = routes.at("/graphiql/*name", graphiql::Parts);
    }
    if app.config.pages.enabled {
        routes = pages::add(routes, pages::Look::new(&app.config)?, lanes, proxies);
    }
    Ok(routes.catch_all_error(endpoint::outside).around(headers::add))
}
