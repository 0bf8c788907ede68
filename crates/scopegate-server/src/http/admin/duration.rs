//! Durations such as `10m`, as in a catalog file.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use scopegate_core::spelling::{parse_duration, show_duration};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A duration such as `10m` or `1h30m`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct DurationText(pub(super) Duration);

impl Serialize for DurationText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&show_duration(self.0))
    }
}

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parsed = parse_duration(&text).map(Self);
        parsed.ok_or_else(|| de::Error::custom("write a duration such as 10m or 90d"))
    }
}

impl JsonSchema for DurationText {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?$",
            "minLength": 2,
        })
    }
}
