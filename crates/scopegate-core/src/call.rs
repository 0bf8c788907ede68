//! What the requests of clients have in common: the form, the decision, the refusal.

mod addressed;
pub(crate) mod decision;
pub mod form;
pub(crate) mod presented_token;

pub(crate) use addressed::{active_server, selected};
