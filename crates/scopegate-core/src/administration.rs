//! Changes of the catalog and of users.

pub mod api_callers;
pub mod apply;
pub mod client_tokens;
pub mod clients;
pub mod edit_catalog;
pub mod export;
pub mod history;
pub mod plan;
pub mod plan_over_http;
pub mod reach;
pub mod rewrap;
pub mod rollback;
pub mod users;
