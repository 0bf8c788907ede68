//! The userinfo endpoint (OpenID Connect Core §5.3).

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, Method};
use scopegate_core::catalog::AuthorizationServer;
use scopegate_core::endpoints::userinfo::UserInfo;

use super::app::App;
use super::failure::{Failure, NEVER_STORED, RequestError};
use super::in_time::decided_in_time;
use super::routes::{Routes, on_both};
use super::server_in_path::ServerInPath;
use super::{bearer, cors, form_body};

/// The userinfo endpoint.
pub(super) fn routes(base: &str) -> Routes {
    on_both(base, "userinfo", || cors::with_preflight(get(userinfo).post(userinfo)))
}

/// Answers with the claims about the user of an access token. Scripts of the client's origins may read
/// the answer.
async fn userinfo(
    State(app): State<App>,
    server: Result<ServerInPath, Failure>,
    request: Request,
) -> Response {
    let origin = cors::origin(&request);
    cors::share(&app, origin, answer(&app, server, request).await)
}

async fn answer(
    app: &App,
    server: Result<ServerInPath, Failure>,
    request: Request,
) -> Result<Response, Failure> {
    let ServerInPath(server) = server?;
    let (parts, body) = request.into_parts();
    Ok(match decide(app, &server, &parts, body).await {
        Ok(known) => {
            let response = (NEVER_STORED, Json(known.claims())).into_response();
            cors::for_client(|| Some(known.client().clone()), &parts.headers, response)
        }
        Err(error) => bearer::refused(Failure::new(error).of_server(&server)),
    })
}

async fn decide(
    app: &App,
    server: &Arc<AuthorizationServer>,
    parts: &Parts,
    body: Body,
) -> Result<UserInfo, RequestError> {
    let may_be_in_form = parts.method == Method::POST && has_form(&parts.headers);
    let form = match may_be_in_form {
        true => Some(form_body::read(&parts.headers, body).await?),
        false => None,
    };
    let token = bearer::token(parts, form.as_ref())?;
    Ok(decided_in_time(app.authority().userinfo(server, token)).await??)
}

/// Tells whether the body is a form. If the token is in the header, any body is ignored.
fn has_form(headers: &HeaderMap) -> bool {
    let line = headers.get(CONTENT_TYPE).and_then(|line| line.to_str().ok()).unwrap_or_default();
    let essence = line.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
