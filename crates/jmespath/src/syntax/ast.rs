//! The tree of an expression, in the shapes of the reference implementation.

use serde_json::Value;

use super::token::Comparison;

/// How deeply expressions may nest.
pub(crate) const MAX_DEPTH: usize = 400;

/// A node and where it starts.
#[derive(Clone, Debug)]
pub(crate) struct Ast {
    pub(crate) kind: AstKind,
    pub(crate) offset: usize,
    /// The height of the tree below, this node included.
    pub(crate) depth: usize,
}

/// What a node does with the value it is given.
#[derive(Clone, Debug)]
pub(crate) enum AstKind {
    /// What is left of an unfinished index, such as `[0`; evaluating it is an error.
    Empty,
    Comparator(Comparison, Box<[Ast; 2]>),
    Current,
    Reference(Box<Ast>),
    /// A call; without a name when what stands before `(` has none.
    Function(Option<String>, Vec<Ast>),
    Field(String),
    /// Left side, right side, condition.
    Filter(Box<[Ast; 3]>),
    Flatten(Box<Ast>),
    Identity,
    Index(i64),
    IndexExpression(Box<[Ast; 2]>),
    Literal(Value),
    Hash(Vec<(String, Ast)>),
    List(Vec<Ast>),
    Or(Box<[Ast; 2]>),
    And(Box<[Ast; 2]>),
    Not(Box<Ast>),
    Pipe(Box<[Ast; 2]>),
    Projection(Box<[Ast; 2]>),
    Subexpression(Box<[Ast; 2]>),
    /// Start, stop and step.
    Slice([Option<i64>; 3]),
    ValueProjection(Box<[Ast; 2]>),
}

impl Ast {
    pub(crate) fn new(offset: usize, kind: AstKind) -> Ast {
        let depth = 1 + kind
            .children()
            .iter()
            .map(|child| child.depth)
            .max()
            .unwrap_or(0);
        Ast {
            kind,
            offset,
            depth,
        }
    }

    pub(crate) fn identity(offset: usize) -> Ast {
        Ast::new(offset, AstKind::Identity)
    }
}

impl AstKind {
    /// The nodes directly below.
    pub(crate) fn children(&self) -> Vec<&Ast> {
        match self {
            AstKind::Empty
            | AstKind::Current
            | AstKind::Field(_)
            | AstKind::Identity
            | AstKind::Index(_)
            | AstKind::Literal(_)
            | AstKind::Slice(_) => Vec::new(),
            AstKind::Reference(child) | AstKind::Flatten(child) | AstKind::Not(child) => {
                vec![child]
            }
            AstKind::Function(_, children) | AstKind::List(children) => children.iter().collect(),
            AstKind::Filter(children) => children.iter().collect(),
            AstKind::Hash(entries) => entries.iter().map(|(_, child)| child).collect(),
            AstKind::Comparator(_, pair)
            | AstKind::IndexExpression(pair)
            | AstKind::Or(pair)
            | AstKind::And(pair)
            | AstKind::Pipe(pair)
            | AstKind::Projection(pair)
            | AstKind::Subexpression(pair)
            | AstKind::ValueProjection(pair) => pair.iter().collect(),
        }
    }
}
