//! A request that its client pushed before (RFC 9126 §4). The browser sends a reference to it.
//!
//! It is stored as one artifact. The client has one minute to send the browser here. The first page that a
//! user is shown binds the request to their browser and extends its lifetime. The code uses the request up.

use std::fmt;
use std::time::Duration;

use scopegate_claims::UnixTime;
use scopegate_jose::{MasterKey, base64url, random_token, sha256};
use serde::{Deserialize, Serialize};

use super::parameters::Parameters;
use super::{AuthorizeError, AuthorizeRequest};
use crate::authority::Authority;
use crate::catalog::{ClientId, ServerId};
use crate::form::Form;
use crate::people::interaction::Interaction;
use crate::people::session::is_secret;
use crate::store::{Artifact, ArtifactKind, ArtifactName, Change, StoreError};

/// The prefix of every reference (RFC 9126 §2.2).
const URN: &str = "urn:ietf:params:oauth:request_uri:";

/// How long a reference is valid until a browser sends it.
pub(super) const LIFETIME: Duration = Duration::from_secs(60);

/// A pushed request that this browser may use. `Debug` hides it.
#[derive(Clone)]
pub(super) struct Pushed {
    artifact: Artifact,
    body: Body,
    /// The pushed parameters. Other parameters that the browser sends are ignored.
    pub(super) form: Form,
}

/// The stored body of a pushed request.
#[derive(Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Body {
    server: ServerId,
    client: ClientId,
    /// The encrypted parameters. They may contain an ID token (`id_token_hint`).
    sealed: String,
    /// The browser in which a page was shown. Other browsers are refused.
    #[serde(default)]
    browser: Option<[u8; 32]>,
    #[serde(default)]
    is_used: bool,
}

impl Body {
    fn to_json(&self) -> String {
        serde_json::to_string(self).expect("the body has text keys only")
    }
}

impl fmt::Debug for Pushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pushed").field("client", &self.body.client).finish_non_exhaustive()
    }
}

/// Makes the reference and the row of a pushed request. The client's credentials are not stored: `Parameters`
/// does not contain them.
pub(super) fn keep(
    master_key: &MasterKey,
    server: &ServerId,
    client: &ClientId,
    form: &Parameters,
    now: UnixTime,
) -> (String, Artifact) {
    let secret = random_token(32);
    let id = sha256(secret.as_bytes());
    let pairs: Vec<_> = form.pairs().collect();
    let json = serde_json::to_vec(&pairs).expect("strings can be serialized");
    let sealed = master_key.seal(&context(&id), &json).expect("a form can be sealed");
    let body = Body {
        server: server.clone(),
        client: client.clone(),
        sealed: base64url::encode(&sealed),
        browser: None,
        is_used: false,
    };
    let artifact = Artifact {
        kind: ArtifactKind::PushedRequest,
        id,
        alias: None,
        user: None,
        version: 0,
        expires_at: now.plus(LIFETIME),
        body: body.to_json(),
    };
    (format!("{URN}{secret}"), artifact)
}

fn context(id: &[u8; 32]) -> String {
    format!("pushed request {}", base64url::encode(id))
}

impl Authority {
    /// The pushed request to which `request_uri` refers. `None` if there is no `request_uri`, or if it has
    /// another prefix.
    ///
    /// The error does not show whether a reference is unknown, expired, used or of another client or browser.
    pub(super) async fn pushed(
        &self,
        request: &AuthorizeRequest<'_>,
    ) -> Result<Option<Pushed>, AuthorizeError> {
        const REFUSAL: AuthorizeError = AuthorizeError::InvalidRequestUri;
        let reference = request.form.value("request_uri");
        let Some(secret) = reference.and_then(|uri| uri.strip_prefix(URN)) else {
            return Ok(None);
        };
        if !is_secret(secret) {
            return Err(REFUSAL);
        }
        let name = ArtifactName::of_secret(secret);
        let artifact = self.store.artifact(ArtifactKind::PushedRequest, &name).await?;
        let artifact = artifact.ok_or(REFUSAL)?;
        let corrupt = || StoreError::Corrupt("a pushed request".to_owned());
        let body: Body = serde_json::from_str(&artifact.body).map_err(|_| corrupt())?;

        let is_for_this_client = body.server == *request.server
            && request.form.value("client_id") == Some(body.client.as_str());
        let is_this_browser = body.browser.is_none_or(|browser| browser == request.browser);
        let is_over = body.is_used || self.clock.now() >= artifact.expires_at;
        if !is_for_this_client || !is_this_browser || is_over {
            return Err(REFUSAL);
        }
        let sealed = base64url::decode(&body.sealed).map_err(|_| corrupt())?;
        let json = self.master_key.open(&context(&artifact.id), &sealed).map_err(|_| corrupt())?;
        let pairs: Vec<(String, String)> = serde_json::from_slice(&json).map_err(|_| corrupt())?;
        let form = Form::collect(pairs).map_err(|_| corrupt())?;
        Ok(Some(Pushed { artifact, body, form }))
    }
}

impl Pushed {
    /// The change that binds the request to the browser in which the user is asked. `None` if it is already
    /// bound.
    pub(super) fn bound_to(&self, browser: [u8; 32], now: UnixTime) -> Option<Change> {
        let body = Body { browser: Some(browser), ..self.body.clone() };
        let is_new = self.body.browser.is_none();
        is_new.then(|| self.moved(&body, now.plus(Interaction::LIFETIME)))
    }

    /// The change that marks the request as used. The row is kept until it would have expired.
    pub(super) fn used(&self) -> Change {
        self.moved(&Body { is_used: true, ..self.body.clone() }, self.artifact.expires_at)
    }

    fn moved(&self, body: &Body, expires_at: UnixTime) -> Change {
        Change::MoveArtifact {
            kind: self.artifact.kind,
            id: self.artifact.id,
            from: self.artifact.version,
            body: body.to_json(),
            expires_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_are_encrypted_and_credentials_are_not_stored() {
        let form = Form::collect([
            ("client_id", "portal"),
            ("client_secret", "hush"),
            ("client_assertion", "hush"),
            ("anything", "else"),
            ("id_token_hint", "hint"),
        ]);
        let form = Parameters::of(&form.unwrap());
        let (now, master_key) = (UnixTime::from_seconds(1_800_000_000), MasterKey::generate());
        let client = ClientId::parse("portal").unwrap();
        let (uri, artifact) = keep(&master_key, &ServerId::default_server(), &client, &form, now);

        let secret = uri.strip_prefix(URN).unwrap();
        assert_eq!(artifact.id, sha256(secret.as_bytes()));
        assert_eq!(artifact.expires_at, now.plus(LIFETIME));
        for text in [secret, "hush", "hint"] {
            assert!(!artifact.body.contains(text), "{text}");
        }
        let body: Body = serde_json::from_str(&artifact.body).unwrap();
        let sealed = base64url::decode(&body.sealed).unwrap();
        let json = master_key.open(&context(&artifact.id), &sealed).unwrap();
        assert_eq!(
            String::from_utf8(json.to_vec()).unwrap(),
            r#"[["client_id","portal"],["id_token_hint","hint"]]"#
        );
    }
}
