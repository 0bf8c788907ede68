//! Client authentication. A request must use exactly one method (RFC 6749 §2.3).
//!
//! To add a method, add a file, a line in [`METHODS`], and its name in [`ClientAuth`].

pub(crate) mod assertion;
mod client_secret_basic;
mod client_secret_post;
mod none;
mod placeholder;
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

/// All supported methods.
pub static METHODS: &[&dyn Method] = &[
    &client_secret_basic::ClientSecretBasic,
    &client_secret_post::ClientSecretPost,
    &private_key_jwt::PrivateKeyJwt,
    &none::NoProof,
];

/// What the rules of the catalog need to know of each method.
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

/// A client authentication method.
pub trait Method: Sync {
    /// The method in the catalog.
    fn auth(&self) -> ClientAuth;

    /// What the client proves itself by.
    fn credential(&self) -> Credential;

    /// Tells whether the client id is sent by HTTP Basic, which ends it at its first colon (RFC 7617 §2).
    fn is_basic(&self) -> bool {
        false
    }

    /// Whether the request uses this method, with valid or invalid credentials.
    fn is_attempted(&self, presented: &Presented<'_>) -> bool;

    /// The client id that the request names. It is not verified yet.
    ///
    /// # Errors
    ///
    /// Why the credentials cannot be read, for the log.
    fn claimed_id<'a>(&self, presented: &Presented<'a>) -> Result<Cow<'a, str>, &'static str>;

    /// Verifies the credentials.
    ///
    /// It is also called for an unknown client. It must then take as long as for wrong credentials: otherwise
    /// the time would show which clients exist.
    ///
    /// # Errors
    ///
    /// Why the credentials are wrong, for the log.
    fn prove(&self, proof: &Proof<'_>, client: Option<&Client>) -> Result<Proved, &'static str>;
}

/// The result of a successful verification.
#[derive(Debug, Default)]
pub struct Proved {
    /// The changes to store, such as the used `jti` of an assertion.
    pub changes: Vec<Change>,
    /// Whether the secret in the Authorization header was correct only without form-decoding.
    pub is_unencoded: bool,
}

/// The form and the credentials of a request.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Presented<'a> {
    /// The value of the Authorization header.
    pub authorization: Option<Authorization<'a>>,
    /// The form.
    pub form: &'a Form,
    /// The client's certificate, in DER (RFC 8705). No method uses it yet.
    pub certificate: Option<&'a [u8]>,
    /// The value of the DPoP header (RFC 9449). It is not used yet.
    pub dpop: Option<DpopProof<'a>>,
}

/// A DPoP proof (RFC 9449 §4.2). `Debug` hides it.
#[derive(Clone, Copy)]
pub struct DpopProof<'a>(pub &'a str);

impl std::fmt::Debug for DpopProof<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DpopProof(…)")
    }
}

/// The form parameters that carry credentials.
const CREDENTIALS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

impl<'a> Presented<'a> {
    /// A request with a form and nothing else.
    pub const fn form(form: &'a Form) -> Self {
        Self { authorization: None, form, certificate: None, dpop: None }
    }

    /// The same, with the value of the Authorization header.
    #[must_use]
    pub const fn with_authorization(self, authorization: Option<Authorization<'a>>) -> Self {
        Self { authorization, ..self }
    }

    /// Whether the request has any credentials, valid or invalid.
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

/// What is needed to verify credentials.
#[derive(Clone, Copy, Debug)]
pub struct Proof<'a> {
    /// The form and the credentials of the request.
    pub presented: &'a Presented<'a>,
    /// The authorization server to which the request is sent.
    pub server: &'a AuthorizationServer,
    /// The last segment of the endpoint's path.
    pub endpoint: &'static str,
    /// Other URLs of the token endpoint of the server, which an assertion may name.
    pub also_at: &'a [String],
    /// The key for the MACs of the stored secrets.
    pub master_key: &'a MasterKey,
    /// The keys fetched from the client's `jwks_uri`. `None` means the keys in the catalog.
    pub keys: Option<&'a KeySet>,
    /// The current time.
    pub now: UnixTime,
}

/// An authenticated client.
#[derive(Clone, Debug)]
pub struct AuthenticatedClient {
    /// The client.
    pub client: Arc<Client>,
    /// The changes to store for the credentials, in the transaction that issues the token.
    pub changes: Vec<Change>,
}

/// Authenticates the client of a request.
///
/// # Errors
///
/// - [`CallError::SeveralClientAuthentications`] if the request uses more than one method.
/// - [`CallError::InvalidRequest`] if the request names two different client ids.
/// - [`CallError::KeysUnavailable`] if the client's keys cannot be fetched.
/// - [`CallError::Storage`] if this node cannot read the client's row in the catalog.
/// - [`CallError::InvalidClient`] in all other cases.
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
             §2.3.1): the secret is accepted, and this warning is not repeated; the client should send \
             `%` as `%25` and `+` as `%2B`",
        );
    }
    Ok(AuthenticatedClient { client: Arc::clone(client), changes: proved.changes })
}

/// The URL of the client's keys. `None` for a client that does not use `private_key_jwt` or is inactive:
/// otherwise the time of the fetch, or its failure, would show that the client exists.
fn published_keys<'c>(client: &'c Client, method: &dyn Method) -> Option<&'c str> {
    let spec = &client.spec;
    let is_private_key_jwt =
        [spec.auth, method.auth()].iter().all(|auth| *auth == ClientAuth::PrivateKeyJwt);
    spec.jwks_uri.as_deref().filter(|_| is_private_key_jwt && spec.status.is_active())
}

/// Whether a secret is one of the client's. It takes as long for an unknown client as for a client with one
/// secret.
fn is_secret_of(
    client: Option<&Client>,
    secret: &str,
    Proof { master_key, now, .. }: &Proof<'_>,
) -> bool {
    let mac = secret_mac(master_key, &scopegate_jose::sha256(secret.as_bytes()));
    let placeholder = [ClientSecret::from_mac([0; 32])];
    let secrets = client.map_or(&placeholder[..], |client| &client.spec.secrets);
    // No early exit: the time must not show which of two secrets matched.
    let matches = secrets.iter().fold(false, |found, known| known.matches(&mac, *now) | found);
    matches & client.is_some()
}

const WRONG_SECRET: &str = "wrong secret";

/// The stored form of a client secret: a MAC of its SHA-256.
pub fn secret_mac(master_key: &MasterKey, sha256: &[u8; 32]) -> [u8; 32] {
    master_key.mac("client secret", sha256)
}

#[cfg(test)]
mod tests;
