//! `private_key_jwt`: an assertion signed by the client's key (RFC 7523 §3, OpenID Connect Core §9).

use std::borrow::Cow;
use std::time::Duration;

use scopegate_claims::{Audiences, UnixTime};
use scopegate_jose::{AlgorithmSet, UnverifiedJws};
use serde::Deserialize;

use super::{Method, Presented, Proof};
use crate::catalog::{AuthorizationServer, Client, ClientAuth, ClientId};
use crate::endpoints::ENDPOINTS;
use crate::store::Change;

/// The one value that `client_assertion_type` may have.
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How far ahead the end of an assertion may be.
const MAX_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// How much the client's clock may differ from ours.
const LEEWAY: Duration = Duration::from_secs(60);

/// The longest `jti`, in bytes.
const MAX_JTI: usize = 255;

/// The method.
#[derive(Debug)]
pub(super) struct PrivateKeyJwt;

impl Method for PrivateKeyJwt {
    fn auth(&self) -> ClientAuth {
        ClientAuth::PrivateKeyJwt
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

    fn prove(
        &self,
        proof: &Proof<'_>,
        client: Option<&Client>,
    ) -> Result<Vec<Change>, &'static str> {
        let client = client.ok_or("unknown client")?;
        let verified = read(proof.presented)?
            .verify(proof.keys.unwrap_or(&client.keys), AlgorithmSet::all())
            .map_err(|error| error.reason())?;
        let claims: AssertionClaims = verified
            .deserialize()
            .map_err(|_| "the assertion lacks a claim, or has a wrong one")?;
        let jti = claims.check(&client.id, proof.server, proof.now)?;
        Ok(vec![Change::UseAssertion {
            client: client.id.clone(),
            jti,
            expires_at: claims.exp.plus(LEEWAY),
        }])
    }
}

/// The name of the key that signed the assertion, as it says.
pub(super) fn kid(presented: &Presented<'_>) -> Result<Option<String>, &'static str> {
    read(presented).map(|jws| jws.header().kid().map(str::to_owned))
}

fn read<'a>(presented: &Presented<'a>) -> Result<UnverifiedJws<'a>, &'static str> {
    let text = presented.form.value("client_assertion").ok_or("no client_assertion")?;
    UnverifiedJws::parse(text).map_err(|error| error.reason())
}

/// What an assertion says (RFC 7523 §3); serde refuses a member that occurs twice.
#[derive(Deserialize)]
struct AssertionClaims {
    iss: String,
    sub: String,
    aud: Audiences,
    exp: UnixTime,
    #[serde(default)]
    iat: Option<UnixTime>,
    #[serde(default)]
    nbf: Option<UnixTime>,
    jti: String,
}

impl AssertionClaims {
    /// Checks each claim; the answer is the `jti` that is to be used up.
    fn check(
        &self,
        client: &ClientId,
        server: &AuthorizationServer,
        now: UnixTime,
    ) -> Result<String, &'static str> {
        let Self { iss, sub, aud, exp, iat, nbf, jti } = self;
        if iss != client.as_str() || sub != client.as_str() {
            return Err("iss and sub of the assertion are not the client id");
        }
        // RFC 9126 §2: clients name the issuer, the token endpoint, or the endpoint that they ask.
        let mut endpoints = ENDPOINTS.iter().map(|endpoint| server.endpoint(endpoint.name));
        if !aud.contains(server.issuer.as_str()) && !endpoints.any(|url| aud.contains(&url)) {
            return Err("the assertion is meant for another audience");
        }
        if exp.plus(LEEWAY) <= now {
            return Err("the assertion has expired");
        }
        if *exp > now.plus(MAX_LIFETIME).plus(LEEWAY) {
            return Err("the assertion ends more than an hour ahead");
        }
        let later = now.plus(LEEWAY);
        if nbf.is_some_and(|nbf| nbf > later) || iat.is_some_and(|iat| iat > later) {
            return Err("the assertion is not valid yet");
        }
        if jti.is_empty() || jti.len() > MAX_JTI {
            return Err("the assertion's jti is empty or too long");
        }
        Ok(jti.clone())
    }
}
