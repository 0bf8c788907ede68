//! An authorization code: a random secret, and a row with the decision that it stands for.

use std::fmt;
use std::time::Duration;

use scopegate_claims::{Audience, UnixTime};
use scopegate_jose::{MasterKey, random_token, sha256};
use serde::{Deserialize, Serialize};

use crate::authority::upkeep::CLOCK_SKEW;
use crate::catalog::{ClientId, ServerId, UserId};
use crate::directory::Authentication;
use crate::policy::Granted;
use crate::store::{Artifact, ArtifactKind, FamilyId};
use crate::token::{IdTokenWish, TokenId};

/// How long a code can be redeemed (RFC 6749 §4.1.2 recommends at most ten minutes).
pub(crate) const LIFETIME: Duration = Duration::from_secs(5 * 60);

/// The minimum time for which the row of a redeemed code is kept to detect a second use. It is kept longer if
/// the access token lives longer. After that, a replay is detected only if the code began a family.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// What a code is bound to. The token request must match both.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Binding {
    /// The `redirect_uri` of the authorization request. If it had one, the token request must repeat it.
    pub(crate) redirect_uri: Option<String>,
    /// The S256 code challenge (RFC 7636).
    pub(crate) challenge: Option<String>,
}

/// The id of the family that a code begins. It is derived from the code and its binding, so a replay with the
/// right binding ends the family even after the code's row was deleted. The code alone does not give the id.
pub(crate) fn family_of(code: &str, binding: &Binding, master_key: &MasterKey) -> FamilyId {
    let mut input = sha256(code.as_bytes()).to_vec();
    for (tag, part) in [(1, &binding.redirect_uri), (2, &binding.challenge)] {
        if let Some(part) = part {
            input.push(tag);
            input.extend(sha256(part.as_bytes()));
        }
    }
    let mac = master_key.mac("family of a code", &input);
    let mut bytes = [0; 15];
    bytes.copy_from_slice(&mac[..15]);
    FamilyId::from_bytes(&bytes)
}

/// The stored body of a code. `Debug` hides it.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeBody {
    pub(crate) server: ServerId,
    pub(crate) client: ClientId,
    pub(crate) state: CodeState,
}

/// Whether the code was redeemed.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) enum CodeState {
    /// The code was not redeemed yet.
    Issued(Box<Issued>),
    /// The code was redeemed. What was granted is no longer stored.
    Used {
        user: UserId,
        used: UsedCode,
        /// `None` in a row of an earlier version. A replay of such a code revokes nothing.
        #[serde(default)]
        binding: Option<Binding>,
    },
}

impl CodeState {
    /// The user for whom the code was issued.
    pub(crate) const fn user(&self) -> &UserId {
        match self {
            Self::Issued(issued) => &issued.user,
            Self::Used { user, .. } => user,
        }
    }
}

/// The decision when the code was issued.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Issued {
    #[serde(flatten)]
    pub(crate) binding: Binding,
    pub(crate) granted: Granted,
    pub(crate) audience: Audience,
    /// The values of `resource`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) resources: Vec<String>,
    pub(crate) user: UserId,
    /// The version of the user's row when they consented.
    pub(crate) user_version: u64,
    pub(crate) auth: Authentication,
    pub(crate) id_token: IdTokenWish,
    #[serde(default)]
    pub(crate) userinfo_claims: Vec<String>,
}

/// What a replay of a used code revokes.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsedCode {
    /// The family of refresh tokens. Its access tokens end with it.
    pub(crate) family: Option<FamilyId>,
    /// The id of the access token.
    pub(crate) token_id: TokenId,
    /// When the access token expires.
    pub(crate) token_ends_at: UnixTime,
}

impl UsedCode {
    /// Until when the row of the code is kept. A replay needs the row to revoke the access token.
    pub(crate) fn remembered_until(&self, now: UnixTime) -> UnixTime {
        now.plus(REMEMBERED).max(self.token_ends_at.plus(CLOCK_SKEW))
    }
}

impl CodeBody {
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a code has text keys only")
    }
}

impl fmt::Debug for CodeBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeBody").field("client", &self.client).finish_non_exhaustive()
    }
}

/// Makes a code and its row.
pub(crate) fn issue(
    server: &ServerId,
    client: &ClientId,
    issued: Issued,
    now: UnixTime,
) -> (String, Artifact) {
    let code = random_token(32);
    let user = issued.user.clone();
    let state = CodeState::Issued(Box::new(issued));
    let body = CodeBody { server: server.clone(), client: client.clone(), state };
    let artifact = Artifact {
        kind: ArtifactKind::Code,
        id: sha256(code.as_bytes()),
        alias: None,
        user: Some(user),
        version: 0,
        expires_at: now.plus(LIFETIME),
        body: body.to_json(),
    };
    (code, artifact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_family_id_depends_on_the_code_and_on_its_binding() {
        let master_key = MasterKey::generate();
        let binding = |redirect_uri: Option<&str>, challenge: Option<&str>| Binding {
            redirect_uri: redirect_uri.map(str::to_owned),
            challenge: challenge.map(str::to_owned),
        };
        let bound = [
            binding(None, None),
            binding(Some("a"), None),
            binding(None, Some("a")),
            binding(Some("a"), Some("b")),
            binding(Some("b"), Some("a")),
        ];
        let family = |code: &str, binding: &Binding| {
            family_of(code, binding, &master_key).as_str().to_owned() //
        };
        let families: Vec<_> = bound.iter().map(|binding| family("code", binding)).collect();
        let distinct: std::collections::BTreeSet<_> = families.iter().collect();
        assert_eq!(distinct.len(), bound.len());
        assert_eq!(families[3], family("code", &bound[3]));
        assert_ne!(families[3], family("another", &bound[3]));
    }
}
