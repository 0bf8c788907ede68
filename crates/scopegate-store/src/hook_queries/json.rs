//! Numbers of databases as JSON.

use serde_json::{Number, Value};

/// A floating-point number. JSON has neither infinity nor NaN.
pub(super) fn float(number: f64) -> Option<Value> {
    Number::from_f64(number).map(Value::Number)
}
