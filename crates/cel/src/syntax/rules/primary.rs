//! Names, calls, literals and parentheses.

use super::{Closed, Parsed};
use crate::syntax::{
    ast::{ExprKind, Literal},
    identifier::is_reserved,
    parser::{Node, Parser},
    recovery::Stop,
    token::{Kind, Set, Token},
    unescape,
};

impl Parser<'_> {
    pub(super) fn primary(&mut self, follow: Set) -> Parsed {
        let parsed = self.primary_form(follow);
        self.or_recover(parsed, follow)
    }

    fn primary_form(&mut self, follow: Set) -> Parsed {
        let next = self.cursor.ahead(1).kind;
        match self.cursor.kind() {
            Kind::Dot if next != Kind::Identifier => self.cursor.no_alternative(1),
            Kind::Dot | Kind::Identifier => self.named(follow),
            Kind::LeftParen => {
                self.cursor.take();
                let close = Set::of(&[Kind::RightParen]);
                let follow = follow.with(Kind::RightParen);
                let inner = self.ending(close, |parser| parser.expression(follow))?;
                self.close(Kind::RightParen)?;
                Ok(inner)
            }
            Kind::LeftBracket => self.list(follow),
            Kind::LeftBrace => self.map(follow),
            Kind::Minus if !matches!(next, Kind::Int | Kind::Float) => {
                self.cursor.no_alternative(1)
            }
            Kind::Minus => {
                let sign = self.cursor.take();
                self.literal(Some(sign))
            }
            kind if Set::MEMBER.contains(kind) => self.literal(None),
            _ => self.cursor.no_alternative(0),
        }
    }

    /// A variable, a call of a function or the construction of a message.
    fn named(&mut self, follow: Set) -> Parsed {
        if self.starts_message() {
            return self.message(follow);
        }
        let start = self.cursor.ahead(0);
        let rooted = self.cursor.accept(Kind::Dot).is_some();
        let token = self.cursor.take();
        let word = self.cursor.text(token);
        let name = if rooted {
            format!(".{word}")
        } else {
            word.to_owned()
        };
        let reserved = is_reserved(word);
        let Some(open) = self.cursor.accept(Kind::LeftParen) else {
            if reserved {
                return Ok(self.problem(start.start, format!("reserved identifier: {word}")));
            }
            return Ok(self.node(token.start, ExprKind::Ident(name), 0));
        };
        let (arguments, closed) = self.arguments(follow)?;
        let call = match reserved {
            true => self.problem(start.start, format!("reserved identifier: {word}")),
            false => self.call(open.start, &name, None, arguments),
        };
        if let Err(stop) = closed {
            self.recovered(stop, follow)?;
        }
        Ok(call)
    }

    /// Whether a brace follows on a name, as in `a.b.C{`.
    fn starts_message(&self) -> bool {
        let mut at = usize::from(self.cursor.kind() == Kind::Dot) + 1;
        while self.cursor.ahead(at).kind == Kind::Dot
            && self.cursor.ahead(at + 1).kind == Kind::Identifier
        {
            at += 2;
        }
        self.cursor.ahead(at).kind == Kind::LeftBrace
    }

    /// The arguments of a call behind its opening parenthesis, and the closing one if it is there.
    pub(super) fn arguments(&mut self, follow: Set) -> Result<(Vec<Node>, Closed), Stop> {
        let mut arguments = Vec::new();
        self.cursor.sync(Set::EXPRESSION.with(Kind::RightParen))?;
        if Set::EXPRESSION.contains(self.cursor.kind()) {
            let ends = Set::of(&[Kind::RightParen, Kind::Comma]);
            let inner = follow.union(ends);
            arguments.push(self.ending(ends, |parser| parser.expression(inner))?);
            while self.cursor.accept(Kind::Comma).is_some() {
                arguments.push(self.ending(ends, |parser| parser.expression(inner))?);
            }
        }
        Ok((arguments, self.close(Kind::RightParen)))
    }

    fn literal(&mut self, sign: Option<Token>) -> Parsed {
        let token = self.cursor.take();
        let start = sign.unwrap_or(token).start;
        let text = self.cursor.text(token);
        Ok(match value(token.kind, text, sign.is_some()) {
            Ok(literal) => self.node(start, ExprKind::Literal(literal), 0),
            Err(message) => self.problem(start, message),
        })
    }
}

fn value(kind: Kind, text: &str, negative: bool) -> Result<Literal, &'static str> {
    match kind {
        Kind::Int => integer(text, negative).ok_or("invalid int literal"),
        Kind::UInt => unsigned(text).ok_or("invalid uint literal"),
        Kind::Float => match text.parse::<f64>() {
            Ok(number) if number.is_finite() && negative => Ok(Literal::Double(-number)),
            Ok(number) if number.is_finite() => Ok(Literal::Double(number)),
            _ => Err("invalid double literal"),
        },
        Kind::String => unescape::string(text).map(Literal::String),
        Kind::Bytes => unescape::bytes(text.get(1..).unwrap_or_default()).map(Literal::Bytes),
        Kind::True => Ok(Literal::Bool(true)),
        Kind::False => Ok(Literal::Bool(false)),
        _ => Ok(Literal::Null),
    }
}

fn integer(text: &str, negative: bool) -> Option<Literal> {
    let (digits, radix) = radix(text);
    let sign = if negative { "-" } else { "" };
    let number = i64::from_str_radix(&format!("{sign}{digits}"), radix);
    number.ok().map(Literal::Int)
}

fn unsigned(text: &str) -> Option<Literal> {
    let (digits, radix) = radix(text.trim_end_matches(['u', 'U']));
    u64::from_str_radix(digits, radix).ok().map(Literal::UInt)
}

fn radix(text: &str) -> (&str, u32) {
    match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (text, 10),
    }
}
