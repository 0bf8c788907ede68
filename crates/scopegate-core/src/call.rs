//! What all client requests share: authentication, the decision, the recorded refusal, and retries.

mod addressed;
mod answer;
pub(crate) mod decision;
pub(crate) mod presented_token;
mod refusal;
mod request;

pub(crate) use addressed::{active_server, selected};
pub(crate) use answer::ClientEndpoint;
pub(crate) use refusal::{ClientError, Recording};
pub use refusal::{Considered, Denied, Refused};
pub use request::ClientRequest;
pub(crate) use request::{CallKind, ClientCall};

#[cfg(test)]
mod tests;
