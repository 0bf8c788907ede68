//! The recipients of a token: `aud`, RFC 7519 §4.1.3.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ClaimsError;
use crate::text::Text;

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
        Self::check(text)?;
        Ok(Self(text.into()))
    }

    fn check(text: &str) -> Result<(), ClaimsError> {
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(ClaimsError::InvalidAudience(text.to_owned()));
        }
        Ok(())
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
    text: Box<str>,
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

    /// The heap memory in bytes, without the value itself.
    pub(crate) fn footprint(&self) -> usize {
        self.text.len()
    }
}

impl From<Audience> for Audiences {
    fn from(Audience(text): Audience) -> Self {
        Self { text, form: Form::Text }
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
                while let Some(Text(audience)) = array.next_element()? {
                    Audience::check(&audience).map_err(de::Error::custom)?;
                    if !text.is_empty() {
                        text.push(SEPARATOR);
                    }
                    text.push_str(&audience);
                }
                if text.is_empty() {
                    return Err(de::Error::invalid_length(0, &"at least one audience"));
                }
                Ok(Audiences { text: text.into(), form: Form::Array })
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
