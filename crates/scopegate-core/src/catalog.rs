//! What an administrator writes: zones, hooks, servers, scopes, claims, policies, clients.
//!
//! Each entity has a *spec*: the text that the administrator wrote, parsed once into types, and stored as
//! one row. All specs together make a [`Snapshot`], which requests read without a lock.

pub mod admin_scopes;
pub mod audience_names;
mod built_in;
mod changes;
mod check;
mod claim;
mod client;
mod entity;
mod entity_id;
mod grant_kind;
mod group;
mod hook;
mod kind;
mod out_of_service;
mod own_tokens;
mod owner;
mod placement;
mod policy;
mod redirect_uri;
mod resource;
mod scope;
mod server;
mod snapshot;
mod stored_row;
mod trusted_issuer;
mod user_id;
mod zone;

pub use built_in::BuiltIn;
pub use changes::{CatalogChanges, Versions};
pub use check::{Checked, Fault, Faults, Field, MAX_FAULTS, Step, View, check};
pub(crate) use check::{check_places, key_advice, label, named_by};
pub use claim::{
    ClaimExpression, ClaimSource, ClaimSpec, GroupFilter, GroupMatch, OnError, TokenKind,
    is_reserved,
};
pub use client::{
    ClientAuth, ClientConsent, ClientId, ClientSecret, ClientSpec, ClientType, RefreshPolicy,
    RotationType,
};
pub use entity::{Edit, Entity, EntityKey};
pub use entity_id::{EntityId, EntityRecord, StoredRecord};
pub use grant_kind::{AuthMethod, Credential, GrantKind};
pub use group::GroupSpec;
pub use hook::{
    HookAuth, HookCache, HookCredential, HookOauth, HookSecret, HookSpec, HookTarget, HttpHook,
    OnFailure, SettableClaim, SqlHook, UnopenedSecret,
};
pub use kind::{EntityKind, Spec};
pub use owner::{Owner, OwnerName};
pub(crate) use policy::local_time;
pub use policy::{AcrClass, Clients, ClockTime, Day, Effect, Hours, PolicySpec, RuleSpec, Scopes};
pub use redirect_uri::RedirectUri;
pub use resource::Resource;
pub(crate) use scope::scope_token;
pub use scope::{Consent, MetadataPublish, RESERVED_SCOPES, STANDARD_SCOPES, ScopeSpec};
pub use server::{AudienceSpec, KeyRotation, KeySchedule, ServerId, ServerSpec};
pub use snapshot::{
    AuthorizationServer, Candidate, CatalogState, Client, Hook, Networks, Policy, RequestedBits,
    Rule, ScopeFilter, Snapshot,
};
pub use stored_row::{Affected, FORMAT, ReadRow, RowKey, StoredRow, UnreadableRow};
pub use trusted_issuer::{SubjectKind, TrustedIssuer, TrustedIssuerSpec};
pub use user_id::UserId;
pub use zone::{BadNetwork, Network, ZoneSpec};

use scopegate_jose::{Jwk, KeySet, VerifyingKey};
use serde::{Deserialize, Serialize};

/// Whether an entity is in use, with Okta's names.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(clippy::exhaustive_enums, reason = "an entity is on or off")]
pub enum Status {
    /// The entity is in use.
    #[default]
    Active,
    /// The entity is stored but not used.
    Inactive,
}

impl Status {
    /// Tells whether the entity is in use.
    pub fn is_active(&self) -> bool {
        *self == Self::Active
    }
}

/// The keys, ready to verify with.
///
/// The catalog refuses keys that cannot verify. If a later version refuses a stored key, that key is left
/// out, and only its owner is affected.
fn usable_keys(jwks: &[Jwk]) -> KeySet {
    KeySet::from_keys(jwks.iter().filter_map(|jwk| VerifyingKey::from_jwk(jwk).ok()))
}
