//! An order.

use std::fmt;

use serde::Serialize;

/// An order, in the form in which it is stored and shown.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Order {
    pub(crate) id: OrderId,
    pub(crate) customer: String,
    pub(crate) item: String,
    pub(crate) quantity: u32,
    pub(crate) unit_price_cents: u32,
    pub(crate) status: Status,
    pub(crate) placed_at: String,
    /// The subject of the token that placed the order.
    pub(crate) placed_by: String,
    /// The tenant in that token.
    pub(crate) tenant: Option<String>,
}

/// The number of an order; numbers are not reused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct OrderId(pub(crate) i64);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The progress of an order.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Open,
    Shipped,
    Delivered,
    Cancelled,
}

impl Status {
    pub(crate) const ALL: [Self; 4] = [Self::Open, Self::Shipped, Self::Delivered, Self::Cancelled];

    /// Reads what [`as_str`](Self::as_str) writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// The name of the status, in the API and in the database.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Cancelled => "cancelled",
        }
    }
}
