//! The protocol over HTTP: which path is answered by what.

mod asked;
mod authorize;
mod bearer;
mod client_request;
mod cookies;
mod cors;
mod credentials;
mod device;
mod document;
mod failure;
mod form_body;
mod health;
mod in_time;
mod introspect;
mod issuer_documents;
mod logout;
mod pages;
mod par;
mod readiness;
mod revoke;
mod surroundings;
mod token;
mod trusted_proxies;
mod userinfo;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::routing::{MethodRouter, get};
use scopegate_core::authority::Authority;
use tokio::sync::watch;
use tower::util::MapResponseLayer;

use self::cookies::Scheme;
use self::readiness::Readiness;
use crate::server::FirstKeys;

pub use failure::{Failure, RequestError};
pub use trusted_proxies::{ForwardingHeader, InvalidNetwork, TrustedProxies};

/// What handlers share.
#[derive(Clone, Debug)]
pub(crate) struct App(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    authority: Arc<Authority>,
    trusted_proxies: TrustedProxies,
    first_keys: watch::Receiver<FirstKeys>,
    readiness: Readiness,
}

impl App {
    pub(crate) fn new(
        authority: Arc<Authority>,
        trusted_proxies: TrustedProxies,
        first_keys: watch::Receiver<FirstKeys>,
    ) -> Self {
        let readiness = Readiness::default();
        Self(Arc::new(Shared { authority, trusted_proxies, first_keys, readiness }))
    }

    fn has_first_keys(&self) -> bool {
        matches!(*self.0.first_keys.borrow(), FirstKeys::Made)
    }

    fn readiness(&self) -> &Readiness {
        &self.0.readiness
    }

    /// How browsers reach the server.
    fn scheme(&self) -> Scheme {
        Scheme::of(&self.authority().catalog().org().issuer)
    }

    /// The path of a page for people.
    fn path(&self, page: &str) -> String {
        format!("{}/{page}", self.authority().catalog().org().issuer.path())
    }

    pub(crate) fn authority(&self) -> &Arc<Authority> {
        &self.0.authority
    }
}

/// Paths, and what is answered there.
type Routes = Vec<(String, MethodRouter<App>)>;

/// An endpoint of the org server and of each custom one, by the last part of its path.
fn on_both(base: &str, name: &str, methods: impl Fn() -> MethodRouter<App>) -> Routes {
    vec![
        (format!("{base}/oauth2/v1/{name}"), methods()),
        (format!("{base}/oauth2/{{id}}/v1/{name}"), methods()),
    ]
}

/// What a browser does here has effects, by GET too: whoever sends HEAD wants none.
fn with_effects(methods: MethodRouter<App>) -> MethodRouter<App> {
    methods.head(surroundings::only_get_and_post).fallback(surroundings::only_get_and_post)
}

/// What anybody may ask.
pub(crate) fn public(app: App) -> Router {
    let base = literal(app.authority().catalog().org().issuer.path());
    let keys = || for_scripts(get(issuer_documents::keys));
    let metadata = || for_scripts(get(issuer_documents::metadata));

    // A base URL with a path has all its endpoints below that path. Only RFC 8414 §3.1 puts the
    // well-known part before it; without a path, those two lines are the same as the ones above.
    let documents = vec![
        (format!("{base}/.well-known/openid-configuration"), metadata()),
        (format!("{base}/.well-known/oauth-authorization-server"), metadata()),
        (format!("{base}/oauth2/{{id}}/.well-known/openid-configuration"), metadata()),
        (format!("{base}/oauth2/{{id}}/.well-known/oauth-authorization-server"), metadata()),
        (format!("{base}/.well-known/oauth-authorization-server/oauth2/{{id}}"), metadata()),
        (format!("/.well-known/oauth-authorization-server{base}"), metadata()),
        (format!("/.well-known/oauth-authorization-server{base}/oauth2/{{id}}"), metadata()),
        ("/livez".to_owned(), get(health::livez)),
        ("/readyz".to_owned(), get(health::readyz)),
    ];
    // A package of endpoints is a line; its line in the table of the core goes with it.
    let endpoints = [
        on_both(&base, "keys", keys), //
        authorize::routes(&base),
        device::routes(&base),
        introspect::routes(&base),
        logout::routes(&base),
        pages::routes(&base),
        par::routes(&base),
        revoke::routes(&app, &base),
        token::routes(&app, &base),
        userinfo::routes(&app, &base),
    ];
    let routes = endpoints.into_iter().flatten().chain(documents);
    router(app, routes)
}

/// What the administrator's listener answers.
pub(crate) fn admin(app: App) -> Router {
    let routes = [
        ("/livez".to_owned(), get(health::livez)), //
        ("/readyz".to_owned(), get(health::readyz_for_administrators)),
    ];
    router(app, routes)
}

fn router(app: App, routes: impl IntoIterator<Item = (String, MethodRouter<App>)>) -> Router {
    let routes: BTreeMap<_, _> = routes.into_iter().collect();
    routes
        .into_iter()
        .fold(Router::new().without_v07_checks(), |router, (path, methods)| {
            router.route(&path, methods)
        })
        .fallback(surroundings::unknown_path)
        .method_not_allowed_fallback(surroundings::wrong_method)
        .layer(MapResponseLayer::new(surroundings::of_answers(app.scheme())))
        .with_state(app)
}

/// A path as it is written: nothing in it stands for anything else.
fn literal(path: &str) -> String {
    path.replace('{', "{{").replace('}', "}}")
}

/// Lets scripts of any origin read what is public anyway.
fn for_scripts(methods: MethodRouter<App>) -> MethodRouter<App> {
    let readable = MapResponseLayer::new(document::readable_by_all);
    methods.options(document::preflight).layer(readable)
}
