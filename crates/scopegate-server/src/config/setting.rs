//! A value as it was written, and where.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use scopegate_core::spelling::{Instead, Quoted, parse_duration};
use toml::de::DeValue;

use super::problem::{Complaint, Place};

/// The value of a key as it was written, and where.
#[derive(Clone, Debug)]
pub(super) struct Setting<'a> {
    pub(super) path: &'static str,
    pub(super) written: Written<'a>,
    pub(super) place: Place,
    /// Where relative paths begin.
    pub(super) folder: &'a Path,
}

/// A value of the file, or the text of a variable.
#[derive(Clone, Copy, Debug)]
pub(super) enum Written<'a> {
    Text(&'a str),
    Toml(&'a DeValue<'a>),
}

impl<'a> Setting<'a> {
    /// A problem with this value.
    pub(super) fn refuse(&self, message: impl Into<String>) -> Complaint {
        Complaint { place: self.place.clone(), message: message.into() }
    }

    /// A text.
    pub(super) fn text(&self) -> Result<&'a str, Complaint> {
        match self.written {
            Written::Text(text) => Ok(text),
            Written::Toml(DeValue::String(text)) => Ok(text),
            Written::Toml(other) => Err(self.refuse_type("a text in quotes", other)),
        }
    }

    /// A text that `rule` accepts. The error of `rule` becomes the problem.
    pub(super) fn parse<T, E: Display>(
        &self,
        rule: impl FnOnce(&'a str) -> Result<T, E>,
    ) -> Result<T, Complaint> {
        rule(self.text()?).map_err(|problem| self.refuse(problem.to_string()))
    }

    /// One of these values, by its name.
    pub(super) fn one_of<T: Copy>(&self, values: &[(&str, T)]) -> Result<T, Complaint> {
        let text = self.text()?;
        let found = values.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
        found.ok_or_else(|| {
            let instead = Instead { of: text, known: values.iter().map(|(name, _)| *name) };
            self.refuse(format!("unknown {} {}: {instead}", Quoted(self.path), Quoted(text)))
        })
    }

    /// A path; a relative one begins in the folder of the file.
    pub(super) fn file(&self) -> Result<PathBuf, Complaint> {
        match self.text()? {
            "" => Err(self.refuse(format!("{} is empty: write a path", Quoted(self.path)))),
            path => Ok(self.folder.join(path)),
        }
    }

    /// A whole number in a range.
    pub(super) fn number(&self, range: RangeInclusive<u64>) -> Result<u64, Complaint> {
        let (digits, radix) = match self.written {
            Written::Text(text) => (Cow::Borrowed(text), 10),
            Written::Toml(DeValue::Integer(number)) => {
                (Cow::Borrowed(number.as_str()), number.radix())
            }
            Written::Toml(other) => return Err(self.refuse_type("a whole number", other)),
        };
        let number = u64::from_str_radix(&digits, radix).ok();
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            self.refuse(format!(
                "{} is out of range: write a whole number from {least} to {most}",
                Quoted(self.path)
            ))
        })
    }

    /// A duration such as `30s` in a range. Messages show the range as it is written here.
    pub(super) fn duration(&self, range: RangeInclusive<&str>) -> Result<Duration, Complaint> {
        let (least, most) = (*range.start(), *range.end());
        let bound = |text| parse_duration(text).expect("a bound is a duration");
        let written = self.text()?;
        let instead = format!("write {} to {}", Quoted(least), Quoted(most));
        let Some(duration) = parse_duration(written) else {
            let problem = format!("{} is no duration, such as \"30s\"", Quoted(written));
            return Err(self.refuse(format!("{problem}: {instead}")));
        };
        if !(bound(least)..=bound(most)).contains(&duration) {
            return Err(self.refuse(format!("{} is out of range: {instead}", Quoted(self.path))));
        }
        Ok(duration)
    }

    /// The entries of a list. In a variable they are separated by commas.
    pub(super) fn entries(&self) -> Result<Vec<Self>, Complaint> {
        match self.written {
            Written::Text(text) => {
                let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
                Ok(entries
                    .map(|entry| Self { written: Written::Text(entry), ..self.clone() })
                    .collect())
            }
            Written::Toml(DeValue::Array(entries)) => Ok(entries
                .iter()
                .map(|entry| Self {
                    written: Written::Toml(entry.get_ref()),
                    place: Place::Offset(entry.span().start),
                    ..self.clone()
                })
                .collect()),
            Written::Toml(other) => Err(self.refuse_type("a list in brackets", other)),
        }
    }

    fn refuse_type(&self, expected: &str, found: &DeValue<'_>) -> Complaint {
        let found = match found {
            DeValue::Array(_) => "a list",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Float(_) => "a float",
            DeValue::Integer(_) => "an integer",
            DeValue::String(_) => "a text",
            DeValue::Table(_) => "a table",
        };
        self.refuse(format!("{} must be {expected}, not {found}", Quoted(self.path)))
    }
}
