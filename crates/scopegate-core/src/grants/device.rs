//! The device authorization grant (RFC 8628): a device that has no browser asks, a person decides in
//! hers.
//!
//! 1. The device asks and gets two codes ([`asking`](self)): a secret one, and one that a person types.
//! 2. She signs in, types the code, sees what it is for, and allows it or not (`activation`).
//! 3. Meanwhile the device asks for its token, again and again (`grants::device_code`).
//!
//! All of it is one artifact, found by either code, that moves from state to state.

mod user_code;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use scopegate_claims::{Audience, ScopeSet, UnixTime};
use serde::{Deserialize, Serialize};

use crate::catalog::UserId;
use crate::catalog::{ClientId, ServerId};
use crate::directory::Authentication;
use crate::grants::code::UsedCode;
use crate::policy::{Granted, Wanted};
use crate::store::{Artifact, Change, StoreError};

pub use user_code::UserCode;

/// How long a person has time (RFC 8628 §3.2, `expires_in`).
pub(crate) const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// How long a device waits between two questions at first (RFC 8628 §3.2, `interval`).
pub(crate) const INTERVAL: Duration = Duration::from_secs(5);

/// What a device code stands for. `Debug` hides it.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceBody {
    pub(crate) server: ServerId,
    pub(crate) client: ClientId,
    /// The scopes that were named; none: it is for the server to choose.
    pub(crate) scopes: Option<ScopeSet>,
    pub(crate) audience: Audience,
    /// From where the device asked, so that the person can see whether it is hers.
    pub(crate) asked_from: Option<IpAddr>,
    pub(crate) ends_at: UnixTime,
    /// How long the device must wait between two questions at first.
    pub(crate) interval: Duration,
    /// When the device asked last, in rows of an earlier version.
    #[serde(default, rename = "polled_at", skip_serializing)]
    pub(crate) _polled_at: Option<UnixTime>,
    pub(crate) state: State,
}

/// How far it has come.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) enum State {
    /// The person has not decided.
    Pending,
    /// She allows it.
    Approved(Approval),
    /// She does not.
    Denied,
    /// The device has its tokens.
    Used { user: UserId, used: UsedCode },
}

/// What a person allowed.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approval {
    pub(crate) user: UserId,
    /// Which version of her.
    pub(crate) user_version: u64,
    pub(crate) auth: Authentication,
    pub(crate) granted: Granted,
}

impl DeviceBody {
    /// What an artifact holds.
    pub(crate) fn read(artifact: &Artifact) -> Result<Self, StoreError> {
        serde_json::from_str(&artifact.body)
            .map_err(|_| StoreError::Corrupt("a device code".to_owned()))
    }

    /// The scopes that the device asks for.
    pub(crate) fn wanted(&self) -> Wanted {
        self.scopes.clone().map_or(Wanted::Default, Wanted::Named)
    }

    /// The change that leaves an artifact with this.
    pub(crate) fn moved(&self, artifact: &Artifact, expires_at: UnixTime) -> Change {
        Change::MoveArtifact {
            kind: artifact.kind,
            id: artifact.id,
            from: artifact.version,
            body: self.to_json(),
            expires_at,
        }
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("it has text keys only")
    }
}

impl fmt::Debug for DeviceBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceBody").field("client", &self.client).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_code_of_an_earlier_version_is_read_and_one_of_a_later_version_is_not() {
        let body = |more: &str| {
            format!(
                r#"{{"server":"default","client":"tv","scopes":null,"audience":"api://orders",
                "asked_from":null,"ends_at":1800000600,"interval":{{"secs":5,"nanos":0}},{more}
                "state":"pending"}}"#
            )
        };
        for known in ["", r#""polled_at":null,"#, r#""polled_at":1800000000,"#] {
            let read = serde_json::from_str::<DeviceBody>(&body(known)).unwrap();
            assert!(!read.to_json().contains("polled_at"), "{known}");
        }
        assert!(serde_json::from_str::<DeviceBody>(&body(r#""of_tomorrow":1,"#)).is_err());
    }
}
