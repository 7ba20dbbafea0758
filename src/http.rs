//! HTTP: where requests come in.

mod client;
mod cors;
mod endpoint;
mod graphiql;
mod headers;
mod health;
mod listener;
mod pages;
mod prefix;
mod request_log;
mod shares;
mod tls;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use anyhow::Result;
use poem::endpoint::{BoxEndpoint, make_sync};
use poem::error::NotFoundError;
use poem::http::Method;
use poem::{Endpoint, EndpointExt as _, Request, Response, Route, Server};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::watch;

use crate::app::App;
use crate::blocking_pool::BlockingPool;
use crate::config::{self, Config};
use crate::graphql::{GraphQl, MutationStyle};
use crate::random::Random;
use client::Proxies;
use cors::Cors;
use listener::{Listener, Places};
use shares::Shares;
use tls::{Renewal, Tls};

/// How long a request may take, the reading of its body among it (OWASP ASVS 15.2.2).
const DEADLINE: Duration = Duration::from_secs(30);
/// How long requests that are under way may take once the server is told to stop.
const DRAIN: Duration = Duration::from_secs(8);
/// A connection on which nothing happens is closed.
const IDLE: Duration = Duration::from_secs(75);

/// Requests that may be under way on a connection of HTTP/2, each with memory of its own.
const STREAMS: u32 = 32;
/// POST requests under way from one client, on all of its connections.
const REQUESTS_OF_ONE: usize = 256;
/// Bytes of large replies that may be unread: a small request can ask for a reply of a megabyte, and its client may read
/// that as slowly as it likes.
const UNREAD: usize = 64 << 20;
/// How many of them may be unread by one client.
const UNREAD_OF_ONE: usize = 16 << 20;
/// Files that are no connections.
const OTHER_FILES: usize = 128;
/// Connections to the address for whoever watches.
const WATCHERS: usize = 64;

/// Sockets that listen but do not answer yet.
pub struct Bound {
    public: Listener,
    /// Where only whoever watches over the server asks.
    watch: Option<Listener>,
    renewal: Option<Renewal>,
    answers: Answers,
}

/// What answers requests; it can be replaced while they come.
#[derive(Clone)]
pub struct Answers {
    public: Front,
    watch: Front,
    /// Whether `watch` has an address of its own.
    apart: bool,
    tls: Option<Arc<Tls>>,
    places: Places,
    taken: Taken,
}

/// What clients have taken. It outlives a reload of the settings, as what they hold does.
#[derive(Clone)]
struct Taken {
    /// POST requests that are under way.
    requests: Shares,
    /// Bytes of large replies that are unread.
    unread: Shares,
}

/// Listens where the settings say. Needs a runtime around it.
///
/// # Errors
/// A sentence on who or what is in the way.
pub fn bind(app: Arc<App>) -> Result<Bound> {
    let config = &app.config;
    let (tls, renewal) = Tls::open(config)?.map(|(tls, renewal)| (Arc::new(tls), renewal)).unzip();
    let places = Places::new(
        most_connections(config.http.max_connections),
        config.http.max_connections_per_client,
        Proxies::new(config.http.trusted_proxies()),
        Arc::clone(&app.metrics),
    );
    let public = Listener::open("listen", config.listen, tls.clone(), places.clone())?;
    let watch = config.metrics.listen.filter(|_| config.metrics.enabled);
    // Whoever watches gets through also where nobody else does.
    let reserved = Places::new(WATCHERS, WATCHERS, Proxies::new(Vec::new()), Arc::clone(&app.metrics));
    let watch = watch.map(|listen| Listener::open("metrics.listen", listen, None, reserved)).transpose()?;
    let apart = watch.is_some();
    let taken = Taken {
        requests: Shares::new(usize::MAX, REQUESTS_OF_ONE),
        unread: Shares::new(UNREAD, UNREAD_OF_ONE),
    };
    let [front, side] = routes(app, apart, &taken)?.map(Front::new);
    let answers = Answers { public: front, watch: side, apart, tls, places, taken };
    Ok(Bound { public, watch, renewal: renewal.flatten(), answers })
}

