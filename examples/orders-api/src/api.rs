//! The API: its routes, the layer that guards them, and what it says about itself.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use scopegate::BearerBuilder;
use scopegate::routes::{OpenApi, Routes, get};

use crate::order_store::OrderStore;
use crate::orders::{create, delete, list, show};
use crate::problem::Problem;

/// The largest body that is read, in bytes.
const MAX_BODY: usize = 16 * 1024;

/// What the API says about itself beside what the routes say: summaries, parameters, bodies.
const DESCRIPTION: &str = include_str!("../openapi.json");

/// All that is not public is reached with a good token only. Which scopes the token must have is said
/// by each handler; the document at `/openapi.json` says the same because it is made of the routes, and
/// so does the one by which clients find the issuer (RFC 9728), where the API has a URL of its own.
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
    let page = document.page();
    let routes = routes
        .route("/openapi.json", get(async || document).public())
        .route("/docs", get(async || page).public());

    // Whoever adds a handler without a guard learns it here and not from a stranger.
    let audit = routes.audit().refuse_unguarded()?.refuse_unseen()?;
    tracing::info!("the routes, and what they ask for:\n{audit}");

    let (guarded, public) = routes.split();
    let public = public.method_not_allowed_fallback(async || Problem::method_not_allowed());
    let guarded = guarded
        .fallback(async || Problem::not_found("There is nothing here; orders are at /orders"))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(auth);
    Ok(public.merge(guarded))
}
