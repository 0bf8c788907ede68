//! Reading claims from a JSON object.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::text::{Source, SpanIn};
use super::{Claims, Parts};
use crate::audience::ReadAudiences;
use crate::part::Span;
use crate::scope_set::{ReadScopes, SameScopes};
use crate::{Audiences, NameSet, ScopeSet, UnixTime};

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = ClaimsSeed::new("").deserialize(deserializer)?;
        Ok(read.detach_from(""))
    }
}

/// Reads claims from a source. See [`Claims::read_from`].
pub struct ClaimsSeed<'de> {
    source: &'de str,
}

/// Claims whose strings are still positions in the source. See [`Claims::read_from`].
pub struct ReadClaims {
    parts: Parts,
    /// `aud` and the scopes, if the source already holds them in their stored form.
    audience: Option<Span>,
    scopes: Option<Span>,
    copied: String,
}

impl<'de> ClaimsSeed<'de> {
    pub(super) fn new(source: &'de str) -> Self {
        Self { source }
    }
}

impl ReadClaims {
    /// Copies all strings out of the source into one string that the claims own.
    pub(super) fn detach_from(self, source: &str) -> Claims {
        let Self { mut parts, mut audience, mut scopes, copied } = self;
        let source = Source { text: source, copied };
        let mut spans = [
            Some(&mut parts.issuer),
            parts.subject.as_mut(),
            parts.token_id.as_mut(),
            parts.client_id.as_mut(),
            parts.user_id.as_mut(),
            parts.acr.as_mut(),
            parts.token_use.as_mut(),
            parts.token_kind.as_mut(),
            audience.as_mut(),
            scopes.as_mut(),
        ];
        let spans = spans.iter_mut().filter_map(Option::as_deref_mut);
        let text: Arc<str> = source.gather(spans);
        if let Some(audience) = audience {
            parts.audiences = Some(Audiences::from_part(audience.share(&text)));
        }
        if let Some(scopes) = scopes {
            parts.scopes = ScopeSet::from_part(scopes.share(&text));
        }
        Claims { text, parts }
    }
}

/// Shows no claims, because they may contain personal data.
impl fmt::Debug for ClaimsSeed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimsSeed").finish_non_exhaustive()
    }
}

/// Shows no claims, because they may contain personal data.
impl fmt::Debug for ReadClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadClaims").finish_non_exhaustive()
    }
}