/// As many connections as are wanted, or as the system grants files: it is asked for all that it may grant, and some
/// are kept for the database, mail and the next certificate.
fn most_connections(wanted: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let granted = if raised.is_ok() { limit.maximum } else { limit.current };
    let granted = granted.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX));
    if granted.saturating_sub(OTHER_FILES) < wanted {
        tracing::warn!(
            "http.max_connections: the system grants {granted} files, so fewer connections can be open at a time"
        );
    }
    wanted.min(granted.saturating_sub(OTHER_FILES).max(1))
}

/// Refuses settings of pages and encryption that cannot be carried out.
///
/// # Errors
/// A sentence on what is wrong.
pub fn check(config: &Config) -> Result<()> {
    tls::check(config)?;
    pages::Theme::new(config).map(drop)
}

impl Bound {
    /// The address, with the port that was taken.
    pub fn address(&self) -> SocketAddr {
        self.public.address()
    }

    /// The address for whoever watches over the server, if it has one of its own.
    pub fn watch_address(&self) -> Option<SocketAddr> {
        self.watch.as_ref().map(Listener::address)
    }

    /// What will answer.
    pub fn answers(&self) -> Answers {
        self.answers.clone()
    }

    /// Answers requests until `stop` comes, and then those that are under way.
    ///
    /// # Errors
    /// If a socket fails.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<()> {
        let Self { public, watch, renewal, answers } = self;
        let renewing = renewal.map(tokio::spawn);
        let (stopped, mut told) = watch::channel(());
        let watching = watch.map(|listener| {
            tokio::spawn(answer(listener, answers.watch, async move { drop(told.changed().await) }))
        });
        let answered = answer(public, answers.public, stop).await;
        drop(stopped);
        if let Some(renewing) = renewing {
            renewing.abort();
        }
        if let Some(watching) = watching {
            watching.await??;
        }
        answered
    }
}

impl Answers {
    /// Answers a request that came by another way than the socket.
    pub async fn answer(&self, request: Request) -> Response {
        self.public.get_response(request).await
    }

    /// Has an application with other settings answer all requests that come from here on.
    ///
    /// # Errors
    /// A sentence on what is wrong with the settings; nothing is replaced then.
    pub fn replace(&self, app: Arc<App>) -> Result<()> {
        let (tls, proxies) = (app.config.http.tls.clone(), app.config.http.trusted_proxies());
        let [public, watch] = routes(app, self.apart, &self.taken)?;
        if let Some(current) = &self.tls {
            current.reload(&tls)?;
        }
        self.places.trust(Proxies::new(proxies));
        self.public.replace(public);
        self.watch.replace(watch);
        Ok(())
    }
}

async fn answer(listener: Listener, front: Front, stop: impl Future<Output = ()>) -> Result<()> {
    let server = Server::new_with_acceptor(listener).idle_timeout(IDLE).http2_max_concurrent_streams(STREAMS);
    Ok(server.run_with_graceful_shutdown(front, stop, Some(DRAIN)).await?)
}

type Routes = BoxEndpoint<'static, Response>;

/// What answers requests at present.
#[derive(Clone)]
struct Front(Arc<RwLock<Arc<Routes>>>);

impl Front {
    fn new(routes: Routes) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(routes))))
    }

    fn replace(&self, routes: Routes) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(routes);
    }
}

impl Endpoint for Front {
    type Output = Response;

    async fn call(&self, request: Request) -> poem::Result<Response> {
        let routes = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        routes.call(request).await
    }
}

/// What all endpoints have in common.
struct Common {
    cors: Cors,
    /// The path of `public_url`.
    public_path: Arc<str>,
    proxies: Proxies,
    /// POST requests that are under way.
    requests: Shares,
    /// Browsers get a page where a program gets JSON, if there are pages.
    theme: Option<Arc<pages::Theme>>,
}

impl Common {
    /// Calls an endpoint with the client in the data of the request, unless too many requests of that client are under way.
    /// Only POST requests count, so that health probes always get through. Ends a request that takes too long.
    async fn call(&self, endpoint: &impl Endpoint, mut request: Request) -> poem::Result<Response> {
        let theme = self.theme.as_ref().filter(|_| headers::wants_page(&request)).map(Arc::clone);
        let client = self.proxies.client(&request);
        let _share = if *request.method() == Method::POST {
            match self.requests.take(client.network(), 1) {
                None => return Ok(theme.map_or_else(endpoint::too_many, |theme| pages::too_many(&theme))),
                share => share,
            }
        } else {
            None
        };
        request.set_data(client);
        match tokio::time::timeout(DEADLINE, endpoint.call(request)).await {
            Ok(answered) => answered.map(poem::IntoResponse::into_response),
            Err(_) => Ok(theme.map_or_else(endpoint::too_late, |theme| pages::too_late(&theme))),
        }
    }
}

