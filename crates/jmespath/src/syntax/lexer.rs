//! Splits the text of an expression into tokens.
//!
//! Names are ASCII (`[A-Za-z_][A-Za-z0-9_]*`); anything else is quoted as a JSON string. A raw
//! text literal `'…'` knows one escape, `\'`; a JSON literal stands between backticks, where
//! ``\` `` is a backtick.

use portcullis_values::gojson;

use super::{
    error::SyntaxError,
    token::{Comparison, Token, TokenKind},
};

/// The tokens of `source`, closed by one of kind `End`.
pub(crate) fn tokenize(source: &str) -> Result<Vec<Token>, SyntaxError> {
    let mut lexer = Lexer {
        source,
        position: 0,
    };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.token()? {
        tokens.push(token);
    }
    tokens.push(Token {
        kind: TokenKind::End,
        text: String::new(),
        offset: source.len(),
    });
    Ok(tokens)
}

struct Lexer<'s> {
    source: &'s str,
    position: usize,
}

impl<'s> Lexer<'s> {
    /// The next token, or nothing at the end.
    fn token(&mut self) -> Result<Option<Token>, SyntaxError> {
        while self
            .peek()
            .is_some_and(|c| matches!(c, ' ' | '\t' | '\n' | '\r'))
        {
            self.next();
        }
        let offset = self.position;
        let Some(first) = self.next() else {
            return Ok(None);
        };
        let kind = match first {
            'a'..='z' | 'A'..='Z' | '_' => return Ok(Some(self.name(offset))),
            '0'..='9' | '-' => return Ok(Some(self.number(offset))),
            '"' => return self.quoted_name(offset).map(Some),
            '\'' => return self.raw_text(offset).map(Some),
            '`' => return self.json_literal(offset).map(Some),
            '.' => TokenKind::Dot,
            '*' => TokenKind::Star,
            ',' => TokenKind::Comma,
            ':' => TokenKind::Colon,
            '{' => TokenKind::OpenBrace,
            '}' => TokenKind::CloseBrace,
            ']' => TokenKind::CloseBracket,
            '(' => TokenKind::OpenParen,
            ')' => TokenKind::CloseParen,
            '@' => TokenKind::Current,
            '[' if self.accept('?') => TokenKind::Filter,
            '[' if self.accept(']') => TokenKind::Flatten,
            '[' => TokenKind::OpenBracket,
            '|' => self.pair('|', TokenKind::Or, TokenKind::Pipe),
            '&' => self.pair('&', TokenKind::And, TokenKind::Reference),
            '<' => self.comparison(
                Comparison::LessOrEqual,
                TokenKind::Compare(Comparison::Less),
            ),
            '>' => self.comparison(
                Comparison::GreaterOrEqual,
                TokenKind::Compare(Comparison::Greater),
            ),
            '!' => self.comparison(Comparison::NotEqual, TokenKind::Not),
            '=' => self.comparison(Comparison::Equal, TokenKind::Assign),
            other => {
                return Err(SyntaxError::new(
                    offset,
                    format!("unexpected character `{}`", other.escape_debug()),
                ));
            }
        };
        Ok(Some(self.plain(kind, offset)))
    }

    fn peek(&self) -> Option<char> {
        self.rest(self.position).chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.position += next.len_utf8();
        Some(next)
    }

    fn accept(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.next();
        }
        found
    }

    fn rest(&self, from: usize) -> &'s str {
        self.source.get(from..).unwrap_or_default()
    }

    fn between(&self, from: usize, to: usize) -> &'s str {
        self.source.get(from..to).unwrap_or_default()
    }

    fn plain(&self, kind: TokenKind, offset: usize) -> Token {
        Token {
            kind,
            text: self.between(offset, self.position).to_owned(),
            offset,
        }
    }

    fn pair(&mut self, second: char, double: TokenKind, single: TokenKind) -> TokenKind {
        if self.accept(second) { double } else { single }
    }

    fn comparison(&mut self, with_equal: Comparison, alone: TokenKind) -> TokenKind {
        self.pair('=', TokenKind::Compare(with_equal), alone)
    }

    fn name(&mut self, offset: usize) -> Token {
        while self
            .peek()
            .is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            self.next();
        }
        // The reference lexer takes one U+0080 into the name that it ends.
        self.accept('\u{80}');
        self.plain(TokenKind::Identifier, offset)
    }

    fn number(&mut self, offset: usize) -> Token {
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.next();
        }
        self.plain(TokenKind::Number, offset)
    }

    /// The text up to the next unescaped `end`, which is consumed.
    fn until(&mut self, offset: usize, end: char) -> Result<&'s str, SyntaxError> {
        let start = self.position;
        loop {
            match self.next() {
                Some(c) if c == end => {
                    return Ok(self.between(start, self.position - end.len_utf8()));
                }
                Some('\\') => {
                    self.next();
                }
                Some(_) => {}
                None => return Err(unclosed(offset, end)),
            }
        }
    }

    fn json_literal(&mut self, offset: usize) -> Result<Token, SyntaxError> {
        let text = self.until(offset, '`')?.replace("\\`", "`");
        Ok(Token {
            kind: TokenKind::JsonLiteral,
            text,
            offset,
        })
    }

    fn quoted_name(&mut self, offset: usize) -> Result<Token, SyntaxError> {
        let text = self.until(offset, '"')?;
        let name = gojson::decode_text(&format!("\"{text}\"")).map_err(|error| {
            SyntaxError::new(
                offset,
                format!("the quoted name is not a JSON string: {error}"),
            )
        })?;
        Ok(Token {
            kind: TokenKind::QuotedIdentifier,
            text: name,
            offset,
        })
    }

    fn raw_text(&mut self, offset: usize) -> Result<Token, SyntaxError> {
        let mut text = String::new();
        loop {
            match self.next() {
                Some('\'') => break,
                Some('\\') if self.accept('\'') => text.push('\''),
                Some(other) => text.push(other),
                None => return Err(unclosed(offset, '\'')),
            }
        }
        Ok(Token {
            kind: TokenKind::TextLiteral,
            text,
            offset,
        })
    }
}

fn unclosed(offset: usize, end: char) -> SyntaxError {
    let what = match end {
        '`' => "JSON literal",
        '"' => "quoted name",
        _ => "text literal",
    };
    SyntaxError::new(
        offset,
        format!("the {what} is never closed, expected `{end}`"),
    )
}
