//! An authorization code: a secret, and what was decided when it was issued.

use std::fmt;
use std::time::Duration;

use scopegate_claims::{Audience, UnixTime};
use scopegate_jose::{MasterKey, random_token, sha256};
use serde::{Deserialize, Serialize};

use crate::authority::upkeep::CLOCK_SKEW;
use crate::catalog::UserId;
use crate::catalog::{ClientId, ServerId};
use crate::directory::Authentication;
use crate::policy::Granted;
use crate::store::{Artifact, ArtifactKind, FamilyId};
use crate::token::IdTokenWish;
use crate::token::TokenId;

/// How long a code may be redeemed (RFC 6749 §4.1.2: ten minutes at most).
pub(crate) const LIFETIME: Duration = Duration::from_secs(5 * 60);

/// How long the row of a code stays at least that was redeemed: until then its second use is told from
/// a guess. It stays until the access token ends; the family is found without it.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// What a code is bound to: whoever exchanges it must show both.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Binding {
    /// Where it was sent, if the request named that: the exchange must name it again.
    pub(crate) redirect_uri: Option<String>,
    /// The S256 challenge (RFC 7636).
    pub(crate) challenge: Option<String>,
}

/// The family that a code begins. It follows from the code and its binding, so that whoever shows all of
/// that again after the code's row is forgotten still ends the family. The code alone ends nothing.
pub(crate) fn family_of(code: &str, binding: &Binding, master_key: &MasterKey) -> FamilyId {
    let mut shown = sha256(code.as_bytes()).to_vec();
    for (tag, part) in [(1, &binding.redirect_uri), (2, &binding.challenge)] {
        if let Some(part) = part {
            shown.push(tag);
            shown.extend(sha256(part.as_bytes()));
        }
    }
    let mac = master_key.mac("family of a code", &shown);
    let mut bytes = [0; 15];
    bytes.copy_from_slice(&mac[..15]);
    FamilyId::from_bytes(&bytes)
}

/// What a code stands for. `Debug` hides it.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeBody {
    pub(crate) server: ServerId,
    pub(crate) client: ClientId,
    pub(crate) state: CodeState,
}

/// Whether it was redeemed.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) enum CodeState {
    /// It waits for its client.
    Issued(Box<Issued>),
    /// The client has its tokens. What was granted is not kept any longer.
    Used {
        user: UserId,
        used: UsedCode,
        /// Nothing of it ends where this is unknown, in a row of an earlier version.
        #[serde(default)]
        binding: Option<Binding>,
    },
}

/// What was decided when a code was issued.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Issued {
    #[serde(flatten)]
    pub(crate) binding: Binding,
    pub(crate) granted: Granted,
    pub(crate) audience: Audience,
    pub(crate) user: UserId,
    /// Which version of her agreed.
    pub(crate) user_version: u64,
    pub(crate) auth: Authentication,
    pub(crate) id_token: IdTokenWish,
    #[serde(default)]
    pub(crate) userinfo_claims: Vec<String>,
}

/// What ends if a code is used once more.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UsedCode {
    /// The family of refresh tokens, with which its access tokens end.
    pub(crate) family: Option<FamilyId>,
    /// The access token.
    pub(crate) token_id: TokenId,
    /// When it ends anyway.
    pub(crate) token_ends_at: UnixTime,
}

impl UsedCode {
    /// How long the row of the code stays: a code that comes again ends the access token by it.
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

/// Makes a code of a server for a client, and the row by which it is found.
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
    fn a_family_follows_from_the_code_and_from_all_that_it_is_bound_to() {
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
