//! Typed axum extractors: a handler says the scope it needs in its signature
