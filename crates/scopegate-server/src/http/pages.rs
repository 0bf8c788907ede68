//! Pages for people: plain HTML that works without a script.

pub(super) mod consent;
pub(super) mod error;
pub(super) mod html;
pub(super) mod sign_in;
pub(super) mod signed_out;
