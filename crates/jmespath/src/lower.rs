//! Compiles a tree into a program.

use portcullis_values::regexp::GoRegexp;
use serde_json::Value;

use crate::{
    functions::{self, Site},
    program::{CallSite, Construct, Field, Node, Program, Slice},
    syntax::ast::{Ast, AstKind},
};

/// The program of `ast`.
pub(crate) fn lower(ast: Ast) -> Program {
    let mut lowering = Lowering::default();
    let root = lowering.node(ast, true);
    Program {
        root,
        references: lowering.references.into(),
        root_fields: lowering.root_fields.into(),
        uses_whole_root: lowering.uses_whole_root,
        calls: lowering.calls,
        unknown_functions: lowering.unknown_functions.into(),
    }
}

#[derive(Default)]
struct Lowering {
    references: Vec<Node>,
    root_fields: Vec<String>,
    unknown_functions: Vec<String>,
    uses_whole_root: bool,
    calls: bool,
}

impl Lowering {
    /// `at_root`: whether the node is evaluated on the root value.
    fn node(&mut self, ast: Ast, at_root: bool) -> Node {
        let offset = ast.offset;
        match ast.kind {
            AstKind::Current | AstKind::Identity => self.current(offset, at_root),
            AstKind::Field(name) => self.field(name, offset, at_root),
            AstKind::Literal(value) => Node::Literal(value),
            AstKind::Index(index) => Node::Index(index),
            AstKind::Slice(parts) => Node::Slice(Slice { parts, offset }),
            AstKind::Subexpression(pair) | AstKind::IndexExpression(pair) => {
                let mut steps = Vec::new();
                self.chain(*pair, at_root, &mut steps);
                Node::Chain(steps.into())
            }
            AstKind::Pipe(pair) => Node::Pipe(self.operands(*pair, at_root, &PIPE)),
            AstKind::Or(pair) => Node::Or(self.operands(*pair, at_root, &OR)),
            AstKind::And(pair) => Node::And(self.operands(*pair, at_root, &AND)),
            AstKind::Not(body) => Node::Not(Box::new(self.node(*body, at_root))),
            AstKind::Comparator(comparison, pair) => {
                let sides = pair.map(|side| self.node(side, at_root));
                Node::Compare(comparison, Box::new(sides))
            }
            AstKind::Reference(body) => self.reference(*body),
            AstKind::Function(name, arguments) => self.call(name, arguments, offset, at_root),
            AstKind::Empty => Node::Invalid {
                offset,
                message: "the index is not finished, expected a number and `]`",
            },
            AstKind::Hash(entries) => {
                let parts = entries
                    .into_iter()
                    .map(|(key, value)| (key.into(), self.node(value, at_root)))
                    .collect();
                Node::Hash(Box::new(Construct { at_root, parts }))
            }
            AstKind::List(items) => {
                let parts = self.nodes(items, at_root);
                Node::List(Box::new(Construct { at_root, parts }))
            }
            AstKind::Projection(pair) => Node::Projection(self.projected(*pair, at_root)),
            AstKind::ValueProjection(pair) => Node::ValueProjection(self.projected(*pair, at_root)),
            AstKind::Filter(parts) => {
                let [left, right, condition] = *parts;
                Node::Filter(Box::new([
                    self.node(left, at_root),
                    self.node(right, false),
                    self.node(condition, false),
                ]))
            }
            AstKind::Flatten(body) => Node::Flatten(Box::new(self.node(*body, at_root))),
        }
    }

    fn nodes(&mut self, asts: Vec<Ast>, at_root: bool) -> Box<[Node]> {
        asts.into_iter()
            .map(|ast| self.node(ast, at_root))
            .collect()
    }

    fn current(&mut self, offset: usize, at_root: bool) -> Node {
        if !at_root {
            return Node::Current;
        }
        self.uses_whole_root = true;
        Node::Whole(offset)
    }

    fn field(&mut self, name: String, offset: usize, at_root: bool) -> Node {
        let field = Field {
            name: name.as_str().into(),
            offset,
        };
        if !at_root {
            return Node::Field(field);
        }
        if !self.root_fields.contains(&name) {
            self.root_fields.push(name);
        }
        Node::RootField(field)
    }

    fn projected(&mut self, [left, right]: [Ast; 2], at_root: bool) -> Box<[Node; 2]> {
        Box::new([self.node(left, at_root), self.node(right, false)])
    }

    /// `a.b.c` and `a[0].b` as one list of steps.
    fn chain(&mut self, [left, right]: [Ast; 2], at_root: bool, steps: &mut Vec<Node>) {
        match left.kind {
            AstKind::Subexpression(pair) | AstKind::IndexExpression(pair) => {
                self.chain(*pair, at_root, steps);
            }
            AstKind::Identity if !at_root => {}
            _ => steps.push(self.node(left, at_root)),
        }
        match right.kind {
            AstKind::Subexpression(pair) | AstKind::IndexExpression(pair) => {
                self.chain(*pair, false, steps);
            }
            _ => steps.push(self.node(right, false)),
        }
    }

    /// `a op b op c` as one list of operands.
    fn operands(&mut self, pair: [Ast; 2], at_root: bool, operator: &Operator) -> Box<[Node]> {
        let mut operands = Vec::new();
        let mut left = pair;
        loop {
            let [first, last] = left;
            operands.push(last);
            match (operator.open)(first) {
                Ok(inner) => left = inner,
                Err(first) => {
                    operands.push(first);
                    break;
                }
            }
        }
        operands
            .into_iter()
            .rev()
            .enumerate()
            .map(|(index, operand)| {
                self.node(operand, at_root && (index == 0 || operator.keeps_value))
            })
            .collect()
    }

    fn reference(&mut self, body: Ast) -> Node {
        let body = self.node(body, false);
        self.references.push(body);
        Node::Reference(self.references.len() - 1)
    }

    fn call(
        &mut self,
        name: Option<String>,
        arguments: Vec<Ast>,
        offset: usize,
        at_root: bool,
    ) -> Node {
        self.calls = true;
        let Some(name) = name else {
            return Node::Invalid {
                offset,
                message: "only a function name can be called",
            };
        };
        let function = functions::find(&name);
        if function.is_none() {
            self.unknown_functions.push(name.clone());
        }
        let literal = arguments.first().and_then(|first| match &first.kind {
            AstKind::Literal(Value::String(text)) => Some(text.as_str()),
            _ => None,
        });
        let regexp = literal
            .filter(|_| function.is_some_and(|function| function.compiles_first_argument()))
            .map(GoRegexp::compile);
        Node::Call(Box::new(CallSite {
            site: Site {
                name: name.into(),
                regexp,
                offset,
            },
            function,
            arguments: self.nodes(arguments, at_root),
        }))
    }
}

/// An operator that takes more than two operands.
struct Operator {
    /// The operands of a node of this operator.
    open: fn(Ast) -> Result<[Ast; 2], Ast>,
    /// Whether every operand is evaluated on the same value.
    keeps_value: bool,
}

const PIPE: Operator = Operator {
    open: |ast| match ast.kind {
        AstKind::Pipe(pair) => Ok(*pair),
        kind => Err(Ast { kind, ..ast }),
    },
    keeps_value: false,
};

const OR: Operator = Operator {
    open: |ast| match ast.kind {
        AstKind::Or(pair) => Ok(*pair),
        kind => Err(Ast { kind, ..ast }),
    },
    keeps_value: true,
};

const AND: Operator = Operator {
    open: |ast| match ast.kind {
        AstKind::And(pair) => Ok(*pair),
        kind => Err(Ast { kind, ..ast }),
    },
    keeps_value: true,
};
