//! Text to tokens.

use super::{ast::Literal, quoted};
use crate::error::Issue;

/// What a token is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A name, which may be a reserved word.
    Ident,
    /// A name in backticks, without them.
    Quoted,
    /// A constant; numbers are still text, as a sign may belong to them.
    Number(Number),
    /// Text or bytes, decoded.
    Literal(Literal),
    /// `true`, `false`, `null`, `in`
    Keyword,
    /// An operator or a bracket.
    Symbol,
    /// The end of the text.
    End,
}

/// The kinds of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    Int,
    UInt,
    Double,
}

/// A token and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Spanned<'t> {
    pub token: Token,
    pub text: &'t str,
    pub offset: usize,
}

impl Spanned<'_> {
    /// Whether it is this operator, bracket or keyword.
    pub(super) fn is(&self, text: &str) -> bool {
        self.text == text && matches!(self.token, Token::Symbol | Token::Keyword)
    }

    /// The token as errors name it.
    pub(super) fn named(&self) -> &str {
        match self.token {
            Token::End => "<EOF>",
            _ => self.text,
        }
    }
}

const SYMBOLS: &[&str] = &[
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "[", "]", "{", "}", "(", ")", ".", ",", "-", "!",
    "?", ":", "+", "*", "/", "%", "=",
];

/// The tokens of a text, the last of which is its end.
pub(super) fn tokens(text: &str) -> Result<Vec<Spanned<'_>>, Issue> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        rest = skip_blanks(rest);
        let offset = text.len() - rest.len();
        if rest.is_empty() {
            found.push(Spanned {
                token: Token::End,
                text: "",
                offset,
            });
            return Ok(found);
        }
        let (token, length) = next(rest, offset)?;
        let (word, after) = rest.split_at(length);
        found.push(Spanned {
            token,
            text: word,
            offset,
        });
        rest = after;
    }
}

fn skip_blanks(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches([' ', '\t', '\r', '\n', '\u{c}']);
        match text.strip_prefix("//") {
            Some(comment) => text = comment.trim_start_matches(|letter| letter != '\n'),
            None => return text,
        }
    }
}

fn next(text: &str, offset: usize) -> Result<(Token, usize), Issue> {
    if let Some((literal, length)) = quoted::literal(text, offset)? {
        return Ok((Token::Literal(literal), length));
    }
    let first = text.chars().next().unwrap_or_default();
    if first.is_ascii_alphabetic() || first == '_' {
        let length = word(text);
        let token = match text.get(..length) {
            Some("true" | "false" | "null" | "in") => Token::Keyword,
            _ => Token::Ident,
        };
        return Ok((token, length));
    }
    if let Some((number, length)) = number(text) {
        return Ok((Token::Number(number), length));
    }
    if let Some(length) = backticks(text) {
        return Ok((Token::Quoted, length));
    }
    match SYMBOLS.iter().find(|symbol| text.starts_with(**symbol)) {
        // A single `=` is no token of the language.
        Some(symbol) if *symbol != "=" => Ok((Token::Symbol, symbol.len())),
        _ => Err(Issue {
            offset,
            message: format!("Syntax error: token recognition error at: '{first}'"),
            help: (first == '=').then(|| "compare with `==`".to_owned()),
        }),
    }
}

fn word(text: &str) -> usize {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    end.unwrap_or(text.len())
}

fn backticks(text: &str) -> Option<usize> {
    let name = text.strip_prefix('`')?;
    let end = name.find(|letter: char| {
        !letter.is_ascii_alphanumeric() && !matches!(letter, '_' | '.' | '-' | '/' | ' ')
    })?;
    (end > 0 && name.get(end..)?.starts_with('`')).then_some(end + 2)
}

fn digits(text: &str) -> usize {
    let end = text.find(|letter: char| !letter.is_ascii_digit());
    end.unwrap_or(text.len())
}

/// The length of the exponent that a text starts with.
fn exponent(text: &str) -> usize {
    let Some(rest) = text.strip_prefix(['e', 'E']) else {
        return 0;
    };
    let unsigned = rest.strip_prefix(['+', '-']).unwrap_or(rest);
    match digits(unsigned) {
        0 => 0,
        length => text.len() - unsigned.len() + length,
    }
}

fn number(text: &str) -> Option<(Number, usize)> {
    let whole = digits(text);
    let after = text.get(whole..)?;
    if let Some(fraction) = after.strip_prefix('.') {
        let length = digits(fraction);
        if length > 0 {
            let rest = fraction.get(length..)?;
            return Some((Number::Double, whole + 1 + length + exponent(rest)));
        }
    }
    if whole == 0 {
        return None;
    }
    match exponent(after) {
        0 => {}
        length => return Some((Number::Double, whole + length)),
    }
    let hexadecimal = text.strip_prefix("0x").map_or(0, |hex| {
        let end = hex.find(|letter: char| !letter.is_ascii_hexdigit());
        end.unwrap_or(hex.len())
    });
    let length = match hexadecimal {
        0 => whole,
        length => length + 2,
    };
    match text.get(length..)?.starts_with(['u', 'U']) {
        true => Some((Number::UInt, length + 1)),
        false => Some((Number::Int, length)),
    }
}
