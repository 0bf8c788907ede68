//! Converts TOML values to JSON values.

use serde_json::{Map, Number, Value};
use toml::de::DeValue;

use crate::toml_reader::Node;

/// Maximum size of a value that goes into tokens, in bytes of JSON.
pub(crate) const MAX_BYTES: usize = 4096;

/// Reads any value. Dates and times become strings.
pub(crate) fn read(node: Node<'_>, most: usize) -> Option<Value> {
    let value = convert(node)?;
    if value.to_string().len() > most {
        node.refuse(format_args!("the value is too large: write at most {most} bytes of JSON"));
        return None;
    }
    Some(value)
}

/// Converts a value. The TOML parser limits the depth of nesting, so the recursion is bounded.
pub(super) fn convert(node: Node<'_>) -> Option<Value> {
    match node.value() {
        DeValue::Array(_) => {
            let entries: Vec<Option<Value>> = node.list()?.map(convert).collect();
            entries.into_iter().collect::<Option<_>>().map(Value::Array)
        }
        DeValue::Boolean(value) => Some(Value::Bool(*value)),
        DeValue::Datetime(time) => Some(Value::String(time.to_string())),
        DeValue::Float(number) => {
            let number = number.as_str().parse().ok().and_then(Number::from_f64);
            in_range(node, number)
        }
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
            in_range(node, number.map(Number::from))
        }
        DeValue::String(text) => Some(Value::String(text.as_ref().to_owned())),
        DeValue::Table(_) => {
            let entries: Vec<Option<(String, Value)>> = node
                .entries()?
                .map(|(key, value)| Some((key.text.to_owned(), convert(value)?)))
                .collect();
            entries.into_iter().collect::<Option<Map<_, _>>>().map(Value::Object)
        }
    }
}

fn in_range(node: Node<'_>, number: Option<Number>) -> Option<Value> {
    if number.is_none() {
        node.refuse(format_args!("the number is out of range: write a finite one of 64 bits"));
    }
    number.map(Value::Number)
}
