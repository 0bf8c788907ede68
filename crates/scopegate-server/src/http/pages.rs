//! Pages for users: plain HTML that works without a script.

pub(super) mod activate;
pub(super) mod consent;
pub(super) mod error;
pub(super) mod html;
pub(super) mod log_out;
pub(super) mod sign_in;

pub(super) use self::error::failure;
