//! Operators between two operands, by how close they bind.

use super::{
    ast::{Expr, operator},
    depth::Rule,
    parser::Parser,
};
use crate::error::Issue;

/// How an operator is written, how close it binds, the rule of the grammar it stands in, and the
/// function it is.
type Operator = (&'static str, u8, Rule, &'static str);

const OPERATORS: &[Operator] = &[
    ("==", 1, Rule::Relation, operator::EQUALS),
    ("!=", 1, Rule::Relation, operator::NOT_EQUALS),
    ("<", 1, Rule::Relation, operator::LESS),
    ("<=", 1, Rule::Relation, operator::LESS_EQUALS),
    (">", 1, Rule::Relation, operator::GREATER),
    (">=", 1, Rule::Relation, operator::GREATER_EQUALS),
    ("in", 1, Rule::Relation, operator::IN),
    ("+", 2, Rule::Sum, operator::ADD),
    ("-", 2, Rule::Sum, operator::SUBTRACT),
    ("*", 3, Rule::Sum, operator::MULTIPLY),
    ("/", 3, Rule::Sum, operator::DIVIDE),
    ("%", 3, Rule::Sum, operator::MODULO),
];

impl Parser<'_> {
    /// `a && b || c`.
    pub(super) fn logic(&mut self) -> Result<Expr, Issue> {
        let first = self.binary(1)?;
        match self.next_is("&&") || self.next_is("||") {
            true => self.chain(first),
            false => Ok(first),
        }
    }

    fn chain(&mut self, first: Expr) -> Result<Expr, Issue> {
        let mut any = Terms::new(self.conjunction(first)?);
        while let Some(offset) = self.take("||") {
            let first = self.binary(1)?;
            any.push(offset, self.conjunction(first)?);
        }
        Ok(self.balanced(any, operator::LOGICAL_OR))
    }

    fn conjunction(&mut self, first: Expr) -> Result<Expr, Issue> {
        let mut all = Terms::new(first);
        while let Some(offset) = self.take("&&") {
            all.push(offset, self.binary(1)?);
        }
        Ok(self.balanced(all, operator::LOGICAL_AND))
    }

    /// Operators that bind at least this close.
    fn binary(&mut self, closeness: u8) -> Result<Expr, Issue> {
        let before = self.depth;
        let mut left = self.operand()?;
        while let Some(operator) = self.operator(closeness) {
            left = self.operation(left, operator)?;
        }
        self.depth = before;
        Ok(left)
    }

    /// The operator that comes next, if it binds at least this close.
    fn operator(&self, closeness: u8) -> Option<&'static Operator> {
        let mut known = OPERATORS.iter();
        known.find(|(text, close, ..)| self.next_is(text) && *close >= closeness)
    }

    fn operation(&mut self, left: Expr, operator: &Operator) -> Result<Expr, Issue> {
        let (_, close, rule, function) = operator;
        let offset = self.next().offset;
        self.depth.enter(*rule, offset)?;
        let right = self.binary(close + 1)?;
        self.nodes.stand_at(offset);
        Ok(self.nodes.call(function, vec![left, right]))
    }

    /// A tree of a chain of the same operator that is as flat as it can be.
    fn balanced(&mut self, terms: Terms, function: &str) -> Expr {
        let Terms { first, rest } = terms;
        let mut offsets = Vec::with_capacity(rest.len());
        let mut exprs = std::collections::VecDeque::with_capacity(rest.len() + 1);
        exprs.push_back(first);
        for (offset, expr) in rest {
            offsets.push(offset);
            exprs.push_back(expr);
        }
        self.tree(&mut exprs, &offsets, function)
    }

    fn tree(
        &mut self,
        exprs: &mut std::collections::VecDeque<Expr>,
        offsets: &[usize],
        function: &str,
    ) -> Expr {
        let middle = offsets.len() / 2;
        let (before, after) = offsets.split_at(middle);
        let Some((offset, after)) = after.split_first() else {
            // Each call takes as many terms as it has operators, and one more.
            return exprs
                .pop_front()
                .unwrap_or_else(|| self.nodes.accumulator());
        };
        let left = self.tree(exprs, before, function);
        let right = self.tree(exprs, after, function);
        self.nodes.stand_at(*offset);
        self.nodes.call(function, vec![left, right])
    }
}

/// The terms of a chain, with the places of the operators between them.
struct Terms {
    first: Expr,
    rest: Vec<(usize, Expr)>,
}

impl Terms {
    fn new(first: Expr) -> Terms {
        Terms {
            first,
            rest: Vec::new(),
        }
    }

    fn push(&mut self, offset: usize, expr: Expr) {
        self.rest.push((offset, expr));
    }
}
