//! From tokens to a tree: what is around the grammar's rules.

use super::{
    ast::{Ast, Expr, ExprKind, Literal},
    lexer,
    macros::{Expanded, Macro, Parts},
    nodes::Nodes,
    recovery::{Cursor, Stop},
    token::{Kind, Set},
};
use crate::error::Issue;

/// How deep rules may nest, and how long a chain of selections or of one operator may be.
const MAX_DEPTH: usize = 250;
/// The longest expression, in characters.
const MAX_LENGTH: usize = 100_000;

/// The tree of an expression, with macros expanded. A macro that stands later in the list hides an
/// earlier one of the same name and number of arguments.
///
/// # Errors
/// What is wrong with the text, in its order.
pub fn parse(text: &str, macros: &[Macro]) -> Result<Ast, Vec<Issue>> {
    let length = text.chars().count();
    if length > MAX_LENGTH {
        return Err(vec![Issue {
            offset: 0,
            message: format!(
                "expression code point size exceeds limit: size: {length}, limit {MAX_LENGTH}"
            ),
            help: None,
        }]);
    }
    let (tokens, left_out) = lexer::tokens(text);
    let mut parser = Parser {
        cursor: Cursor::new(text, tokens, &left_out),
        nodes: Nodes::default(),
        macros,
        issues: Vec::new(),
        depth: Depth::default(),
        ends: Set::EMPTY,
    };
    let parsed = parser.start();
    let mut issues = parser.cursor.issues;
    if let Ok(node) = parsed {
        issues.append(&mut parser.issues);
        if node.height > MAX_DEPTH {
            issues.push(
                parser
                    .nodes
                    .issue(&node.expr, "max recursion depth exceeded"),
            );
        }
        if issues.is_empty() {
            return Ok(parser.nodes.into_ast(*node.expr));
        }
    }
    issues.sort_by_key(|issue| issue.offset);
    Err(issues)
}

/// A part of the tree, and how many of the levels that count are in it.
///
/// The tree is boxed: rules nest deep, and what they hand on stays small.
pub(super) struct Node {
    pub expr: Box<Expr>,
    pub height: usize,
}

impl Node {
    pub(super) fn new(expr: Expr, height: usize) -> Node {
        Node {
            expr: Box::new(expr),
            height,
        }
    }
}

/// How deep the parser is in each of the rules that nest.
#[derive(Debug, Default)]
pub(super) struct Depth {
    pub expression: usize,
    pub relation: usize,
    pub calculation: usize,
    pub member: usize,
}

/// The parser of one text.
pub(super) struct Parser<'s> {
    pub cursor: Cursor<'s>,
    pub nodes: Nodes,
    pub macros: &'s [Macro],
    /// What is wrong beyond the syntax.
    pub issues: Vec<Issue>,
    pub depth: Depth,
    /// What ends the expression around where the parser stands: the nearest bracket, comma or colon.
    pub ends: Set,
}

impl Parser<'_> {
    /// Goes one step deeper in one of the rules.
    pub(super) fn deeper(&mut self, rule: fn(&mut Depth) -> &mut usize) -> Result<(), Stop> {
        let depth = rule(&mut self.depth);
        *depth += 1;
        if *depth > MAX_DEPTH {
            return self
                .cursor
                .give_up(format!("expression recursion limit exceeded: {MAX_DEPTH}"));
        }
        Ok(())
    }

    /// Takes the token that closes a bracket.
    pub(super) fn close(&mut self, kind: Kind) -> Result<(), Stop> {
        let after = Set::OPERATORS.union(self.ends);
        self.cursor.expect(kind, after).map(|_| ())
    }

    pub(super) fn node(&mut self, offset: u32, kind: ExprKind, height: usize) -> Node {
        self.nodes.stand_at(offset);
        Node::new(self.nodes.node(kind), height)
    }

    /// A node in the place of something wrong.
    pub(super) fn nothing(&mut self, offset: u32) -> Node {
        self.node(offset, ExprKind::Literal(Literal::Null), 0)
    }

    /// Reports something wrong beyond the syntax.
    pub(super) fn problem(&mut self, offset: u32, message: impl Into<String>) -> Node {
        self.issues.push(Issue {
            offset: offset as usize,
            message: message.into(),
            help: None,
        });
        self.nothing(offset)
    }

    /// An operator's call.
    pub(super) fn operation<const N: usize>(
        &mut self,
        offset: u32,
        operator: &str,
        operands: [Node; N],
    ) -> Node {
        let height = 1 + highest(&operands);
        let operands = operands.into_iter().map(|node| *node.expr).collect();
        self.nodes.stand_at(offset);
        Node::new(self.nodes.call(operator, operands), height)
    }

    /// A call, or what it stands for as a macro.
    pub(super) fn call(
        &mut self,
        offset: u32,
        function: &str,
        target: Option<Node>,
        arguments: Vec<Node>,
    ) -> Node {
        let mut height = highest(&arguments);
        let target = target.map(|target| {
            height = 1 + height.max(target.height);
            target.expr
        });
        let args: Vec<Expr> = arguments.into_iter().map(|node| *node.expr).collect();
        let target = target.map(|target| *target);
        self.nodes.stand_at(offset);
        let Parts { target, args } = match self.expand(function, Parts { target, args }) {
            Ok(Expanded::Into(expr)) => return Node::new(expr, height),
            Ok(Expanded::Not(parts)) => parts,
            Err(issue) => {
                let at = u32::try_from(issue.offset).unwrap_or(offset);
                self.issues.push(issue);
                return self.nothing(at);
            }
        };
        let kind = ExprKind::Call {
            function: function.to_owned(),
            target: target.map(Box::new),
            args,
        };
        self.node(offset, kind, height)
    }

    /// What the macro of a name makes of its parts, if there is one.
    fn expand(&mut self, function: &str, parts: Parts) -> Result<Expanded, Issue> {
        let is_member = parts.target.is_some();
        let count = parts.args.len();
        let found = self.macros.iter().rev().find(|known| {
            known.name == function
                && known.is_member == is_member
                && known.arguments.is_none_or(|arguments| arguments == count)
        });
        let Some(known) = found else {
            return Ok(Expanded::Not(parts));
        };
        if let Some(issue) = self.nodes.too_many(function) {
            return Err(issue);
        }
        let expanded = (known.expand)(&mut self.nodes, parts)?;
        match self.nodes.too_many(function) {
            Some(issue) => Err(issue),
            None => Ok(expanded),
        }
    }
}

pub(super) fn highest(nodes: &[Node]) -> usize {
    nodes.iter().map(|node| node.height).max().unwrap_or(0)
}
