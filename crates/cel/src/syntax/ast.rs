//! The tree of an expression, after macros are expanded.
//!
//! It has the shape of the CEL specification's `Expr`: operators are calls of functions with
//! cel-go's names ([`operator`]), and a macro leaves a [`Comprehension`] or a plain call behind.

/// The number of a node, unique within its tree and dense from 0, so that the checker can keep
/// types and references in vectors beside the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExprId(pub u32);

/// A parsed expression.
#[derive(Clone, Debug, PartialEq)]
pub struct Ast {
    /// The root of the tree.
    pub root: Expr,
    /// Where each node stands in the text, in bytes, by number: the place that cel-go's errors
    /// point at (the operator of a call, the opening bracket of an index or of a call's arguments,
    /// the dot of a selection).
    pub offsets: Vec<u32>,
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Its number.
    pub id: ExprId,
    /// What it is.
    pub kind: ExprKind,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A constant.
    Literal(Literal),
    /// A name. A name that starts at the root scope keeps its leading dot.
    Ident(String),
    /// `operand.field`, or `has(operand.field)`.
    Select {
        /// What the field is taken from.
        operand: Box<Expr>,
        /// The name of the field.
        field: String,
        /// Whether only the presence of the field is asked for.
        test_only: bool,
    },
    /// A call of a function, or of a member function on `target`. `a.?b` is `_?._(a, "b")`.
    Call {
        /// The name of the function or operator.
        function: String,
        /// What a member function is called on.
        target: Option<Box<Expr>>,
        /// The arguments.
        args: Vec<Expr>,
    },
    /// `[a, ?b]`.
    List {
        /// The elements.
        elements: Vec<Expr>,
        /// The positions of the elements that are optional, ascending.
        optional: Vec<usize>,
    },
    /// `{key: value, ?key: value}`.
    Map(Vec<MapEntry>),
    /// `Name{field: value, ?field: value}`.
    Struct {
        /// The name of the type.
        name: String,
        /// The fields.
        fields: Vec<StructField>,
    },
    /// What a macro such as `all` or `map` becomes.
    Comprehension(Box<Comprehension>),
}

/// A constant of the text.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// `1`, `-1`, `0x1`
    Int(i64),
    /// `1u`
    UInt(u64),
    /// `1.0`, `1e3`
    Double(f64),
    /// `'text'`
    String(String),
    /// `b'text'`
    Bytes(Vec<u8>),
}

/// An entry of a map.
#[derive(Clone, Debug, PartialEq)]
pub struct MapEntry {
    /// Its number: errors about the entry point here (the colon).
    pub id: ExprId,
    /// The key.
    pub key: Expr,
    /// The value.
    pub value: Expr,
    /// Whether the value is an optional that may leave the entry out.
    pub optional: bool,
}

/// A field of a constructed message.
#[derive(Clone, Debug, PartialEq)]
pub struct StructField {
    /// Its number: errors about the field point here (the colon).
    pub id: ExprId,
    /// The field's name.
    pub name: String,
    /// The value.
    pub value: Expr,
    /// Whether the value is an optional that may leave the field out.
    pub optional: bool,
}

/// A loop over a list or a map that folds into an accumulator.
#[derive(Clone, Debug, PartialEq)]
pub struct Comprehension {
    /// What is walked.
    pub iter_range: Expr,
    /// The variable of the element (of a map: the key); with `iter_var2`, of the index or key.
    pub iter_var: String,
    /// The variable of the element or value in a two-variable comprehension.
    pub iter_var2: Option<String>,
    /// The accumulator's variable; cel-go calls it `@result`.
    pub accu_var: String,
    /// What the accumulator starts with.
    pub accu_init: Expr,
    /// The loop ends when this is false.
    pub loop_condition: Expr,
    /// What the accumulator becomes with each element.
    pub loop_step: Expr,
    /// The value of the whole.
    pub result: Expr,
}

/// The names of the operators as functions, as cel-go has them.
pub mod operator {
    /// `c ? a : b`
    pub const CONDITIONAL: &str = "_?_:_";
    /// `a && b`
    pub const LOGICAL_AND: &str = "_&&_";
    /// `a || b`
    pub const LOGICAL_OR: &str = "_||_";
    /// `!a`
    pub const LOGICAL_NOT: &str = "!_";
    /// `a == b`
    pub const EQUALS: &str = "_==_";
    /// `a != b`
    pub const NOT_EQUALS: &str = "_!=_";
    /// `a < b`
    pub const LESS: &str = "_<_";
    /// `a <= b`
    pub const LESS_EQUALS: &str = "_<=_";
    /// `a > b`
    pub const GREATER: &str = "_>_";
    /// `a >= b`
    pub const GREATER_EQUALS: &str = "_>=_";
    /// `a + b`
    pub const ADD: &str = "_+_";
    /// `a - b`
    pub const SUBTRACT: &str = "_-_";
    /// `a * b`
    pub const MULTIPLY: &str = "_*_";
    /// `a / b`
    pub const DIVIDE: &str = "_/_";
    /// `a % b`
    pub const MODULO: &str = "_%_";
    /// `-a`
    pub const NEGATE: &str = "-_";
    /// `a[b]`
    pub const INDEX: &str = "_[_]";
    /// `a[?b]`
    pub const OPT_INDEX: &str = "_[?_]";
    /// `a.?b`
    pub const OPT_SELECT: &str = "_?._";
    /// `a in b`
    pub const IN: &str = "@in";
    /// The loop condition of `all` and `exists`: false, or an error, does not end the loop.
    pub const NOT_STRICTLY_FALSE: &str = "@not_strictly_false";
    /// What cel-go calls the accumulator of a comprehension.
    pub const ACCUMULATOR: &str = "@result";
}

impl Ast {
    /// Where a node stands in the text, in bytes.
    #[must_use]
    pub fn offset_of(&self, id: ExprId) -> usize {
        self.offsets.get(id.0 as usize).map_or(0, |at| *at as usize)
    }
}

impl Expr {
    /// Visits the node and every node below it, each before those below it.
    pub fn walk<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        visit(self);
        self.children(&mut |child| child.walk(visit));
    }

    /// How many levels of nodes it has.
    #[must_use]
    pub fn depth(&self) -> usize {
        let mut deepest = 0;
        self.children(&mut |child| deepest = deepest.max(child.depth()));
        deepest + 1
    }

    /// Visits the nodes right below it.
    pub fn children<'e>(&'e self, visit: &mut dyn FnMut(&'e Expr)) {
        match &self.kind {
            ExprKind::Literal(_) | ExprKind::Ident(_) => {}
            ExprKind::Select { operand, .. } => visit(operand),
            ExprKind::Call { target, args, .. } => {
                target.as_deref().into_iter().chain(args).for_each(visit);
            }
            ExprKind::List { elements, .. } => elements.iter().for_each(visit),
            ExprKind::Map(entries) => {
                for entry in entries {
                    visit(&entry.key);
                    visit(&entry.value);
                }
            }
            ExprKind::Struct { fields, .. } => fields.iter().for_each(|field| visit(&field.value)),
            ExprKind::Comprehension(of) => {
                let parts = [
                    &of.iter_range,
                    &of.accu_init,
                    &of.loop_condition,
                    &of.loop_step,
                    &of.result,
                ];
                parts.into_iter().for_each(visit);
            }
        }
    }
}
