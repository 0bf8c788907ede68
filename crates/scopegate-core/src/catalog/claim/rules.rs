//! The rules for claims, and for the client attributes that claims are made from.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{ClaimSource, ClaimSpec, GroupFilter, is_reserved};
use crate::catalog::check::{Field, Review};
use crate::spelling::Quoted;

/// Maximum length of the name of a claim, an attribute or a group, in characters.
const MAX_NAME: usize = 100;

/// Maximum size of a constant, and of all attributes of a client, in bytes of JSON. They go into tokens.
const MAX_JSON: usize = 4096;

impl ClaimSpec {
    pub(super) fn rules(&self, review: &mut Review<'_, '_>) {
        let name = review.key().name.as_str();
        if is_reserved(self.token, name) {
            let shown = Quoted(name);
            review.refuse(
                Field::of("name"),
                format_args!("the claim {shown} is set by the server itself: write another name"),
            );
        } else if name.trim() != name {
            let shown = Quoted(name);
            review.refuse(
                Field::of("name"),
                format_args!(
                    "{shown} begins or ends with white space: write {}",
                    Quoted(name.trim())
                ),
            );
        } else {
            review.label(Field::of("name"), name, MAX_NAME);
        }
        self.check_value(review);
        review.refuse_duplicates("scope", &self.scopes, |place| Field::of("scopes").at(place));
        for (place, scope) in self.scopes.iter().enumerate() {
            review.scope(Field::of("scopes").at(place), scope.as_str());
        }
    }

    fn check_value(&self, review: &mut Review<'_, '_>) {
        let field = |key| Field::of("value").key(key);
        match &self.value {
            ClaimSource::ClientAttribute(name) => {
                let path = format!("client.attributes.{name}");
                review.report(field("attribute"), ClaimSource::of_attribute(&path).map(drop));
            }
            ClaimSource::UserAttribute(name) => {
                let path = format!("user.{name}");
                review.report(field("attribute"), ClaimSource::of_attribute(&path).map(drop));
            }
            ClaimSource::Constant(value) => check_size(review, field("constant"), value),
            // They were checked when they were parsed.
            ClaimSource::Expression(_) | ClaimSource::MatchingGroups(_) => {}
            ClaimSource::Groups(GroupFilter { kind, value }) => {
                review.label(field("groups").key(kind.as_str()), value, MAX_NAME);
            }
        }
    }
}

impl ClaimSource {
    /// Parses the path of an attribute of the client or of the user.
    ///
    /// # Errors
    ///
    /// A text that says what is wrong, and what to write instead.
    pub fn of_attribute(path: &str) -> Result<Self, String> {
        let named = |prefix| path.strip_prefix(prefix).filter(|name| is_name(name));
        match (named("user."), named("client.attributes.")) {
            (Some(name), _) => Ok(Self::UserAttribute(name.to_owned())),
            (None, Some(name)) => Ok(Self::ClientAttribute(name.to_owned())),
            (None, None) => Err(format!(
                "unknown attribute {}: write \"user.NAME\" or \"client.attributes.NAME\"",
                Quoted(path)
            )),
        }
    }
}

/// Checks the attributes of a client.
pub(in crate::catalog) fn check_attributes(
    attributes: &BTreeMap<String, Value>,
    review: &mut Review<'_, '_>,
) {
    let field = || Field::of("attributes");
    for name in attributes.keys().filter(|name| !is_name(name)) {
        let shown = Quoted(name);
        review.refuse(
            field().name(name),
            format_args!(
                "{shown} is no name of an attribute: write 1 to {MAX_NAME} letters, digits, `-` or `_`"
            ),
        );
    }
    check_size(review, field(), attributes);
}

/// Tells whether an attribute may have this name. It must be a valid TOML key without quotes.
fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(allowed)
}

fn check_size(review: &mut Review<'_, '_>, field: Field, value: &impl serde::Serialize) {
    let size = serde_json::to_string(value).map_or(0, |json| json.len());
    if size > MAX_JSON {
        review.refuse(
            field,
            format_args!("the value is too large: write at most {MAX_JSON} bytes of JSON"),
        );
    }
}
