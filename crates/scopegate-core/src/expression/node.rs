//! The syntax tree.

use super::function::Function;
use super::inputs::Input;
use super::operator::Operator;
use super::pattern::Pattern;
use super::types::Types;

/// A part of an expression.
pub(super) struct Node {
    /// The byte offset in the text that a failure of this part is reported at.
    pub(super) at: usize,
    /// The number of levels of this part.
    pub(super) height: usize,
    /// The types that the value may have.
    pub(super) types: Types,
    pub(super) kind: Kind,
}

pub(super) enum Kind {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(Box<str>),
    Input(Input),
    /// The variable of a macro, by the number of macros around it.
    Local(usize),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
    /// All must be true.
    And(Vec<Node>),
    /// One must be true.
    Or(Vec<Node>),
    Not(Box<Node>),
    Negative(Box<Node>),
    Binary(Operator, Box<[Node; 2]>),
    Conditional(Box<[Node; 3]>),
    Index(Box<[Node; 2]>),
    Member(Box<Node>, Box<str>),
    HasInput(Input),
    HasMember(Box<Node>, Box<str>),
    Call(&'static Function, Vec<Node>),
    Matches(Box<Node>, Pattern),
    Macro(Box<Macro>),
}

/// A macro: it evaluates its parts once for each element of a list, or for each key of a map.
pub(super) struct Macro {
    pub(super) kind: MacroKind,
    pub(super) over: Node,
    /// The number of macros around it: the place of its variable.
    pub(super) slot: usize,
    /// The condition of `map` with three parts.
    pub(super) condition: Option<Node>,
    pub(super) body: Node,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum MacroKind {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

impl MacroKind {
    pub(super) const NAMES: [(&str, Self); 5] = [
        ("all", Self::All),
        ("exists", Self::Exists),
        ("exists_one", Self::ExistsOne),
        ("filter", Self::Filter),
        ("map", Self::Map),
    ];

    pub(super) const fn gives(self) -> Types {
        match self {
            Self::All | Self::Exists | Self::ExistsOne => Types::BOOLEAN,
            Self::Filter | Self::Map => Types::LIST,
        }
    }
}

impl Node {
    /// The number of levels of a part that consists of other parts.
    pub(super) fn height_over<'n>(parts: impl IntoIterator<Item = &'n Self>) -> usize {
        1 + parts.into_iter().map(|part| part.height).max().unwrap_or(0)
    }
}
