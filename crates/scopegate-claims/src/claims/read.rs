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
        Ok(read.apart_from(""))
    }
}

/// Reads claims from a source. See [`Claims::read_from`].
pub struct ClaimsSeed<'de> {
    source: &'de str,
}

/// Claims whose texts are still parts of their source. See [`Claims::read_from`].
pub struct ReadClaims {
    parts: Parts,
    /// The parts that are sets, where they stand in the text as they are.
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
    /// The claims with their texts in one of their own.
    pub(super) fn apart_from(self, source: &str) -> Claims {
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
            parts.audiences = Some(Audiences::within(audience.share(&text)));
        }
        if let Some(scopes) = scopes {
            parts.scopes = ScopeSet::within(scopes.share(&text));
        }
        Claims { text, parts }
    }
}

/// Shows nothing of the claims, which are about people.
impl fmt::Debug for ClaimsSeed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimsSeed").finish_non_exhaustive()
    }
}

/// Shows nothing of the claims, which are about people.
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
        f.write_str("the claims of a token as an object")
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
                    others.note(name)?;
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
        let parts = read.agree(&source)?;
        Ok(ReadClaims { parts, audience, scopes, copied: source.copied })
    }
}

/// The members as they stand in the object, before their two dialects are made one.
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
    fn agree<E: de::Error>(self, source: &Source<'_>) -> Result<Parts, E> {
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
        Some(_) => Err(twice()),
    }
}

/// Reads a text that may occur once.
fn text<'de, A: MapAccess<'de>>(
    slot: &mut Option<Span>,
    source: &mut Source<'de>,
    map: &mut A,
) -> Result<(), A::Error> {
    let span = map.next_value_seed(SpanIn(source))?;
    match slot.replace(span) {
        None => Ok(()),
        Some(_) => Err(twice()),
    }
}

const SCOPE: u8 = 1;
const SCP: u8 = 2;

/// Reads the scopes under one of their two names, each of which may occur once.
///
/// What the second name holds is compared only.
fn scopes<'de, A: MapAccess<'de>>(
    slot: &mut Option<(ReadScopes<'de>, u8)>,
    name: u8,
    map: &mut A,
) -> Result<(), A::Error> {
    match slot {
        None => *slot = Some((map.next_value()?, name)),
        Some((_, names)) if *names & name != 0 => return Err(twice()),
        Some((scopes, names)) => {
            if !map.next_value_seed(SameScopes(scopes.as_str()))? {
                return Err(de::Error::custom("`scope` and `scp` disagree"));
            }
            *names |= name;
        }
    }
    Ok(())
}

fn twice<E: de::Error>() -> E {
    E::custom("a claim occurs twice")
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
