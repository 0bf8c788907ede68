//! Reading claims from a JSON object.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::Claims;
use crate::{Audiences, NameSet, ScopeSet, UnixTime};

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ClaimsVisitor)
    }
}

struct ClaimsVisitor;

impl<'de> Visitor<'de> for ClaimsVisitor {
    type Value = Claims;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the claims of a token as an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Claims, A::Error> {
        let mut read = Read::default();
        let mut others = SeenNames::default();
        while let Some(Name(name)) = map.next_key()? {
            match &*name {
                "acr" => once(&mut read.acr, &mut map)?,
                "amr" => once(&mut read.amr, &mut map)?,
                "at_hash" => once(&mut read.at_hash, &mut map)?,
                "aud" => once(&mut read.aud, &mut map)?,
                "auth_time" => once(&mut read.auth_time, &mut map)?,
                "c_hash" => once(&mut read.c_hash, &mut map)?,
                "cid" => once(&mut read.cid, &mut map)?,
                "client_id" => once(&mut read.client_id, &mut map)?,
                "cnf" => once(&mut read.cnf, &mut map)?,
                "exp" => once(&mut read.exp, &mut map)?,
                "groups" => once(&mut read.groups, &mut map)?,
                "iat" => once(&mut read.iat, &mut map)?,
                "iss" => once(&mut read.iss, &mut map)?,
                "jti" => once(&mut read.jti, &mut map)?,
                "nbf" => once(&mut read.nbf, &mut map)?,
                "roles" => once(&mut read.roles, &mut map)?,
                "scope" => once(&mut read.scope, &mut map)?,
                "scp" => once(&mut read.scp, &mut map)?,
                "sub" => once(&mut read.sub, &mut map)?,
                "token_use" => once(&mut read.token_use, &mut map)?,
                "typ" => once(&mut read.typ, &mut map)?,
                "uid" => once(&mut read.uid, &mut map)?,
                _ => {
                    others.note(name)?;
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        read.agree()
    }
}

/// The members as they stand in the object, before their two dialects are made one.
#[derive(Default)]
struct Read {
    acr: Option<Box<str>>,
    amr: Option<Box<[Box<str>]>>,
    at_hash: Option<IgnoredAny>,
    aud: Option<Audiences>,
    auth_time: Option<UnixTime>,
    c_hash: Option<IgnoredAny>,
    cid: Option<Box<str>>,
    client_id: Option<Box<str>>,
    cnf: Option<IgnoredAny>,
    exp: Option<UnixTime>,
    groups: Option<NameSet>,
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

impl Read {
    fn agree<E: de::Error>(self) -> Result<Claims, E> {
        Ok(Claims {
            issuer: self.iss.ok_or_else(|| E::missing_field("iss"))?,
            expires_at: self.exp.ok_or_else(|| E::missing_field("exp"))?,
            subject: self.sub,
            audiences: self.aud,
            issued_at: self.iat,
            not_before: self.nbf,
            auth_time: self.auth_time,
            token_id: self.jti,
            client_id: one_of(self.client_id, self.cid, "`client_id` and `cid` disagree")?,
            user_id: self.uid,
            scopes: one_of(self.scope, self.scp, "`scope` and `scp` disagree")?.unwrap_or_default(),
            roles: self.roles.unwrap_or_default(),
            groups: self.groups.unwrap_or_default(),
            acr: self.acr,
            amr: self.amr.unwrap_or_default(),
            token_use: self.token_use,
            token_kind: self.typ,
            has_confirmation: self.cnf.is_some(),
            has_id_token_hash: self.at_hash.is_some() || self.c_hash.is_some(),
        })
    }
}

/// Reads a member that may occur once.
fn once<'de, T, A>(slot: &mut Option<T>, map: &mut A) -> Result<(), A::Error>
where
    T: Deserialize<'de>,
    A: MapAccess<'de>,
{
    let value = map.next_value()?;
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(de::Error::custom("a claim occurs twice")),
    }
}

/// The one value that two names give; an error where they differ.
fn one_of<T: PartialEq, E: de::Error>(
    left: Option<T>,
    right: Option<T>,
    disagreement: &'static str,
) -> Result<Option<T>, E> {
    match (left, right) {
        (Some(left), Some(right)) if left != right => Err(E::custom(disagreement)),
        (left, right) => Ok(left.or(right)),
    }
}

/// A member's name, borrowed from the payload unless it is written with escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a claim")
            }

            fn visit_borrowed_str<E: de::Error>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}

/// Names that were met and mean nothing here, to find the one that is met again.
///
/// Tokens have a dozen of them at most, so the first are kept without an allocation.
#[derive(Default)]
struct SeenNames<'de> {
    first: [Cow<'de, str>; 12],
    len: usize,
    more: std::collections::HashSet<Cow<'de, str>>,
}

impl<'de> SeenNames<'de> {
    fn note<E: de::Error>(&mut self, name: Cow<'de, str>) -> Result<(), E> {
        let known = self.first[..self.len].contains(&name);
        if known || (self.len == self.first.len() && !self.more.insert(name.clone())) {
            return Err(E::custom("a claim occurs twice"));
        }
        if let Some(free) = self.first.get_mut(self.len) {
            *free = name;
            self.len += 1;
        }
        Ok(())
    }
}
