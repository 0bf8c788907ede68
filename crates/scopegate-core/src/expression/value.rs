//! Values during an evaluation. Those of the inputs are borrowed.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::rc::Rc;

use scopegate_claims::ScopeSet;
use serde_json::{Map as JsonMap, Value as Json};

use super::budget::Budget;
use super::error::Reason;
use super::time;

#[derive(Clone)]
pub(super) enum Value<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(Text<'a>),
    List(List<'a>),
    Map(Map<'a>),
    /// In microseconds since 1970.
    Time(i64),
    /// In microseconds.
    Duration(i64),
}

#[derive(Clone)]
pub(super) enum Text<'a> {
    Borrowed(&'a str),
    Made(Rc<str>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Made(text) => text,
        }
    }
}

#[derive(Clone)]
pub(super) enum List<'a> {
    Json(&'a [Json]),
    Made(Rc<[Value<'a>]>),
    Names(&'a BTreeSet<String>),
    Scopes(&'a ScopeSet),
    Texts(&'a [String]),
}

#[derive(Clone)]
pub(super) enum Map<'a> {
    Attributes(&'a BTreeMap<String, Json>),
    Json(&'a JsonMap<String, Json>),
    Made(Rc<[(Text<'a>, Value<'a>)]>),
}

impl<'a> Value<'a> {
    pub(super) fn of_json(json: &'a Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Boolean(*value),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => Self::Integer(integer),
                (None, float) => Self::Float(float.unwrap_or(f64::NAN)),
            },
            Json::String(text) => Self::Text(Text::Borrowed(text)),
            Json::Array(list) => Self::List(List::Json(list)),
            Json::Object(map) => Self::Map(Map::Json(map)),
        }
    }

    pub(super) fn made(text: String) -> Self {
        Self::Text(Text::Made(text.into()))
    }
}

impl<'a> List<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Json(list) => list.len(),
            Self::Made(list) => list.len(),
            Self::Names(names) => names.len(),
            Self::Scopes(scopes) => scopes.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    /// The elements. The list itself is not borrowed, so that a macro may go through it while it evaluates.
    pub(super) fn iter(&self) -> Box<dyn Iterator<Item = Value<'a>> + 'a> {
        let text = |text: &'a str| Value::Text(Text::Borrowed(text));
        match self {
            Self::Json(list) => Box::new(list.iter().map(Value::of_json)),
            Self::Made(list) => {
                let list = Rc::clone(list);
                Box::new((0..list.len()).map(move |place| list[place].clone()))
            }
            Self::Names(names) => Box::new(names.iter().map(move |name| text(name))),
            Self::Scopes(scopes) => Box::new(scopes.iter().map(text)),
            Self::Texts(texts) => Box::new(texts.iter().map(move |name| text(name))),
        }
    }

    /// The element at an index, from 0.
    pub(super) fn element(&self, place: i64) -> Option<Value<'a>> {
        let place = usize::try_from(place).ok()?;
        match self {
            Self::Json(list) => list.get(place).map(Value::of_json),
            Self::Made(list) => list.get(place).cloned(),
            Self::Names(_) | Self::Scopes(_) | Self::Texts(_) => self.iter().nth(place),
        }
    }
}

impl<'a> Map<'a> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Attributes(map) => map.len(),
            Self::Json(map) => map.len(),
            Self::Made(map) => map.len(),
        }
    }

    pub(super) fn member(&self, name: &str) -> Option<Value<'a>> {
        match self {
            Self::Attributes(map) => map.get(name).map(Value::of_json),
            Self::Json(map) => map.get(name).map(Value::of_json),
            Self::Made(map) => {
                let found = map.iter().find(|(key, _)| **key == *name);
                found.map(|(_, value)| value.clone())
            }
        }
    }

    pub(super) fn members(&self) -> Vec<(Text<'a>, Value<'a>)> {
        let member = |(key, json): (&'a String, &'a Json)| {
            (Text::Borrowed(key.as_str()), Value::of_json(json))
        };
        match self {
            Self::Attributes(map) => map.iter().map(member).collect(),
            Self::Json(map) => map.iter().map(member).collect(),
            Self::Made(map) => map.to_vec(),
        }
    }
}

