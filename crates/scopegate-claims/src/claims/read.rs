//! Reading claims from the payload of a token.

use std::collections::HashSet;
use std::fmt;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Claims;
use crate::text::Text;
use crate::{Audiences, ClaimsReadError, NameSet, ScopeSet, UnixTime};

pub(super) fn claims_from(payload: &str) -> Result<Claims, ClaimsReadError> {
    let mut claim = None;
    let mut json = serde_json::Deserializer::from_str(payload);
    let members = Object { malformed: &mut claim }.deserialize(&mut json);
    match members.and_then(|members| json.end().map(|()| members)) {
        Ok(members) => members.into_claims(),
        Err(_) => Err(ClaimsReadError { claim }),
    }
}

/// Reads the members of a JSON object, each of which may occur once.
struct Object<'a> {
    /// The name of the claim that could not be read.
    malformed: &'a mut Option<&'static str>,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = Members<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the claims of a token as a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut members = Members::default();
        let mut names = HashSet::with_capacity(16);
        while let Some(name) = object.next_key::<Text<'_>>()? {
            if let Err(error) = members.read(&name.0, &mut object) {
                *self.malformed = STRICT.into_iter().find(|claim| *claim == name.0);
                return Err(error);
            }
            if !names.insert(name.0) {
                return Err(de::Error::custom("a member occurs twice"));
            }
        }
        Ok(members)
    }
}

/// The claims that make a token malformed if they have another type than the standard says.
const STRICT: [&str; 9] = ["aud", "cid", "client_id", "exp", "iss", "nbf", "scope", "scp", "sub"];

/// The claims under the names they have in the object. A claim that is `null` is absent.
#[derive(Default)]
struct Members<'a> {
    acr: Option<Box<str>>,
    amr: Option<Box<[Box<str>]>>,
    aud: Option<Audiences>,
    auth_time: Option<UnixTime>,
    cid: Option<Text<'a>>,
    client_id: Option<Text<'a>>,
    exp: Option<UnixTime>,
    groups: Option<NameSet>,
    has_confirmation: bool,
    has_events: bool,
    has_id_token_hash: bool,
    has_nonce: bool,
    iat: Option<UnixTime>,
    iss: Option<Box<str>>,
    jti: Option<Box<str>>,
    nbf: Option<UnixTime>,
    roles: Option<NameSet>,
    scope: Option<ScopeSet>,
    scp: Option<ScopeSet>,
    sub: Option<Box<str>>,
    token_use: Option<Box<str>>,
    typ: Option<Box<str>>,
    uid: Option<Box<str>>,
}

impl<'a> Members<'a> {
    /// Reads the value of the member with this name.
    fn read<A: MapAccess<'a>>(&mut self, name: &str, object: &mut A) -> Result<(), A::Error> {
        match name {
            "aud" => self.aud = object.next_value()?,
            "cid" => self.cid = object.next_value()?,
            "client_id" => self.client_id = object.next_value()?,
            "exp" => self.exp = object.next_value()?,
            "iss" => self.iss = object.next_value()?,
            "nbf" => self.nbf = object.next_value()?,
            "scope" => self.scope = object.next_value()?,
            "scp" => self.scp = object.next_value()?,
            "sub" => self.sub = object.next_value()?,

            "acr" => self.acr = lenient(object)?,
            "amr" => self.amr = lenient(object)?,
            "auth_time" => self.auth_time = lenient(object)?,
            "groups" => self.groups = lenient(object)?,
            "iat" => self.iat = lenient(object)?,
            "jti" => self.jti = lenient(object)?,
            "roles" => self.roles = lenient(object)?,
            "uid" => self.uid = lenient(object)?,

            "at_hash" | "c_hash" => self.has_id_token_hash |= is_present(object)?,
            "cnf" => self.has_confirmation = is_present(object)?,
            "events" => self.has_events = is_present(object)?,
            "nonce" => self.has_nonce = is_present(object)?,
            "token_use" => self.token_use = kind(object)?,
            "typ" => self.typ = kind(object)?,

            _ => {
                object.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    /// Merges the names of both dialects and checks the required claims.
    fn into_claims(self) -> Result<Claims, ClaimsReadError> {
        let missing = |claim| ClaimsReadError { claim: Some(claim) };
        Ok(Claims {
            issuer: self.iss.ok_or(missing("iss"))?,
            expires_at: self.exp.ok_or(missing("exp"))?,
            subject: self.sub,
            audiences: self.aud,
            issued_at: self.iat,
            not_before: self.nbf,
            auth_time: self.auth_time,
            token_id: self.jti,
            client_id: one_of("client_id", self.client_id, self.cid)?.map(Into::into),
            user_id: self.uid,
            scopes: one_of("scope", self.scope, self.scp)?.unwrap_or_default(),
            roles: self.roles.unwrap_or_default(),
            groups: self.groups.unwrap_or_default(),
            acr: self.acr,
            amr: self.amr.unwrap_or_default(),
            token_use: self.token_use,
            token_kind: self.typ,
            has_confirmation: self.has_confirmation,
            has_id_token_hash: self.has_id_token_hash,
            has_nonce: self.has_nonce,
            has_events: self.has_events,
        })
    }
}

/// Reads a claim that is absent if it has another type.
///
/// Any JSON value is well-formed here, so the value is parsed apart from the object.
fn lenient<'a, T: Deserialize<'a>, A: MapAccess<'a>>(
    object: &mut A,
) -> Result<Option<T>, A::Error> {
    let value: &RawValue = object.next_value()?;
    Ok(serde_json::from_str(value.get()).ok())
}

/// Reads a claim that names the kind of the token. A value that is not a string is the empty
/// string, which is the name of no kind.
fn kind<'a, A: MapAccess<'a>>(object: &mut A) -> Result<Option<Box<str>>, A::Error> {
    let value: &RawValue = object.next_value()?;
    Ok(serde_json::from_str(value.get()).unwrap_or_else(|_| Some(Box::default())))
}

/// Tells whether a claim has any value but `null`.
fn is_present<'a, A: MapAccess<'a>>(object: &mut A) -> Result<bool, A::Error> {
    Ok(object.next_value::<Option<IgnoredAny>>()?.is_some())
}

/// The value of a claim that has a name in each dialect. If both names occur, their values must be
/// equal.
fn one_of<T: PartialEq>(
    claim: &'static str,
    rfc9068: Option<T>,
    okta: Option<T>,
) -> Result<Option<T>, ClaimsReadError> {
    match (rfc9068, okta) {
        (Some(left), Some(right)) if left != right => Err(ClaimsReadError { claim: Some(claim) }),
        (left, right) => Ok(left.or(right)),
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let payload = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(payload.get()).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