/// Routes with the time limit, the limit on requests of one client, and CORS. These are inside the router, so that the
/// router names the route of each reply for the log.
struct RouteTable {
    router: Route,
    common: Arc<Common>,
}

impl RouteTable {
    fn at(mut self, path: impl AsRef<str>, endpoint: impl Endpoint + 'static) -> Self {
        let path = path.as_ref();
        // `public_url` must not begin with the path of a route.
        debug_assert!(path == request_log::FALLBACK || config::is_own_path(path), "{path}");
        let public_path = Arc::clone(&self.common.public_path);
        let endpoint =
            endpoint.catch_all_error(move |error| endpoint::outside(error, Arc::clone(&public_path)));
        let common = Arc::clone(&self.common);
        let endpoint = endpoint.around(move |endpoint, request| {
            let common = Arc::clone(&common);
            async move { common.call(&endpoint, request).await }
        });
        let common = Arc::clone(&self.common);
        let endpoint = endpoint.around(move |endpoint, request| {
            let common = Arc::clone(&common);
            async move { common.cors.call(&endpoint, request).await }
        });
        self.router = self.router.at(path, endpoint);
        self
    }

    /// Ends the table.
    fn finish(self, random: &Random) -> Routes {
        let Self { router, common } = self;
        let (random, public_path) = (random.clone(), Arc::clone(&common.public_path));
        let routes = router.catch_all_error(move |error| endpoint::outside(error, Arc::clone(&public_path)));
        let logged = move |endpoint, mut request| {
            prefix::remove(&common.public_path, &mut request);
            request_log::log(endpoint, request, random.clone())
        };
        routes.around(headers::add).around(logged).boxed()
    }
}

/// The routes for everybody, and those for whoever watches over the server from an address `apart`.
fn routes(app: Arc<App>, apart: bool, taken: &Taken) -> Result<[Routes; 2]> {
    let (max_body, relay) = (app.config.graphql.max_body.count(), app.config.graphql.relay);
    let pool = Arc::new(BlockingPool::new(Arc::clone(&app)));
    let graphql = Arc::new(GraphQl::new(&app, Arc::clone(&pool)));
    let public_path: Arc<str> = app.config.public_path().into();
    let graphiql = app.config.graphql.graphiql.then(|| graphiql::page(&public_path));
    let theme = app.config.pages.enabled.then(|| pages::Theme::new(&app.config)).transpose()?.map(Arc::new);
    let endpoint = |flavour| endpoint::Endpoint {
        graphql: Arc::clone(&graphql),
        flavour,
        max_body,
        graphiql: graphiql.clone().filter(|_| flavour == MutationStyle::Plain),
        unread: taken.unread.clone(),
    };
    let common = Arc::new(Common {
        cors: Cors::new(&app.config.http.cors_origins),
        public_path: Arc::clone(&public_path),
        proxies: Proxies::new(app.config.http.trusted_proxies()),
        requests: taken.requests.clone(),
        theme: theme.clone(),
    });
    let health = || {
        RouteTable { router: Route::new(), common: Arc::clone(&common) }
            .at("/healthz", health::Alive)
            .at("/readyz", health::Ready(Arc::clone(&pool)))
    };
    let counted = || health().at("/metrics", health::Counted(Arc::clone(&pool)));
    let watch = counted();
    let mut routes = if app.config.metrics.enabled && !apart { counted() } else { health() };
    for (path, flavour) in [("/graphql", MutationStyle::Plain), ("/relay", MutationStyle::Relay)] {
        if flavour == MutationStyle::Plain || relay {
            routes = routes.at(path, endpoint(flavour)).at(format!("{path}/"), endpoint(flavour));
        }
    }
    if graphiql.is_some() {
        routes = routes.at("/graphiql/*name", graphiql::Parts);
    }
    routes = match theme {
        Some(theme) => pages::add(routes, theme, pool),
        None => routes.at(request_log::FALLBACK, make_sync(|_| Err::<Response, _>(NotFoundError))),
    };
    Ok([routes, watch].map(|routes| routes.finish(&app.random)))
}
