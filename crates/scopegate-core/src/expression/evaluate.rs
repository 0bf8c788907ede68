//! Evaluates a syntax tree over inputs.

use serde_json::{Map as JsonMap, Number, Value as Json};

use super::budget::{Budget, MAX_ELEMENTS};
use super::error::{Failure, Reason};
use super::function::Function;
use super::inputs::{Input, Inputs};
use super::node::{Kind, Macro, MacroKind, Node};
use super::operator::Operator;
use super::parser::MAX_MACROS;
use super::pattern::Pattern;
use super::time;
use super::value::{List, Map, Text, Value, look_up};

/// Maximum size of a result, in bytes of JSON.
const MAX_RESULT: usize = 64 * 1024;

/// One evaluation.
pub(super) struct Evaluation<'a> {
    inputs: &'a Inputs<'a>,
    /// The variables of the macros around the current part, the outermost first.
    locals: [Value<'a>; MAX_MACROS],
    pub(super) budget: Budget,
}

impl<'a> Evaluation<'a> {
    pub(super) const fn new(inputs: &'a Inputs<'a>, budget: Budget) -> Self {
        let locals = [const { Value::Null }; MAX_MACROS];
        Self { inputs, locals, budget }
    }

    /// The result as JSON.
    pub(super) fn json(&mut self, root: &'a Node) -> Result<Json, Failure> {
        let value = self.value(root)?;
        let mut room = MAX_RESULT;
        to_json(&value, &mut room).map_err(|reason| Failure { at: root.at, reason })
    }

    /// A value that is true or false.
    pub(super) fn boolean(&mut self, node: &'a Node) -> Result<bool, Failure> {
        match self.value(node)? {
            Value::Boolean(value) => Ok(value),
            _ => Err(Failure { at: node.at, reason: Reason::NotBoolean }),
        }
    }

    /// The value of a part. It calls itself once for each level, so larger cases are functions of their own, which
    /// keeps its frame on the stack small.
    fn value(&mut self, node: &'a Node) -> Result<Value<'a>, Failure> {
        self.budget.step().map_err(|reason| Failure { at: node.at, reason })?;
        match &node.kind {
            Kind::Null => Ok(Value::Null),
            Kind::Boolean(value) => Ok(Value::Boolean(*value)),
            Kind::Integer(number) => Ok(Value::Integer(*number)),
            Kind::Float(number) => Ok(Value::Float(*number)),
            Kind::Text(text) => Ok(Value::Text(Text::Borrowed(text))),
            Kind::Input(input) => self.input(*input, node),
            Kind::Local(slot) => Ok(self.locals[*slot].clone()),
            Kind::List(elements) => self.list(node, elements),
            Kind::Map(members) => self.map(node, members),
            Kind::And(parts) => self.unless(parts, false).map(Value::Boolean),
            Kind::Or(parts) => self.unless(parts, true).map(Value::Boolean),
            Kind::Not(part) => self.boolean(part).map(|value| Value::Boolean(!value)),
            Kind::Negative(part) => negative(&self.value(part)?).map_err(failed_at(node)),
            Kind::Binary(operator, sides) => self.binary(node, *operator, sides),
            Kind::Conditional(parts) => {
                let [condition, then, otherwise] = &**parts;
                let holds = self.boolean(condition)?;
                self.value(if holds { then } else { otherwise })
            }
            Kind::Index(parts) => self.element(node, parts),
            Kind::Member(within, name) => {
                let within = self.value(within)?;
                let member = self.member(&within, name).map_err(failed_at(node))?;
                member.ok_or(Reason::NoMember).map_err(failed_at(node))
            }
            Kind::HasInput(input) => Ok(Value::Boolean(self.inputs.value(*input).is_some())),
            Kind::HasMember(within, name) => self.has(node, within, name),
            Kind::Call(function, arguments) => self.call(node, function, arguments),
            Kind::Matches(text, pattern) => self.matches(node, text, pattern),
            Kind::Macro(part) => self.expand(node, part),
        }
    }

    fn input(&self, input: Input, node: &Node) -> Result<Value<'a>, Failure> {
        self.inputs.value(input).ok_or(Reason::Absent).map_err(failed_at(node))
    }

