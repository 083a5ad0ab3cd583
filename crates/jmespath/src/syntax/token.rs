//! The tokens of an expression and how tightly each binds.

use std::fmt;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Star,
    Dot,
    Filter,
    Flatten,
    OpenParen,
    CloseParen,
    OpenBracket,
    CloseBracket,
    OpenBrace,
    CloseBrace,
    Or,
    Pipe,
    Number,
    Identifier,
    QuotedIdentifier,
    Comma,
    Colon,
    Compare(Comparison),
    JsonLiteral,
    TextLiteral,
    Current,
    Reference,
    And,
    Not,
    /// A single `=`, which no rule accepts.
    Assign,
    End,
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A token, its decoded text and where it starts.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) text: String,
    pub(crate) offset: usize,
}

impl TokenKind {
    /// How tightly the token binds the expression before it; 0 ends an expression.
    pub(crate) fn binding_power(self) -> u8 {
        match self {
            TokenKind::Pipe => 1,
            TokenKind::Or => 2,
            TokenKind::And => 3,
            TokenKind::Compare(_) => 5,
            TokenKind::Flatten => 9,
            TokenKind::Star => 20,
            TokenKind::Filter => 21,
            TokenKind::Dot => 40,
            TokenKind::Not => 45,
            TokenKind::OpenBrace => 50,
            TokenKind::OpenBracket => 55,
            TokenKind::OpenParen => 60,
            _ => 0,
        }
    }
}

impl fmt::Display for TokenKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            TokenKind::Star => "`*`",
            TokenKind::Dot => "`.`",
            TokenKind::Filter => "`[?`",
            TokenKind::Flatten => "`[]`",
            TokenKind::OpenParen => "`(`",
            TokenKind::CloseParen => "`)`",
            TokenKind::OpenBracket => "`[`",
            TokenKind::CloseBracket => "`]`",
            TokenKind::OpenBrace => "`{`",
            TokenKind::CloseBrace => "`}`",
            TokenKind::Or => "`||`",
            TokenKind::Pipe => "`|`",
            TokenKind::Number => "a number",
            TokenKind::Identifier => "a name",
            TokenKind::QuotedIdentifier => "a quoted name",
            TokenKind::Comma => "`,`",
            TokenKind::Colon => "`:`",
            TokenKind::Compare(comparison) => comparison.quoted(),
            TokenKind::JsonLiteral => "a JSON literal",
            TokenKind::TextLiteral => "a text literal",
            TokenKind::Current => "`@`",
            TokenKind::Reference => "`&`",
            TokenKind::And => "`&&`",
            TokenKind::Not => "`!`",
            TokenKind::Assign => "`=`",
            TokenKind::End => "the end of the expression",
        })
    }
}

impl Comparison {
    /// Whether the comparison holds between two numbers.
    pub(crate) fn holds(self, left: f64, right: f64) -> bool {
        match self {
            #[expect(clippy::float_cmp, reason = "equality of JSON numbers is exact")]
            Comparison::Equal => left == right,
            #[expect(clippy::float_cmp, reason = "equality of JSON numbers is exact")]
            Comparison::NotEqual => left != right,
            Comparison::Less => left < right,
            Comparison::LessOrEqual => left <= right,
            Comparison::Greater => left > right,
            Comparison::GreaterOrEqual => left >= right,
        }
    }

    fn quoted(self) -> &'static str {
        match self {
            Comparison::Equal => "`==`",
            Comparison::NotEqual => "`!=`",
            Comparison::Less => "`<`",
            Comparison::LessOrEqual => "`<=`",
            Comparison::Greater => "`>`",
            Comparison::GreaterOrEqual => "`>=`",
        }
    }

    /// The name that a tree dump prints.
    pub(crate) fn token_name(self) -> &'static str {
        match self {
            Comparison::Equal => "tEQ",
            Comparison::NotEqual => "tNE",
            Comparison::Less => "tLT",
            Comparison::LessOrEqual => "tLTE",
            Comparison::Greater => "tGT",
            Comparison::GreaterOrEqual => "tGTE",
        }
    }
}
