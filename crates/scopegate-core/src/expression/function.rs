//! The functions, except `has`, `matches` and the macros, which are syntax.

use super::budget::{Budget, MAX_ELEMENTS};
use super::error::Reason;
use super::time::{self, SECOND};
use super::types::Types;
use super::value::{List, Text, Value};

/// A function. A method is called as `receiver.name(arguments)`; the receiver is its first argument.
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) is_method: bool,
    pub(super) takes: &'static [Types],
    pub(super) gives: Types,
    pub(super) run: Run,
}

type Run = for<'a> fn(&[Value<'a>], &mut Budget) -> Result<Value<'a>, Reason>;

const fn method(name: &'static str, takes: &'static [Types], gives: Types, run: Run) -> Function {
    Function { name, is_method: true, takes, gives, run }
}

const fn global(name: &'static str, takes: &'static [Types], gives: Types, run: Run) -> Function {
    Function { name, is_method: false, takes, gives, run }
}

const SIZED: &[Types] = &[Types::TEXT.or(Types::LIST).or(Types::MAP)];
const TEXT: &[Types] = &[Types::TEXT];
const TWO_TEXTS: &[Types] = &[Types::TEXT, Types::TEXT];
const TIME: &[Types] = &[Types::TIME];
const MOMENT: &[Types] = &[Types::TIME.or(Types::DURATION)];
const TO_NUMBER: &[Types] = &[Types::NUMBER.or(Types::TEXT).or(Types::TIME)];
const TO_FLOAT: &[Types] = &[Types::NUMBER.or(Types::TEXT)];
const TO_TEXT: &[Types] =
    &[Types::NUMBER.or(Types::TEXT).or(Types::BOOLEAN).or(Types::TIME).or(Types::DURATION)];

/// All functions, those with the same name one after another.
pub(super) static FUNCTIONS: &[Function] = &[
    global("double", TO_FLOAT, Types::FLOAT, double),
    global("duration", &[Types::TEXT.or(Types::DURATION)], Types::DURATION, duration),
    global("int", TO_NUMBER, Types::INTEGER, int),
    global("size", SIZED, Types::INTEGER, size),
    global("string", TO_TEXT, Types::TEXT, string),
    global("timestamp", &[Types::TEXT.or(Types::TIME)], Types::TIME, timestamp),
    method("contains", TWO_TEXTS, Types::BOOLEAN, |arguments, budget| {
        about(arguments, budget, |text, part| text.contains(part))
    }),
    method("endsWith", TWO_TEXTS, Types::BOOLEAN, |arguments, budget| {
        about(arguments, budget, |text, end| text.ends_with(end))
    }),
    method("getDate", TIME, Types::INTEGER, |arguments, _| {
        of_time(arguments, |at| time::date(at).2)
    }),
    method("getDayOfMonth", TIME, Types::INTEGER, |arguments, _| {
        of_time(arguments, |at| time::date(at).2 - 1)
    }),
    method("getDayOfWeek", TIME, Types::INTEGER, |arguments, _| {
        of_time(arguments, time::day_of_week)
    }),
    method("getDayOfYear", TIME, Types::INTEGER, |arguments, _| {
        of_time(arguments, time::day_of_year)
    }),
    method("getFullYear", TIME, Types::INTEGER, |arguments, _| {
        of_time(arguments, |at| time::date(at).0)
    }),
    method("getHours", MOMENT, Types::INTEGER, |arguments, _| of_moment(arguments, 3600, 24)),
    method("getMinutes", MOMENT, Types::INTEGER, |arguments, _| of_moment(arguments, 60, 60)),
    method("getMonth", TIME, Types::INTEGER, |arguments, _| {
        of_time(arguments, |at| time::date(at).1 - 1)
    }),
    method("getSeconds", MOMENT, Types::INTEGER, |arguments, _| of_moment(arguments, 1, 60)),
    method("indexOf", TWO_TEXTS, Types::INTEGER, index_of),
    method("join", &[Types::LIST], Types::TEXT, |arguments, budget| join(arguments, "", budget)),
    method("join", &[Types::LIST, Types::TEXT], Types::TEXT, |arguments, budget| {
        join(arguments, text(&arguments[1])?, budget)
    }),
    method("lowerAscii", TEXT, Types::TEXT, |arguments, budget| {
        changed(arguments, budget, str::to_ascii_lowercase)
    }),
    method("replace", &[Types::TEXT, Types::TEXT, Types::TEXT], Types::TEXT, replace),
    method("size", SIZED, Types::INTEGER, size),
    method("split", TWO_TEXTS, Types::LIST, split),
    method("startsWith", TWO_TEXTS, Types::BOOLEAN, |arguments, budget| {
        about(arguments, budget, |text, start| text.starts_with(start))
    }),
    method("substring", &[Types::TEXT, Types::INTEGER], Types::TEXT, |arguments, budget| {
        substring(arguments, None, budget)
    }),
    method(
        "substring",
        &[Types::TEXT, Types::INTEGER, Types::INTEGER],
        Types::TEXT,
        |arguments, budget| substring(arguments, Some(integer(&arguments[2])?), budget),
    ),
    method("trim", TEXT, Types::TEXT, |arguments, budget| {
        changed(arguments, budget, |text| text.trim().to_owned())
    }),
    method("upperAscii", TEXT, Types::TEXT, |arguments, budget| {
        changed(arguments, budget, str::to_ascii_uppercase)
    }),
];

