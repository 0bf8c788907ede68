//! The device authorization grant (RFC 8628): the endpoint for devices, and the decision of a user.

mod activation;
mod authorization;

pub use activation::{Activation, ActivationError, DeviceAnswer, DeviceOutcome, DeviceQuestion};
pub use authorization::DeviceResponse;
