//! Calls of functions, and the macros.

use super::{MAX_MACROS, Parser, RESERVED, unexpected};
use crate::expression::error::Fault;
use crate::expression::function::{FUNCTIONS, Function};
use crate::expression::inputs::{Input, Root};
use crate::expression::node::{Kind, Macro, MacroKind, Node};
use crate::expression::pattern::Pattern;
use crate::expression::types::Types;
use crate::spelling::{Instead, Quoted};

/// The functions that are syntax.
const HAS: &str = "has";
const MATCHES: &str = "matches";

impl Parser {
    /// A call of a function by its name. Its parenthesis is passed.
    pub(super) fn global(&mut self, name: &str, at: usize) -> Result<Node, Fault> {
        if name == HAS {
            return self.has(at);
        }
        let arguments = self.arguments(Vec::new())?;
        self.call(name, false, arguments, at)
    }

    /// A call after a dot. Its parenthesis is passed.
    pub(super) fn method(&mut self, of: Node, name: &str, at: usize) -> Result<Node, Fault> {
        if let Some((_, kind)) = MacroKind::NAMES.iter().find(|(known, _)| *known == name) {
            return self.expand(*kind, of, at);
        }
        if name == MATCHES {
            return self.matches(of, at);
        }
        let arguments = self.arguments(vec![of])?;
        self.call(name, true, arguments, at)
    }

    fn arguments(&mut self, mut arguments: Vec<Node>) -> Result<Vec<Node>, Fault> {
        if self.accept(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression()?);
            if !self.accept(",") {
                self.expect(")")?;
                return Ok(arguments);
            }
        }
    }

    fn call(
        &mut self,
        name: &str,
        is_method: bool,
        arguments: Vec<Node>,
        at: usize,
    ) -> Result<Node, Fault> {
        let of_this_kind = || FUNCTIONS.iter().filter(|known| known.is_method == is_method);
        let named = || of_this_kind().filter(|known| known.name == name);
        if named().next().is_none() {
            return Err(unknown(name, is_method, at));
        }
        let fitting = named().find(|known| known.takes.len() == arguments.len());
        let Some(function) = fitting else {
            return Err(Fault::new(at, format_args!("wrong number of arguments: {}", Usage(name))));
        };
        for (argument, wanted) in arguments.iter().zip(function.takes) {
            if !argument.types.may_be(*wanted) {
                let types = argument.types;
                let message = format_args!("`{name}` does not take {types} here: write {wanted}");
                return Err(Fault::new(argument.at, message));
            }
        }
        let height = Node::height_over(&arguments);
        self.node(at, height, function.gives, Kind::Call(function, arguments))
    }

    /// `has(a.b)`
    fn has(&mut self, at: usize) -> Result<Node, Fault> {
        let part = self.expression()?;
        self.expect(")")?;
        let height = part.height;
        let kind = match part.kind {
            Kind::Input(input) if input != Input::Scopes => Kind::HasInput(input),
            Kind::Member(within, name) => Kind::HasMember(within, name),
            _ => {
                let message = "`has` takes a member, such as has(user.profile.name)";
                return Err(Fault::new(at, format_args!("{message}")));
            }
        };
        self.node(at, height, Types::BOOLEAN, kind)
    }

    /// `a.matches("pattern")`. The pattern is compiled here, so that its size is limited.
    fn matches(&mut self, of: Node, at: usize) -> Result<Node, Fault> {
        let pattern = self.expression()?;
        self.expect(")")?;
        let Kind::Text(text) = &pattern.kind else {
            let message = "the pattern of `matches` must be written out: write it in quotes";
            return Err(Fault::new(pattern.at, format_args!("{message}")));
        };
        if !of.types.may_be(Types::TEXT) {
            let types = of.types;
            let message = format_args!("`matches` does not take {types}: write it after a text");
            return Err(Fault::new(at, message));
        }
        let compiled = Pattern::parse(text).map_err(|error| {
            let character = 1 + text.char_indices().take_while(|(at, _)| *at < error.at()).count();
            Fault::new(pattern.at, format_args!("character {character} of the pattern: {error}"))
        })?;
        let height = Node::height_over([&of, &pattern]);
        self.node(at, height, Types::BOOLEAN, Kind::Matches(Box::new(of), compiled))
    }

    /// A macro over a list or a map: `a.exists(x, x == 1)`.
    fn expand(&mut self, kind: MacroKind, over: Node, at: usize) -> Result<Node, Fault> {
        if !over.types.may_be(Types::LIST.or(Types::MAP)) {
            let types = over.types;
            let message =
                format_args!("a macro does not go through {types}: write a list or a map");
            return Err(Fault::new(at, message));
        }
        let slot = self.variables.len();
        if slot == MAX_MACROS {
            let message = "too many macros inside of macros: write at most 2";
            return Err(Fault::new(at, format_args!("{message}")));
        }
        let variable = self.variable()?;
        self.expect(",")?;
        self.variables.push(variable);
        let first = self.expression()?;
        let (condition, body) = match kind == MacroKind::Map && self.accept(",") {
            true => (Some(first), self.expression()?),
            false => (None, first),
        };
        self.variables.pop();
        self.expect(")")?;
        let tested = if kind == MacroKind::Map { condition.as_ref() } else { Some(&body) };
        tested.map_or(Ok(()), super::require_boolean)?;
        let parts = [&over, &body].into_iter().chain(&condition);
        let height = Node::height_over(parts);
        let part = Macro { kind, over, slot, condition, body };
        self.node(at, height, kind.gives(), Kind::Macro(Box::new(part)))
    }

    /// The variable of a macro. It must not hide another name.
    fn variable(&mut self) -> Result<String, Fault> {
        let token = self.peek().clone();
        let name = self
            .name("the name of a variable")
            .map_err(|_| unexpected(&token, "the name of a variable, such as `x`"))?;
        let is_root = Root::ALL.iter().any(|root| root.as_str() == name);
        if is_root || RESERVED.contains(&name.as_str()) || self.variables.contains(&name) {
            let name = Quoted(&name);
            let message = format_args!("the name {name} is taken: write another, such as `x`");
            return Err(Fault::new(token.at, message));
        }
        Ok(name)
    }
}

