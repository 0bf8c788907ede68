//! Values in the syntax of TOML.

use serde_json::Value;

/// Converts a JSON value to TOML on one line. `None` if TOML has no such value: null, or an integer that does
/// not fit into 64 bits with a sign.
pub(super) fn inline(value: &Value) -> Option<String> {
    convert(value).map(|value| value.to_string())
}

fn convert(value: &Value) -> Option<toml::Value> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match (number.as_i64(), number.is_f64()) {
            (Some(number), _) => number.into(),
            (None, true) => number.as_f64()?.into(),
            (None, false) => return None,
        },
        Value::String(text) => text.clone().into(),
        Value::Array(entries) => entries.iter().map(convert).collect::<Option<Vec<_>>>()?.into(),
        Value::Object(entries) => {
            let entry = |(key, value): (&String, &Value)| Some((key.clone(), convert(value)?));
            entries.iter().map(entry).collect::<Option<toml::Table>>()?.into()
        }
    })
}