impl<'de> DeserializeSeed<'de> for ClaimsSeed<'de> {
    type Value = ReadClaims;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ReadClaims, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ClaimsSeed<'de> {
    type Value = ReadClaims;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the claims of a token as a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ReadClaims, A::Error> {
        let mut source = Source { text: self.source, copied: String::new() };
        let mut read = Read::default();
        let mut others = SeenNames::default();
        while let Some(Name(name)) = map.next_key()? {
            match &*name {
                "acr" => text(&mut read.acr, &mut source, &mut map)?,
                "amr" => once(&mut read.amr, &mut map)?,
                "at_hash" => once(&mut read.at_hash, &mut map)?,
                "aud" => once(&mut read.aud, &mut map)?,
                "auth_time" => once(&mut read.auth_time, &mut map)?,
                "c_hash" => once(&mut read.c_hash, &mut map)?,
                "cid" => text(&mut read.cid, &mut source, &mut map)?,
                "client_id" => text(&mut read.client_id, &mut source, &mut map)?,
                "cnf" => once(&mut read.cnf, &mut map)?,
                "events" => once(&mut read.events, &mut map)?,
                "exp" => once(&mut read.exp, &mut map)?,
                "groups" => once(&mut read.groups, &mut map)?,
                "iat" => once(&mut read.iat, &mut map)?,
                "iss" => text(&mut read.iss, &mut source, &mut map)?,
                "jti" => text(&mut read.jti, &mut source, &mut map)?,
                "nbf" => once(&mut read.nbf, &mut map)?,
                "nonce" => once(&mut read.nonce, &mut map)?,
                "roles" => once(&mut read.roles, &mut map)?,
                "scope" => scopes(&mut read.scopes, SCOPE, &mut map)?,
                "scp" => scopes(&mut read.scopes, SCP, &mut map)?,
                "sub" => text(&mut read.sub, &mut source, &mut map)?,
                "token_use" => text(&mut read.token_use, &mut source, &mut map)?,
                "typ" => text(&mut read.typ, &mut source, &mut map)?,
                "uid" => text(&mut read.uid, &mut source, &mut map)?,
                "ver" => once(&mut read.ver, &mut map)?,
                _ => {
                    read.has_others = true;
                    others.insert(name)?;
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let audience = match read.aud {
            Some(ReadAudiences::One(one)) => Some(source.borrow(one)),
            _ => None,
        };
        let scopes = match read.scopes {
            Some((ReadScopes::Plain(plain), _)) => Some(source.borrow(plain)),
            _ => None,
        };
        let parts = read.into_parts(&source)?;
        Ok(ReadClaims { parts, audience, scopes, copied: source.copied })
    }
}

/// The members under the names they have in the object, before the two dialects are merged.
#[derive(Default)]
struct Read<'de> {
    acr: Option<Span>,
    amr: Option<Box<[Box<str>]>>,
    at_hash: Option<IgnoredAny>,
    aud: Option<ReadAudiences<'de>>,
    auth_time: Option<UnixTime>,
    c_hash: Option<IgnoredAny>,
    cid: Option<Span>,
    client_id: Option<Span>,
    cnf: Option<IgnoredAny>,
    events: Option<IgnoredAny>,
    exp: Option<UnixTime>,
    groups: Option<NameSet>,
    iat: Option<UnixTime>,
    iss: Option<Span>,
    jti: Option<Span>,
    nbf: Option<UnixTime>,
    nonce: Option<IgnoredAny>,
    roles: Option<NameSet>,
    scopes: Option<(ReadScopes<'de>, u8)>,
    sub: Option<Span>,
    token_use: Option<Span>,
    typ: Option<Span>,
    uid: Option<Span>,
    ver: Option<IgnoredAny>,
    has_others: bool,
}

impl Read<'_> {
    /// Merges the names of both dialects and checks the required claims.
    fn into_parts<E: de::Error>(self, source: &Source<'_>) -> Result<Parts, E> {
        let client_id = match (self.client_id, self.cid) {
            (Some(left), Some(right)) if source.get(left) != source.get(right) => {
                return Err(E::custom("`client_id` and `cid` disagree"));
            }
            (left, right) => left.or(right),
        };
        Ok(Parts {
            issuer: self.iss.ok_or_else(|| E::missing_field("iss"))?,
            expires_at: self.exp.ok_or_else(|| E::missing_field("exp"))?,
            subject: self.sub,
            audiences: match self.aud {
                Some(ReadAudiences::List(list)) => Some(list),
                Some(ReadAudiences::One(_)) | None => None,
            },
            issued_at: self.iat,
            not_before: self.nbf,
            auth_time: self.auth_time,
            token_id: self.jti,
            client_id,
            user_id: self.uid,
            scopes: match self.scopes {
                Some((ReadScopes::Set(set), _)) => set,
                Some((ReadScopes::Plain(_), _)) | None => ScopeSet::empty(),
            },
            roles: self.roles.unwrap_or_default(),
            groups: self.groups.unwrap_or_default(),
            acr: self.acr,
            amr: self.amr.unwrap_or_default(),
            token_use: self.token_use,
            token_kind: self.typ,
            has_confirmation: self.cnf.is_some(),
            has_id_token_hash: self.at_hash.is_some() || self.c_hash.is_some(),
            has_nonce: self.nonce.is_some(),
            has_events: self.events.is_some(),
            has_others: self.has_others,
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
        Some(_) => Err(duplicate()),
    }
}

/// Reads a string that may occur once.
fn text<'de, A: MapAccess<'de>>(
    slot: &mut Option<Span>,
    source: &mut Source<'de>,
    map: &mut A,
) -> Result<(), A::Error> {
    let span = map.next_value_seed(SpanIn(source))?;
    match slot.replace(span) {
        None => Ok(()),
        Some(_) => Err(duplicate()),
    }
}

const SCOPE: u8 = 1;
const SCP: u8 = 2;

/// Reads the scopes under one of their two names. Each name may occur once.
///
/// The value of the second name is only compared with the first, not stored.
fn scopes<'de, A: MapAccess<'de>>(
    slot: &mut Option<(ReadScopes<'de>, u8)>,
    name: u8,
    map: &mut A,
) -> Result<(), A::Error> {
    match slot {
        None => *slot = Some((map.next_value()?, name)),
        Some((_, names)) if *names & name != 0 => return Err(duplicate()),
        Some((scopes, names)) => {
            if !map.next_value_seed(SameScopes(scopes.as_str()))? {
                return Err(de::Error::custom("`scope` and `scp` disagree"));
            }
            *names |= name;
        }
    }
    Ok(())
}

fn duplicate<E: de::Error>() -> E {
    E::custom("a claim occurs twice")
}

/// The name of a member. It is borrowed from the payload unless it contains escapes.
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

/// The names of unknown members so far, to detect one that occurs twice.
///
/// Most tokens have no more than twelve, so the first twelve need no allocation.
#[derive(Default)]
struct SeenNames<'de> {
    first: [Cow<'de, str>; 12],
    len: usize,
    more: std::collections::HashSet<Cow<'de, str>>,
}

impl<'de> SeenNames<'de> {
    fn insert<E: de::Error>(&mut self, name: Cow<'de, str>) -> Result<(), E> {
        let known = self.first[..self.len].contains(&name);
        if known || (self.len == self.first.len() && !self.more.insert(name.clone())) {
            return Err(duplicate());
        }
        if let Some(free) = self.first.get_mut(self.len) {
            *free = name;
            self.len += 1;
        }
        Ok(())
    }
}
