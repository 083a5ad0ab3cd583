//! Builds the tree of an expression: operator precedence over the tokens.
//!
//! The grammar is that of the reference implementation, with its leniencies: commas between
//! arguments and between the entries of `{…}` may be missing, and an index that is cut off by the
//! end of the expression (`[0`) parses and fails when it is evaluated.

use portcullis_values::gojson;

use super::{
    ast::{Ast, AstKind, MAX_DEPTH},
    error::SyntaxError,
    lexer::tokenize,
    token::{Token, TokenKind},
};

/// The tree of `source`.
pub(crate) fn parse(source: &str) -> Result<Ast, SyntaxError> {
    let mut parser = Parser {
        tokens: tokenize(source)?,
        index: 0,
        depth: 0,
    };
    let ast = parser.expression(0)?;
    match parser.kind() {
        TokenKind::End => Ok(ast),
        other => Err(parser.error(format!("unexpected {other} after a complete expression"))),
    }
}

struct Parser {
    tokens: Vec<Token>,
    index: usize,
    depth: usize,
}

type Parsed = Result<Ast, SyntaxError>;

impl Parser {
    fn token(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.index + ahead).or(self.tokens.last())
    }

    fn kind(&self) -> TokenKind {
        self.kind_ahead(0)
    }

    fn kind_ahead(&self, ahead: usize) -> TokenKind {
        self.token(ahead).map_or(TokenKind::End, |token| token.kind)
    }

    fn offset(&self) -> usize {
        self.token(0).map_or(0, |token| token.offset)
    }

    fn advance(&mut self) {
        self.index += 1;
    }

    /// The text of the current token, which is consumed.
    fn take(&mut self) -> (TokenKind, String, usize) {
        let token = self.tokens.get_mut(self.index);
        self.index += 1;
        match token {
            Some(token) => (token.kind, std::mem::take(&mut token.text), token.offset),
            None => (TokenKind::End, String::new(), 0),
        }
    }

    fn expect(&mut self, wanted: TokenKind) -> Result<(), SyntaxError> {
        let found = self.kind();
        if found != wanted {
            return Err(self.error(format!("expected {wanted}, found {found}")));
        }
        self.advance();
        Ok(())
    }

    fn error(&self, message: impl Into<String>) -> SyntaxError {
        SyntaxError::new(self.offset(), message)
    }

    fn node(&self, offset: usize, kind: AstKind) -> Parsed {
        let node = Ast::new(offset, kind);
        if node.depth > MAX_DEPTH {
            return Err(too_deep(offset));
        }
        Ok(node)
    }

    fn expression(&mut self, binding_power: u8) -> Parsed {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(too_deep(self.offset()));
        }
        let mut left = self.prefix()?;
        while binding_power < self.kind().binding_power() {
            let (kind, _, offset) = self.take();
            left = self.infix(kind, offset, left)?;
        }
        self.depth -= 1;
        Ok(left)
    }

    /// An expression that stands at the start.
    fn prefix(&mut self) -> Parsed {
        let (kind, text, offset) = self.take();
        match kind {
            TokenKind::JsonLiteral => {
                let value = gojson::decode(&text).map_err(|error| {
                    SyntaxError::new(offset, format!("the literal is not JSON: {error}"))
                })?;
                self.node(offset, AstKind::Literal(value))
            }
            TokenKind::TextLiteral => self.node(offset, AstKind::Literal(text.into())),
            TokenKind::Identifier => self.node(offset, AstKind::Field(text)),
            TokenKind::QuotedIdentifier if self.kind() == TokenKind::OpenParen => {
                Err(SyntaxError::new(
                    offset,
                    format!("the function name `{text}` must not be quoted"),
                ))
            }
            TokenKind::QuotedIdentifier => self.node(offset, AstKind::Field(text)),
            TokenKind::Star => self.star(offset),
            TokenKind::Filter => self.filter(offset, Ast::identity(offset)),
            TokenKind::OpenBrace => self.hash(offset),
            TokenKind::Flatten => self.flatten(offset, Ast::identity(offset)),
            TokenKind::OpenBracket => self.bracket(offset),
            TokenKind::Current => self.node(offset, AstKind::Current),
            TokenKind::Reference => {
                let body = self.expression(0)?;
                self.node(offset, AstKind::Reference(Box::new(body)))
            }
            TokenKind::Not => {
                let body = self.expression(kind.binding_power())?;
                self.node(offset, AstKind::Not(Box::new(body)))
            }
            TokenKind::OpenParen => {
                let body = self.expression(0)?;
                self.expect(TokenKind::CloseParen)?;
                Ok(body)
            }
            TokenKind::End => Err(SyntaxError::new(
                self.tokens.last().map_or(0, |token| token.offset),
                "the expression is incomplete, a value is missing at its end",
            )),
            other => Err(SyntaxError::new(
                offset,
                format!("expected a value, found {other}"),
            )),
        }
    }

    /// What follows `left`.
    fn infix(&mut self, kind: TokenKind, offset: usize, left: Ast) -> Parsed {
        match kind {
            TokenKind::Dot if self.kind() == TokenKind::Star => {
                self.advance();
                let right = self.projected(kind.binding_power())?;
                self.node(offset, AstKind::ValueProjection(Box::new([left, right])))
            }
            TokenKind::Dot => {
                let right = self.after_dot(kind.binding_power())?;
                self.node(offset, AstKind::Subexpression(Box::new([left, right])))
            }
            TokenKind::Pipe => {
                let right = self.expression(kind.binding_power())?;
                self.node(offset, AstKind::Pipe(Box::new([left, right])))
            }
            TokenKind::Or => {
                let right = self.expression(kind.binding_power())?;
                self.node(offset, AstKind::Or(Box::new([left, right])))
            }
            TokenKind::And => {
                let right = self.expression(kind.binding_power())?;
                self.node(offset, AstKind::And(Box::new([left, right])))
            }
            TokenKind::Compare(comparison) => {
                let right = self.expression(kind.binding_power())?;
                self.node(
                    offset,
                    AstKind::Comparator(comparison, Box::new([left, right])),
                )
            }
            TokenKind::OpenParen => self.call(left),
            TokenKind::Filter => self.filter(offset, left),
            TokenKind::Flatten => self.flatten(offset, left),
            TokenKind::OpenBracket => self.index_or_star(offset, left),
            other => Err(SyntaxError::new(
                offset,
                format!("unexpected {other} after a value"),
            )),
        }
    }

    /// `(…)` after a name: the arguments of a call.
    fn call(&mut self, callee: Ast) -> Parsed {
        let mut arguments = Vec::new();
        while self.kind() != TokenKind::CloseParen {
            arguments.push(self.expression(0)?);
            if self.kind() == TokenKind::Comma {
                self.advance();
            }
        }
        self.advance();
        let name = match callee.kind {
            AstKind::Field(name) | AstKind::Function(Some(name), _) => Some(name),
            AstKind::Literal(serde_json::Value::String(name)) => Some(name),
            _ => None,
        };
        self.node(callee.offset, AstKind::Function(name, arguments))
    }

    fn star(&mut self, offset: usize) -> Parsed {
        let right = if self.kind() == TokenKind::CloseBracket {
            Ast::identity(offset)
        } else {
            self.projected(TokenKind::Star.binding_power())?
        };
        let pair = Box::new([Ast::identity(offset), right]);
        self.node(offset, AstKind::ValueProjection(pair))
    }

    fn flatten(&mut self, offset: usize, left: Ast) -> Parsed {
        let flat = self.node(offset, AstKind::Flatten(Box::new(left)))?;
        let right = self.projected(TokenKind::Flatten.binding_power())?;
        self.node(offset, AstKind::Projection(Box::new([flat, right])))
    }

    fn filter(&mut self, offset: usize, left: Ast) -> Parsed {
        let condition = self.expression(0)?;
        self.expect(TokenKind::CloseBracket)?;
        let right = if self.kind() == TokenKind::Flatten {
            Ast::identity(offset)
        } else {
            self.projected(TokenKind::Filter.binding_power())?
        };
        self.node(offset, AstKind::Filter(Box::new([left, right, condition])))
    }

    /// `[` at the start of an expression.
    fn bracket(&mut self, offset: usize) -> Parsed {
        match self.kind() {
            TokenKind::Number | TokenKind::Colon => match self.index(offset) {
                Ok(index) => self.project_if_slice(offset, Ast::identity(offset), index),
                Err(_) => self.node(offset, AstKind::Empty),
            },
            TokenKind::Star if self.kind_ahead(1) == TokenKind::CloseBracket => {
                self.index += 2;
                let right = self.projected(TokenKind::Star.binding_power())?;
                let pair = Box::new([Ast::identity(offset), right]);
                self.node(offset, AstKind::Projection(pair))
            }
            _ => self.list(offset),
        }
    }

    /// `[` after a value.
    fn index_or_star(&mut self, offset: usize, left: Ast) -> Parsed {
        if matches!(self.kind(), TokenKind::Number | TokenKind::Colon) {
            let index = self.index(offset)?;
            return self.project_if_slice(offset, left, index);
        }
        if self.kind() != TokenKind::Star {
            let found = self.kind();
            return Err(self.error(format!(
                "expected an index, a slice, `*` or `?` after `[`, found {found}"
            )));
        }
        self.advance();
        self.expect(TokenKind::CloseBracket)?;
        let right = self.projected(TokenKind::Star.binding_power())?;
        self.node(offset, AstKind::Projection(Box::new([left, right])))
    }

    fn index(&mut self, offset: usize) -> Parsed {
        if self.kind() == TokenKind::Colon || self.kind_ahead(1) == TokenKind::Colon {
            return self.slice(offset);
        }
        let number = self.integer()?;
        self.advance();
        self.expect(TokenKind::CloseBracket)?;
        self.node(offset, AstKind::Index(number))
    }

    fn slice(&mut self, offset: usize) -> Parsed {
        let mut parts = [None; 3];
        let mut at = 0;
        while at < parts.len() && self.kind() != TokenKind::CloseBracket {
            match self.kind() {
                TokenKind::Colon => at += 1,
                TokenKind::Number => {
                    let number = self.integer()?;
                    if let Some(part) = parts.get_mut(at) {
                        *part = Some(number);
                    }
                }
                other => {
                    return Err(self.error(format!(
                        "expected a number, `:` or `]` in a slice, found {other}"
                    )));
                }
            }
            self.advance();
        }
        self.expect(TokenKind::CloseBracket)?;
        self.node(offset, AstKind::Slice(parts))
    }

    fn integer(&self) -> Result<i64, SyntaxError> {
        let text = self.token(0).map_or("", |token| token.text.as_str());
        text.parse()
            .map_err(|_| self.error(format!("`{text}` is not an index")))
    }

    fn project_if_slice(&mut self, offset: usize, left: Ast, index: Ast) -> Parsed {
        let is_slice = matches!(index.kind, AstKind::Slice(_));
        let indexed = self.node(offset, AstKind::IndexExpression(Box::new([left, index])))?;
        if !is_slice {
            return Ok(indexed);
        }
        let right = self.projected(TokenKind::Star.binding_power())?;
        self.node(offset, AstKind::Projection(Box::new([indexed, right])))
    }

    /// `[a, b]`, after its bracket.
    fn list(&mut self, offset: usize) -> Parsed {
        let mut items = Vec::new();
        loop {
            items.push(self.expression(0)?);
            if self.kind() == TokenKind::CloseBracket {
                break;
            }
            self.expect(TokenKind::Comma)?;
        }
        self.advance();
        self.node(offset, AstKind::List(items))
    }

    /// `{key: value}`, after its brace.
    fn hash(&mut self, offset: usize) -> Parsed {
        let mut entries = Vec::new();
        loop {
            if !matches!(
                self.kind(),
                TokenKind::Identifier | TokenKind::QuotedIdentifier
            ) {
                let found = self.kind();
                return Err(self.error(format!("expected a key, found {found}")));
            }
            let (_, key, _) = self.take();
            self.expect(TokenKind::Colon)?;
            entries.push((key, self.expression(0)?));
            match self.kind() {
                TokenKind::Comma => self.advance(),
                TokenKind::CloseBrace => break,
                _ => {}
            }
        }
        self.advance();
        self.node(offset, AstKind::Hash(entries))
    }

    fn after_dot(&mut self, binding_power: u8) -> Parsed {
        let offset = self.offset();
        match self.kind() {
            TokenKind::QuotedIdentifier | TokenKind::Identifier | TokenKind::Star => {
                self.expression(binding_power)
            }
            TokenKind::OpenBracket => {
                self.advance();
                self.list(offset)
            }
            TokenKind::OpenBrace => {
                self.advance();
                self.hash(offset)
            }
            other => Err(self.error(format!(
                "expected a name, `*`, `[` or `{{` after `.`, found {other}"
            ))),
        }
    }

    /// What is done with every item of a projection.
    fn projected(&mut self, binding_power: u8) -> Parsed {
        let offset = self.offset();
        match self.kind() {
            kind if kind.binding_power() < 10 => Ok(Ast::identity(offset)),
            TokenKind::OpenBracket | TokenKind::Filter => self.expression(binding_power),
            TokenKind::Dot => {
                self.advance();
                self.after_dot(binding_power)
            }
            other => Err(self.error(format!("unexpected {other} after a projection"))),
        }
    }
}

fn too_deep(offset: usize) -> SyntaxError {
    SyntaxError::new(
        offset,
        format!("the expression nests more than {MAX_DEPTH} levels deep"),
    )
}
