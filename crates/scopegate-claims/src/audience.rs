//! The recipients of a token: `aud`, RFC 7519 §4.1.3.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ClaimsError;
use crate::part::Part;

/// The name of an API, such as `api://orders`. Names are compared byte for byte.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Audience(Box<str>);

impl Audience {
    /// Parses an audience.
    ///
    /// # Errors
    ///
    /// [`ClaimsError::InvalidAudience`] if the text is empty or holds a control character.
    pub fn parse(text: &str) -> Result<Self, ClaimsError> {
        if !Self::is_valid(text) {
            return Err(ClaimsError::InvalidAudience(text.to_owned()));
        }
        Ok(Self(text.into()))
    }

    pub(crate) fn is_valid(text: &str) -> bool {
        !text.is_empty() && !text.chars().any(char::is_control)
    }

    /// The audience as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// The audiences of one token: one or more.
///
/// ```
/// use scopegate_claims::Audiences;
///
/// let one: Audiences = serde_json::from_str(r#""api://orders""#).unwrap();
/// assert!(one.contains("api://orders"));
/// assert!(serde_json::from_str::<Audiences>("[]").is_err());
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Audiences {
    /// The audiences in the token's order, with [`SEPARATOR`] between them.
    text: Part,
    form: Form,
}

/// Separates audiences in [`Audiences::text`]. It is a control character, so no audience holds it.
const SEPARATOR: char = '\0';

#[derive(Clone, Copy, Eq, PartialEq)]
enum Form {
    Array,
    Text,
}

impl Audiences {
    /// Tells whether exactly this audience is among them.
    pub fn contains(&self, audience: &str) -> bool {
        self.iter().any(|known| known == audience)
    }

    /// The audiences, in the token's order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.text.split(SEPARATOR)
    }

    /// A single audience that shares a part of another string.
    pub(crate) fn from_part(text: Part) -> Self {
        Self { text, form: Form::Text }
    }

    /// The heap memory in bytes, without the value itself.
    pub(crate) fn footprint(&self) -> usize {
        self.text.len()
    }
}

impl From<Audience> for Audiences {
    fn from(Audience(text): Audience) -> Self {
        Self::from_part((&*text).into())
    }
}

impl fmt::Debug for Audiences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Writes the same form that was read: a string or an array.
impl Serialize for Audiences {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.form {
            Form::Text => serializer.serialize_str(&self.text),
            Form::Array => serializer.collect_seq(self.iter()),
        }
    }
}

impl<'de> Deserialize<'de> for Audiences {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EitherForm;

        impl<'de> Visitor<'de> for EitherForm {
            type Value = Audiences;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an audience as a string or as an array of strings")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Audiences, E> {
                Audience::parse(text).map(Audiences::from).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Audiences, A::Error> {
                let mut text = String::new();
                while let Some(Audience(audience)) = array.next_element()? {
                    if !text.is_empty() {
                        text.push(SEPARATOR);
                    }
                    text.push_str(&audience);
                }
                if text.is_empty() {
                    return Err(de::Error::invalid_length(0, &"at least one audience"));
                }
                Ok(Audiences { text: text.as_str().into(), form: Form::Array })
            }
        }

        deserializer.deserialize_any(EitherForm)
    }
}

/// Audiences while they are read: a list, or one borrowed string.
pub(crate) enum ReadAudiences<'de> {
    List(Audiences),
    One(&'de str),
}

impl<'de> Deserialize<'de> for ReadAudiences<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EitherForm;

        impl<'de> Visitor<'de> for EitherForm {
            type Value = ReadAudiences<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an audience as a string or as an array of strings")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                if Audience::is_valid(text) {
                    Ok(ReadAudiences::One(text))
                } else {
                    self.visit_str(text)
                }
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let audience = Audience::parse(text).map_err(E::custom)?;
                Ok(ReadAudiences::List(audience.into()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<Self::Value, A::Error> {
                let array = de::value::SeqAccessDeserializer::new(array);
                Audiences::deserialize(array).map(ReadAudiences::List)
            }
        }

        deserializer.deserialize_any(EitherForm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audience_matches_only_in_full_and_in_the_same_case() {
        let several: Audiences = serde_json::from_str(r#"["api://orders","api://stock"]"#).unwrap();
        assert!(several.contains("api://stock"));
        for other in ["api://", "API://orders", "api://orders/", ""] {
            assert!(!several.contains(other), "{other}");
        }
    }

    #[test]
    fn an_invalid_audience_is_refused() {
        for bad in ["\"\"", "[]", "[\"\"]", "[1]", "null", "{}", "true", "\"a\\u0000\""] {
            assert!(serde_json::from_str::<Audiences>(bad).is_err(), "{bad}");
        }
    }
}
