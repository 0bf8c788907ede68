//! The protected header of a token (RFC 7515 §4).

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::{Algorithm, JoseError};

/// The maximum number of members that are not used. Finding duplicates among them takes quadratic
/// time.
const MAX_OTHERS: usize = 32;

/// The members of a header that are used: the algorithm, the `kid` and the type.
///
/// Keys and key URLs in a header (`jwk`, `jku`, `x5c`, `x5u`) are chosen by the sender. They are
/// never used.
#[derive(Clone, Debug)]
pub struct Header {
    algorithm: Algorithm,
    kid: Option<Box<str>>,
    typ: Option<Box<str>>,
}

impl Header {
    /// Parses the decoded first segment of a token.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, JoseError> {
        const MALFORMED: JoseError = JoseError::Malformed("header");

        let json = str::from_utf8(json).map_err(|_| MALFORMED)?;
        let members: Members<'_> = serde_json::from_str(json).map_err(|_| MALFORMED)?;
        if members.is_critical {
            return Err(JoseError::CriticalHeader);
        }
        let algorithm = members.alg.ok_or(MALFORMED)?;
        Ok(Self {
            algorithm: Algorithm::from_name(&algorithm).ok_or(JoseError::AlgorithmNotAllowed)?,
            kid: members.kid.map(Box::from),
            typ: members.typ.map(Box::from),
        })
    }

    /// The signature algorithm (`alg`).
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The id of the signing key (`kid`).
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The type as it was written (`typ`).
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// Whether the type equals this one, such as `at+jwt`.
    ///
    /// Media types are compared case-insensitively, and `application/` may be left out (RFC 7515
    /// §4.1.9).
    pub fn is_type(&self, wanted: &str) -> bool {
        const PREFIX: &str = "application/";
        self.typ().is_some_and(|typ| {
            if typ == wanted {
                return true;
            }
            let short = match typ.get(..PREFIX.len()) {
                Some(prefix) if prefix.eq_ignore_ascii_case(PREFIX) => &typ[PREFIX.len()..],
                _ => typ,
            };
            short.eq_ignore_ascii_case(wanted)
        })
    }
}

/// The members of a header as they are written.
#[derive(Default)]
struct Members<'a> {
    alg: Option<Cow<'a, str>>,
    kid: Option<Cow<'a, str>>,
    typ: Option<Cow<'a, str>>,
    /// There is `crit`, or `b64`. RFC 7797 §6: a token with `b64` must list it in `crit`. So `b64`
    /// means either an extension that is not supported or a mistake.
    is_critical: bool,
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Members<'de>, A::Error> {
        let mut members = Members::default();
        let mut others: Vec<Cow<'de, str>> = Vec::new();
        while let Some(Text(name)) = object.next_key()? {
            let known = match &*name {
                "alg" => &mut members.alg,
                "kid" => &mut members.kid,
                "typ" => &mut members.typ,
                other => {
                    object.next_value::<IgnoredAny>()?;
                    members.is_critical |= matches!(other, "b64" | "crit");
                    if others.contains(&name) || others.len() == MAX_OTHERS {
                        return Err(A::Error::custom(
                            "a member occurs twice, or there are too many",
                        ));
                    }
                    others.push(name);
                    continue;
                }
            };
            // Parsers disagree about which of two equal members counts.
            if known.replace(object.next_value::<Text<'de>>()?.0).is_some() {
                return Err(A::Error::custom("a member occurs twice"));
            }
        }
        Ok(members)
    }
}

