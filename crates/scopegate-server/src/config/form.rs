//! The form of a value, for the JSON Schema. Each valid value fits it.

use scopegate_core::spelling::DURATION_PATTERN;
use serde_json::{Value, json};

/// The form of a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// A text that matches a regular expression.
    Text(&'static str),
    /// A duration such as `1h30m`.
    Duration,
    /// A whole number from one bound to the other.
    Number(u64, u64),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// Databases by their names, each with its URL.
    Connections,
    /// A list of texts that match a regular expression.
    Texts(&'static str),
}

impl Form {
    /// A path of a file.
    pub(super) const PATH: Self = Self::Text("^.");
    /// An IP address and a port.
    pub(super) const ADDRESS: Self =
        Self::Text(r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|\[[0-9A-Fa-f:.]+(%[0-9]+)?\]):[0-9]{1,5}$");
    /// IP addresses and networks.
    pub(super) const NETWORKS: Self = Self::Texts("^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$");
    /// A number in a unit of time: 1 to 1,000,000.
    pub(super) const RATE: Self = Self::Text("^0*(1000000|[1-9][0-9]{0,5})/[smh]$");

    pub(super) fn schema(self, description: &str) -> Value {
        let mut schema = match self {
            Self::Text(pattern) => json!({ "type": "string", "pattern": pattern }),
            Self::Duration => json!({ "type": "string", "pattern": DURATION_PATTERN }),
            Self::Number(least, most) => {
                json!({ "type": "integer", "minimum": least, "maximum": most })
            }
            Self::OneOf(names) => json!({ "type": "string", "enum": names }),
            Self::Connections => {
                let url = json!({ "type": "object", "properties": { "url": { "type": "string" } },
                                  "required": ["url"], "additionalProperties": false });
                json!({ "type": "object", "additionalProperties": url })
            }
            Self::Texts(pattern) => {
                let text = json!({ "type": "string", "pattern": pattern });
                json!({ "type": "array", "items": text })
            }
        };
        schema["description"] = description.into();
        schema
    }
}