fn unknown(name: &str, is_method: bool, at: usize) -> Fault {
    let shown = Quoted(name);
    let other = FUNCTIONS.iter().any(|known| known.name == name && known.is_method != is_method);
    let is_syntax = name == MATCHES || MacroKind::NAMES.iter().any(|(known, _)| *known == name);
    if other || is_syntax || name == HAS {
        return Fault::new(at, format_args!("{shown} is called in another way: {}", Usage(name)));
    }
    let mut known: Vec<_> =
        FUNCTIONS.iter().filter(|known| known.is_method == is_method).map(|f| f.name).collect();
    match is_method {
        true => known.extend(MacroKind::NAMES.iter().map(|(name, _)| *name).chain([MATCHES])),
        false => known.push(HAS),
    }
    known.dedup();
    let instead = Instead { of: name, known: known.into_iter() };
    Fault::new(at, format_args!("unknown function {shown}: {instead}"))
}

/// How a function is written.
struct Usage<'a>(&'a str);

impl std::fmt::Display for Usage<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(name) = self;
        match *name {
            HAS => return f.write_str("write has(user.profile.name)"),
            MATCHES => return f.write_str("write text.matches(\"pattern\")"),
            _ if MacroKind::NAMES.iter().any(|(known, _)| known == name) => {
                return write!(f, "write list.{name}(x, …)");
            }
            _ => {}
        }
        let mut forms = FUNCTIONS.iter().filter(|known| known.name == *name);
        if let Some(first) = forms.next() {
            write!(f, "write {first}")?;
        }
        forms.try_for_each(|form| write!(f, " or {form}"))
    }
}

/// A call as it is written, with types in the place of values.
impl std::fmt::Display for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut takes = self.takes.iter();
        let word = |types: &Types| match *types {
            Types::TEXT => "text",
            Types::LIST => "list",
            Types::INTEGER => "integer",
            Types::TIME => "time",
            _ => "value",
        };
        if let Some(of) = takes.next().filter(|_| self.is_method) {
            write!(f, "{}.", word(of))?;
        } else {
            takes = self.takes.iter();
        }
        let arguments: Vec<_> = takes.map(word).collect();
        write!(f, "{}({})", self.name, arguments.join(", "))
    }
}