/// A string that borrows from the input if it contains no escapes.
#[derive(serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Header, JoseError> {
        Header::parse(json.as_bytes())
    }

    #[test]
    fn alg_kid_and_typ_are_read() {
        let header =
            parse(r#"{"typ":"at+jwt","alg":"RS256","kid":"k1","x5t":"abc","n":1}"#).unwrap();
        assert_eq!(header.algorithm(), Algorithm::Rs256);
        assert_eq!(header.kid(), Some("k1"));
        assert_eq!(header.typ(), Some("at+jwt"));
        let header = parse(r#"{"alg":"\u0045S256","kid":"k\u00e9"}"#).unwrap();
        assert_eq!(header.algorithm(), Algorithm::Es256);
        assert_eq!(header.kid(), Some("ké"));
        assert_eq!(header.typ(), None);
    }

    #[test]
    fn an_algorithm_outside_the_list_is_not_allowed() {
        for alg in ["none", "NONE", "HS256", "HS512", "RS1", "rs256", "Ed448", "ES256K", ""] {
            let json = format!(r#"{{"alg":"{alg}"}}"#);
            assert_eq!(parse(&json).unwrap_err(), JoseError::AlgorithmNotAllowed, "{alg}");
        }
    }

    #[test]
    fn all_critical_extensions_are_refused() {
        for crit in [r#"["b64"]"#, "[]", r#"["exp"]"#, "null", r#""b64""#, "{}"] {
            let json = format!(r#"{{"alg":"RS256","crit":{crit}}}"#);
            assert_eq!(parse(&json).unwrap_err(), JoseError::CriticalHeader, "{crit}");
        }
        for b64 in ["false", "true"] {
            let json = format!(r#"{{"alg":"RS256","b64":{b64}}}"#);
            assert_eq!(parse(&json).unwrap_err(), JoseError::CriticalHeader, "{b64}");
        }
    }

    #[test]
    fn an_invalid_header_is_malformed() {
        for json in [
            "",
            "{}",
            "null",
            "[]",
            r#""RS256""#,
            r#"{"alg":1}"#,
            r#"{"alg":["RS256"]}"#,
            r#"{"alg":null}"#,
            r#"{"alg":"RS256","kid":1}"#,
            r#"{"alg":"RS256","kid":null}"#,
            r#"{"alg":"RS256","kid":["a"]}"#,
            r#"{"alg":"RS256","typ":{}}"#,
            r#"{"alg":"RS256"} "#.trim_end_matches("} "),
            r#"{"alg":"RS256"}x"#,
            r#"{"alg":"RS256","alg":"RS256"}"#,
            r#"{"alg":"none","alg":"RS256"}"#,
            r#"{"alg":"RS256","al\u0067":"none"}"#,
            r#"{"alg":"RS256","kid":"a","kid":"b"}"#,
            r#"{"alg":"RS256","x":1,"x":1}"#,
            r#"{"alg":"RS256","jwk":{},"jwk":{}}"#,
            r#"{'alg':'RS256'}"#,
            r#"{"alg":"RS256",}"#,
        ] {
            assert_eq!(parse(json).unwrap_err(), JoseError::Malformed("header"), "{json}");
        }
        assert!(Header::parse(b"{\"alg\":\"RS256\",\"x\":\"\xff\"}").is_err(), "not UTF-8");
    }

    #[test]
    fn a_header_has_at_most_32_members_that_are_not_used() {
        let header = |members: usize| {
            let members: String = (0..members).map(|n| format!(r#","{n}":0"#)).collect();
            parse(&format!(r#"{{"alg":"ES256"{members}}}"#))
        };
        assert!(header(32).is_ok());
        assert_eq!(header(33).unwrap_err(), JoseError::Malformed("header"));
    }

    #[test]
    fn types_are_compared_as_media_types() {
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
            let header = parse(&format!(r#"{{"alg":"RS256","typ":"{typ}"}}"#)).unwrap();
            assert!(header.is_type("at+jwt"), "{typ}");
            assert!(!header.is_type("jwt"), "{typ}");
        }
        for typ in ["at+jwt ", "text/at+jwt", "application/application/at+jwt", "", "applicatioé/x"]
        {
            let header = parse(&format!(r#"{{"alg":"RS256","typ":"{typ}"}}"#)).unwrap();
            assert!(!header.is_type("at+jwt"), "{typ}");
        }
        assert!(!parse(r#"{"alg":"RS256"}"#).unwrap().is_type("at+jwt"));
    }
}
