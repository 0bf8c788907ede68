//! Writing a set as a string or as an array.

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use super::ScopeSet;

impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// The set as an array.
pub(super) struct ScopeArray<'a>(pub(super) &'a ScopeSet);

impl Serialize for ScopeArray<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut array = serializer.serialize_seq(None)?;
        for scope in self.0.iter() {
            array.serialize_element(scope)?;
        }
        array.end()
    }
}
