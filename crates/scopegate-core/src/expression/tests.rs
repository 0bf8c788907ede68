//! The rules of expressions.

mod hostile;
mod inputs;
mod language;
mod syntax;

use std::collections::{BTreeMap, BTreeSet};

use scopegate_claims::{ScopeSet, UnixTime};
use serde_json::{Value as Json, json};

use super::{
    ClientInput, EvaluationError, Expression, Inputs, RequestInput, ServerInput, SessionInput,
    UserInput, Wanted,
};

/// Owns what [`Inputs`] borrows.
pub(super) struct World {
    pub(super) groups: BTreeSet<String>,
    pub(super) profile: BTreeMap<String, Json>,
    pub(super) attributes: BTreeMap<String, Json>,
    pub(super) scopes: ScopeSet,
    pub(super) amr: Vec<String>,
}

impl World {
    pub(super) fn new() -> Self {
        let map = |json: Json| json.as_object().unwrap().clone().into_iter().collect();
        Self {
            groups: ["admins", "staff"].map(String::from).into(),
            profile: map(json!({
                "department": "sales", "level": 3, "ratio": 0.5, "nothing": null, "is_active": true,
                "address": { "locality": "Oslo" }, "roles": ["buyer", "seller"], "big": u64::MAX,
            })),
            attributes: map(json!({ "tenant": "acme", "tenant-id": 7 })),
            scopes: ScopeSet::parse("read:orders write:orders").unwrap(),
            amr: vec!["pwd".to_owned(), "otp".to_owned()],
        }
    }

    pub(super) fn inputs(&self) -> Inputs<'_> {
        Inputs {
            user: Some(UserInput {
                id: "00u1",
                login: "alice",
                groups: &self.groups,
                profile: &self.profile,
            }),
            ..self.without_user()
        }
    }

    pub(super) fn without_user(&self) -> Inputs<'_> {
        let session = SessionInput {
            auth_time: UnixTime::from_seconds(1_795_946_100),
            acr: "urn:okta:loa:2fa:any",
            amr: &self.amr,
        };
        Inputs {
            user: None,
            client: ClientInput {
                id: "orders-portal",
                name: "Orders portal",
                client_type: "web",
                attributes: &self.attributes,
            },
            server: ServerInput { id: "default", audience: "api://orders" },
            scopes: &self.scopes,
            request: RequestInput {
                grant_type: "authorization_code",
                resource: Some("https://orders.example.com"),
                address: Some("192.0.2.7".parse().unwrap()),
                // Monday, 2026-11-30T09:30:05Z
                time: UnixTime::from_seconds(1_796_031_005),
            },
            session: Some(session),
        }
    }
}

pub(super) fn evaluated(text: &str) -> Result<Json, EvaluationError> {
    let expression =
        Expression::parse(text, Wanted::Value).unwrap_or_else(|e| panic!("{text}: {e}"));
    expression.evaluate(&World::new().inputs())
}

pub(super) fn value(text: &str) -> Json {
    evaluated(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Why an evaluation fails.
pub(super) fn failure(text: &str) -> &'static str {
    match evaluated(text) {
        Ok(value) => panic!("{text} gives {value}"),
        Err(error) => error.reason(),
    }
}

/// What is wrong with a text.
pub(super) fn refused(text: &str) -> String {
    match Expression::parse(text, Wanted::Value) {
        Ok(_) => panic!("{text} is accepted"),
        Err(error) => error.to_string().replacen(" of the expression", "", 1),
    }
}
