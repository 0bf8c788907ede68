//! Rules for the public keys of a client or an issuer: inline keys, or the URL that publishes them.

use scopegate_claims::Issuer;
use scopegate_jose::{AlgorithmSet, Jwk, KeyProblem, VerifyingKey};
use url::{Host, Url};

use super::{Field, Review};
use crate::spelling::Quoted;

const MAX_KEYS: usize = 16;

/// Maximum length of a URL, in characters.
const MAX_URL: usize = 1024;

impl Review<'_, '_> {
    /// Keys are either inline or at a URL, not both (RFC 7591 §2): it would not be clear which are valid.
    pub(crate) fn keys_in_one_place(&mut self, jwks: &[Jwk], uri: Option<&str>, needed_by: &str) {
        match (jwks.is_empty(), uri) {
            (true, None) => self.refuse_missing("jwks", needed_by),
            (false, Some(_)) => {
                let message = "\"jwks_uri\" does not go with \"jwks\": leave one of them out";
                self.refuse(Field::of("jwks_uri"), format_args!("{message}"));
            }
            (_, _) => {}
        }
    }

    /// Each key must be able to verify. If there are several, each needs a `kid` of its own.
    pub(crate) fn keys(&mut self, jwks: &[Jwk], owner: &str) {
        let keys = || Field::of("jwks").key("keys");
        if jwks.len() > MAX_KEYS {
            self.refuse(
                keys(),
                format_args!(
                    "{owner} has 1 to {MAX_KEYS} keys: write keys = [{{ kty = \"EC\", … }}]"
                ),
            );
            return;
        }
        for (place, jwk) in jwks.iter().enumerate() {
            let field = keys().at(place);
            if let Err(problem) = usable(jwk) {
                self.refuse(field, format_args!("{}", key_advice(problem)));
                continue;
            }
            let Some(kid) = jwk.kid() else {
                if jwks.len() > 1 {
                    let message = "missing key \"kid\": each of several keys needs one";
                    self.refuse(field, format_args!("{message}"));
                }
                continue;
            };
            if let Some(first) = jwks[..place].iter().position(|known| known.kid() == Some(kid)) {
                self.refuse_repeated(
                    field.key("kid"),
                    keys().at(first).key("kid"),
                    format_args!("duplicate kid {}: write another or leave it out", Quoted(kid)),
                );
            }
        }
    }

    /// The URL that publishes keys.
    ///
    /// Keys fetched over plain http could come from an attacker, except over the loopback interface. Loopback
    /// URLs are only allowed if this server's own base URL is loopback.
    pub(crate) fn keys_uri(&mut self, uri: Option<&str>) {
        let allows_loopback = self.view().base.is_none_or(Issuer::is_loopback);
        match uri.map(place_of_keys) {
            None | Some(Some(KeyPlace::Https)) => {}
            Some(Some(KeyPlace::ThisMachine)) if allows_loopback => {}
            Some(_) => {
                let message = "not a place of keys: write an https URL without user name and \
                               fragment, such as \"https://client.example/jwks.json\"";
                self.refuse(Field::of("jwks_uri"), format_args!("{message}"));
            }
        }
    }
}

/// The key must verify with one of the algorithms that the server accepts.
fn usable(jwk: &Jwk) -> Result<(), KeyProblem> {
    let algorithms = VerifyingKey::from_jwk(jwk)?.algorithms();
    match (algorithms.intersection(AlgorithmSet::usual()).is_empty(), jwk.algorithm()) {
        (false, _) => Ok(()),
        (true, Some(_)) => Err(KeyProblem::UnsupportedAlgorithm),
        (true, None) => Err(KeyProblem::UnsupportedCurve),
    }
}

/// Where published keys can be.
pub(crate) enum KeyPlace {
    Https,
    /// A loopback host, over http or https.
    ThisMachine,
}

pub(crate) fn place_of_keys(text: &str) -> Option<KeyPlace> {
    let is_printable = text.len() <= MAX_URL && text.bytes().all(|byte| byte.is_ascii_graphic());
    let url = Url::parse(text).ok().filter(|_| is_printable)?;
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    let is_bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    match url.scheme() {
        "http" | "https" if is_loopback && is_bare => Some(KeyPlace::ThisMachine),
        "https" if is_bare => Some(KeyPlace::Https),
        _ => None,
    }
}

/// What is wrong with a key, and what to write instead.
pub(crate) fn key_advice(problem: KeyProblem) -> String {
    let instead = match problem {
        KeyProblem::PrivateMaterial => {
            "keep it with the client, and write its public members only (RSA: kty, n, e; EC: kty, crv, x, y; OKP: kty, crv, x)"
        }
        _ => {
            "write a public key for signatures: RSA of 2048 bits or more, EC on P-256 or P-384, or Ed25519"
        }
    };
    format!("{problem}: {instead}")
}