fn text<'v>(value: &'v Value<'_>) -> Result<&'v str, Reason> {
    match value {
        Value::Text(text) => Ok(text),
        _ => Err(Reason::WrongType),
    }
}

fn integer(value: &Value<'_>) -> Result<i64, Reason> {
    match value {
        Value::Integer(integer) => Ok(*integer),
        _ => Err(Reason::WrongType),
    }
}

/// A property of two texts.
fn about<'a>(
    arguments: &[Value<'a>],
    budget: &mut Budget,
    has: fn(&str, &str) -> bool,
) -> Result<Value<'a>, Reason> {
    let (left, right) = (text(&arguments[0])?, text(&arguments[1])?);
    budget.read(left.len() + right.len())?;
    Ok(Value::Boolean(has(left, right)))
}

/// A text that is made from another of the same length or more.
fn changed<'a>(
    arguments: &[Value<'a>],
    budget: &mut Budget,
    change: fn(&str) -> String,
) -> Result<Value<'a>, Reason> {
    let before = text(&arguments[0])?;
    budget.make_text(before.len())?;
    Ok(Value::made(change(before)))
}

fn of_time<'a>(arguments: &[Value<'a>], part: fn(i64) -> i64) -> Result<Value<'a>, Reason> {
    match arguments[0] {
        Value::Time(time) => Ok(Value::Integer(part(time))),
        _ => Err(Reason::WrongType),
    }
}

/// A part of the time of day, in units of `seconds`, or all such units of a duration.
fn of_moment<'a>(arguments: &[Value<'a>], seconds: i64, modulo: i64) -> Result<Value<'a>, Reason> {
    match arguments[0] {
        Value::Time(time) => Ok(Value::Integer(time::of_day(time) / (seconds * SECOND) % modulo)),
        Value::Duration(duration) => Ok(Value::Integer(duration / (seconds * SECOND))),
        _ => Err(Reason::WrongType),
    }
}

fn size<'a>(arguments: &[Value<'a>], budget: &mut Budget) -> Result<Value<'a>, Reason> {
    let size = match &arguments[0] {
        Value::Text(text) => {
            budget.read(text.len())?;
            text.chars().count()
        }
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        _ => return Err(Reason::WrongType),
    };
    count(size)
}

fn count<'a>(count: usize) -> Result<Value<'a>, Reason> {
    i64::try_from(count).map(Value::Integer).map_err(|_| Reason::Overflow)
}

fn string<'a>(arguments: &[Value<'a>], budget: &mut Budget) -> Result<Value<'a>, Reason> {
    let made = match &arguments[0] {
        Value::Text(_) => return Ok(arguments[0].clone()),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Time(time) => time::show_time(*time),
        Value::Duration(duration) => time::show_duration(*duration),
        _ => return Err(Reason::WrongType),
    };
    budget.make_text(made.len())?;
    Ok(Value::made(made))
}

fn int<'a>(arguments: &[Value<'a>], budget: &mut Budget) -> Result<Value<'a>, Reason> {
    match &arguments[0] {
        Value::Integer(number) => Ok(Value::Integer(*number)),
        Value::Float(number) if number.abs() < 9_223_372_036_854_775_808.0 => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "it is in range; CEL cuts the fraction"
            )]
            let integer = *number as i64;
            Ok(Value::Integer(integer))
        }
        Value::Float(_) => Err(Reason::Overflow),
        Value::Text(text) => {
            budget.read(text.len())?;
            text.parse().map(Value::Integer).map_err(|_| Reason::BadNumber)
        }
        Value::Time(time) => Ok(Value::Integer(time.div_euclid(SECOND))),
        _ => Err(Reason::WrongType),
    }
}

