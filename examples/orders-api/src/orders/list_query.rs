//! The query of `GET /orders`.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use crate::order::{OrderId, Status};
use crate::problem::{At, Mistake, Problem};

const DEFAULT_LIMIT: u32 = 20;
const MAX_LIMIT: u32 = 100;

/// Selects the orders that are listed.
#[derive(Debug, PartialEq)]
pub(crate) struct ListQuery {
    /// The maximum number of orders.
    pub(crate) limit: u32,
    /// Only orders after this one.
    pub(crate) after: Option<OrderId>,
    /// Only orders with this status.
    pub(crate) status: Option<Status>,
    /// Only orders of this customer.
    pub(crate) customer: Option<String>,
}

impl ListQuery {
    /// Reads the query. Each mistake names its parameter.
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut parameters = Parameters::of(query);
        let limit = parameters.take("limit", "write a number from 1 to 100", |text| {
            text.parse().ok().filter(|limit| (1..=MAX_LIMIT).contains(limit))
        });
        let after = parameters.take("after", "write the id of an order", |text| {
            text.parse().ok().filter(|id| *id >= 0).map(OrderId)
        });
        let status =
            parameters.take("status", "write open, shipped, delivered or cancelled", Status::parse);
        let customer = parameters.take("customer", "write the name of a customer", |text| {
            Some(text.to_owned()).filter(|name| !name.is_empty())
        });
        parameters.finish()?;
        Ok(Self { limit: limit.unwrap_or(DEFAULT_LIMIT), after, status, customer })
    }

    /// The URL of the page after the last listed order.
    pub(super) fn next_after(&self, last: OrderId) -> String {
        let Self { limit, after: _, status, customer } = self;
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("limit", &limit.to_string());
        query.append_pair("after", &last.to_string());
        if let Some(status) = status {
            query.append_pair("status", status.as_str());
        }
        if let Some(customer) = customer {
            query.append_pair("customer", customer);
        }
        format!("/orders?{}", query.finish())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ListQuery {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::parse(parts.uri.query().unwrap_or_default())
    }
}

/// The parameters that were not read yet, and the mistakes in the others.
struct Parameters {
    left: Vec<(String, String)>,
    mistakes: Vec<Mistake>,
}

impl Parameters {
    fn of(query: &str) -> Self {
        let left = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Self { left, mistakes: Vec::new() }
    }

    /// Reads an optional parameter.
    fn take<T>(
        &mut self,
        name: &'static str,
        instead: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let mut values = self.left.extract_if(.., |(left, _)| left == name);
        let (_, text) = values.next()?;
        if values.count() > 0 {
            self.refuse(name.to_owned(), "write it once");
            return None;
        }
        let value = read(&text);
        if value.is_none() {
            self.refuse(name.to_owned(), instead);
        }
        value
    }

    fn refuse(&mut self, name: String, detail: &str) {
        self.mistakes.push(Mistake { at: At::Parameter(name), detail: detail.to_owned() });
    }

    /// Refuses the query if it has mistakes or unknown parameters.
    fn finish(mut self) -> Result<(), Problem> {
        for (name, _) in std::mem::take(&mut self.left) {
            self.refuse(name, "unknown: there are limit, after, status and customer");
        }
        if self.mistakes.is_empty() {
            return Ok(());
        }
        let detail = "The query has mistakes";
        Err(Problem::with_mistakes(StatusCode::BAD_REQUEST, detail, self.mistakes))
    }
}
