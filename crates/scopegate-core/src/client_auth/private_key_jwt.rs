//! `private_key_jwt`: an assertion signed by the client's key (RFC 7523 §3, OpenID Connect Core §9).

use std::borrow::Cow;

use scopegate_jose::{AlgorithmSet, JoseError, KeySet, UnverifiedJws, VerifiedJws};
use serde::Deserialize;

use super::{Method, Presented, Proof, Proved, placeholder};
use crate::catalog::{Client, ClientAuth, Credential};
use crate::client_auth::assertion::Assertion;
use crate::store::Change;

/// The one value that `client_assertion_type` may have.
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Someone signed an assertion with the private key of a placeholder.
pub(super) const SIGNED_BY_PLACEHOLDER: &str = "the assertion is signed with a placeholder key";

/// The method.
#[derive(Debug)]
pub(super) struct PrivateKeyJwt;

impl Method for PrivateKeyJwt {
    fn auth(&self) -> ClientAuth {
        ClientAuth::PrivateKeyJwt
    }

    fn credential(&self) -> Credential {
        Credential::Key
    }

    fn is_attempted(&self, presented: &Presented<'_>) -> bool {
        let form = presented.form;
        form.value("client_assertion").or(form.value("client_assertion_type")).is_some()
    }

    fn claimed_id<'a>(&self, presented: &Presented<'a>) -> Result<Cow<'a, str>, &'static str> {
        if presented.form.value("client_assertion_type") != Some(ASSERTION_TYPE) {
            return Err("unknown client_assertion_type");
        }
        #[derive(Deserialize)]
        struct Claimed {
            sub: String,
        }

        let claimed = read(presented)?.deserialize_unverified::<Claimed>();
        claimed.map(|claimed| claimed.sub.into()).map_err(|_| "the assertion has no sub")
    }

    fn prove(&self, proof: &Proof<'_>, client: Option<&Client>) -> Result<Proved, &'static str> {
        let no_keys = KeySet::empty();
        let keys = proof.keys.or(client.map(|client| &client.keys)).unwrap_or(&no_keys);
        let verified = verified(&read(proof.presented)?, keys)?;
        let client = client.ok_or("unknown client")?;
        let assertion: Assertion = verified
            .deserialize()
            .map_err(|_| "the assertion lacks a claim, or has a wrong one")?;
        if assertion.iss != client.id.as_str() || assertion.sub != client.id.as_str() {
            return Err("iss and sub of the assertion are not the client id");
        }
        // RFC 9126 §2: the audience is the issuer, the token endpoint or the requested endpoint. An assertion
        // for another endpoint is refused: it may have been taken from a request to that endpoint.
        let issuer = std::iter::once(proof.server.issuer.to_string());
        let endpoints = ["token", proof.endpoint].map(|name| proof.server.endpoint(name));
        let also_at = proof.also_at.iter().cloned();
        assertion.check(issuer.chain(endpoints).chain(also_at), proof.now)?;
        let used = Change::UseAssertion {
            client: client.id.clone(),
            expires_at: assertion.forget_at(),
            jti: assertion.jti,
        };
        Ok(Proved { changes: vec![used], ..Proved::default() })
    }
}

/// The `kid` in the header of the assertion. It is not verified.
pub(super) fn kid(presented: &Presented<'_>) -> Result<Option<String>, &'static str> {
    read(presented).map(|jws| jws.header().kid().map(str::to_owned))
}

/// Verifies an assertion. If its key is unknown, a placeholder key is used, so that the time of the answer does
/// not show which clients and keys exist.
fn verified(token: &UnverifiedJws<'_>, keys: &KeySet) -> Result<VerifiedJws, &'static str> {
    token.verify(keys, AlgorithmSet::usual()).map_err(|error| match error {
        JoseError::BadSignature => error.reason(),
        _ if placeholder::signed(token) => SIGNED_BY_PLACEHOLDER,
        _ => error.reason(),
    })
}

fn read<'a>(presented: &Presented<'a>) -> Result<UnverifiedJws<'a>, &'static str> {
    let text = presented.form.value("client_assertion").ok_or("no client_assertion")?;
    UnverifiedJws::parse(text).map_err(|error| error.reason())
}
