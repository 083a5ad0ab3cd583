//! What is known before an expression is evaluated.

use rustc_hash::FxHashSet;

use super::node::{Callee, Entry, Node};
use crate::{
    error::EvalError,
    function::Call,
    host::Offline,
    syntax::ast::Literal,
    value::{Bytes, Key, List, Map, Text, Value},
};

pub(super) fn of_literal(literal: &Literal) -> Value<'static> {
    match literal {
        Literal::Null => Value::Null,
        Literal::Bool(flag) => Value::Bool(*flag),
        Literal::Int(number) => Value::Int(*number),
        Literal::UInt(number) => Value::UInt(*number),
        Literal::Double(number) => Value::Double(*number),
        Literal::String(text) => Value::String(Text::Shared(text.as_str().into())),
        Literal::Bytes(bytes) => Value::Bytes(Bytes::Shared(bytes.as_slice().into())),
    }
}

/// The values of nodes that are all constant.
pub(super) fn values(nodes: &[Node]) -> Option<Vec<Value<'static>>> {
    let value = |node: &Node| match node {
        Node::Const(value) => Some(value.clone()),
        _ => None,
    };
    nodes.iter().map(value).collect()
}

/// Whether a value is among constants; the operands again if they are not all scalars.
pub(super) fn membership(value: Node, list: List<'static>) -> Result<Node, Vec<Node>> {
    if list.is_empty() {
        return Ok(Node::Const(Value::Bool(false)));
    }
    match ConstSet::of(&list) {
        Some(set) => Ok(Node::InSet {
            value: Box::new(value),
            set: Box::new(set),
        }),
        None => Err(vec![value, Node::Const(Value::List(list))]),
    }
}

/// The map of entries that are all constant. Of a key that is there twice, the last value stays.
pub(super) fn map(entries: &[Entry]) -> Option<Value<'static>> {
    let mut found = Vec::with_capacity(entries.len());
    for entry in entries {
        match (&entry.key, &entry.value) {
            (Node::Const(key), Node::Const(value)) if !entry.optional => {
                found.push((Key::of_constant(key), value.clone()));
            }
            _ => return None,
        }
    }
    let map: Map<'static> = found.into_iter().collect();
    Some(Value::Map(map))
}

/// Whether a function converts its argument to another type, which is done once for a constant.
pub(super) fn is_conversion(function: &str) -> bool {
    matches!(
        function,
        "bool"
            | "bytes"
            | "double"
            | "duration"
            | "dyn"
            | "int"
            | "string"
            | "timestamp"
            | "type"
            | "uint"
    )
}

/// A constant, converted.
pub(super) fn convert(callee: &Callee, args: &[Node]) -> Result<Value<'static>, Box<EvalError>> {
    let args = values(args).unwrap_or_default();
    let call = Call { host: &Offline };
    let mut refused = EvalError::no_such_overload().into();
    for implementation in &callee.implementations {
        match implementation(&call, &args) {
            Err(error) if error.is_no_such_overload() => refused = error,
            other => return other,
        }
    }
    Err(refused)
}

/// A constant list of scalars that is asked whether it has a value.
#[derive(Debug)]
pub(crate) struct ConstSet {
    texts: FxHashSet<Text<'static>>,
    others: Vec<Value<'static>>,
}

impl ConstSet {
    pub(super) fn of(list: &List<'static>) -> Option<ConstSet> {
        let mut set = ConstSet {
            texts: FxHashSet::default(),
            others: Vec::new(),
        };
        for value in list.iter() {
            match value {
                Value::String(text) => drop(set.texts.insert(text)),
                Value::Bool(_) | Value::Int(_) | Value::UInt(_) | Value::Double(_) => {
                    set.others.push(value);
                }
                _ => return None,
            }
        }
        Some(set)
    }

    pub(crate) fn contains(&self, value: &Value<'_>) -> bool {
        match value {
            Value::String(text) => self.texts.contains(text.as_str()),
            other => self.others.iter().any(|known| known == other),
        }
    }
}
