//! The routes, and what applies to all of them: CORS, the limit on requests of one client, and the time limit.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use poem::endpoint::{BoxEndpoint, make_sync};
use poem::error::NotFoundError;
use poem::http::Method;
use poem::{Endpoint, EndpointExt as _, IntoResponse as _, Request, Response, Route};

use super::client_ip::TrustedProxies;
use super::client_quota::{ClientQuota, Quotas};
use super::cors::{self, Cors};
use super::endpoint::GraphQlEndpoint;
use super::pages::{self, MessagePage, Theme};
use super::{graphiql, headers, health, json, prefix, request_log};
use crate::app::App;
use crate::blocking_pool::BlockingPool;
use crate::config;
use crate::graphql::{GraphQl, MutationStyle};
use crate::random::Random;

/// A request may take this long, including the time to read its body (OWASP ASVS 15.2.2).
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

pub(super) type Routes = BoxEndpoint<'static, Response>;

/// Returns the routes of the public listener and those of the metrics listener.
pub(super) fn routes(app: Arc<App>, has_metrics_listener: bool, quotas: &Quotas) -> Result<[Routes; 2]> {
    let config = &app.config;
    let pool = Arc::new(BlockingPool::new(Arc::clone(&app)));
    let theme = config.pages.enabled.then(|| Theme::new(config, &app.languages)).transpose()?.map(Arc::new);
    let shared = Arc::new(Shared {
        cors: Cors { origins: config.http.cors_origins.clone() },
        public_path: config.public_path().to_owned(),
        trusted_proxies: TrustedProxies::new(&config.http),
        requests: quotas.requests.clone(),
        theme: theme.clone(),
    });
    let health = || {
        Router { route: Route::new(), shared: Arc::clone(&shared) }
            .at("/healthz", health::alive())
            .at("/readyz", health::ready(Arc::clone(&pool)))
    };
    let metrics = health().at("/metrics", health::metrics(Arc::clone(&pool)));
    let mut public = health();
    if config.metrics.enabled && !has_metrics_listener {
        public = public.at("/metrics", health::metrics(Arc::clone(&pool)));
    }

    let graphql = Arc::new(GraphQl::new(&app, Arc::clone(&pool)));
    let endpoint = |style, graphiql| GraphQlEndpoint {
        graphql: Arc::clone(&graphql),
        style,
        max_body: config.graphql.max_body.as_u64().try_into().unwrap_or(usize::MAX),
        graphiql,
        unsent_bytes: quotas.unsent_bytes.clone(),
    };
    let graphiql = config.graphql.graphiql.then(|| graphiql::page(config.public_path()));
    if graphiql.is_some() {
        public = public.at("/graphiql/*name", make_sync(graphiql::file_response));
    }
    for path in ["/graphql", "/graphql/"] {
        public = public.at(path, endpoint(MutationStyle::Plain, graphiql.clone()));
    }
    if config.graphql.relay {
        for path in ["/relay", "/relay/"] {
            public = public.at(path, endpoint(MutationStyle::Relay, None));
        }
    }
    public = match theme {
        Some(theme) => {
            let pages = pages::routes(&app, &theme, &pool);
            pages.into_iter().fold(public, |router, (path, endpoint)| router.at(path, endpoint))
        }
        // CORS and the limits apply to unknown paths as well.
        None => public.at(request_log::FALLBACK, make_sync(|_| Err::<Response, _>(NotFoundError))),
    };
    Ok([public, metrics].map(|router| router.finish(&app.random)))
}

/// What all routes share.
struct Shared {
    cors: Cors,
    public_path: String,
    trusted_proxies: TrustedProxies,
    requests: ClientQuota,
    /// Set if there are pages: browsers then get a page where programs get JSON.
    theme: Option<Arc<Theme>>,
}

impl Shared {
    async fn call(&self, endpoint: &impl Endpoint, request: Request) -> Response {
        let origin = self.cors.allowed_origin(&request);
        let mut response = if cors::is_preflight(&request) {
            cors::preflight_response(origin.is_some())
        } else {
            self.call_limited(endpoint, request).await
        };
        self.cors.add_headers(origin, &mut response);
        response
    }

    /// Stores the client in the request and calls an endpoint, unless the client has too many requests in progress. Only
    /// POST requests count, so that health checks always succeed.
    async fn call_limited(&self, endpoint: &impl Endpoint, mut request: Request) -> Response {
        let theme = self.theme.as_ref().filter(|_| headers::accepts_html(&request));
        let language = theme.map(|theme| theme.preferred_language(&request)).unwrap_or_default();
        let client = self.trusted_proxies.client(&request);
        let counted = usize::from(*request.method() == Method::POST);
        let Some(_reservation) = self.requests.reserve(client.network(), counted) else {
            let message =
                "Too many requests from this client are in progress. Please try again in a few seconds.";
            return unavailable(theme, &language, &pages::UNAVAILABLE, message);
        };
        request.set_data(client);
        match tokio::time::timeout(REQUEST_TIMEOUT, endpoint.call(request)).await {
            Ok(Ok(response)) => response.into_response(),
            Ok(Err(error)) => json::from_error(&error, &self.public_path),
            Err(_) => {
                let message = "This took too long. Your request may have been carried out: check before you send it again.";
                unavailable(theme, &language, &pages::TIMED_OUT, message)
            }
        }
    }
}

/// Returns a page if there is a theme, and otherwise the message as JSON.
fn unavailable(theme: Option<&Arc<Theme>>, language: &str, page: &MessagePage, message: &str) -> Response {
    match theme {
        Some(theme) => theme.unavailable(language, page, json::RETRY_AFTER_SECONDS),
        None => json::unavailable(message),
    }
}

pub(super) struct Router {
    route: Route,
    shared: Arc<Shared>,
}

impl Router {
    /// Adds a route. The limits apply inside the route, so that poem also names the route of a rejected request for the log.
    pub(super) fn at(mut self, path: impl AsRef<str>, endpoint: impl Endpoint + 'static) -> Self {
        let path = path.as_ref();
        // The path of `public_url` must not begin with a path of the server, so `is_own_path` must know every route.
        debug_assert!(path == request_log::FALLBACK || config::is_own_path(path), "{path}");
        let shared = Arc::clone(&self.shared);
        let endpoint = endpoint.around(move |endpoint, request| {
            let shared = Arc::clone(&shared);
            async move { Ok(shared.call(&endpoint, request).await) }
        });
        self.route = self.route.at(path, endpoint);
        self
    }

    fn finish(self, random: &Random) -> Routes {
        let (shared, random) = (self.shared, random.clone());
        let public_path = shared.public_path.clone();
        let not_found = move |error| std::future::ready(json::from_error(&error, &public_path));
        let log = move |endpoint, mut request| {
            prefix::remove(&shared.public_path, &mut request);
            request_log::log(endpoint, request, random.clone())
        };
        self.route.catch_all_error(not_found).around(headers::add).around(log).boxed()
    }
}
