//! The device authorization grant (RFC 8628): the endpoint that a device asks, and the page on which a
//! user decides.

mod activation;
mod asking;

pub use activation::{Activation, ActivationError, DeviceAnswer, DeviceQuestion};
pub use asking::DeviceResponse;
