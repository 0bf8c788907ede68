//! Parses an expression: a Pratt parser that checks names, types and limits on the way.

mod call;
mod literal;

use std::collections::BTreeSet;

use super::error::Fault;
use super::inputs::{INPUTS, Root};
use super::lexer::{Token, TokenKind, tokens};
use super::node::{Kind, Node};
use super::operator::{OPERATORS, Operator};
use super::types::Types;
use crate::spelling::{Instead, Quoted};

/// Maximum number of levels of the syntax tree. Each level is some frames of the stack.
const MAX_DEPTH: usize = 32;

/// Maximum number of nodes of the syntax tree.
const MAX_NODES: usize = 500;

/// Maximum number of macros inside of each other.
pub(super) const MAX_MACROS: usize = 2;

const OR: &str = "||";
const AND: &str = "&&";

/// How strongly `||` binds. `&&` binds more strongly, and the other operators more than both.
const WEAKEST: u8 = 0;

/// Names that CEL reserves, and names of values that this subset does not have.
const RESERVED: [&str; 22] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
    "has",
];

/// Parses a text into its syntax tree and the top-level names that it reads.
pub(super) fn parse(text: &str) -> Result<(Node, BTreeSet<Root>), Fault> {
    let tokens = tokens(text)?;
    let mut parser = Parser {
        tokens,
        next: 0,
        depth: 0,
        nodes: 0,
        variables: Vec::new(),
        reads: BTreeSet::new(),
    };
    let root = parser.expression()?;
    match parser.peek() {
        Token { kind: TokenKind::End, .. } => Ok((root, parser.reads)),
        token => Err(unexpected(token, "an operator, such as `&&` or `==`, or the end")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    /// The number of calls of [`expression`](Parser::expression) and [`unary`](Parser::unary) that are under way.
    depth: usize,
    nodes: usize,
    /// The variables of the macros around the current part, the outermost first.
    variables: Vec<String>,
    reads: BTreeSet<Root>,
}

impl Parser {
    fn peek(&self) -> &Token {
        // The last token is the end, and nothing goes beyond it.
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn at(&self) -> usize {
        self.peek().at
    }

    fn advance(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn is_symbol(&self, symbol: &str) -> bool {
        matches!(&self.peek().kind, TokenKind::Symbol(found) if *found == symbol)
    }

    /// Passes a symbol, if it is the next token.
    fn accept(&mut self, symbol: &str) -> bool {
        let is_next = self.is_symbol(symbol);
        self.next += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, symbol: &'static str) -> Result<(), Fault> {
        match self.accept(symbol) {
            true => Ok(()),
            false => Err(unexpected(self.peek(), format_args!("`{symbol}`"))),
        }
    }

    /// Makes a node, if the limits allow it.
    fn node(&mut self, at: usize, height: usize, types: Types, kind: Kind) -> Result<Node, Fault> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let message = "the expression has too many parts: write at most 500";
            return Err(Fault::new(at, format_args!("{message}")));
        }
        if height > MAX_DEPTH {
            return Err(too_deep(at));
        }
        Ok(Node { at, height, types, kind })
    }

    /// Runs a parser one level deeper.
    fn deeper(&mut self, parse: fn(&mut Self) -> Result<Node, Fault>) -> Result<Node, Fault> {
        if self.depth == MAX_DEPTH {
            return Err(too_deep(self.at()));
        }
        self.depth += 1;
        let node = parse(self);
        self.depth -= 1;
        node
    }

    /// A whole expression: `a ? b : c`, or anything that binds more strongly.
    fn expression(&mut self) -> Result<Node, Fault> {
        self.deeper(Self::conditional)
    }

    fn conditional(&mut self) -> Result<Node, Fault> {
        let condition = self.binary(WEAKEST)?;
        let at = self.at();
        if !self.accept("?") {
            return Ok(condition);
        }
        require_boolean(&condition)?;
        let then = self.binary(WEAKEST)?;
        self.expect(":")?;
        let otherwise = self.expression()?;
        let types = then.types.or(otherwise.types);
        let height = Node::height_over([&condition, &then, &otherwise]);
        let parts = Box::new([condition, then, otherwise]);
        self.node(at, height, types, Kind::Conditional(parts))
    }

    /// Operators that bind at least this strongly. All of them group from left to right.
    fn binary(&mut self, least: u8) -> Result<Node, Fault> {
        let mut left = self.unary()?;
        while let Some((name, operator, strength)) = self.operator(least) {
            let at = self.advance().at;
            let right = self.binary(strength + 1)?;
            left = match operator {
                Some(operator) => self.operation(name, operator, left, right, at)?,
                None => self.chained(name, left, right, at)?,
            };
        }
        Ok(left)
    }

    fn operation(
        &mut self,
        name: &str,
        operator: Operator,
        left: Node,
        right: Node,
        at: usize,
    ) -> Result<Node, Fault> {
        let types = operator.gives(left.types, right.types);
        if types == Types::NONE {
            let (left, right) = (left.types, right.types);
            let instead = operator.instead_of(left, right);
            let message = format_args!("`{name}` does not take {left} and {right}: {instead}");
            return Err(Fault::new(at, message));
        }
        let height = Node::height_over([&left, &right]);
        let kind = Kind::Binary(operator, Box::new([left, right]));
        self.node(at, height, types, kind)
    }

    /// `a && b` or `a || b`. A chain of them is one node, so that long chains are not deep.
    fn chained(&mut self, name: &str, left: Node, right: Node, at: usize) -> Result<Node, Fault> {
        require_boolean(&left)?;
        require_boolean(&right)?;
        let (at, mut parts) = match left.kind {
            Kind::And(parts) if name == AND => (left.at, parts),
            Kind::Or(parts) if name == OR => (left.at, parts),
            _ => (at, vec![left]),
        };
        parts.push(right);
        let height = Node::height_over(&parts);
        let kind = if name == AND { Kind::And(parts) } else { Kind::Or(parts) };
        self.node(at, height, Types::BOOLEAN, kind)
    }

    /// The operator that is the next token, if it binds at least this strongly. `None` in its place is `&&` or `||`.
    fn operator(&self, least: u8) -> Option<(&'static str, Option<Operator>, u8)> {
        let written = match &self.peek().kind {
            TokenKind::Symbol(symbol) => *symbol,
            TokenKind::Name(name) => name.as_str(),
            _ => return None,
        };
        let chains = [(OR, None, WEAKEST), (AND, None, WEAKEST + 1)];
        let others = OPERATORS.iter().map(|(name, operator, by)| (*name, Some(*operator), *by));
        let mut all = chains.into_iter().chain(others);
        all.find(|(name, ..)| *name == written).filter(|(.., strength)| *strength >= least)
    }

    /// `!a`, `-a`, or a part with its members.
    fn unary(&mut self) -> Result<Node, Fault> {
        let at = self.at();
        if self.accept("!") {
            let part = self.deeper(Self::unary)?;
            require_boolean(&part)?;
            let height = Node::height_over([&part]);
            return self.node(at, height, Types::BOOLEAN, Kind::Not(Box::new(part)));
        }
        if !self.accept("-") {
            return self.member();
        }
        if let Some(number) = self.negative_number(at)? {
            return self.members_of(number);
        }
        let part = self.deeper(Self::unary)?;
        if !part.types.may_be(Types::NUMBER.or(Types::DURATION)) {
            let types = part.types;
            return Err(Fault::new(at, format_args!("`-` does not take {types}: write a number")));
        }
        let (height, types) = (Node::height_over([&part]), part.types);
        self.node(at, height, types, Kind::Negative(Box::new(part)))
    }

    /// A part with its members: `a.b`, `a[0]`, `a.f()`.
    fn member(&mut self) -> Result<Node, Fault> {
        let part = self.primary()?;
        self.members_of(part)
    }

    fn members_of(&mut self, mut part: Node) -> Result<Node, Fault> {
        loop {
            if self.accept(".") {
                let at = self.at();
                let name = self.name("the name of a member")?;
                part = match self.accept("(") {
                    true => self.method(part, &name, at)?,
                    false => self.select(part, name, at)?,
                };
            } else if self.is_symbol("[") {
                let at = self.advance().at;
                let index = self.expression()?;
                self.expect("]")?;
                part = self.index(part, index, at)?;
            } else {
                return Ok(part);
            }
        }
    }

    /// A name that is the next token.
    fn name(&mut self, what: &str) -> Result<String, Fault> {
        match &self.peek().kind {
            TokenKind::Name(name) => {
                let name = name.clone();
                self.next += 1;
                Ok(name)
            }
            _ => Err(unexpected(self.peek(), what)),
        }
    }

    fn select(&mut self, part: Node, name: String, at: usize) -> Result<Node, Fault> {
        if !part.types.may_be(Types::MAP) {
            let (types, name) = (part.types, Quoted(&name));
            let message = format_args!("{types} has no member {name}: write it after a map");
            return Err(Fault::new(at, message));
        }
        let height = Node::height_over([&part]);
        self.node(at, height, Types::ANY, Kind::Member(Box::new(part), name.into()))
    }

    fn index(&mut self, part: Node, index: Node, at: usize) -> Result<Node, Fault> {
        let of_list = part.types.may_be(Types::LIST) && index.types.may_be(Types::INTEGER);
        let of_map = part.types.may_be(Types::MAP) && index.types.may_be(Types::TEXT);
        if !of_list && !of_map {
            let (part, index) = (part.types, index.types);
            let instead = "write a list with an integer, or a map with a text";
            let message = format_args!("{part} has no element by {index}: {instead}");
            return Err(Fault::new(at, message));
        }
        let height = Node::height_over([&part, &index]);
        self.node(at, height, Types::ANY, Kind::Index(Box::new([part, index])))
    }

    /// A literal, a name, a call, a list, a map, or an expression in parentheses.
    fn primary(&mut self) -> Result<Node, Fault> {
        let token = self.advance();
        let at = token.at;
        match token.kind {
            TokenKind::Text(text) => self.node(at, 1, Types::TEXT, Kind::Text(text.into())),
            TokenKind::Float(number) => self.node(at, 1, Types::FLOAT, Kind::Float(number)),
            TokenKind::Integer(number) => self.integer(number, at),
            TokenKind::Name(name) => self.named(&name, at),
            TokenKind::Symbol("(") => {
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(inner)
            }
            TokenKind::Symbol("[") => self.list(at),
            TokenKind::Symbol("{") => self.map(at),
            TokenKind::Symbol(_) | TokenKind::End => Err(unexpected(&token, "a value")),
        }
    }

    fn named(&mut self, name: &str, at: usize) -> Result<Node, Fault> {
        match name {
            "true" | "false" => {
                return self.node(at, 1, Types::BOOLEAN, Kind::Boolean(name == "true"));
            }
            "null" => return self.node(at, 1, Types::NULL, Kind::Null),
            _ => {}
        }
        if self.accept("(") {
            return self.global(name, at);
        }
        if let Some(slot) = self.variables.iter().position(|variable| variable == name) {
            return self.node(at, 1, Types::ANY, Kind::Local(slot));
        }
        let root = Root::ALL.into_iter().find(|root| root.as_str() == name);
        let Some(root) = root else {
            let known = self.variables.iter().map(String::as_str);
            let known = known.chain(Root::ALL.iter().map(|root| root.as_str()));
            let instead = Instead { of: name, known };
            let shown = Quoted(name);
            return Err(Fault::new(at, format_args!("unknown name {shown}: {instead}")));
        };
        self.reads.insert(root);
        self.input(root, at)
    }

    /// A value of the inputs: `scopes`, or a member of another top-level name.
    fn input(&mut self, root: Root, at: usize) -> Result<Node, Fault> {
        let members = INPUTS.iter().filter(|(of, ..)| *of == root);
        let name = root.as_str();
        let (member, at) = if root == Root::Scopes {
            (String::new(), at)
        } else {
            if !self.accept(".") {
                let (_, first, ..) = members.clone().next().expect("each name has a member");
                let message = format_args!("`{name}` alone is no value: write `{name}.{first}`");
                return Err(Fault::new(at, message));
            }
            let at = self.at();
            (self.name("the name of a member")?, at)
        };
        match members.clone().find(|(_, name, ..)| *name == member) {
            Some((_, _, input, types)) => self.node(at, 1, *types, Kind::Input(*input)),
            None => {
                let (shown, known) = (Quoted(&member), members.map(|(_, name, ..)| *name));
                let instead = Instead { of: &member, known };
                let message = format_args!("`{name}` has no member {shown}: {instead}");
                Err(Fault::new(at, message))
            }
        }
    }
}

fn require_boolean(part: &Node) -> Result<(), Fault> {
    if part.types.may_be(Types::BOOLEAN) {
        return Ok(());
    }
    let types = part.types;
    let message = format_args!("{types} is neither true nor false: write a comparison");
    Err(Fault::new(part.at, message))
}

fn too_deep(at: usize) -> Fault {
    let message = "the expression is nested too deeply: write at most 32 levels";
    Fault::new(at, format_args!("{message}"))
}

fn unexpected(token: &Token, wanted: impl std::fmt::Display) -> Fault {
    let at = token.at;
    match &token.kind {
        TokenKind::End => Fault::new(at, format_args!("the expression ends here: write {wanted}")),
        TokenKind::Name(name) => {
            let name = Quoted(name);
            Fault::new(at, format_args!("unexpected name {name}: write {wanted}"))
        }
        TokenKind::Symbol(symbol) => {
            Fault::new(at, format_args!("unexpected `{symbol}`: write {wanted}"))
        }
        TokenKind::Text(_) => Fault::new(at, format_args!("unexpected text: write {wanted}")),
        TokenKind::Integer(_) | TokenKind::Float(_) => {
            Fault::new(at, format_args!("unexpected number: write {wanted}"))
        }
    }
}
