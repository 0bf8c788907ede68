//! Signing keys as they are stored, and their moves from phase to phase.

use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_jose::{Algorithm, Jwk};

use crate::catalog::{RuleSpec, ServerId};

/// A signing key as it is stored.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// The server that signs with it.
    pub server: ServerId,
    /// The id of the key, unique among the keys of the server.
    pub kid: String,
    /// The algorithm that it signs with.
    pub algorithm: Algorithm,
    /// The phase of the key.
    pub phase: KeyPhase,
    /// When the key was generated. `/keys` publishes it from then on.
    pub created: UnixTime,
    /// When the key started to sign; `None` if it has not signed yet.
    pub signs_from: Option<UnixTime>,
    /// When the key stopped signing; `None` if it signs, or has not signed yet.
    pub retired_at: Option<UnixTime>,
    /// The longest lifetime of a token that it may sign. `None`: a program of an earlier version
    /// made the key, and did not record it.
    pub longest: Option<Duration>,
    /// How long a cache may keep the `/keys` of its server while this is the newest key. `None`: as
    /// for `longest`.
    pub cached: Option<Duration>,
    /// The public key, as `/keys` publishes it.
    pub public: Jwk,
    /// The private key, sealed under the master key.
    pub sealed: Vec<u8>,
}

impl StoredKey {
    /// A cache keeps `/keys` for at most 10 minutes.
    pub const MAX_CACHED: Duration = Duration::from_secs(600);

    /// The longest lifetime of a token that it may sign: 24 hours if that is not recorded.
    pub fn longest_token(&self) -> Duration {
        self.longest.unwrap_or(RuleSpec::MAX_ACCESS_TOKEN_LIFETIME)
    }

    /// How long a cache may keep the `/keys` of its server while this is the newest key: 10 minutes
    /// if that is not recorded.
    pub fn cached_for(&self) -> Duration {
        self.cached.unwrap_or(Self::MAX_CACHED)
    }

    /// Enters a phase at a time.
    pub fn enter(&mut self, phase: KeyPhase, at: UnixTime) {
        match phase {
            KeyPhase::Announced => {}
            KeyPhase::Signing => self.signs_from = Some(at),
            KeyPhase::Retiring => self.retired_at = Some(at),
            KeyPhase::Dropped => self.sealed.clear(),
        }
        self.phase = phase;
    }
}

/// The phase of a signing key. The order is that of time: a key never returns to an earlier phase.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "each use must decide what a new phase means")]
pub enum KeyPhase {
    /// Published, so that all verifiers of tokens have the key before it signs.
    Announced,
    /// Published and signing. A server has one such key for each algorithm.
    Signing,
    /// Published, because tokens that it signed may still be valid. It no longer signs.
    Retiring,
    /// Not published. The private key is erased. The row stays, so that other nodes learn that the
    /// key was dropped.
    Dropped,
}

impl KeyPhase {
    /// All phases, in their order.
    pub const ALL: [Self; 4] = [Self::Announced, Self::Signing, Self::Retiring, Self::Dropped];

    /// The stored name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Signing => "signing",
            Self::Retiring => "retiring",
            Self::Dropped => "dropped",
        }
    }

    /// The phase with this stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == name)
    }

    /// Tells whether a server has at most one key of an algorithm in this phase.
    pub const fn is_of_one_key(self) -> bool {
        match self {
            Self::Announced | Self::Signing => true,
            Self::Retiring | Self::Dropped => false,
        }
    }
}

/// A change of one signing key.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "a storage must handle each move")]
pub enum KeyMove {
    /// Stores a new key.
    Insert(Box<StoredKey>),
    /// Moves a key from the phase that it must be in to a later one.
    ///
    /// A key never returns to a phase, so the phase serves as the version of a compare-and-set.
    Advance {
        /// The server of the key.
        server: ServerId,
        /// The id of the key.
        kid: String,
        /// The phase that the key must be in.
        from: KeyPhase,
        /// The phase that it enters.
        to: KeyPhase,
        /// The current time.
        at: UnixTime,
    },
    /// Lets a signing key sign tokens with a longer lifetime. The key must be signing, and its
    /// recorded lifetime shorter.
    Cover {
        /// The server of the key.
        server: ServerId,
        /// The id of the key.
        kid: String,
        /// The longest lifetime of a token from now on.
        longest: Duration,
    },
}

impl KeyMove {
    /// The server of the key.
    pub fn server(&self) -> &ServerId {
        match self {
            Self::Insert(key) => &key.server,
            Self::Advance { server, .. } | Self::Cover { server, .. } => server,
        }
    }

    /// The id of the key.
    pub fn kid(&self) -> &str {
        match self {
            Self::Insert(key) => &key.kid,
            Self::Advance { kid, .. } | Self::Cover { kid, .. } => kid,
        }
    }

    /// The phase that the key is in afterwards.
    pub fn phase(&self) -> KeyPhase {
        match self {
            Self::Insert(key) => key.phase,
            Self::Advance { to, .. } => *to,
            Self::Cover { .. } => KeyPhase::Signing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phase_can_be_read_by_its_stored_name() {
        for phase in KeyPhase::ALL {
            assert_eq!(KeyPhase::from_name(phase.as_str()), Some(phase));
        }
        assert_eq!(KeyPhase::from_name("lent"), None);
        assert!(KeyPhase::ALL.is_sorted());
    }
}
