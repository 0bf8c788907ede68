//! Groups that exist without having users.

use serde::{Deserialize, Serialize};

use super::check::{Field, Review};
use super::kind::SpecKind;
use super::placement::Place;

/// Maximum length of the name of a group, in characters.
const MAX_NAME: usize = 255;

/// Maximum length of a description, in characters.
const MAX_DESCRIPTION: usize = 1000;

/// A group. Its name is the name of the entity.
///
/// A user may be in a group that is no entity. The entity keeps the description, and a group without users.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GroupSpec {
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

impl SpecKind for GroupSpec {
    const PLACE: Place = Place::Catalog;

    fn check(&self, review: &mut Review<'_, '_>) {
        review.label(Field::of("name"), &review.key().name, MAX_NAME);
        review.length(Field::of("description"), &self.description, MAX_DESCRIPTION);
    }
}
