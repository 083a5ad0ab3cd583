//! The compiled form of an expression: chains instead of nested pairs, functions resolved,
//! regular expressions compiled, the root's fields told from the fields of values.

use serde_json::Value;

use crate::{
    functions::{Function, Site},
    syntax::token::Comparison,
};

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) root: Node,
    /// The bodies of `&expression`, by number.
    pub(crate) references: Box<[Node]>,
    /// The fields of the root that are looked up by name.
    pub(crate) root_fields: Box<[String]>,
    /// Whether the root is used as a whole.
    pub(crate) uses_whole_root: bool,
    /// Whether a function is called.
    pub(crate) calls: bool,
    /// Names that are called, and that no function has.
    pub(crate) unknown_functions: Box<[String]>,
}

/// One step of a program.
#[derive(Debug)]
pub(crate) enum Node {
    /// The root value as a whole.
    Whole(usize),
    /// A field of the root value.
    RootField(Field),
    /// The value at hand.
    Current,
    /// A field of the value at hand.
    Field(Field),
    Index(i64),
    Slice(Slice),
    /// Each step works on the result of the one before; a missing key ends it.
    Chain(Box<[Node]>),
    /// Like a chain, but a missing key is null for the next step.
    Pipe(Box<[Node]>),
    /// The first that is not empty, or else the last.
    Or(Box<[Node]>),
    /// The first that is empty, or else the last.
    And(Box<[Node]>),
    Not(Box<Node>),
    Compare(Comparison, Box<[Node; 2]>),
    Literal(Value),
    /// The number of a body in [`Program::references`].
    Reference(usize),
    Call(Box<CallSite>),
    /// A call of something that has no name, or an unfinished index: an error when evaluated.
    Invalid {
        offset: usize,
        message: &'static str,
    },
    Hash(Box<Construct<(Box<str>, Node)>>),
    List(Box<Construct<Node>>),
    /// List side, item side.
    Projection(Box<[Node; 2]>),
    ValueProjection(Box<[Node; 2]>),
    /// List side, item side, condition.
    Filter(Box<[Node; 3]>),
    Flatten(Box<Node>),
}

/// The name of a field and where it stands.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: Box<str>,
    pub(crate) offset: usize,
}

/// `[start:stop:step]`.
#[derive(Debug)]
pub(crate) struct Slice {
    pub(crate) parts: [Option<i64>; 3],
    pub(crate) offset: usize,
}

/// `{…}` or `[…]`, which is null when the value at hand is.
#[derive(Debug)]
pub(crate) struct Construct<T> {
    /// Whether the value at hand is the root.
    pub(crate) at_root: bool,
    pub(crate) parts: Box<[T]>,
}

/// A function call as it stands in an expression.
#[derive(Debug)]
pub(crate) struct CallSite {
    pub(crate) site: Site,
    /// Nothing when no function has the name, which is an error when it is called.
    pub(crate) function: Option<&'static Function>,
    pub(crate) arguments: Box<[Node]>,
}
