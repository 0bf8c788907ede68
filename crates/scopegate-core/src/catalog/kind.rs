//! The kinds of entities: a table, and the trait that each kind implements.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::check::Review;
use super::placement::Place;
use super::snapshot::AuthorizationServer;
use super::{
    ClaimSpec, ClientSpec, EntityKey, GroupSpec, HookSpec, PolicySpec, RuleSpec, ScopeSpec,
    ServerSpec, TrustedIssuerSpec, ZoneSpec,
};

/// What is different for each kind of entity.
pub(crate) trait SpecKind: DeserializeOwned + Serialize {
    /// What the entities of the kind belong to.
    const PLACE: Place;

    /// Tells whether an entity of the kind can have this parent.
    fn is_parent(parent: &str) -> bool {
        let depth = if parent.is_empty() { 0 } else { parent.split('/').count() };
        match Self::PLACE {
            Place::Catalog | Place::Client | Place::Server => depth == 0,
            Place::InServer => depth == 1,
            // The name of a policy may contain slashes.
            Place::InPolicy => depth >= 2,
        }
    }

    /// Tells whether an entity of the kind can be looked up by this name.
    fn is_name(name: &str) -> bool {
        let _ = name;
        true
    }

    /// The key that has the entity's name in a catalog file.
    const NAME_FIELD: &'static str = "name";

    /// Maximum number of entities of the kind in a server. `None`: no limit.
    const MAX_PER_SERVER: Option<usize> = None;

    /// Reports each rule that the entity breaks.
    fn check(&self, review: &mut Review<'_, '_>);

    /// Removes secrets from the stored JSON, for the audit log.
    fn hide_secrets(stored: &mut Value) {
        let _ = stored;
    }

    /// Removes secrets, for the history.
    fn forget_secrets(&mut self) {}

    /// Finds the entity in its server in memory.
    fn find(key: &EntityKey, server: &AuthorizationServer) -> Option<Self> {
        let _ = (key, server);
        None
    }

    /// The keys of all entities of the kind in a server in memory.
    fn keys_in(server: &AuthorizationServer) -> Vec<EntityKey> {
        let _ = server;
        Vec::new()
    }

    /// Adds the entity to its server in memory, or replaces it there.
    fn put(self, key: &EntityKey, server: &mut AuthorizationServer) {
        let _ = (key, server);
    }

    /// Removes the entity from its server in memory.
    fn delete(key: &EntityKey, server: &mut AuthorizationServer) {
        let _ = (key, server);
    }
}

/// Large specs are boxed, so that [`Spec`] stays small.
impl<T: SpecKind> SpecKind for Box<T> {
    const PLACE: Place = T::PLACE;
    const NAME_FIELD: &'static str = T::NAME_FIELD;
    const MAX_PER_SERVER: Option<usize> = T::MAX_PER_SERVER;

    fn is_parent(parent: &str) -> bool {
        T::is_parent(parent)
    }

    fn check(&self, review: &mut Review<'_, '_>) {
        T::check(self, review);
    }

    fn hide_secrets(stored: &mut Value) {
        T::hide_secrets(stored);
    }

    fn forget_secrets(&mut self) {
        T::forget_secrets(self);
    }

    fn find(key: &EntityKey, server: &AuthorizationServer) -> Option<Self> {
        T::find(key, server).map(Self::new)
    }

    fn keys_in(server: &AuthorizationServer) -> Vec<EntityKey> {
        T::keys_in(server)
    }

    fn is_name(name: &str) -> bool {
        T::is_name(name)
    }

    fn put(self, key: &EntityKey, server: &mut AuthorizationServer) {
        T::put(*self, key, server);
    }

    fn delete(key: &EntityKey, server: &mut AuthorizationServer) {
        T::delete(key, server);
    }
}

