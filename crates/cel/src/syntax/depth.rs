//! How deep an expression may be nested.

use crate::error::Issue;

/// What may be nested this many times in itself, as in cel-go. A chain of operators counts like
/// nesting, as each takes the ones before it as an operand.
const LIMIT: u16 = 250;

/// The rules of the grammar that hold themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Expr,
    Relation,
    Sum,
    Member,
}

/// How often each rule is nested in itself at a place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Depth {
    expr: u16,
    relation: u16,
    sum: u16,
    member: u16,
}

impl Depth {
    /// One level more; what it was before is restored when the rule ends.
    pub(super) fn enter(&mut self, rule: Rule, offset: usize) -> Result<Depth, Issue> {
        let before = *self;
        let level = match rule {
            Rule::Expr => &mut self.expr,
            Rule::Relation => &mut self.relation,
            Rule::Sum => &mut self.sum,
            Rule::Member => &mut self.member,
        };
        *level += 1;
        if *level > LIMIT {
            return Err(Issue {
                offset,
                message: format!("expression recursion limit exceeded: {LIMIT}"),
                help: None,
            });
        }
        Ok(before)
    }
}