fn double<'a>(arguments: &[Value<'a>], budget: &mut Budget) -> Result<Value<'a>, Reason> {
    match &arguments[0] {
        Value::Float(number) => Ok(Value::Float(*number)),
        #[expect(clippy::cast_precision_loss, reason = "CEL rounds to the nearest float")]
        Value::Integer(number) => Ok(Value::Float(*number as f64)),
        Value::Text(text) => {
            budget.read(text.len())?;
            text.parse().map(Value::Float).map_err(|_| Reason::BadNumber)
        }
        _ => Err(Reason::WrongType),
    }
}

fn timestamp<'a>(arguments: &[Value<'a>], budget: &mut Budget) -> Result<Value<'a>, Reason> {
    match &arguments[0] {
        Value::Time(time) => Ok(Value::Time(*time)),
        Value::Text(text) => {
            budget.read(text.len())?;
            time::parse_time(text).map(Value::Time).ok_or(Reason::BadTime)
        }
        _ => Err(Reason::WrongType),
    }
}

fn duration<'a>(arguments: &[Value<'a>], budget: &mut Budget) -> Result<Value<'a>, Reason> {
    match &arguments[0] {
        Value::Duration(duration) => Ok(Value::Duration(*duration)),
        Value::Text(text) => {
            budget.read(text.len())?;
            time::parse_duration(text).map(Value::Duration).ok_or(Reason::BadTime)
        }
        _ => Err(Reason::WrongType),
    }
}

/// The index in characters, or -1.
fn index_of<'a>(arguments: &[Value<'a>], budget: &mut Budget) -> Result<Value<'a>, Reason> {
    let (within, part) = (text(&arguments[0])?, text(&arguments[1])?);
    budget.read(within.len() + part.len())?;
    match within.find(part) {
        Some(at) => count(within[..at].chars().count()),
        None => Ok(Value::Integer(-1)),
    }
}

fn join<'a>(
    arguments: &[Value<'a>],
    separator: &str,
    budget: &mut Budget,
) -> Result<Value<'a>, Reason> {
    let Value::List(list) = &arguments[0] else { return Err(Reason::WrongType) };
    let mut joined = String::new();
    for (place, element) in list.iter().enumerate() {
        let separator = if place == 0 { "" } else { separator };
        let element = text(&element)?.to_owned();
        budget.make_text(separator.len() + element.len())?;
        joined.push_str(separator);
        joined.push_str(&element);
    }
    Ok(Value::made(joined))
}

fn replace<'a>(arguments: &[Value<'a>], budget: &mut Budget) -> Result<Value<'a>, Reason> {
    let (within, from, to) = (text(&arguments[0])?, text(&arguments[1])?, text(&arguments[2])?);
    budget.read(within.len() + from.len())?;
    let places = within.matches(from).count();
    // The length is known before the text is made.
    budget.make_text(within.len() - places * from.len() + places.saturating_mul(to.len()))?;
    Ok(Value::made(within.replace(from, to)))
}

/// An empty separator splits a text into its characters.
fn split<'a>(arguments: &[Value<'a>], budget: &mut Budget) -> Result<Value<'a>, Reason> {
    let (within, separator) = (text(&arguments[0])?, text(&arguments[1])?);
    budget.make_text(within.len() + separator.len())?;
    let part = |part: &str| Value::Text(Text::Made(part.into()));
    let parts: Vec<_> = match separator {
        "" => {
            let letters = within.char_indices().take(MAX_ELEMENTS + 1);
            letters.map(|(at, letter)| part(&within[at..at + letter.len_utf8()])).collect()
        }
        separator => within.split(separator).take(MAX_ELEMENTS + 1).map(part).collect(),
    };
    budget.make_list(parts.len())?;
    Ok(Value::List(List::Made(parts.into())))
}

/// A part of a text, by indices in characters. The end is not part of it.
fn substring<'a>(
    arguments: &[Value<'a>],
    end: Option<i64>,
    budget: &mut Budget,
) -> Result<Value<'a>, Reason> {
    let (within, start) = (text(&arguments[0])?, integer(&arguments[1])?);
    budget.make_text(within.len())?;
    let offset = |index: i64| {
        let index = usize::try_from(index).map_err(|_| Reason::NoElement)?;
        let ends = within.char_indices().map(|(at, _)| at).chain([within.len()]);
        ends.into_iter().nth(index).ok_or(Reason::NoElement)
    };
    let start = offset(start)?;
    let end = end.map_or(Ok(within.len()), offset)?;
    let part = within.get(start..end).ok_or(Reason::NoElement)?;
    Ok(Value::made(part.to_owned()))
}
