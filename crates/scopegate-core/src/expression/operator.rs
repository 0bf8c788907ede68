//! The binary operators: how strongly they bind, which types they take, and what they compute.

use std::cmp::Ordering;

use super::budget::Budget;
use super::error::Reason;
use super::types::Types;
use super::value::{List, Text, Value, compare, contains, equal};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Operator {
    Add,
    Divide,
    Equal,
    In,
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
    Multiply,
    NotEqual,
    Remainder,
    Subtract,
}

/// How strongly comparisons, sums and products bind. `||` and `&&` bind with 0 and 1.
const COMPARISON: u8 = 2;
const SUM: u8 = 3;
const PRODUCT: u8 = 4;

/// All operators, each with its text and how strongly it binds.
pub(super) const OPERATORS: [(&str, Operator, u8); 12] = [
    ("==", Operator::Equal, COMPARISON),
    ("!=", Operator::NotEqual, COMPARISON),
    ("<", Operator::Less, COMPARISON),
    ("<=", Operator::LessOrEqual, COMPARISON),
    (">", Operator::More, COMPARISON),
    (">=", Operator::MoreOrEqual, COMPARISON),
    ("in", Operator::In, COMPARISON),
    ("+", Operator::Add, SUM),
    ("-", Operator::Subtract, SUM),
    ("*", Operator::Multiply, PRODUCT),
    ("/", Operator::Divide, PRODUCT),
    ("%", Operator::Remainder, PRODUCT),
];

/// The types of the left and the right side, and the type of the result.
type Overload = (Types, Types, Types);

const fn same(types: Types) -> Overload {
    (types, types, types)
}

const ADD: &[Overload] = &[
    same(Types::INTEGER),
    same(Types::FLOAT),
    same(Types::TEXT),
    same(Types::LIST),
    same(Types::DURATION),
    (Types::TIME, Types::DURATION, Types::TIME),
    (Types::DURATION, Types::TIME, Types::TIME),
];

const SUBTRACT: &[Overload] = &[
    same(Types::INTEGER),
    same(Types::FLOAT),
    same(Types::DURATION),
    (Types::TIME, Types::TIME, Types::DURATION),
    (Types::TIME, Types::DURATION, Types::TIME),
];

const PRODUCTS: &[Overload] = &[same(Types::INTEGER), same(Types::FLOAT)];

const REMAINDER: &[Overload] = &[same(Types::INTEGER)];

/// Beyond CEL, a number compares with a time as seconds since 1970, and with a duration as its seconds.
const ORDER: &[Overload] = &[
    (Types::BOOLEAN, Types::BOOLEAN, Types::BOOLEAN),
    (Types::TEXT, Types::TEXT, Types::BOOLEAN),
    (Types::NUMBER, Types::NUMBER, Types::BOOLEAN),
    (Types::TIME, Types::TIME.or(Types::NUMBER), Types::BOOLEAN),
    (Types::NUMBER, Types::TIME, Types::BOOLEAN),
    (Types::DURATION, Types::DURATION.or(Types::NUMBER), Types::BOOLEAN),
    (Types::NUMBER, Types::DURATION, Types::BOOLEAN),
];

const EQUALITY: &[Overload] = &[(Types::ANY, Types::ANY, Types::BOOLEAN)];

const MEMBERSHIP: &[Overload] =
    &[(Types::ANY, Types::LIST, Types::BOOLEAN), (Types::TEXT, Types::MAP, Types::BOOLEAN)];

impl Operator {
    /// The types of the result, given the types of both sides. None if the operator takes no such types.
    pub(super) fn gives(self, left: Types, right: Types) -> Types {
        let overloads = match self {
            Self::Add => ADD,
            Self::Divide | Self::Multiply => PRODUCTS,
            Self::Equal | Self::NotEqual => EQUALITY,
            Self::In => MEMBERSHIP,
            Self::Less | Self::LessOrEqual | Self::More | Self::MoreOrEqual => ORDER,
            Self::Remainder => REMAINDER,
            Self::Subtract => SUBTRACT,
        };
        let fits = |(l, r, _): &&Overload| left.may_be(*l) && right.may_be(*r);
        overloads.iter().filter(fits).fold(Types::NONE, |all, (_, _, gives)| all.or(*gives))
    }