/// Defines [`EntityKind`] and [`Spec`] from a table. Each line has a kind, its spec, its stored name and the
/// prefix of its ids. Parents come before their children.
macro_rules! kinds {
    ($($(#[$doc:meta])+ $kind:ident($spec:ty) = $name:literal, $prefix:literal;)+) => {
        /// The kind of an entity.
        #[derive(
            Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
        )]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum EntityKind {
            $($(#[$doc])+ $kind,)+
        }

        impl EntityKind {
            /// All kinds, parents before their children.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// The name that is stored and shown.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// The prefix of the ids of this kind.
            pub(super) const fn id_prefix(self) -> &'static str {
                match self {
                    $(Self::$kind => $prefix,)+
                }
            }

            pub(crate) const fn place(self) -> Place {
                match self {
                    $(Self::$kind => <$spec as SpecKind>::PLACE,)+
                }
            }

            pub(crate) const fn name_field(self) -> &'static str {
                match self {
                    $(Self::$kind => <$spec as SpecKind>::NAME_FIELD,)+
                }
            }

            pub(super) const fn max_per_server(self) -> Option<usize> {
                match self {
                    $(Self::$kind => <$spec as SpecKind>::MAX_PER_SERVER,)+
                }
            }

            pub(super) fn keys_in(self, server: &AuthorizationServer) -> Vec<EntityKey> {
                match self {
                    $(Self::$kind => <$spec as SpecKind>::keys_in(server),)+
                }
            }

            pub(super) fn is_parent(self, parent: &str) -> bool {
                match self {
                    $(Self::$kind => <$spec as SpecKind>::is_parent(parent),)+
                }
            }

            pub(super) fn is_name(self, name: &str) -> bool {
                match self {
                    $(Self::$kind => <$spec as SpecKind>::is_name(name),)+
                }
            }

            pub(super) fn delete(self, key: &EntityKey, server: &mut AuthorizationServer) {
                match self {
                    $(Self::$kind => <$spec as SpecKind>::delete(key, server),)+
                }
            }
        }

        /// The content of an entity.
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Spec {
            $($(#[$doc])+ $kind($spec),)+
        }

        impl Spec {
            /// What kind of thing it is about.
            pub const fn kind(&self) -> EntityKind {
                match self {
                    $(Self::$kind(_) => EntityKind::$kind,)+
                }
            }

            /// The JSON text that is stored.
            pub fn to_json(&self) -> String {
                let json = match self {
                    $(Self::$kind(spec) => serde_json::to_string(spec),)+
                };
                json.expect("a spec has text keys only")
            }

            /// Parses the stored JSON.
            ///
            /// # Errors
            ///
            /// The JSON does not have the form that this version writes. The text may quote stored values.
            pub fn from_json(key: &EntityKey, json: &str) -> Result<Self, serde_json::Error> {
                match key.kind {
                    $(EntityKind::$kind => serde_json::from_str(json).map(Self::$kind),)+
                }
            }

            /// The stored JSON without secrets and values that are derived from them.
            pub fn without_secrets(&self) -> Value {
                let (stored, hide): (_, fn(&mut Value)) = match self {
                    $(Self::$kind(spec) => {
                        (serde_json::to_value(spec), <$spec as SpecKind>::hide_secrets)
                    })+
                };
                let mut stored = stored.expect("a spec has text keys only");
                hide(&mut stored);
                stored
            }

            /// The same content without secrets and values that are derived from them.
            #[must_use]
            pub(crate) fn forgetting_secrets(mut self) -> Self {
                match &mut self {
                    $(Self::$kind(spec) => SpecKind::forget_secrets(spec),)+
                }
                self
            }

            pub(super) fn check(&self, review: &mut Review<'_, '_>) {
                match self {
                    $(Self::$kind(spec) => SpecKind::check(spec, review),)+
                }
            }

            pub(super) fn find(key: &EntityKey, server: &AuthorizationServer) -> Option<Self> {
                match key.kind {
                    $(EntityKind::$kind => <$spec>::find(key, server).map(Self::$kind),)+
                }
            }

            pub(super) fn put(self, key: &EntityKey, server: &mut AuthorizationServer) {
                match self {
                    $(Self::$kind(spec) => SpecKind::put(spec, key, server),)+
                }
            }
        }
    };
}

kinds! {
    /// A zone: networks with a name.
    Zone(ZoneSpec) = "zone", "nzo";
    /// A token hook.
    Hook(Box<HookSpec>) = "hook", "cal";
    /// A group.
    Group(GroupSpec) = "group", "00g";
    /// A custom authorization server.
    Server(ServerSpec) = "server", "aus";
    /// A scope of a server.
    Scope(ScopeSpec) = "scope", "scp";
    /// A claim of a server.
    Claim(ClaimSpec) = "claim", "ocl";
    /// An access policy of a server.
    Policy(PolicySpec) = "policy", "00p";
    /// A rule of a policy.
    Rule(Box<RuleSpec>) = "rule", "0pr";
    /// An issuer whose assertions a server accepts.
    TrustedIssuer(Box<TrustedIssuerSpec>) = "trusted_issuer", "tri";
    /// A client.
    Client(Box<ClientSpec>) = "client", "0oa";
}

impl EntityKind {
    /// The kind with this stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}

impl From<RuleSpec> for Spec {
    fn from(rule: RuleSpec) -> Self {
        Self::Rule(Box::new(rule))
    }
}

impl From<ClientSpec> for Spec {
    fn from(client: ClientSpec) -> Self {
        Self::Client(Box::new(client))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Edit;

    /// A catalog may have a million clients, each of which is an edit when the catalog is applied or read.
    #[test]
    fn an_edit_of_a_client_does_not_pay_for_a_rule() {
        assert!(size_of::<Spec>() < size_of::<RuleSpec>() / 2);
        assert!(size_of::<Spec>() < size_of::<ClientSpec>() * 3 / 5);
        let others = size_of::<EntityKey>() + size_of::<crate::catalog::Owner>();
        assert!(size_of::<Edit>() <= size_of::<Spec>() + others + size_of::<usize>());
    }
}
