//! Reads borrowed JSON without making a value of every step: most conditions and projections only
//! walk the fields of the request and compare them with literals.

use portcullis_values::Val;
use serde_json::Value;

use super::{Interpreter, index_in};
use crate::{
    error::Fault,
    program::{Field, Node},
    syntax::token::Comparison,
    value::is_false,
};

const NULL: &Value = &Value::Null;

/// What a node finds in borrowed JSON.
pub(super) enum Peek<'a> {
    Found(&'a Value),
    /// The key is missing.
    Missing(&'a Field),
    /// The node does more than walk.
    Unknown,
}

/// What `node` finds in `value`.
pub(super) fn peek<'a>(node: &'a Node, value: &'a Value) -> Peek<'a> {
    match node {
        Node::Field(field) => match value {
            Value::Object(entries) => entries
                .get(&*field.name)
                .map_or(Peek::Missing(field), Peek::Found),
            _ => Peek::Found(NULL),
        },
        Node::Current => Peek::Found(value),
        Node::Literal(literal) => Peek::Found(literal),
        Node::Index(index) => match value {
            Value::Array(items) => {
                let item = index_in(items.len(), *index).and_then(|index| items.get(index));
                Peek::Found(item.unwrap_or(NULL))
            }
            _ => Peek::Found(NULL),
        },
        Node::Chain(steps) => {
            let mut value = value;
            for step in steps {
                match peek(step, value) {
                    Peek::Found(next) => value = next,
                    other => return other,
                }
            }
            Peek::Found(value)
        }
        _ => Peek::Unknown,
    }
}

/// What `node` finds in `value`, null where a key is missing; nothing when it does more than walk.
fn peek_leniently<'a>(node: &'a Node, value: &'a Value) -> Option<&'a Value> {
    match peek(node, value) {
        Peek::Found(found) => Some(found),
        Peek::Missing(_) => Some(NULL),
        Peek::Unknown => None,
    }
}

impl<'a> Interpreter<'_, 'a> {
    /// Whether the condition `node` holds for `value`; a missing key is null.
    pub(super) fn test(&self, node: &'a Node, value: &'a Value) -> Result<bool, Fault<'a>> {
        self.budget.charge(1, 0)?;
        match node {
            Node::Compare(comparison, sides) => {
                let [left, right] = &**sides;
                match (peek_leniently(left, value), peek_leniently(right, value)) {
                    (Some(left), Some(right)) => self.compare_json(*comparison, left, right),
                    _ => self.test_value(node, value),
                }
            }
            Node::Not(body) => Ok(!self.test(body, value)?),
            Node::And(operands) => {
                for operand in operands {
                    if !self.test(operand, value)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Node::Or(operands) => {
                for operand in operands {
                    if self.test(operand, value)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => match peek_leniently(node, value) {
                Some(found) => Ok(!is_false(&Val::from(found))),
                None => self.test_value(node, value),
            },
        }
    }

    fn test_value(&self, node: &'a Node, value: &'a Value) -> Result<bool, Fault<'a>> {
        Ok(!is_false(&self.lenient(node, &Val::from(value))?))
    }

    /// Whether a comparison is true; the order of what is no number is null, which is not.
    fn compare_json(
        &self,
        comparison: Comparison,
        left: &'a Value,
        right: &'a Value,
    ) -> Result<bool, Fault<'a>> {
        match comparison {
            Comparison::Equal => self.equal_json(left, right),
            Comparison::NotEqual => Ok(!self.equal_json(left, right)?),
            ordering => Ok(match (left.as_f64(), right.as_f64()) {
                (Some(left), Some(right)) => ordering.holds(left, right),
                _ => false,
            }),
        }
    }

    fn equal_json(&self, left: &'a Value, right: &'a Value) -> Result<bool, Fault<'a>> {
        match (left, right) {
            (Value::String(left), Value::String(right)) => Ok(left == right),
            (Value::String(_), _) | (_, Value::String(_)) => Ok(false),
            _ => self.are_equal(&Val::from(left), &Val::from(right)),
        }
    }

    /// Evaluates `node` on `item` and keeps what is not null.
    pub(super) fn collect_json(
        &self,
        node: &'a Node,
        item: &'a Value,
        collected: &mut Vec<Val<'a>>,
    ) -> Result<(), Fault<'a>> {
        self.budget.charge(1, 0)?;
        match peek(node, item) {
            Peek::Found(Value::Null) | Peek::Missing(_) => Ok(()),
            Peek::Found(found) => {
                collected.push(Val::from(found));
                Ok(())
            }
            Peek::Unknown => self.collect(node, &Val::from(item), collected),
        }
    }
}
