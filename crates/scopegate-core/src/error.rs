//! What can go wrong when a client calls an endpoint, and what the client learns of it.

mod answer;
mod call_error;

pub use self::answer::{ErrorCode, OAuthError, OUT_OF_SERVICE};
pub use self::call_error::CallError;
