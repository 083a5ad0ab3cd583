//! Makes the nodes of a tree, and counts them.

use super::ast::{
    Ast, Comprehension, Expr, ExprId, ExprKind, Literal, MapEntry, StructField, operator,
};
use crate::error::Issue;

/// A tree may have this many nodes, as in cel-go. Macros repeat what they are called on, so that a
/// short text can stand for a huge tree.
const MAX_NODES: usize = 100_000;

/// Makes the nodes of one tree. A macro makes all of its nodes at the place of its call.
#[derive(Debug, Default)]
pub struct Nodes {
    offsets: Vec<u32>,
    at: u32,
}

impl Nodes {
    /// Where the nodes that follow stand in the text.
    pub(super) fn stand_at(&mut self, offset: u32) {
        self.at = offset;
    }

    pub(super) fn id(&mut self) -> ExprId {
        let number = u32::try_from(self.offsets.len()).unwrap_or(u32::MAX);
        self.offsets.push(self.at);
        ExprId(number)
    }

    pub(super) fn id_at(&mut self, offset: u32) -> ExprId {
        self.stand_at(offset);
        self.id()
    }

    /// What is wrong if a macro makes more nodes than a tree may have.
    pub(super) fn too_many(&self, name: &str) -> Option<Issue> {
        self.is_full().then(|| Issue {
            offset: self.at as usize,
            message: format!(
                "expression count exceeds limit of {MAX_NODES} while expanding macro '{name}'"
            ),
            help: Some("macros repeat what they are called on: call them on less".to_owned()),
        })
    }

    fn is_full(&self) -> bool {
        self.offsets.len() > MAX_NODES
    }

    pub(super) fn into_ast(self, root: Expr) -> Ast {
        Ast {
            root,
            offsets: self.offsets,
        }
    }

    /// The place of a node in the text.
    #[must_use]
    pub fn offset_of(&self, node: &Expr) -> usize {
        self.offsets
            .get(node.id.0 as usize)
            .map_or(0, |at| *at as usize)
    }

    /// An error at a node.
    pub fn issue(&self, node: &Expr, message: impl Into<String>) -> Issue {
        Issue {
            offset: self.offset_of(node),
            message: message.into(),
            help: None,
        }
    }

    pub(super) fn node(&mut self, kind: ExprKind) -> Expr {
        let id = self.id();
        Expr { id, kind }
    }

    /// A constant.
    pub fn literal(&mut self, literal: Literal) -> Expr {
        self.node(ExprKind::Literal(literal))
    }

    /// A name.
    pub fn ident(&mut self, name: &str) -> Expr {
        self.node(ExprKind::Ident(name.to_owned()))
    }

    /// A call of a function or an operator.
    pub fn call(&mut self, function: &str, args: Vec<Expr>) -> Expr {
        self.node(ExprKind::Call {
            function: function.to_owned(),
            target: None,
            args,
        })
    }

    /// A call of a member function.
    pub fn member_call(&mut self, function: &str, target: Expr, args: Vec<Expr>) -> Expr {
        self.node(ExprKind::Call {
            function: function.to_owned(),
            target: Some(Box::new(target)),
            args,
        })
    }

    /// A list.
    pub fn list(&mut self, elements: Vec<Expr>) -> Expr {
        self.node(ExprKind::List {
            elements,
            optional: Vec::new(),
        })
    }

    /// A map without entries.
    pub fn empty_map(&mut self) -> Expr {
        self.node(ExprKind::Map(Vec::new()))
    }

    /// A loop.
    pub fn comprehension(&mut self, comprehension: Comprehension) -> Expr {
        self.node(ExprKind::Comprehension(Box::new(comprehension)))
    }

    /// `cel.bind(name, value, body)`: a loop over nothing whose accumulator is the name.
    pub fn bind(&mut self, name: &str, value: Expr, body: Expr) -> Expr {
        let iter_range = self.list(Vec::new());
        let loop_condition = self.literal(Literal::Bool(false));
        let loop_step = self.ident(name);
        self.comprehension(Comprehension {
            iter_range,
            iter_var: "#unused".to_owned(),
            iter_var2: None,
            accu_var: name.to_owned(),
            accu_init: value,
            loop_condition,
            loop_step,
            result: body,
        })
    }

    /// The accumulator of the macros of the language.
    pub fn accumulator(&mut self) -> Expr {
        self.ident(operator::ACCUMULATOR)
    }

    /// The same expression again, with nodes of its own.
    pub fn copy(&mut self, expr: &Expr) -> Expr {
        let at = self.at;
        self.at = self.offsets.get(expr.id.0 as usize).copied().unwrap_or(at);
        let id = self.id();
        self.at = at;
        if self.is_full() {
            // The parser refuses the tree, so what is left of it does not matter.
            return Expr {
                id,
                kind: ExprKind::Literal(Literal::Null),
            };
        }
        Expr {
            id,
            kind: self.copy_kind(&expr.kind),
        }
    }

    fn copy_all(&mut self, exprs: &[Expr]) -> Vec<Expr> {
        exprs.iter().map(|expr| self.copy(expr)).collect()
    }

    fn copy_kind(&mut self, kind: &ExprKind) -> ExprKind {
        match kind {
            ExprKind::Literal(_) | ExprKind::Ident(_) => kind.clone(),
            ExprKind::Select {
                operand,
                field,
                test_only,
            } => ExprKind::Select {
                operand: Box::new(self.copy(operand)),
                field: field.clone(),
                test_only: *test_only,
            },
            ExprKind::Call {
                function,
                target,
                args,
            } => ExprKind::Call {
                function: function.clone(),
                target: target.as_deref().map(|target| Box::new(self.copy(target))),
                args: self.copy_all(args),
            },
            ExprKind::List { elements, optional } => ExprKind::List {
                elements: self.copy_all(elements),
                optional: optional.clone(),
            },
            ExprKind::Map(entries) => {
                let copy = |entry: &MapEntry| MapEntry {
                    id: self.id(),
                    key: self.copy(&entry.key),
                    value: self.copy(&entry.value),
                    optional: entry.optional,
                };
                ExprKind::Map(entries.iter().map(copy).collect())
            }
            ExprKind::Struct { name, fields } => {
                let copy = |field: &StructField| StructField {
                    id: self.id(),
                    name: field.name.clone(),
                    value: self.copy(&field.value),
                    optional: field.optional,
                };
                ExprKind::Struct {
                    name: name.clone(),
                    fields: fields.iter().map(copy).collect(),
                }
            }
            ExprKind::Comprehension(of) => ExprKind::Comprehension(Box::new(Comprehension {
                iter_range: self.copy(&of.iter_range),
                iter_var: of.iter_var.clone(),
                iter_var2: of.iter_var2.clone(),
                accu_var: of.accu_var.clone(),
                accu_init: self.copy(&of.accu_init),
                loop_condition: self.copy(&of.loop_condition),
                loop_step: self.copy(&of.loop_step),
                result: self.copy(&of.result),
            })),
        }
    }
}
