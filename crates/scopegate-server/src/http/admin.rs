//! The management API, in the shapes of Okta's.
//!
//! [`rows`] is the table of all operations: method, path, guard, handler, and what OpenAPI says of them. The
//! router and the OpenAPI document both come from it. Each file of this folder has the rows of one resource.

mod access;
mod apps;
mod associated;
mod body;
mod caller;
mod claims;
mod client_tokens;
mod decisions;
mod duration;
mod entity;
mod error;
mod filter;
mod groups;
mod keys;
mod names;
mod oauth_scopes;
mod openapi;
mod order;
mod origin;
mod owned;
mod page;
mod parameters;
mod policies;
mod row;
mod rules;
mod scopes;
mod secret_text;
mod servers;
mod users;

use axum::Router;
use scopegate_axum::routes::{Audit, Routes, get};

use self::access::Access;
use self::row::Row;
use super::app::App;

pub(super) use self::error::ApiError;

/// All operations of the management API.
fn rows() -> Vec<Row> {
    [
        servers::rows(),
        associated::rows(),
        oauth_scopes::rows(),
        claims::rows(),
        policies::rows(),
        rules::rows(),
        keys::rows(),
        client_tokens::rows(),
        apps::rows(),
        users::rows(),
        groups::rows(),
        decisions::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The routes of the management API, behind the layer that verifies tokens of the org server.
pub(super) fn router(app: &App) -> Router {
    let rows = rows();
    let described = openapi::described(&rows);
    let routes = rows.into_iter().fold(Routes::new(), |routes, row| {
        let (path, methods) = row.into_route();
        routes.route(path, methods)
    });
    let routes = routes.with_state::<()>(app.clone());
    let document = openapi::document(&routes, described);
    let routes = routes.route("/api/v1/openapi.json", get(async || document).public());
    let audited = routes.audit().refuse_unguarded().and_then(Audit::refuse_unseen);
    audited.expect("each row of the table has a guard");
    let (guarded, public) = routes.split();
    public.merge(Access::of(app).protect(guarded))
}
