//! Numbers, lists and maps.

use super::Parser;
use crate::expression::error::Fault;
use crate::expression::lexer::TokenKind;
use crate::expression::node::{Kind, Node};
use crate::expression::types::Types;

impl Parser {
    pub(super) fn integer(&mut self, number: u64, at: usize) -> Result<Node, Fault> {
        let number = i64::try_from(number).map_err(|_| out_of_range(at))?;
        self.node(at, 1, Types::INTEGER, Kind::Integer(number))
    }

    /// The number that follows a minus. The smallest integer has no positive counterpart.
    pub(super) fn negative_number(&mut self, at: usize) -> Result<Option<Node>, Fault> {
        let (types, kind) = match self.peek().kind {
            TokenKind::Integer(number) => {
                let number = 0_i64.checked_sub_unsigned(number).ok_or_else(|| out_of_range(at))?;
                (Types::INTEGER, Kind::Integer(number))
            }
            TokenKind::Float(number) => (Types::FLOAT, Kind::Float(-number)),
            _ => return Ok(None),
        };
        self.next += 1;
        self.node(at, 1, types, kind).map(Some)
    }

    /// A list. Its bracket is passed.
    pub(super) fn list(&mut self, at: usize) -> Result<Node, Fault> {
        let mut elements = Vec::new();
        while !self.accept("]") {
            elements.push(self.expression()?);
            if !self.accept(",") {
                self.expect("]")?;
                break;
            }
        }
        let height = Node::height_over(&elements);
        self.node(at, height, Types::LIST, Kind::List(elements))
    }

    /// A map. Its brace is passed. The keys are texts, as in JSON.
    pub(super) fn map(&mut self, at: usize) -> Result<Node, Fault> {
        let mut members = Vec::new();
        while !self.accept("}") {
            let key = self.expression()?;
            if !key.types.may_be(Types::TEXT) {
                let types = key.types;
                return Err(Fault::new(
                    key.at,
                    format_args!("a key of a map is a text, not {types}: write it in quotes"),
                ));
            }
            self.expect(":")?;
            members.push((key, self.expression()?));
            if !self.accept(",") {
                self.expect("}")?;
                break;
            }
        }
        let parts = members.iter().flat_map(|(key, value)| [key, value]);
        let height = Node::height_over(parts);
        self.node(at, height, Types::MAP, Kind::Map(members))
    }
}

fn out_of_range(at: usize) -> Fault {
    Fault::new(at, format_args!("the number is out of range: write one of 64 bits"))
}
