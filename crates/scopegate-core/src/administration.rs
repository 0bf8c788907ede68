//! Changes of the catalog and of users.

pub mod apply;
pub mod clients;
pub mod edit_catalog;
pub mod plan;
pub mod reach;
pub mod users;
