//! What an administrator writes: servers, scopes, claims, policies, clients.
//!
//! Each thing has a *spec*: what was written, parsed once into types, and stored as one row. Specs
//! are assembled into a [`Snapshot`], which requests read without a lock.

mod claim;
mod client;
mod entity;
mod policy;
mod scope;
mod server;
mod snapshot;

pub use claim::{ClaimSource, ClaimSpec, RESERVED_CLAIMS, TokenKind};
pub use client::{ClientAuth, ClientId, ClientSecret, ClientSpec, ClientType};
pub use entity::{Edit, Entity, EntityKey, EntityKind, Owner, Spec};
pub use policy::{Clients, PolicySpec, RuleSpec, Scopes};
pub use scope::{Consent, RESERVED_SCOPES, ScopeSpec};
pub use server::{AudienceSpec, ServerId, ServerSpec};
pub use snapshot::{AuthorizationServer, Client, Policy, Snapshot};

use serde::{Deserialize, Serialize};

/// Whether an entity takes part, in Okta's words.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(clippy::exhaustive_enums, reason = "a thing is on or off")]
pub enum Status {
    /// It takes part.
    #[default]
    Active,
    /// It is kept but takes no part.
    Inactive,
}

impl Status {
    /// Tells whether the entity takes part.
    pub fn is_active(self) -> bool {
        self == Self::Active
    }
}