    /// What to write instead of the operator between values of types that it does not take.
    pub(super) fn instead_of(self, left: Types, right: Types) -> &'static str {
        let is_text = |types| types == Types::TEXT;
        let is_list = |types| types == Types::LIST;
        match self {
            Self::In if is_text(left) && is_text(right) => "write text.contains(text)",
            Self::In => "write a list or a map on its right, such as `\"a\" in [\"a\", \"b\"]`",
            Self::Less | Self::LessOrEqual | Self::More | Self::MoreOrEqual
                if is_list(left) || is_list(right) =>
            {
                "lists have no order: compare their sizes by size(…), or one element, such as list[0]"
            }
            _ if is_text(left) || is_text(right) => "convert one of them, such as by string(…)",
            Self::Add
            | Self::Divide
            | Self::Equal
            | Self::Less
            | Self::LessOrEqual
            | Self::More
            | Self::MoreOrEqual
            | Self::Multiply
            | Self::NotEqual
            | Self::Remainder
            | Self::Subtract => "convert one of them, such as by int(…) or double(…)",
        }
    }

    pub(super) fn apply<'a>(
        self,
        left: Value<'a>,
        right: Value<'a>,
        budget: &mut Budget,
    ) -> Result<Value<'a>, Reason> {
        let is = |wanted: fn(Ordering) -> bool, budget: &mut Budget| {
            // Nothing is less than, equal to or more than a number that is none (NaN).
            Ok(Value::Boolean(compare(&left, &right, budget)?.is_some_and(wanted)))
        };
        match self {
            Self::Equal => Ok(Value::Boolean(equal(&left, &right, budget)?)),
            Self::NotEqual => Ok(Value::Boolean(!equal(&left, &right, budget)?)),
            Self::Less => is(Ordering::is_lt, budget),
            Self::LessOrEqual => is(Ordering::is_le, budget),
            Self::More => is(Ordering::is_gt, budget),
            Self::MoreOrEqual => is(Ordering::is_ge, budget),
            Self::In => contains(&right, &left, budget).map(Value::Boolean),
            Self::Add => add(left, right, budget),
            Self::Subtract => subtract(&left, &right),
            Self::Multiply => arithmetic(&left, &right, i64::checked_mul, |l, r| l * r),
            Self::Divide => {
                refuse_zero(&right)?;
                arithmetic(&left, &right, i64::checked_div, |l, r| l / r)
            }
            Self::Remainder => match (&left, &right) {
                (Value::Integer(_), Value::Integer(0)) => Err(Reason::DivisionByZero),
                (Value::Integer(left), Value::Integer(right)) => in_range(left.checked_rem(*right)),
                (_, _) => Err(Reason::WrongType),
            },
        }
    }
}

fn add<'a>(left: Value<'a>, right: Value<'a>, budget: &mut Budget) -> Result<Value<'a>, Reason> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => {
            budget.make_text(left.len() + right.len())?;
            Ok(Value::Text(Text::Made([&*left, &*right].concat().into())))
        }
        (Value::List(left), Value::List(right)) => {
            budget.make_list(left.len() + right.len())?;
            Ok(Value::List(List::Made(left.iter().chain(right.iter()).collect())))
        }
        (Value::Time(time), Value::Duration(by)) | (Value::Duration(by), Value::Time(time)) => {
            super::time::checked(time.checked_add(by)).map(Value::Time)
        }
        (Value::Duration(left), Value::Duration(right)) => {
            super::time::checked(left.checked_add(right)).map(Value::Duration)
        }
        (left, right) => arithmetic(&left, &right, i64::checked_add, |l, r| l + r),
    }
}

fn subtract<'a>(left: &Value<'a>, right: &Value<'a>) -> Result<Value<'a>, Reason> {
    match (left, right) {
        (Value::Time(left), Value::Time(right))
        | (Value::Duration(left), Value::Duration(right)) => {
            super::time::checked(left.checked_sub(*right)).map(Value::Duration)
        }
        (Value::Time(time), Value::Duration(by)) => {
            super::time::checked(time.checked_sub(*by)).map(Value::Time)
        }
        (left, right) => arithmetic(left, right, i64::checked_sub, |l, r| l - r),
    }
}

fn arithmetic<'a>(
    left: &Value<'a>,
    right: &Value<'a>,
    of_integers: fn(i64, i64) -> Option<i64>,
    of_floats: fn(f64, f64) -> f64,
) -> Result<Value<'a>, Reason> {
    match (left, right) {
        (Value::Integer(left), Value::Integer(right)) => in_range(of_integers(*left, *right)),
        (Value::Float(left), Value::Float(right)) => Ok(Value::Float(of_floats(*left, *right))),
        (_, _) => Err(Reason::WrongType),
    }
}

fn in_range<'a>(number: Option<i64>) -> Result<Value<'a>, Reason> {
    number.map(Value::Integer).ok_or(Reason::Overflow)
}

fn refuse_zero(divisor: &Value<'_>) -> Result<(), Reason> {
    match divisor {
        Value::Integer(0) => Err(Reason::DivisionByZero),
        _ => Ok(()),
    }
}
