//! A row of the table of operations.

use axum::handler::Handler;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use scopegate_axum::routes::{self, Arguments, Methods};

use crate::http::app::App;

/// A way to write the schema of a type.
type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

/// An operation of the management API: the route, and what OpenAPI says of it. The guard is in the signature of
/// the handler.
pub(super) struct Row {
    path: &'static str,
    methods: Methods<App>,
    pub(super) about: About,
}

/// What OpenAPI says of an operation.
#[derive(Clone)]
pub(super) struct About {
    pub(super) path: &'static str,
    pub(super) method: &'static str,
    pub(super) summary: &'static str,
    pub(super) query: Option<SchemaOf>,
    pub(super) body: Option<SchemaOf>,
    pub(super) status: u16,
    pub(super) answer: Option<SchemaOf>,
}

macro_rules! methods {
    ($($name:ident, $status:literal;)+) => {$(
        /// An operation with this method.
        pub(super) fn $name<H, T>(path: &'static str, summary: &'static str, handler: H) -> Self
        where
            H: Handler<T, App>,
            T: Arguments<App> + 'static,
        {
            let about = About {
                path,
                method: stringify!($name),
                summary,
                query: None,
                body: None,
                status: $status,
                answer: None,
            };
            Self { path, methods: routes::$name(handler), about }
        }
    )+};
}

impl Row {
    methods! {
        get, 200;
        post, 200;
        put, 200;
        delete, 204;
    }

    /// The query has these parameters.
    pub(super) fn query<T: JsonSchema>(mut self) -> Self {
        self.about.query = Some(T::json_schema);
        self
    }

    /// The body is this.
    pub(super) fn takes<T: JsonSchema>(mut self) -> Self {
        self.about.body = Some(SchemaGenerator::subschema_for::<T>);
        self
    }

    /// The answer has this status and body.
    pub(super) fn answers<T: JsonSchema>(mut self, status: u16) -> Self {
        self.about.status = status;
        self.about.answer = Some(SchemaGenerator::subschema_for::<T>);
        self
    }

    /// The answer has this status and no body.
    pub(super) fn answers_nothing(mut self) -> Self {
        self.about.status = 204;
        self
    }

    pub(super) fn into_route(self) -> (&'static str, Methods<App>) {
        (self.path, self.methods)
    }
}
