//! The device authorization grant (RFC 8628): a device without a browser requests access, and a user decides
//! in their own browser.
//!
//! 1. The device gets two codes (`endpoints::device`): a secret device code, and a user code to type.
//! 2. The user signs in, types the user code, sees what the device requests, and allows or denies it
//!    (`endpoints::device`).
//! 3. Meanwhile the device polls for its tokens (`grants::device_code`).
//!
//! One artifact holds the state. Either code finds it.

mod user_code;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use scopegate_claims::{Audience, ScopeSet, UnixTime};
use serde::{Deserialize, Serialize};

use super::code::UsedCode;
use crate::catalog::{ClientId, ServerId, UserId};
use crate::directory::Authentication;
use crate::policy::{Granted, Wanted};
use crate::store::{Artifact, Change, StoreError};

pub use user_code::UserCode;

/// How long the codes are valid (RFC 8628 §3.2, `expires_in`).
pub(crate) const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// How long a device must wait between two polls at first (RFC 8628 §3.2, `interval`).
pub(crate) const INTERVAL: Duration = Duration::from_secs(5);

/// The stored body of a device code. `Debug` hides it.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceBody {
    pub(crate) server: ServerId,
    pub(crate) client: ClientId,
    /// The requested scopes. `None` means the server's default scopes.
    pub(crate) scopes: Option<ScopeSet>,
    pub(crate) audience: Audience,
    /// The values of `resource`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) resources: Vec<String>,
    /// The IP address of the device. It helps the user to recognize their own device.
    pub(crate) asked_from: Option<IpAddr>,
    pub(crate) ends_at: UnixTime,
    /// How long the device must wait between two polls at first.
    pub(crate) interval: Duration,
    /// The time of the last poll, in rows of an earlier version. It is read and ignored.
    #[serde(default, rename = "polled_at", skip_serializing)]
    pub(crate) _polled_at: Option<UnixTime>,
    pub(crate) state: State,
}

/// The state of a device code.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) enum State {
    /// The user has not decided yet.
    Pending,
    /// The user allowed the request.
    Approved(Approval),
    /// The user denied the request.
    Denied,
    /// The device got its tokens.
    Used { user: UserId, used: UsedCode },
}

impl State {
    /// The user who allowed the request.
    pub(crate) const fn user(&self) -> Option<&UserId> {
        match self {
            Self::Pending | Self::Denied => None,
            Self::Approved(approval) => Some(&approval.user),
            Self::Used { user, .. } => Some(user),
        }
    }
}

/// What a user allowed.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approval {
    pub(crate) user: UserId,
    /// The version of the user's row when they decided.
    pub(crate) user_version: u64,
    pub(crate) auth: Authentication,
    pub(crate) granted: Granted,
}

impl DeviceBody {
    /// Reads the body of an artifact.
    pub(crate) fn read(artifact: &Artifact) -> Result<Self, StoreError> {
        serde_json::from_str(&artifact.body)
            .map_err(|_| StoreError::Corrupt("a device code".to_owned()))
    }

    /// The scopes that the device requests.
    pub(crate) fn wanted(&self) -> Wanted {
        self.scopes.clone().map_or(Wanted::Default, Wanted::Named)
    }

    /// The change that replaces the body of the artifact by this one.
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
    fn a_row_of_an_earlier_version_is_read_and_one_of_a_later_version_is_refused() {
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
