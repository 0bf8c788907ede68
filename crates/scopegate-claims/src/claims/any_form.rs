//! The value of a claim that may have any JSON form.

use std::fmt;

use serde::de::value::Error as NoTime;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IntoDeserializer};
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::UnixTime;

/// A JSON value in one of the forms that a claim of this crate can have, or in another one.
pub(super) enum AnyForm {
    Null,
    Text(Box<str>),
    /// An array of strings.
    Texts(Box<[Box<str>]>),
    /// A number that is a time.
    Time(UnixTime),
    Other,
}

impl AnyForm {
    pub(super) fn into_text(self) -> Option<Box<str>> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn into_texts(self) -> Option<Box<[Box<str>]>> {
        match self {
            Self::Texts(texts) => Some(texts),
            _ => None,
        }
    }

    pub(super) fn into_time(self) -> Option<UnixTime> {
        match self {
            Self::Time(time) => Some(time),
            _ => None,
        }
    }

    fn from_number<'de, N: IntoDeserializer<'de, NoTime>>(number: N) -> Self {
        UnixTime::deserialize(number.into_deserializer()).map_or(Self::Other, Self::Time)
    }
}

impl<'de> Deserialize<'de> for AnyForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Position::Member.deserialize(deserializer)
    }
}

/// Where a value stands.
///
/// An array inside an array is skipped instead of read. Otherwise the depth of the payload would
/// decide how much stack the reading needs.
#[derive(Clone, Copy)]
enum Position {
    Member,
    Element,
}

impl<'de> DeserializeSeed<'de> for Position {
    type Value = AnyForm;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<AnyForm, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Position {
    type Value = AnyForm;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_str<E>(self, text: &str) -> Result<AnyForm, E> {
        Ok(AnyForm::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<AnyForm, A::Error> {
        let mut texts = Vec::new();
        let mut is_list_of_texts = matches!(self, Self::Member);
        while is_list_of_texts {
            match array.next_element_seed(Self::Element)? {
                Some(AnyForm::Text(text)) => texts.push(text),
                Some(_) => is_list_of_texts = false,
                None => return Ok(AnyForm::Texts(texts.into())),
            }
        }
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(AnyForm::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<AnyForm, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(AnyForm::Other)
    }

    fn visit_u64<E>(self, number: u64) -> Result<AnyForm, E> {
        Ok(AnyForm::from_number(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<AnyForm, E> {
        Ok(AnyForm::from_number(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<AnyForm, E> {
        Ok(AnyForm::from_number(number))
    }

    fn visit_bool<E>(self, _: bool) -> Result<AnyForm, E> {
        Ok(AnyForm::Other)
    }

    fn visit_unit<E>(self) -> Result<AnyForm, E> {
        Ok(AnyForm::Null)
    }
}
