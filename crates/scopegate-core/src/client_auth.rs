//! Client authentication: exactly one method proves who the client is (RFC 6749 §2.3).
//!
//! A method is one file and one line in [`METHODS`].

pub(crate) mod assertion;
mod client_secret_basic;
mod client_secret_post;
mod nobody;
mod none;
mod private_key_jwt;

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use scopegate_claims::UnixTime;
use scopegate_jose::{KeySet, MasterKey};

use crate::catalog::{
    AuthMethod, AuthorizationServer, Client, ClientAuth, ClientSecret, Credential, Snapshot,
};
use crate::error::CallError;
use crate::form::Form;
use crate::keys::ClientKeys;
use crate::store::Change;

/// Every method this server speaks.
pub static METHODS: &[&dyn Method] = &[
    &client_secret_basic::ClientSecretBasic,
    &client_secret_post::ClientSecretPost,
    &private_key_jwt::PrivateKeyJwt,
    &none::NoProof,
];

/// What the rules of the catalog ask of each method.
pub fn methods() -> &'static [AuthMethod] {
    &AUTH_METHODS
}

static AUTH_METHODS: LazyLock<Vec<AuthMethod>> = LazyLock::new(|| {
    let method = |method: &&dyn Method| AuthMethod {
        auth: method.auth(),
        credential: method.credential(),
        is_basic: method.is_basic(),
    };
    METHODS.iter().map(method).collect()
});

/// One way in which a client proves who it is.
pub trait Method: Sync {
    /// The method as the catalog names it.
    fn auth(&self) -> ClientAuth;

    /// What the client proves itself by.
    fn credential(&self) -> Credential;

    /// Tells whether the client id is sent by HTTP Basic, which ends it at its first colon (RFC 7617 §2).
    fn is_basic(&self) -> bool {
        false
    }

    /// Tells whether the request uses this method, rightly or wrongly.
    fn is_attempted(&self, presented: &Presented<'_>) -> bool;

    /// Who the client says it is. Nothing is proved yet.
    ///
    /// # Errors
    ///
    /// Why the credentials cannot be read, for the log.
    fn claimed_id<'a>(&self, presented: &Presented<'a>) -> Result<Cow<'a, str>, &'static str>;

    /// Checks the proof, and says what must be remembered of it.
    ///
    /// It is called for an unknown client too, and must then take as long as for a wrong proof.
    ///
    /// # Errors
    ///
    /// Why the proof does not hold, for the log.
    fn prove(&self, proof: &Proof<'_>, client: Option<&Client>) -> Result<Proved, &'static str>;
}

/// What follows from a proof that holds.
#[derive(Debug, Default)]
pub struct Proved {
    /// What must be remembered of it.
    pub changes: Vec<Change>,
    /// It holds only if the secret in the Authorization header is read as if it were not
    /// form-encoded.
    pub is_unencoded: bool,
}

/// What a request says about its client.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Presented<'a> {
    /// The value of the Authorization header.
    pub authorization: Option<Authorization<'a>>,
    /// The form.
    pub form: &'a Form,
    /// The client's certificate, in DER (RFC 8705). No method looks at it yet.
    pub certificate: Option<&'a [u8]>,
    /// The value of the DPoP header (RFC 9449). Nothing looks at it yet.
    pub dpop: Option<&'a str>,
}

/// The parameters of a form that prove who the client is.
const CREDENTIALS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

impl<'a> Presented<'a> {
    /// A request that shows a form and nothing else.
    pub const fn form(form: &'a Form) -> Self {
        Self { authorization: None, form, certificate: None, dpop: None }
    }

    /// The same, with the value of the Authorization header.
    #[must_use]
    pub const fn with_authorization(self, authorization: Option<Authorization<'a>>) -> Self {
        Self { authorization, ..self }
    }

    /// Tells whether there is anything to prove who the client is, right or wrong.
    pub fn shows_proof(&self) -> bool {
        self.authorization.is_some()
            || CREDENTIALS.iter().any(|name| self.form.value(name).is_some())
    }
}

/// The value of an Authorization header. It is a secret: `Debug` hides it.
#[derive(Clone, Copy)]
pub struct Authorization<'a>(pub &'a str);

impl std::fmt::Debug for Authorization<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authorization(…)")
    }
}

