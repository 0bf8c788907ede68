//! The token endpoint (RFC 6749 §3.2).

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::request::Parts;
use scopegate_core::catalog::AuthorizationServer;
use scopegate_core::client_auth::Presented;
use scopegate_core::token::{Refused, TokenRequest, TokenResponse};

use super::asked::Asked;
use super::failure::NEVER_STORED;
use super::{App, Failure, RequestError, Routes, credentials, form_body, on_both};

/// A storage that hangs shall not hang the clients.
const DECISION_TIME: Duration = Duration::from_secs(20);

/// Where token requests go.
pub(super) fn routes(base: &str) -> Routes {
    on_both(base, "token", || post(token))
}

/// Answers a token request.
async fn token(
    State(app): State<App>,
    Asked(server): Asked,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let response = decide(&app, &server, &parts, body).await;
    let response = response.map_err(|failure| failure.of_server(&server))?;
    Ok((NEVER_STORED, Json(response)).into_response())
}

async fn decide(
    app: &App,
    server: &Arc<AuthorizationServer>,
    parts: &Parts,
    body: Body,
) -> Result<TokenResponse, Failure> {
    credentials::none_in_url(&parts.uri).map_err(Failure::new)?;
    let authorization = credentials::authorization(&parts.headers).map_err(Failure::new)?;
    let form = form_body::read(&parts.headers, body).await.map_err(Failure::new)?;
    let address = app.client_address(parts);
    let request = TokenRequest { server: &server.id, authorization, form: &form, address };
    let claimed = || {
        let presented = Presented { authorization, form: &form };
        credentials::claimed_client(&app.authority().catalog(), &presented)
    };
    match tokio::time::timeout(DECISION_TIME, app.authority().token(request)).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(Refused { error, decision })) => {
            Err(Failure::new(error).of_client(claimed()).of_decision(decision))
        }
        Err(_) => Err(Failure::new(RequestError::Overdue).of_client(claimed())),
    }
}
