//! A new order: the body of `POST /orders`.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

use super::fields::Fields;
use crate::problem::Problem;

/// An order that a client wants to place.
#[derive(Debug, PartialEq)]
pub(crate) struct NewOrder {
    pub(crate) customer: String,
    pub(crate) item: String,
    pub(crate) quantity: u32,
    pub(crate) unit_price_cents: u32,
}

impl NewOrder {
    /// Reads the fields. Each mistake names its field, and all mistakes are reported at once.
    fn read(object: Map<String, Value>) -> Result<Self, Problem> {
        let mut fields = Fields::of(object);
        let order = Self {
            customer: fields.text("customer"),
            item: fields.text("item"),
            quantity: fields.number("quantity", 1..=10_000),
            unit_price_cents: fields.number("unit_price_cents", 0..=100_000_000),
        };
        fields.finish()?;
        Ok(order)
    }
}

impl<S: Send + Sync> FromRequest<S> for NewOrder {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = "Send the order as application/json";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            let detail = match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => "An order has at most 16 KiB",
                _ => "The body could not be read",
            };
            Problem::new(rejection.status(), detail)
        })?;
        match serde_json::from_slice(&body) {
            Ok(Value::Object(object)) => Self::read(object),
            Ok(_) => {
                let detail = "An order is a JSON object";
                Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail))
            }
            Err(error) => {
                let (line, column) = (error.line(), error.column());
                let detail = format!("The body is not JSON: see line {line}, column {column}");
                Err(Problem::new(StatusCode::BAD_REQUEST, detail))
            }
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}