/// What a proof is checked with.
#[derive(Clone, Copy, Debug)]
pub struct Proof<'a> {
    /// What the request says.
    pub presented: &'a Presented<'a>,
    /// The server that is asked.
    pub server: &'a AuthorizationServer,
    /// Which of its endpoints is asked, by the last part of the path.
    pub endpoint: &'static str,
    /// The key under which secrets are kept.
    pub master_key: &'a MasterKey,
    /// The keys that the client publishes elsewhere, where it does; else its own are looked at.
    pub keys: Option<&'a KeySet>,
    /// The present.
    pub now: UnixTime,
}

/// A client that has proved who it is.
#[derive(Clone, Debug)]
pub struct AuthenticatedClient {
    /// The client.
    pub client: Arc<Client>,
    /// What must be remembered of the proof, in the transaction that issues the token.
    pub changes: Vec<Change>,
}

/// Finds out which client asks.
///
/// # Errors
///
/// [`CallError::SeveralClientAuthentications`], [`CallError::InvalidRequest`] if two different ids
/// are named, [`CallError::KeysUnavailable`] if the client's keys cannot be fetched,
/// [`CallError::Storage`] if the client is out of service on this node, else
/// [`CallError::InvalidClient`].
pub async fn authenticate(
    proof: &Proof<'_>,
    catalog: &Snapshot,
    client_keys: &ClientKeys,
) -> Result<AuthenticatedClient, CallError> {
    let presented = proof.presented;
    let refuse = CallError::InvalidClient;

    let mut attempted = METHODS.iter().filter(|method| method.is_attempted(presented));
    let method = attempted.next().ok_or_else(|| refuse("no credentials"))?;
    if attempted.next().is_some() {
        return Err(CallError::SeveralClientAuthentications);
    }
    let claimed = method.claimed_id(presented).map_err(refuse)?;
    if presented.form.value("client_id").is_some_and(|id| *id != *claimed) {
        return Err(CallError::InvalidRequest("The credentials are not those of client_id."));
    }
    let client = catalog.client(&claimed)?;
    let published = match client.and_then(|client| published_keys(client, *method)) {
        Some(url) => {
            let kid = private_key_jwt::kid(presented).map_err(refuse)?;
            Some(client_keys.of(url, kid.as_deref(), proof.now).await?)
        }
        None => None,
    };
    let proof = &Proof { keys: published.as_deref().or(proof.keys), ..*proof };
    let proved = method.prove(proof, client.map(Arc::as_ref));
    let client = client.ok_or_else(|| refuse("unknown client"))?;
    let proved = proved.map_err(refuse)?;
    if client.spec.auth != method.auth() {
        return Err(refuse("the client is registered for another authentication method"));
    }
    if !client.spec.status.is_active() {
        return Err(refuse("the client is inactive"));
    }
    if proved.is_unencoded && client.is_first_unencoded_secret() {
        tracing::warn!(
            client = %client.id,
            "the client does not form-encode its secret in the Authorization header (RFC 6749 \
             §2.3.1): it is accepted, and this is said once; `%` is to be sent as `%25`, `+` as `%2B`",
        );
    }
    Ok(AuthenticatedClient { client: Arc::clone(client), changes: proved.changes })
}

/// Where a client publishes the keys that it proves itself by. Nothing is fetched for one that may not
/// do that: neither the time nor a failure shall tell that there is such a client.
fn published_keys<'c>(client: &'c Client, method: &dyn Method) -> Option<&'c str> {
    let spec = &client.spec;
    let has_the_method =
        [spec.auth, method.auth()].iter().all(|auth| *auth == ClientAuth::PrivateKeyJwt);
    spec.jwks_uri.as_deref().filter(|_| has_the_method && spec.status.is_active())
}

/// Tells whether a secret is one of the client's; it takes as long for an unknown client as for a
/// known one.
fn is_secret_of(
    client: Option<&Client>,
    secret: &str,
    Proof { master_key, now, .. }: &Proof<'_>,
) -> bool {
    let mac = secret_mac(master_key, &scopegate_jose::sha256(secret.as_bytes()));
    let nobodys = [ClientSecret::from_mac([0; 32])];
    let secrets = client.map_or(&nobodys[..], |client| &client.spec.secrets);
    // No early end: which of two secrets matched is not to be seen either.
    let matches = secrets.iter().fold(false, |found, known| known.matches(&mac, *now) | found);
    matches & client.is_some()
}

const WRONG_SECRET: &str = "wrong secret";

/// What is kept of a secret, made of its SHA-256.
pub fn secret_mac(master_key: &MasterKey, sha256: &[u8; 32]) -> [u8; 32] {
    master_key.mac("client secret", sha256)
}

#[cfg(test)]
mod tests;
