//! Reading claims from the payload of a token.

use std::{fmt, mem};

use foldhash::{HashSet, HashSetExt};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::Claims;
use super::any_form::AnyForm;
use crate::scope_set::SameSet;
use crate::text::Text;
use crate::{Audiences, ClaimsReadError, NameSet, ScopeSet, UnixTime};

/// Reads claims, and keeps of an error only the name of the claim.
pub(super) fn claims_from<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Claims, ClaimsReadError> {
    let mut claim = None;
    match deserializer.deserialize_map(Object { failed_at: &mut claim }) {
        Ok(members) => members.into_claims(),
        Err(_) => Err(ClaimsReadError { claim }),
    }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        claims_from(deserializer).map_err(de::Error::custom)
    }
}

/// Reads the members of an object, each of which may occur once.
struct Object<'a> {
    /// Receives the name of the claim whose value is malformed or that occurs twice.
    failed_at: &'a mut Option<&'static str>,
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the claims of a token as a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut members = Members::default();
        // Most members are known claims, and finding them in a list is faster than hashing.
        let mut seen = [false; NAMES.len()];
        let mut others = HashSet::with_capacity(8);
        while let Some(Text(name)) = object.next_key()? {
            let claim = NAMES.iter().position(|claim| *claim == name);
            let is_first = match claim {
                Some(claim) => !mem::replace(&mut seen[claim], true),
                None => others.insert(name.clone()),
            };
            let read = match is_first {
                true => members.read(&name, &mut object),
                false => Err(de::Error::custom("a member occurs twice")),
            };
            if let Err(error) = read {
                *self.failed_at = claim.map(|claim| NAMES[claim]);
                return Err(error);
            }
        }
        Ok(members)
    }
}

/// The names of the claims that are read.
const NAMES: [&str; 24] = [
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "c_hash",
    "cid",
    "client_id",
    "cnf",
    "events",
    "exp",
    "groups",
    "iat",
    "iss",
    "jti",
    "nbf",
    "nonce",
    "roles",
    "scope",
    "scp",
    "sub",
    "token_use",
    "typ",
    "uid",
];

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
    groups: NameSet,
    has_confirmation: bool,
    has_events: bool,
    has_id_token_hash: bool,
    has_nonce: bool,
    iat: Option<UnixTime>,
    iss: Option<Box<str>>,
    jti: Option<Box<str>>,
    nbf: Option<UnixTime>,
    roles: NameSet,
    /// The value of `scope` or `scp`, whichever comes first.
    scopes: Option<ScopeSet>,
    /// Both are there, and their values are not the same.
    scopes_differ: bool,
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
            "scope" | "scp" => match &self.scopes {
                None => self.scopes = object.next_value()?,
                Some(scopes) => self.scopes_differ = !object.next_value_seed(SameSet(scopes))?,
            },
            "sub" => self.sub = object.next_value()?,

            "acr" => self.acr = object.next_value::<AnyForm>()?.into_text(),
            "amr" => self.amr = object.next_value::<AnyForm>()?.into_texts(),
            "auth_time" => self.auth_time = object.next_value::<AnyForm>()?.into_time(),
            "groups" => self.groups = object.next_value()?,
            "iat" => self.iat = object.next_value::<AnyForm>()?.into_time(),
            "jti" => self.jti = object.next_value::<AnyForm>()?.into_text(),
            "roles" => self.roles = object.next_value()?,
            "uid" => self.uid = object.next_value::<AnyForm>()?.into_text(),

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
        if self.scopes_differ {
            return Err(ClaimsReadError { claim: Some("scope") });
        }
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
            scopes: self.scopes.unwrap_or_default(),
            roles: self.roles,
            groups: self.groups,
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

/// Reads a claim that names the kind of the token. A value that is not a string is the empty
/// string, which is the name of no kind.
fn kind<'a, A: MapAccess<'a>>(object: &mut A) -> Result<Option<Box<str>>, A::Error> {
    Ok(match object.next_value()? {
        AnyForm::Null => None,
        AnyForm::Text(kind) => Some(kind),
        AnyForm::Texts(_) | AnyForm::Time(_) | AnyForm::Other => Some(Box::default()),
    })
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

#[cfg(test)]
mod tests;
