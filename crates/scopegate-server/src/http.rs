//! The protocol over HTTP: the table of paths and their handlers.

mod account;
mod activate;
mod admin;
mod app;
mod authorize;
mod bearer;
mod browser;
mod client_request;
mod cookies;
mod cors;
mod credentials;
mod device;
mod document;
mod every_answer;
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
mod routes;
mod scope_choice;
mod server_in_path;
mod sign_in;
mod sign_out;
mod token;
mod userinfo;

use std::collections::BTreeMap;

use axum::Router;
use axum::routing::{MethodRouter, get};
use tower::util::MapResponseLayer;

use self::routes::on_both;

pub(crate) use self::app::App;
pub use self::failure::{Failure, RequestError};

/// The routes of the public listener.
pub(crate) fn public(app: App) -> Router {
    let base = literal(app.authority().catalog().org().issuer.path());
    let keys = || for_scripts(get(issuer_documents::keys));
    let metadata = || for_scripts(get(issuer_documents::metadata));

    // All endpoints are below the path of the base URL. Only RFC 8414 §3.1 puts the well-known part
    // before that path. If the base URL has no path, the last two of these lines equal the ones
    // above them.
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
    // Each endpoint is one line here, and one in the core's table of endpoints.
    let endpoints = [
        on_both(&base, "keys", keys), //
        account::routes(&base),
        activate::routes(&base),
        authorize::routes(&base),
        device::routes(&base),
        introspect::routes(&base),
        logout::routes(&base),
        par::routes(&base),
        revoke::routes(&base),
        sign_in::routes(&base),
        sign_out::routes(&base),
        token::routes(&base),
        userinfo::routes(&base),
    ];
    let routes = endpoints.into_iter().flatten().chain(documents);
    router(app, routes)
}

/// The routes of the administrator's listener: the management API, and the endpoints of the org server that its
/// clients need. SDKs know one base URL, so that these are here, too.
pub(crate) fn admin(app: &App) -> Router {
    let base = literal(app.authority().catalog().org().issuer.path());
    let metadata = || for_scripts(get(issuer_documents::metadata));
    let of_org = |base: &str| {
        vec![
            (format!("{base}/oauth2/v1/keys"), for_scripts(get(issuer_documents::keys))),
            (format!("{base}/oauth2/v1/token"), token::of_org()),
            (format!("{base}/.well-known/openid-configuration"), metadata()),
            (format!("{base}/.well-known/oauth-authorization-server"), metadata()),
        ]
    };
    let health = vec![
        ("/livez".to_owned(), get(health::livez)),
        ("/readyz".to_owned(), get(health::readyz_for_administrators)),
    ];
    let routes = [health, of_org(&base), of_org("")].into_iter().flatten();
    let scheme = app.scheme();
    unlayered(routes)
        .with_state(app.clone())
        .merge(admin::router(app))
        .fallback(every_answer::unknown_admin_path)
        .method_not_allowed_fallback(every_answer::wrong_admin_method)
        .layer(MapResponseLayer::new(every_answer::complete(scheme)))
}

fn router(app: App, routes: impl IntoIterator<Item = (String, MethodRouter<App>)>) -> Router {
    let scheme = app.scheme();
    unlayered(routes)
        .fallback(every_answer::unknown_path)
        .method_not_allowed_fallback(every_answer::wrong_method)
        .layer(MapResponseLayer::new(every_answer::complete(scheme)))
        .with_state(app)
}

fn unlayered(routes: impl IntoIterator<Item = (String, MethodRouter<App>)>) -> Router<App> {
    let routes: BTreeMap<_, _> = routes.into_iter().collect();
    routes.into_iter().fold(Router::new().without_v07_checks(), |router, (path, methods)| {
        router.route(&path, methods)
    })
}

/// A path without placeholders: its braces are escaped.
fn literal(path: &str) -> String {
    path.replace('{', "{{").replace('}', "}}")
}

/// Lets scripts of any origin read a document, since it is public.
fn for_scripts(methods: MethodRouter<App>) -> MethodRouter<App> {
    let readable = MapResponseLayer::new(document::readable_by_all);
    methods.options(document::preflight).layer(readable)
}
