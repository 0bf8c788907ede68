//! What HTTP services share about bearer tokens: guards, refusals and their answers.
//!
//! A layer authenticates a request and stores one [`Authenticated`] in its extensions. Code behind
//! the layer calls [`Authenticated::allow`], which checks a [`Guard`]. This is the one
//! decision of `scopegate-tower`, `scopegate-axum` and `scopegate-tonic`. What is not allowed is a
//! [`Refusal`]: its cause, status, challenge and body. [`Refusal::into_http`] and
//! [`Refusal::into_grpc`] write the answer, and log it.
//!
//! The crate has no crypto and no runtime. With the feature `axum`, [`Token`] is an extractor, and
//! [`Refusal`] its rejection.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(missing_docs)]

#[cfg(feature = "aide")]
pub mod aide;
mod authenticated;
mod authentication_layer;
#[cfg(feature = "axum")]
mod axum;
mod challenge;
mod challenge_settings;
mod claim_rule;
mod guard;
pub mod openapi;
mod probe;
mod refusal;
mod refusal_body;
mod request_head;
#[cfg(test)]
mod tests;
mod token;
#[cfg(feature = "utoipa")]
pub mod utoipa;

pub use scopegate_jose::{ExtraClaims, JoseError, Verified};

pub use crate::authenticated::Authenticated;
pub use crate::authentication_layer::AuthenticationLayer;
pub use crate::challenge::{BearerChallenge, BearerError};
pub use crate::challenge_settings::ChallengeSettings;
pub use crate::claim_rule::{ClaimRule, claim};
pub use crate::guard::{Guard, IntoGuard, Rule, acr, fresh, group, role};
pub use crate::probe::Probe;
pub use crate::refusal::{Refusal, RefusalCause, RefusalStatus};
pub use crate::refusal_body::{ProblemJson, RefusalBody, RefusalContent};
pub use crate::request_head::RequestHead;
pub use crate::token::{OwnClaims, Token};

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