/// Whether two values are equal. Values of different types are not, except integers and floats, and numbers and
/// times.
pub(super) fn equal(
    left: &Value<'_>,
    right: &Value<'_>,
    budget: &mut Budget,
) -> Result<bool, Reason> {
    budget.step()?;
    match (left, right) {
        (Value::Null, Value::Null) => Ok(true),
        (Value::List(left), Value::List(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (left, right) in left.iter().zip(right.iter()) {
                if !equal(&left, &right, budget)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Value::Map(left), Value::Map(right)) => {
            if left.len() != right.len() {
                return Ok(false);
            }
            for (name, value) in left.members() {
                look_up(right, &name, budget)?;
                match right.member(&name) {
                    Some(other) if equal(&value, &other, budget)? => {}
                    _ => return Ok(false),
                }
            }
            Ok(true)
        }
        (left, right) => match compare(left, right, budget) {
            Ok(order) => Ok(order == Some(Ordering::Equal)),
            Err(Reason::WrongType) => Ok(false),
            Err(limit) => Err(limit),
        },
    }
}

/// The order of two values. `None` if one of them is NaN.
pub(super) fn compare(
    left: &Value<'_>,
    right: &Value<'_>,
    budget: &mut Budget,
) -> Result<Option<Ordering>, Reason> {
    Ok(match (left, right) {
        (Value::Boolean(left), Value::Boolean(right)) => Some(left.cmp(right)),
        (Value::Text(left), Value::Text(right)) => {
            budget.read(left.len().min(right.len()))?;
            Some((**left).cmp(&**right))
        }
        (Value::Integer(left), Value::Integer(right))
        | (Value::Time(left), Value::Time(right))
        | (Value::Duration(left), Value::Duration(right)) => Some(left.cmp(right)),
        (Value::Float(left), Value::Float(right)) => left.partial_cmp(right),
        (Value::Integer(left), Value::Float(right)) => compare_mixed(*left, *right),
        (Value::Float(left), Value::Integer(right)) => {
            compare_mixed(*right, *left).map(Ordering::reverse)
        }
        (Value::Time(micros) | Value::Duration(micros), number) => {
            compare_seconds(*micros, number)?
        }
        (number, Value::Time(micros) | Value::Duration(micros)) => {
            compare_seconds(*micros, number)?.map(Ordering::reverse)
        }
        (_, _) => return Err(Reason::WrongType),
    })
}

/// Compares without rounding the integer.
fn compare_mixed(integer: i64, float: f64) -> Option<Ordering> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if float.is_nan() {
        None
    } else if float >= BEYOND {
        Some(Ordering::Less)
    } else if float < -BEYOND {
        Some(Ordering::Greater)
    } else {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is in range, and the fraction follows"
        )]
        let whole = float.trunc() as i64;
        Some(integer.cmp(&whole).then(0.0_f64.partial_cmp(&float.fract())?))
    }
}

fn compare_seconds(micros: i64, number: &Value<'_>) -> Result<Option<Ordering>, Reason> {
    match number {
        Value::Integer(seconds) => {
            Ok(Some(i128::from(micros).cmp(&(i128::from(*seconds) * i128::from(time::SECOND)))))
        }
        #[expect(clippy::cast_precision_loss, reason = "a float has no more precision")]
        Value::Float(seconds) => Ok((micros as f64 / time::SECOND as f64).partial_cmp(seconds)),
        _ => Err(Reason::WrongType),
    }
}

/// Whether a list contains a value, or a map a key.
pub(super) fn contains(
    within: &Value<'_>,
    value: &Value<'_>,
    budget: &mut Budget,
) -> Result<bool, Reason> {
    match (within, value) {
        (Value::List(List::Names(names)), Value::Text(text)) => {
            budget.read(text.len())?;
            Ok(names.contains(&**text))
        }
        (Value::List(List::Scopes(scopes)), Value::Text(text)) => {
            budget.read(text.len())?;
            Ok(scopes.contains(text))
        }
        (Value::List(list), value) => {
            for element in list.iter() {
                if equal(&element, value, budget)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        (Value::Map(map), Value::Text(name)) => {
            look_up(map, name, budget)?;
            Ok(map.member(name).is_some())
        }
        (Value::Map(_), _) => Ok(false),
        (_, _) => Err(Reason::WrongType),
    }
}

/// Uses the steps for finding a key in a map.
pub(super) fn look_up(map: &Map<'_>, name: &str, budget: &mut Budget) -> Result<(), Reason> {
    let compared = match map {
        Map::Made(map) => map.len() * (name.len() + 32),
        Map::Attributes(_) | Map::Json(_) => name.len(),
    };
    budget.read(compared)
}
