//! The kinds of entities: a table, and what each of them answers for itself.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::check::Review;
use super::snapshot::AuthorizationServer;
use super::{
    ClaimSpec, ClientSpec, EntityKey, PolicySpec, RuleSpec, ScopeSpec, ServerSpec,
    TrustedIssuerSpec,
};

/// Where the entities of a kind belong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// To nothing: it is a client.
    Client,
    /// To nothing: it is a server.
    Server,
    /// To a server.
    InServer,
    /// To a policy of a server.
    InPolicy,
}

/// What a kind of entity answers for itself.
pub(crate) trait SpecKind: DeserializeOwned + Serialize {
    /// Where entities of the kind belong.
    const PLACE: Place;

    /// Tells whether an entity of the kind can have this parent.
    fn is_parent(parent: &str) -> bool {
        let depth = if parent.is_empty() { 0 } else { parent.split('/').count() };
        match Self::PLACE {
            Place::Client | Place::Server => depth == 0,
            Place::InServer => depth == 1,
            // The name of a policy may hold slashes.
            Place::InPolicy => depth >= 2,
        }
    }

    /// Tells whether an entity of the kind can be looked up by this name.
    fn is_name(name: &str) -> bool {
        let _ = name;
        true
    }

    /// The name of the field that holds the entity's name, as a catalog file has it.
    const NAME_FIELD: &'static str = "name";

    /// The most entities of the kind in a server; none: any number.
    const MOST_IN_A_SERVER: Option<usize> = None;

    /// Notes each rule that the entity breaks.
    fn check(&self, review: &mut Review<'_, '_>);

    /// Takes the secrets out of what is stored, for the audit log.
    fn hide_secrets(stored: &mut Value) {
        let _ = stored;
    }

    /// The entity in its server in memory.
    fn find(key: &EntityKey, server: &AuthorizationServer) -> Option<Self> {
        let _ = (key, server);
        None
    }

    /// The names of all entities of the kind in their server in memory.
    fn keys_in(server: &AuthorizationServer) -> Vec<EntityKey> {
        let _ = server;
        Vec::new()
    }

    /// Adds the entity to its server in memory, or replaces it there.
    fn put(self, key: &EntityKey, server: &mut AuthorizationServer) {
        let _ = (key, server);
    }

    /// Takes the entity out of its server in memory.
    fn delete(key: &EntityKey, server: &mut AuthorizationServer) {
        let _ = (key, server);
    }
}

/// A large spec is boxed in [`Spec`].
impl<T: SpecKind> SpecKind for Box<T> {
    const PLACE: Place = T::PLACE;
    const NAME_FIELD: &'static str = T::NAME_FIELD;
    const MOST_IN_A_SERVER: Option<usize> = T::MOST_IN_A_SERVER;

    fn is_parent(parent: &str) -> bool {
        T::is_parent(parent)
    }

    fn check(&self, review: &mut Review<'_, '_>) {
        T::check(self, review);
    }

    fn hide_secrets(stored: &mut Value) {
        T::hide_secrets(stored);
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

/// Makes [`EntityKind`] and [`Spec`] of a table: each kind with its spec, the name by which it is stored,
/// and the beginning of its ids. Parents stand before their children.
macro_rules! kinds {
    ($($(#[$doc:meta])+ $kind:ident($spec:ty) = $name:literal, $prefix:literal;)+) => {
        /// What kind of thing an entity is.
        #[derive(
            Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
        )]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum EntityKind {
            $($(#[$doc])+ $kind,)+
        }

        impl EntityKind {
            /// All there are, parents before their children.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// The name as it is stored and shown.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// With this begin the ids of its entities.
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

            pub(super) const fn name_field(self) -> &'static str {
                match self {
                    $(Self::$kind => <$spec as SpecKind>::NAME_FIELD,)+
                }
            }

            pub(super) const fn most_in_a_server(self) -> Option<usize> {
                match self {
                    $(Self::$kind => <$spec as SpecKind>::MOST_IN_A_SERVER,)+
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

        /// What was written of an entity.
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

            /// Reads what was stored.
            ///
            /// # Errors
            ///
            /// What is not as this version writes it. The text may quote what was stored.
            pub fn from_json(key: &EntityKey, json: &str) -> Result<Self, serde_json::Error> {
                match key.kind {
                    $(EntityKind::$kind => serde_json::from_str(json).map(Self::$kind),)+
                }
            }

            /// What is stored, without secrets and what is made of them.
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
    /// A custom authorization server.
    Server(ServerSpec) = "server", "aus";
    /// A scope of a server.
    Scope(ScopeSpec) = "scope", "scp";
    /// A claim of a server.
    Claim(ClaimSpec) = "claim", "ocl";
    /// An access policy of a server.
    Policy(PolicySpec) = "policy", "00p";
    /// A rule of a policy.
    Rule(RuleSpec) = "rule", "0pr";
    /// An issuer whose assertions a server takes.
    TrustedIssuer(Box<TrustedIssuerSpec>) = "trusted_issuer", "tri";
    /// A client.
    Client(Box<ClientSpec>) = "client", "0oa";
}

impl EntityKind {
    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}

impl From<ClientSpec> for Spec {
    fn from(client: ClientSpec) -> Self {
        Self::Client(Box::new(client))
    }
}
