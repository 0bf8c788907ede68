//! The API: its routes, the layer that guards them, and the documents it publishes.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use scopegate::BearerBuilder;
use scopegate::routes::{OpenApi, Routes, get};

use crate::docs_page::DocsPage;
use crate::order_store::OrderStore;
use crate::orders::{create, delete, list, show};
use crate::problem::Problem;

/// The largest body that is read, in bytes.
const MAX_BODY: usize = 16 * 1024;

/// The parts of the OpenAPI document that do not follow from the routes: summaries, parameters,
/// bodies.
const DESCRIPTION: &str = include_str!("../openapi.json");

/// Builds the router. Everything that is not public requires a valid token, and each handler
/// declares the scopes that the token must have. The document at `/openapi.json` is generated from
/// the routes, so it lists the same scopes. So does the metadata document by which clients find the
/// issuer (RFC 9728), which is served if the API has a URL of its own.
pub(crate) fn router(
    orders: OrderStore,
    auth: BearerBuilder,
    issuer: &str,
    resource: Option<String>,
) -> anyhow::Result<Router> {
    let routes: Routes = Routes::new()
        .route("/orders", get(list).post(create))
        .route("/orders/{id}", get(show).delete(delete))
        .with_state(orders);

    let auth = match resource {
        Some(url) => auth.resource(url).scopes_supported(routes.scopes()),
        None => auth,
    };
    let auth = auth.build()?;

    let openapi = OpenApi::from_document(serde_json::from_str(DESCRIPTION)?)?;
    let document = routes.document(openapi.openid_connect(issuer))?;
    let page = DocsPage::new(document.value());
    let routes = routes
        .route("/openapi.json", get(async || document).public())
        .route("/docs", get(async || page).public());

    // A handler without a guard is reported here, before a stranger can find it.
    let audit =
        routes.audit().refuse_unguarded()?.refuse_unseen()?.refuse_optional_behind(&auth)?;
    tracing::info!("the routes and their guards:\n{audit}");

    let (guarded, public) = routes.split();
    let public = public.method_not_allowed_fallback(async || Problem::method_not_allowed());
    let guarded = guarded
        .fallback(async || Problem::not_found("There is nothing here; orders are at /orders"))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(auth);
    Ok(public.merge(guarded))
}
