//! Loops, and the macros that they come from.

use std::sync::Arc;

use super::{
    Lowering,
    node::{Callee, Fold, FoldKind, Node},
};
use crate::{
    checked::Reference,
    error::Issue,
    syntax::ast::{Comprehension, Expr, ExprKind, Literal, operator},
};

impl Lowering<'_> {
    pub(super) fn fold(&mut self, of: &Comprehension) -> Result<Node, Issue> {
        if is_bind(of) {
            let value = self.node(&of.accu_init)?;
            self.scopes.push(of.accu_var.as_str().into());
            // The step of this loop is never taken, but must be one.
            self.node(&of.loop_step)?;
            let body = self.node(&of.result)?;
            self.scopes.pop();
            return Ok(Node::Bind(Box::new([value, body])));
        }
        let range = self.node(&of.iter_range)?;
        let init = self.node(&of.accu_init)?;
        let base = self.scopes.len();
        self.scopes.push(of.accu_var.as_str().into());
        self.scopes.push(Arc::from(of.iter_var.as_str()));
        self.scopes.extend(of.iter_var2.as_deref().map(Arc::from));
        let kind = match self.recognised(of)? {
            Some(kind) => kind,
            None => FoldKind::Any {
                condition: self.node(&of.loop_condition)?,
                step: self.node(&of.loop_step)?,
            },
        };
        self.scopes.truncate(base + 1);
        let result = self.node(&of.result)?;
        self.scopes.truncate(base);
        Ok(Node::Fold(Box::new(Fold {
            range,
            has_two_variables: of.iter_var2.is_some(),
            init,
            kind,
            result,
        })))
    }

    /// What a macro of the language does in its loop.
    fn recognised(&mut self, of: &Comprehension) -> Result<Option<FoldKind>, Issue> {
        if of.accu_var != operator::ACCUMULATOR {
            return Ok(None);
        }
        let step = &of.loop_step;
        Ok(match (&of.accu_init.kind, operands(step)) {
            (
                ExprKind::Literal(Literal::Bool(true)),
                Some((operator::LOGICAL_AND, [accu, of_each])),
            ) if is_accumulator(accu)
                && is_accumulator(&of.result)
                && waits(&of.loop_condition, false) =>
            {
                Some(FoldKind::All(self.node(of_each)?))
            }
            (
                ExprKind::Literal(Literal::Bool(false)),
                Some((operator::LOGICAL_OR, [accu, of_each])),
            ) if is_accumulator(accu)
                && is_accumulator(&of.result)
                && waits(&of.loop_condition, true) =>
            {
                Some(FoldKind::Exists(self.node(of_each)?))
            }
            (ExprKind::List { .. } | ExprKind::Map(_), _) if is_true(&of.loop_condition) => {
                self.grown(step)?
            }
            _ => None,
        })
    }

    /// A loop that adds to a list or a map.
    fn grown(&mut self, step: &Expr) -> Result<Option<FoldKind>, Issue> {
        let (predicate, added) = match operands(step) {
            Some((operator::CONDITIONAL, [predicate, added, unchanged]))
                if is_accumulator(unchanged) =>
            {
                (Some(predicate), added)
            }
            _ => (None, step),
        };
        let Some((function, [accu, rest @ ..])) = operands(added) else {
            return Ok(None);
        };
        if !is_accumulator(accu) {
            return Ok(None);
        }
        let single = match rest {
            [
                Expr {
                    kind: ExprKind::List { elements, optional },
                    ..
                },
            ] if optional.is_empty() => match elements.as_slice() {
                [element] => Some(element),
                _ => None,
            },
            _ => None,
        };
        let predicate = predicate
            .map(|predicate| self.node(predicate))
            .transpose()?;
        Ok(match (function, single) {
            (operator::ADD, Some(element)) => Some(FoldKind::Append {
                predicate,
                element: self.node(element)?,
            }),
            ("cel.@mapInsert", _) => {
                let candidates = match self.checked.reference(added.id) {
                    Some(Reference::Overloads(candidates)) => candidates.as_slice(),
                    _ => &[],
                };
                Some(FoldKind::Insert {
                    predicate,
                    entry: self.nodes(rest)?,
                    callee: Callee::new(function, candidates),
                })
            }
            _ => None,
        })
    }
}

/// Whether a loop is over nothing, and only gives its accumulator a name.
fn is_bind(of: &Comprehension) -> bool {
    matches!(&of.iter_range.kind, ExprKind::List { elements, .. } if elements.is_empty())
        && of.iter_var == "#unused"
}

/// The function and arguments of a global call.
fn operands(expr: &Expr) -> Option<(&str, &[Expr])> {
    match &expr.kind {
        ExprKind::Call {
            function,
            target: None,
            args,
        } => Some((function, args)),
        _ => None,
    }
}

fn is_accumulator(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Ident(name) if name == operator::ACCUMULATOR)
}

fn is_true(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Literal(Literal::Bool(true)))
}

/// Whether a condition is `@not_strictly_false` of the accumulator, perhaps of its opposite.
fn waits(condition: &Expr, negated: bool) -> bool {
    match operands(condition) {
        Some((operator::NOT_STRICTLY_FALSE, [of])) if negated => {
            matches!(operands(of), Some((operator::LOGICAL_NOT, [of])) if is_accumulator(of))
        }
        Some((operator::NOT_STRICTLY_FALSE, [of])) => is_accumulator(of),
        _ => false,
    }
}