    fn values(&mut self, parts: &'a [Node]) -> Result<Vec<Value<'a>>, Failure> {
        let mut values = Vec::with_capacity(parts.len());
        for part in parts {
            values.push(self.value(part)?);
        }
        Ok(values)
    }

    fn list(&mut self, node: &Node, elements: &'a [Node]) -> Result<Value<'a>, Failure> {
        self.budget.make_list(elements.len()).map_err(failed_at(node))?;
        Ok(Value::List(List::Made(self.values(elements)?.into())))
    }

    fn binary(
        &mut self,
        node: &Node,
        operator: Operator,
        [left, right]: &'a [Node; 2],
    ) -> Result<Value<'a>, Failure> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        operator.apply(left, right, &mut self.budget).map_err(failed_at(node))
    }

    fn has(&mut self, node: &Node, within: &'a Node, name: &str) -> Result<Value<'a>, Failure> {
        match self.value(within) {
            Ok(within) => {
                let member = self.member(&within, name).map_err(failed_at(node))?;
                Ok(Value::Boolean(member.is_some()))
            }
            // Without a user, `has(user.profile.name)` is false.
            Err(Failure { reason: Reason::Absent, .. }) => Ok(Value::Boolean(false)),
            Err(failure) => Err(failure),
        }
    }

    fn call(
        &mut self,
        node: &Node,
        function: &Function,
        arguments: &'a [Node],
    ) -> Result<Value<'a>, Failure> {
        let arguments = self.values(arguments)?;
        (function.run)(&arguments, &mut self.budget).map_err(failed_at(node))
    }

    fn matches(
        &mut self,
        node: &Node,
        text: &'a Node,
        pattern: &Pattern,
    ) -> Result<Value<'a>, Failure> {
        let Value::Text(text) = self.value(text)? else {
            return Err(Failure { at: node.at, reason: Reason::WrongType });
        };
        self.budget.match_pattern(text.len()).map_err(failed_at(node))?;
        Ok(Value::Boolean(pattern.matches(&text)))
    }

    fn map(&mut self, node: &Node, members: &'a [(Node, Node)]) -> Result<Value<'a>, Failure> {
        self.budget.make_list(2 * members.len()).map_err(failed_at(node))?;
        let mut made: Vec<(Text<'a>, Value<'a>)> = Vec::with_capacity(members.len());
        for (key, value) in members {
            let Value::Text(name) = self.value(key)? else {
                return Err(Failure { at: key.at, reason: Reason::WrongType });
            };
            self.budget.read(made.len() * 32).map_err(failed_at(node))?;
            if made.iter().any(|(other, _)| **other == *name) {
                return Err(Failure { at: key.at, reason: Reason::RepeatedKey });
            }
            made.push((name, self.value(value)?));
        }
        Ok(Value::Map(Map::Made(made.into())))
    }

    /// `decisive` if one part is, even if other parts fail. Otherwise the first failure.
    fn unless(&mut self, parts: &'a [Node], decisive: bool) -> Result<bool, Failure> {
        let mut combined = Combined::new(decisive);
        for part in parts {
            if combined.decides(self.boolean(part))? {
                return Ok(decisive);
            }
        }
        combined.end()
    }

    fn element(
        &mut self,
        node: &Node,
        [within, index]: &'a [Node; 2],
    ) -> Result<Value<'a>, Failure> {
        let (within, index) = (self.value(within)?, self.value(index)?);
        let element = match (&within, &index) {
            (Value::List(list), Value::Integer(place)) => {
                // Sets have no index, so the elements before this one are passed.
                self.budget.read(list.len() * 32).map_err(failed_at(node))?;
                list.element(*place).ok_or(Reason::NoElement)
            }
            (Value::Map(_), Value::Text(name)) => {
                let member = self.member(&within, name).map_err(failed_at(node))?;
                member.ok_or(Reason::NoMember)
            }
            (_, _) => Err(Reason::WrongType),
        };
        element.map_err(failed_at(node))
    }

