//! The handlers. The first parameter of each declares the scope that a caller needs.

mod fields;
mod list_query;
mod new_order;
mod order_id;
#[cfg(test)]
mod tests;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use scopegate::{RequireScope, Token, scoped};
use serde::{Deserialize, Serialize};

use crate::order::{Order, OrderId};
use crate::order_store::OrderStore;
use crate::problem::Problem;

pub(crate) use list_query::ListQuery;
pub(crate) use new_order::NewOrder;

/// The extra claim of our issuer's tokens. Other issuers may not have it.
#[derive(Debug, Deserialize)]
pub(crate) struct Tenant {
    tenant: Option<String>,
}

/// One page of orders.
#[derive(Debug, Serialize)]
pub(crate) struct Page {
    orders: Vec<Order>,
    /// The URL of the next page, if there is one.
    next: Option<String>,
}

/// `GET /orders`
#[scoped]
pub(crate) async fn list(
    _: RequireScope<"read:orders">,
    State(store): State<OrderStore>,
    query: ListQuery,
) -> Result<Json<Page>, Problem> {
    let (orders, last) = store.list(&query).await?;
    Ok(Json(Page { orders, next: last.map(|last| query.next_after(last)) }))
}

/// `GET /orders/{id}`
#[scoped]
pub(crate) async fn show(
    _: RequireScope<"read:orders">,
    State(store): State<OrderStore>,
    id: OrderId,
) -> Result<Json<Order>, Problem> {
    let order = store.find(id).await?;
    order.map(Json).ok_or_else(no_such_order)
}

/// `POST /orders`; the token identifies who places the order.
#[scoped]
pub(crate) async fn create(
    _: RequireScope<"write:orders">,
    token: Token<Tenant>,
    State(store): State<OrderStore>,
    order: NewOrder,
) -> Result<impl IntoResponse, Problem> {
    let placed_by = token.subject().or(token.client_id()).unwrap_or("unknown");
    let tenant = token.extra().tenant.as_deref();
    let order = store.insert(&order, placed_by, tenant).await?;
    let location = format!("/orders/{}", order.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(order)))
}

/// `DELETE /orders/{id}`
#[scoped]
pub(crate) async fn delete(
    _: RequireScope<"write:orders">,
    State(store): State<OrderStore>,
    id: OrderId,
) -> Result<StatusCode, Problem> {
    match store.delete(id).await? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(no_such_order()),
    }
}

fn no_such_order() -> Problem {
    Problem::not_found("There is no order with this id")
}
