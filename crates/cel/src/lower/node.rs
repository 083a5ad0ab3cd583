//! The nodes that are evaluated.

use std::{any::Any, sync::Arc};

use portcullis_values::regexp::GoRegexp;

use super::{Attribute, ConstSet};
use crate::{
    effort,
    function::{Cost, Implementation, Overload},
    types::Type,
    value::{Opaque, Text, Value},
};

/// A node.
#[derive(Debug)]
pub(crate) enum Node {
    Const(Value<'static>),
    /// A variable that stands for a library.
    Handle(Value<'static>),
    /// A variable, by its slot.
    Variable(usize),
    /// A variable of a loop, by its place on the stack, and its name.
    Local(usize, Arc<str>),
    /// A variable or a value with the selections and indices behind it.
    Attribute(Box<Attribute>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    Not(Box<Node>),
    NotStrictlyFalse(Box<Node>),
    Conditional(Box<[Node; 3]>),
    Compare(Comparison, Box<[Node; 2]>),
    InSet {
        value: Box<Node>,
        set: Box<ConstSet>,
    },
    Matches(Box<Matches>),
    OptionalOr(Box<[Node; 2]>),
    OptionalOrValue(Box<[Node; 2]>),
    Call {
        callee: Callee,
        args: Vec<Node>,
    },
    List {
        elements: Vec<Node>,
        optional: Box<[usize]>,
    },
    Map(Vec<Entry>),
    Struct {
        name: Arc<str>,
        fields: Vec<Field>,
    },
    Fold(Box<Fold>),
    /// A value under a name, and what is computed with it. The value is computed when it is first
    /// needed.
    Bind(Box<[Node; 2]>),
}

impl Default for Node {
    fn default() -> Self {
        Node::Const(Value::Null)
    }
}

/// The value of a variable that stands for a library: it has a type, and nothing else.
#[derive(Debug)]
pub(super) struct Handle(pub Type);

impl Opaque for Handle {
    fn type_of(&self) -> Type {
        self.0.clone()
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.type_of() == self.0
    }

    fn to_text(&self) -> String {
        self.0.to_string()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equals,
    NotEquals,
}

/// A call of `matches` with a constant pattern.
#[derive(Debug)]
pub(crate) struct Matches {
    pub callee: Callee,
    pub text: Node,
    pub regex: GoRegexp,
    pub pattern: Value<'static>,
}

/// An entry of a map.
#[derive(Debug)]
pub(crate) struct Entry {
    pub key: Node,
    pub value: Node,
    pub optional: bool,
}

/// A field of a message.
#[derive(Debug)]
pub(crate) struct Field {
    pub name: Text<'static>,
    pub value: Node,
    pub optional: bool,
}

/// What a call calls.
#[derive(Debug)]
pub(crate) struct Callee {
    pub name: Arc<str>,
    /// The implementations to try, each once.
    pub implementations: Vec<Implementation>,
    pub cost: Cost,
    /// Whether it takes more time for larger lists and maps.
    pub walks: bool,
}

impl Callee {
    pub(super) fn new(name: &str, candidates: &[&'static Overload]) -> Callee {
        let mut implementations: Vec<Implementation> = Vec::new();
        for candidate in candidates {
            let own = candidate.implementation;
            if !implementations
                .iter()
                .any(|known| std::ptr::fn_addr_eq(*known, own))
            {
                implementations.push(own);
            }
        }
        let first = candidates.first();
        let cost = first
            .filter(|first| candidates.len() == 1 || !first.cost_when_resolved)
            .map_or(Cost::One, |first| first.cost);
        Callee {
            name: name.into(),
            implementations,
            cost,
            walks: effort::walks(name),
        }
    }

    /// What a call costs beyond its arguments, if it fails.
    pub(crate) fn cost_ahead(&self, args: &[Value<'_>]) -> u64 {
        match self.cost {
            Cost::One => 1,
            Cost::OfArguments(cost) => cost(args),
            Cost::OfResult(cost) => cost(args, None),
        }
    }
}

/// A loop. Its accumulator and variables lie on the stack from `base` on, in this order.
#[derive(Debug)]
pub(crate) struct Fold {
    pub range: Node,
    pub has_two_variables: bool,
    pub init: Node,
    pub kind: FoldKind,
    pub result: Node,
}

/// What a loop does with each element. All but the first are what the macros of the language
/// become; they give and cost the same as the first, but do not copy their accumulator. The result
/// of `all` and `exists` is the accumulator itself.
#[derive(Debug)]
pub(crate) enum FoldKind {
    Any {
        condition: Node,
        step: Node,
    },
    /// `all`: the accumulator and the predicate.
    All(Node),
    /// `exists`: the accumulator or the predicate.
    Exists(Node),
    /// `map` and `filter`: the accumulator and one element more, where the predicate holds.
    Append {
        predicate: Option<Node>,
        element: Node,
    },
    /// `transformMap`: the accumulator and one entry more, where the predicate holds.
    Insert {
        predicate: Option<Node>,
        /// Key and value, or a map of entries.
        entry: Vec<Node>,
        callee: Callee,
    },
}
