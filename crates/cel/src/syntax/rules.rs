//! The grammar's rules from the whole expression down to members.
//!
//! ```text
//! expr     = or ("?" or ":" expr)?
//! or       = and ("||" and)*          and  = relation ("&&" relation)*
//! relation = calc (relop calc)*       calc = unary (("*" | "+" | …) unary)*
//! unary    = "!"* member | "-"* member
//! member   = primary ("." id | "." id "(" args ")" | "[" expr "]")*
//! ```
//!
//! `follow` is what the enclosing rules can go on with: where a rule recovers to.

mod aggregate;
mod primary;

use super::{
    ast::{Expr, ExprKind, Literal, operator},
    parser::{Node, Parser},
    recovery::Stop,
    token::{Kind, Set, Token},
};

type Parsed = Result<Node, Stop>;

/// Whether the bracket behind a part of an expression is there.
type Closed = Result<(), Stop>;

impl Parser<'_> {
    /// The whole text.
    pub(super) fn start(&mut self) -> Parsed {
        let end = Set::of(&[Kind::Eof]);
        let node = self.ending(end, |parser| parser.expression(end))?;
        match self.cursor.expect(Kind::Eof, Set::EMPTY) {
            Err(Stop::Parse) => Err(Stop::Parse),
            _ => Ok(node),
        }
    }

    /// A rule in an expression that ends before one of some tokens.
    pub(super) fn ending<T>(
        &mut self,
        ends: Set,
        rule: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let around = std::mem::replace(&mut self.ends, ends);
        let parsed = rule(self);
        self.ends = around;
        parsed
    }

    pub(super) fn expression(&mut self, follow: Set) -> Parsed {
        self.deeper(|depth| &mut depth.expression)?;
        let parsed = self.conditional(follow);
        self.depth.expression -= 1;
        self.or_recover(parsed, follow)
    }

    fn conditional(&mut self, follow: Set) -> Parsed {
        let condition = self.logical(follow.with(Kind::Question))?;
        let Some(question) = self.cursor.accept(Kind::Question) else {
            return Ok(condition);
        };
        let colon = Set::of(&[Kind::Colon]);
        let yes = self.ending(colon, |parser| parser.logical(follow.with(Kind::Colon)))?;
        self.cursor.expect(Kind::Colon, Set::EXPRESSION)?;
        let no = self.expression(follow)?;
        Ok(self.operation(question.start, operator::CONDITIONAL, [condition, yes, no]))
    }

    /// `a || b && c`
    fn logical(&mut self, follow: Set) -> Parsed {
        let follow = follow.with(Kind::Or).with(Kind::And);
        let first = self.relation(follow)?;
        match self.cursor.kind() {
            Kind::Or | Kind::And => self.terms(first, follow),
            _ => Ok(first),
        }
    }

    /// What follows on the first operand of `||` or `&&`.
    fn terms(&mut self, mut first: Node, follow: Set) -> Parsed {
        let mut terms = Vec::new();
        let mut operators = Vec::new();
        loop {
            let mut factors = vec![first];
            let mut ands = Vec::new();
            while let Some(and) = self.cursor.accept(Kind::And) {
                ands.push(and.start);
                factors.push(self.relation(follow)?);
            }
            terms.push(self.balanced(operator::LOGICAL_AND, factors, &ands));
            let Some(or) = self.cursor.accept(Kind::Or) else {
                break;
            };
            operators.push(or.start);
            first = self.relation(follow)?;
        }
        Ok(self.balanced(operator::LOGICAL_OR, terms, &operators))
    }

    /// A tree of `&&` or `||` that is as deep as its logarithm: one more term than operators.
    fn balanced(&mut self, operator: &str, terms: Vec<Node>, operators: &[u32]) -> Node {
        let height = super::parser::highest(&terms);
        let mut terms = terms.into_iter().map(|node| *node.expr);
        match self.balance(operator, &mut terms, operators) {
            Some(expr) => Node::new(expr, height),
            None => self.nothing(0),
        }
    }

    fn balance(
        &mut self,
        operator: &str,
        terms: &mut impl Iterator<Item = Expr>,
        operators: &[u32],
    ) -> Option<Expr> {
        let (before, rest) = operators.split_at_checked(operators.len() / 2)?;
        let Some((middle, after)) = rest.split_first() else {
            return terms.next();
        };
        let left = self.balance(operator, terms, before)?;
        let right = self.balance(operator, terms, after)?;
        self.nodes.stand_at(*middle);
        Some(self.nodes.call(operator, vec![left, right]))
    }

    fn relation(&mut self, follow: Set) -> Parsed {
        let follow = follow.union(Set::RELATION);
        let before = self.depth.relation;
        self.deeper(|depth| &mut depth.relation)?;
        let mut left = self.calculation(0, follow)?;
        while let Some(function) = relation_operator(self.cursor.kind()) {
            self.deeper(|depth| &mut depth.relation)?;
            let token = self.cursor.take();
            self.deeper(|depth| &mut depth.relation)?;
            let right = self.calculation(0, follow)?;
            self.depth.relation -= 1;
            left = self.operation(token.start, function, [left, right]);
        }
        self.depth.relation = before;
        Ok(left)
    }

    fn calculation(&mut self, binding: u8, follow: Set) -> Parsed {
        let follow = follow.union(Set::CALCULATION);
        let before = self.depth.calculation;
        self.deeper(|depth| &mut depth.calculation)?;
        let mut left = self.unary(follow)?;
        while let Some((function, strength)) = calculation_operator(self.cursor.kind()) {
            if strength < binding {
                break;
            }
            self.deeper(|depth| &mut depth.calculation)?;
            let token = self.cursor.take();
            let right = self.calculation(strength + 1, follow)?;
            left = self.operation(token.start, function, [left, right]);
        }
        self.depth.calculation = before;
        Ok(left)
    }

    fn unary(&mut self, follow: Set) -> Parsed {
        let parsed = self.prefixed(follow);
        self.or_recover(parsed, follow)
    }

    fn prefixed(&mut self, follow: Set) -> Parsed {
        self.cursor.sync(Set::EXPRESSION)?;
        let next = self.cursor.ahead(1).kind;
        let (function, loops) = match self.cursor.kind() {
            Kind::Exclamation => (operator::LOGICAL_NOT, Set::EXPRESSION),
            Kind::Minus if matches!(next, Kind::Int | Kind::Float) => return self.member(follow),
            Kind::Minus if !Set::MEMBER.contains(next) => return self.cursor.no_alternative(1),
            Kind::Minus => (operator::NEGATE, Set::MEMBER),
            kind if Set::MEMBER.contains(kind) => return self.member(follow),
            _ => return self.cursor.no_alternative(0),
        };
        let first = self.cursor.ahead(0);
        let mut count = 0;
        while self.cursor.kind() == first.kind {
            self.cursor.take();
            count += 1;
            if !loops.contains(self.cursor.kind()) {
                self.cursor.unwanted(loops)?;
                self.cursor.skip_to(loops.union(follow), 0)?;
            }
        }
        if !Set::MEMBER.contains(self.cursor.kind()) {
            return self.cursor.no_alternative(0);
        }
        let operand = self.member(follow)?;
        if count % 2 == 0 {
            return Ok(operand);
        }
        let height = operand.height;
        self.nodes.stand_at(first.start);
        let expr = self.nodes.call(function, vec![*operand.expr]);
        Ok(Node::new(expr, height))
    }

    fn member(&mut self, follow: Set) -> Parsed {
        let before = self.depth.member;
        let parsed = self.chain(follow);
        self.depth.member = before;
        self.or_recover(parsed, follow)
    }

    fn chain(&mut self, follow: Set) -> Parsed {
        let inner = follow.with(Kind::Dot).with(Kind::LeftBracket);
        self.deeper(|depth| &mut depth.member)?;
        let mut node = self.primary(inner)?;
        loop {
            if !matches!(self.cursor.kind(), Kind::Dot | Kind::LeftBracket) {
                return Ok(node);
            }
            self.deeper(|depth| &mut depth.member)?;
            let closed = if self.cursor.kind() == Kind::LeftBracket {
                self.index(&mut node, inner)?
            } else if self.starts_selection() {
                self.selection(&mut node, inner)?
            } else {
                self.cursor.no_alternative(1)
            };
            // What stands before the mistake counts all the same, and the rule ends.
            if let Err(stop) = closed {
                self.recovered(stop, follow)?;
                return Ok(node);
            }
        }
    }

    /// Whether a name, or the mark of an optional one, follows on the dot.
    fn starts_selection(&self) -> bool {
        let names = [Kind::Question, Kind::QuotedIdentifier, Kind::Identifier];
        names.contains(&self.cursor.ahead(1).kind)
    }

    /// `.field`, `.?field` or `.function(arguments)`
    fn selection(&mut self, node: &mut Node, follow: Set) -> Result<Closed, Stop> {
        let next = self.cursor.ahead(1).kind;
        let then = self.cursor.ahead(2).kind;
        let dot = self.cursor.take();
        if next == Kind::Identifier && then == Kind::LeftParen {
            let name = self.cursor.take();
            let open = self.cursor.take();
            let (arguments, closed) = self.arguments(follow)?;
            let function = self.cursor.text(name);
            let operand = self.taken(node);
            *node = self.call(open.start, function, Some(operand), arguments);
            return Ok(closed);
        }
        let optional = self.cursor.accept(Kind::Question).is_some();
        let start = self.cursor.ahead(0).start;
        let Some((at, field)) = self.field_name(follow)? else {
            *node = self.problem(start, "unsupported ident kind");
            return Ok(Ok(()));
        };
        let operand = self.taken(node);
        *node = if optional {
            let name = self.node(at.start, ExprKind::Literal(Literal::String(field)), 0);
            self.operation(dot.start, operator::OPT_SELECT, [operand, name])
        } else {
            let height = operand.height + 1;
            let kind = ExprKind::Select {
                operand: operand.expr,
                field,
                test_only: false,
            };
            self.node(dot.start, kind, height)
        };
        Ok(Ok(()))
    }

    /// The node, which becomes the operand of another in its place.
    fn taken(&mut self, node: &mut Node) -> Node {
        let nothing = self.nothing(0);
        std::mem::replace(node, nothing)
    }

    /// The name of a field, perhaps in backticks; nothing where there is none.
    pub(super) fn field_name(&mut self, follow: Set) -> Result<Option<(Token, String)>, Stop> {
        let names = Set::of(&[Kind::Identifier, Kind::QuotedIdentifier]);
        if let Err(stop) = self.cursor.sync(names) {
            return self.recovered(stop, follow).map(|()| None);
        }
        if !names.contains(self.cursor.kind()) {
            return Ok(None);
        }
        let token = self.cursor.take();
        let name = self.cursor.text(token).trim_matches('`').to_owned();
        Ok(Some((token, name)))
    }

    /// `[expression]` or `[?expression]`
    fn index(&mut self, node: &mut Node, follow: Set) -> Result<Closed, Stop> {
        let open = self.cursor.take();
        self.cursor.sync(Set::EXPRESSION.with(Kind::Question))?;
        let function = match self.cursor.accept(Kind::Question) {
            Some(_) => operator::OPT_INDEX,
            None => operator::INDEX,
        };
        let close = Set::of(&[Kind::RightBracket]);
        let inner = follow.with(Kind::RightBracket);
        let index = self.ending(close, |parser| parser.expression(inner))?;
        let closed = self.close(Kind::RightBracket);
        let operand = self.taken(node);
        *node = self.operation(open.start, function, [operand, index]);
        Ok(closed)
    }

    /// What a rule gave, or nothing in its place after going on behind its error.
    pub(super) fn or_recover(&mut self, parsed: Parsed, follow: Set) -> Parsed {
        match parsed {
            Err(stop) => {
                let at = self.cursor.ahead(0).start;
                self.recovered(stop, follow)?;
                Ok(self.nothing(at))
            }
            parsed => parsed,
        }
    }

    pub(super) fn recovered(&mut self, stop: Stop, follow: Set) -> Result<(), Stop> {
        match stop {
            Stop::Rule => self.cursor.recover(follow),
            Stop::Parse => Err(Stop::Parse),
        }
    }
}

fn relation_operator(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::EqualsEquals => operator::EQUALS,
        Kind::NotEquals => operator::NOT_EQUALS,
        Kind::In => operator::IN,
        Kind::Less => operator::LESS,
        Kind::LessEquals => operator::LESS_EQUALS,
        Kind::GreaterEquals => operator::GREATER_EQUALS,
        Kind::Greater => operator::GREATER,
        _ => return None,
    })
}

/// The operator and how strongly it binds.
fn calculation_operator(kind: Kind) -> Option<(&'static str, u8)> {
    Some(match kind {
        Kind::Star => (operator::MULTIPLY, 2),
        Kind::Slash => (operator::DIVIDE, 2),
        Kind::Percent => (operator::MODULO, 2),
        Kind::Plus => (operator::ADD, 1),
        Kind::Minus => (operator::SUBTRACT, 1),
        _ => return None,
    })
}