    fn member(&mut self, within: &Value<'a>, name: &str) -> Result<Option<Value<'a>>, Reason> {
        let Value::Map(map) = within else { return Err(Reason::WrongType) };
        look_up(map, name, &mut self.budget)?;
        Ok(map.member(name))
    }

    fn expand(&mut self, node: &Node, part: &'a Macro) -> Result<Value<'a>, Failure> {
        let list = match self.value(&part.over)? {
            Value::List(list) => list,
            Value::Map(map) => {
                self.budget.make_list(map.len()).map_err(failed_at(node))?;
                let keys = map.members().into_iter().map(|(key, _)| Value::Text(key));
                List::Made(keys.collect())
            }
            _ => return Err(failed_at(node)(Reason::WrongType)),
        };
        if list.len() > MAX_ELEMENTS {
            return Err(failed_at(node)(Reason::TooManyElements));
        }
        match part.kind {
            MacroKind::All => self.search(part, &list, false).map(Value::Boolean),
            MacroKind::Exists => self.search(part, &list, true).map(Value::Boolean),
            MacroKind::ExistsOne => self.is_one(part, &list).map(Value::Boolean),
            MacroKind::Filter | MacroKind::Map => {
                let made = self.converted(part, &list)?;
                self.budget.make_list(made.len()).map_err(failed_at(node))?;
                Ok(Value::List(List::Made(made.into())))
            }
        }
    }

    /// Whether the body is true for exactly one element.
    fn is_one(&mut self, part: &'a Macro, list: &List<'a>) -> Result<bool, Failure> {
        let mut found = 0_usize;
        for element in list.iter() {
            self.locals[part.slot] = element;
            found += usize::from(self.boolean(&part.body)?);
        }
        Ok(found == 1)
    }

    /// The elements that `filter` keeps, or the values that `map` computes.
    fn converted(&mut self, part: &'a Macro, list: &List<'a>) -> Result<Vec<Value<'a>>, Failure> {
        let mut made = Vec::new();
        for element in list.iter() {
            self.locals[part.slot] = element.clone();
            let is_map = part.kind == MacroKind::Map;
            let condition = if is_map { part.condition.as_ref() } else { Some(&part.body) };
            if condition.map_or(Ok(true), |condition| self.boolean(condition))? {
                made.push(if is_map { self.value(&part.body)? } else { element });
            }
        }
        Ok(made)
    }

    /// `decisive` if the body is for one element, even if it fails for others.
    fn search(
        &mut self,
        part: &'a Macro,
        list: &List<'a>,
        decisive: bool,
    ) -> Result<bool, Failure> {
        let mut combined = Combined::new(decisive);
        for element in list.iter() {
            self.locals[part.slot] = element;
            if combined.decides(self.boolean(&part.body))? {
                return Ok(decisive);
            }
        }
        combined.end()
    }
}

fn failed_at(node: &Node) -> impl FnOnce(Reason) -> Failure + use<> {
    let at = node.at;
    move |reason| Failure { at, reason }
}

fn negative<'a>(value: &Value<'a>) -> Result<Value<'a>, Reason> {
    match value {
        Value::Integer(number) => number.checked_neg().map(Value::Integer).ok_or(Reason::Overflow),
        Value::Float(number) => Ok(Value::Float(-*number)),
        Value::Duration(duration) => Ok(Value::Duration(-*duration)),
        _ => Err(Reason::WrongType),
    }
}

/// The parts of `&&` or `||` so far. A part that is decisive makes up for a part that failed.
struct Combined {
    decisive: bool,
    failed: Option<Failure>,
}

impl Combined {
    const fn new(decisive: bool) -> Self {
        Self { decisive, failed: None }
    }

    /// Tells whether the part decides.
    fn decides(&mut self, part: Result<bool, Failure>) -> Result<bool, Failure> {
        match part {
            Ok(value) => Ok(value == self.decisive),
            Err(failure) if failure.reason.is_limit() => Err(failure),
            Err(failure) => {
                self.failed.get_or_insert(failure);
                Ok(false)
            }
        }
    }

    fn end(self) -> Result<bool, Failure> {
        self.failed.map_or(Ok(!self.decisive), Err)
    }
}

/// Converts a value. `room` is what is left of the maximum size of the result.
fn to_json(value: &Value<'_>, room: &mut usize) -> Result<Json, Reason> {
    let mut take = |bytes: usize| {
        *room = room.checked_sub(bytes).ok_or(Reason::ResultTooLarge)?;
        Ok(())
    };
    match value {
        Value::Null => take(4).map(|()| Json::Null),
        Value::Boolean(value) => take(5).map(|()| Json::Bool(*value)),
        Value::Integer(number) => take(20).map(|()| Json::from(*number)),
        Value::Float(number) => {
            take(24)?;
            Number::from_f64(*number).map(Json::Number).ok_or(Reason::NotFinite)
        }
        Value::Time(micros) | Value::Duration(micros) => {
            take(20)?;
            Ok(Json::from(micros.div_euclid(time::SECOND)))
        }
        Value::Text(text) => {
            take(quoted_length(text))?;
            Ok(Json::from(&**text))
        }
        Value::List(list) => {
            take(2)?;
            let mut made = Vec::new();
            for element in list.iter() {
                made.push(to_json(&element, room)?);
                *room = room.checked_sub(1).ok_or(Reason::ResultTooLarge)?;
            }
            Ok(Json::Array(made))
        }
        Value::Map(map) => {
            take(2)?;
            let mut made = JsonMap::new();
            for (name, value) in map.members() {
                let bytes = quoted_length(&name) + 2;
                *room = room.checked_sub(bytes).ok_or(Reason::ResultTooLarge)?;
                made.insert(name.to_string(), to_json(&value, room)?);
            }
            Ok(Json::Object(made))
        }
    }
}

/// The length of a text in JSON, with quotes and escapes.
fn quoted_length(text: &str) -> usize {
    let of_byte = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    2 + text.bytes().map(of_byte).sum::<usize>()
}
