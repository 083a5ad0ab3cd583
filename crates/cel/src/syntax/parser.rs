//! Tokens to a tree.

use super::{
    ast::{Ast, Expr, ExprKind, Literal, MapEntry, StructField, operator},
    depth::{Depth, Rule},
    lexer::{Number, Spanned, Token, tokens},
    macros::{Expanded, Macro, Parts},
    nodes::Nodes,
};
use crate::error::Issue;

/// A text may have this many code points, as in cel-go.
const MAX_CODE_POINTS: usize = 100_000;

const RESERVED: &[&str] = &[
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "package",
    "namespace",
    "null",
    "return",
    "true",
    "var",
    "void",
    "while",
];

const START: &str = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}";

/// The tree of an expression, with macros expanded. A macro that stands later in the list hides an
/// earlier one of the same name and number of arguments.
///
/// # Errors
/// What is wrong with the text.
pub fn parse(text: &str, macros: &[Macro]) -> Result<Ast, Issue> {
    let points = text.chars().count();
    if points > MAX_CODE_POINTS {
        return Err(Issue {
            offset: 0,
            message: format!(
                "expression code point size exceeds limit: size: {points}, limit {MAX_CODE_POINTS}"
            ),
            help: None,
        });
    }
    let mut parser = Parser {
        tokens: tokens(text)?,
        at: 0,
        macros,
        nodes: Nodes::default(),
        depth: Depth::default(),
    };
    let root = parser.expr()?;
    let last = parser.next();
    if last.token != Token::End {
        let message = format!(
            "Syntax error: extraneous input '{}' expecting <EOF>",
            last.named()
        );
        return Err(issue(&last, message));
    }
    Ok(parser.nodes.into_ast(root))
}

pub(super) struct Parser<'t> {
    tokens: Vec<Spanned<'t>>,
    /// How many tokens are taken.
    at: usize,
    macros: &'t [Macro],
    pub(super) nodes: Nodes,
    pub(super) depth: Depth,
}

fn issue(token: &Spanned<'_>, message: String) -> Issue {
    Issue {
        offset: token.offset,
        message,
        help: None,
    }
}

impl<'t> Parser<'t> {
    /// The token that stands this many after the next one. The last token is the end, again and again.
    fn ahead(&self, count: usize) -> Option<&Spanned<'t>> {
        self.tokens.get(self.at + count).or(self.tokens.last())
    }

    pub(super) fn peek(&self) -> Spanned<'t> {
        self.ahead(0).cloned().unwrap_or(Spanned {
            token: Token::End,
            text: "",
            offset: 0,
        })
    }

    pub(super) fn next(&mut self) -> Spanned<'t> {
        let next = self.peek();
        self.at += 1;
        next
    }

    pub(super) fn next_is(&self, text: &str) -> bool {
        self.ahead(0).is_some_and(|token| token.is(text))
    }

    /// Takes the next token if it is this operator, and says where it stood.
    pub(super) fn take(&mut self, text: &str) -> Option<usize> {
        let next = self.ahead(0).filter(|token| token.is(text))?;
        let offset = next.offset;
        self.at += 1;
        Some(offset)
    }

    pub(super) fn place(&self) -> usize {
        self.ahead(0).map_or(0, |token| token.offset)
    }

    fn expect(&mut self, text: &str, expected: &str) -> Result<usize, Issue> {
        match self.take(text) {
            Some(offset) => Ok(offset),
            None => Err(self.unexpected(text, expected)),
        }
    }

    fn unexpected(&self, text: &str, expected: &str) -> Issue {
        let found = self.peek();
        let named = found.named();
        let message = match (text, &found.token) {
            (")", Token::End) => format!("Syntax error: missing ')' at '{named}'"),
            _ => format!("Syntax error: mismatched input '{named}' expecting {expected}"),
        };
        issue(&found, message)
    }

    /// `c ? a : b`, or what binds closer.
    pub(super) fn expr(&mut self) -> Result<Expr, Issue> {
        let place = self.place();
        let before = self.depth.enter(Rule::Expr, place)?;
        let condition = self.logic()?;
        let expr = match self.take("?") {
            None => condition,
            Some(offset) => self.branches(condition, offset)?,
        };
        self.depth = before;
        Ok(expr)
    }

    fn branches(&mut self, condition: Expr, offset: usize) -> Result<Expr, Issue> {
        let then = self.logic()?;
        self.expect(":", "':'")?;
        let otherwise = self.expr()?;
        self.nodes.stand_at(offset);
        let parts = vec![condition, then, otherwise];
        Ok(self.nodes.call(operator::CONDITIONAL, parts))
    }

    /// The next of two operands of an operator.
    pub(super) fn operand(&mut self) -> Result<Expr, Issue> {
        if self.next_is("!") {
            return self.repeated("!", operator::LOGICAL_NOT);
        }
        match self.next_is("-") {
            true => self.negative(),
            false => self.member(),
        }
    }

    fn negative(&mut self) -> Result<Expr, Issue> {
        let is_number = |token: &Spanned<'_>| matches!(token.token, Token::Number(_));
        if self.ahead(1).is_some_and(is_number) {
            let offset = self.next().offset;
            let number = self.next();
            let literal = match number.token {
                Token::Number(kind) => signed(&number, kind, true)?,
                _ => return Err(self.unexpected("-", START)),
            };
            self.nodes.stand_at(offset);
            let literal = self.nodes.literal(literal);
            return self.members(literal);
        }
        self.repeated("-", operator::NEGATE)
    }

    /// An operator that undoes itself where it stands twice.
    fn repeated(&mut self, text: &str, operator: &str) -> Result<Expr, Issue> {
        let offset = self.place();
        let odd = self.count(text) % 2 == 1;
        let operand = self.member()?;
        self.nodes.stand_at(offset);
        Ok(match odd {
            true => self.nodes.call(operator, vec![operand]),
            false => operand,
        })
    }

    fn count(&mut self, text: &str) -> usize {
        std::iter::from_fn(|| self.take(text)).count()
    }

    fn member(&mut self) -> Result<Expr, Issue> {
        let place = self.place();
        let before = self.depth.enter(Rule::Member, place)?;
        let primary = match self.take("(") {
            // Here and not in `primary`, so that nesting takes little of the stack.
            Some(_) => self.parenthesised()?,
            None => self.primary()?,
        };
        self.depth = before;
        self.members(primary)
    }

    /// Selections, calls and indices behind an expression.
    fn members(&mut self, mut expr: Expr) -> Result<Expr, Issue> {
        let before = self.depth;
        loop {
            let offset = self.place();
            let is_dot = self.take(".").is_some();
            if !is_dot && self.take("[").is_none() {
                break;
            }
            self.depth.enter(Rule::Member, offset)?;
            let optional = self.take("?").is_some();
            expr = match is_dot {
                true => self.selection(expr, offset, optional)?,
                false => self.index(expr, offset, optional)?,
            };
        }
        self.depth = before;
        Ok(expr)
    }

    fn index(&mut self, operand: Expr, offset: usize, optional: bool) -> Result<Expr, Issue> {
        let index = self.expr()?;
        self.expect("]", "']'")?;
        self.nodes.stand_at(offset);
        let operator = match optional {
            true => operator::OPT_INDEX,
            false => operator::INDEX,
        };
        Ok(self.nodes.call(operator, vec![operand, index]))
    }

    fn selection(&mut self, operand: Expr, dot: usize, optional: bool) -> Result<Expr, Issue> {
        let name = self.next();
        let field = match name.token {
            Token::Ident => name.text,
            Token::Quoted => name.text.trim_matches('`'),
            _ => {
                let message = "Syntax error: no viable alternative at input '.'".to_owned();
                return Err(issue(&name, message));
            }
        };
        if optional {
            self.nodes.stand_at(dot);
            let field = self.nodes.literal(Literal::String(field.to_owned()));
            return Ok(self.nodes.call(operator::OPT_SELECT, vec![operand, field]));
        }
        if name.token == Token::Ident
            && let Some(open) = self.take("(")
        {
            return self.call(name.text, Some(operand), open);
        }
        self.nodes.stand_at(dot);
        Ok(self.nodes.node(ExprKind::Select {
            operand: Box::new(operand),
            field: field.to_owned(),
            test_only: false,
        }))
    }

    /// The arguments of a call, and what it becomes.
    fn call(&mut self, name: &str, target: Option<Expr>, open: usize) -> Result<Expr, Issue> {
        let mut args = Vec::new();
        if self.take(")").is_none() {
            loop {
                args.push(self.expr()?);
                if self.take(",").is_none() {
                    break;
                }
            }
            self.expect(")", "')'")?;
        }
        self.nodes.stand_at(open);
        let parts = Parts { target, args };
        let is_member = parts.target.is_some();
        let count = parts.args.len();
        let found = self.macros.iter().rev().find(|known| {
            known.name == name
                && known.is_member == is_member
                && known.arguments.is_none_or(|arguments| arguments == count)
        });
        let parts = match found {
            None => parts,
            Some(known) => match (known.expand)(&mut self.nodes, parts)? {
                Expanded::Into(expr) => {
                    return match self.nodes.too_many() {
                        Some(issue) => Err(issue),
                        None => Ok(expr),
                    };
                }
                Expanded::Not(parts) => parts,
            },
        };
        Ok(self.nodes.node(ExprKind::Call {
            function: name.to_owned(),
            target: parts.target.map(Box::new),
            args: parts.args,
        }))
    }

    fn parenthesised(&mut self) -> Result<Expr, Issue> {
        let inner = self.expr()?;
        self.expect(")", "')'")?;
        Ok(inner)
    }

    fn primary(&mut self) -> Result<Expr, Issue> {
        let first = self.next();
        self.nodes.stand_at(first.offset);
        match first.token {
            Token::Number(kind) => {
                let literal = signed(&first, kind, false)?;
                return Ok(self.nodes.literal(literal));
            }
            Token::Literal(literal) => return Ok(self.nodes.literal(literal)),
            Token::Ident => return self.named(&first, ""),
            _ => {}
        }
        let literal = match first.text {
            "true" => Literal::Bool(true),
            "false" => Literal::Bool(false),
            "null" => Literal::Null,
            "[" => return self.list(first.offset),
            "{" => return self.map(first.offset),
            "." => {
                let name = self.next();
                if name.token != Token::Ident {
                    let message = "Syntax error: no viable alternative at input '.'".to_owned();
                    return Err(issue(&name, message));
                }
                return self.named(&name, ".");
            }
            _ => {
                let found = first.named();
                let message = format!("Syntax error: mismatched input '{found}' expecting {START}");
                return Err(issue(&first, message));
            }
        };
        Ok(self.nodes.literal(literal))
    }

    /// A name, a call of a global function, or a message.
    fn named(&mut self, first: &Spanned<'t>, dot: &str) -> Result<Expr, Issue> {
        if RESERVED.contains(&first.text) {
            return Err(issue(first, format!("reserved identifier: {}", first.text)));
        }
        let name = format!("{dot}{}", first.text);
        if let Some(open) = self.take("(") {
            return self.call(&name, None, open);
        }
        let path = self.message_name();
        if let Some((rest, open)) = path {
            return self.message(name + &rest, open);
        }
        self.nodes.stand_at(first.offset);
        Ok(self.nodes.ident(&name))
    }

    /// The rest of a message's name and its opening brace, if that is what stands here.
    fn message_name(&mut self) -> Option<(String, usize)> {
        let mut rest = String::new();
        let mut count = 0;
        while self.ahead(count)?.is(".") {
            let name = self.ahead(count + 1)?;
            if name.token != Token::Ident {
                return None;
            }
            rest.push('.');
            rest.push_str(name.text);
            count += 2;
        }
        let open = self.ahead(count)?;
        if !open.is("{") {
            return None;
        }
        let open = open.offset;
        self.at += count + 1;
        Some((rest, open))
    }

    fn message(&mut self, name: String, open: usize) -> Result<Expr, Issue> {
        let mut fields = Vec::new();
        while self.take("}").is_none() {
            let optional = self.take("?").is_some();
            let field = self.next();
            let text = match field.token {
                Token::Ident => field.text,
                Token::Quoted => field.text.trim_matches('`'),
                _ => {
                    let found = field.named();
                    let message = format!(
                        "Syntax error: mismatched input '{found}' expecting {{'}}', IDENTIFIER}}"
                    );
                    return Err(issue(&field, message));
                }
            };
            let colon = self.expect(":", "':'")?;
            let value = self.expr()?;
            self.nodes.stand_at(colon);
            fields.push(StructField {
                id: self.nodes.id(),
                name: text.to_owned(),
                value,
                optional,
            });
            if self.take(",").is_none() {
                self.expect("}", "{'}', ','}")?;
                break;
            }
        }
        self.nodes.stand_at(open);
        Ok(self.nodes.node(ExprKind::Struct { name, fields }))
    }

    /// `[,]` is an empty list, and `{,}` an empty map.
    fn lone_comma(&mut self, close: &str) {
        if self.next_is(",") && self.ahead(1).is_some_and(|next| next.is(close)) {
            self.at += 1;
        }
    }

    fn list(&mut self, open: usize) -> Result<Expr, Issue> {
        let (mut elements, mut optional) = (Vec::new(), Vec::new());
        self.lone_comma("]");
        while self.take("]").is_none() {
            if self.take("?").is_some() {
                optional.push(elements.len());
            }
            elements.push(self.expr()?);
            if self.take(",").is_none() {
                self.expect("]", "{']', ','}")?;
                break;
            }
        }
        self.nodes.stand_at(open);
        Ok(self.nodes.node(ExprKind::List { elements, optional }))
    }

    fn map(&mut self, open: usize) -> Result<Expr, Issue> {
        let mut entries = Vec::new();
        self.lone_comma("}");
        while self.take("}").is_none() {
            let optional = self.take("?").is_some();
            let key = self.expr()?;
            let colon = self.expect(":", "':'")?;
            let value = self.expr()?;
            self.nodes.stand_at(colon);
            entries.push(MapEntry {
                id: self.nodes.id(),
                key,
                value,
                optional,
            });
            if self.take(",").is_none() {
                self.expect("}", "{'}', ','}")?;
                break;
            }
        }
        self.nodes.stand_at(open);
        Ok(self.nodes.node(ExprKind::Map(entries)))
    }
}

/// The value of a number, perhaps behind a minus.
fn signed(number: &Spanned<'_>, kind: Number, negative: bool) -> Result<Literal, Issue> {
    let wrong = |what: &str| issue(number, format!("invalid {what} literal"));
    let sign = if negative { "-" } else { "" };
    match kind {
        Number::Double => {
            let value: f64 = format!("{sign}{}", number.text)
                .parse()
                .map_err(|_| wrong("double"))?;
            match value.is_finite() {
                true => Ok(Literal::Double(value)),
                false => Err(wrong("double")),
            }
        }
        Number::Int => {
            let (digits, radix) = radix(number.text);
            i64::from_str_radix(&format!("{sign}{digits}"), radix)
                .map(Literal::Int)
                .map_err(|_| wrong("int"))
        }
        // A minus does not belong to an unsigned number.
        Number::UInt if negative => Err(wrong("uint")),
        Number::UInt => {
            let (digits, radix) = radix(number.text.trim_end_matches(['u', 'U']));
            u64::from_str_radix(digits, radix)
                .map(Literal::UInt)
                .map_err(|_| wrong("uint"))
        }
    }
}

fn radix(text: &str) -> (&str, u32) {
    match text.strip_prefix("0x") {
        Some(hexadecimal) => (hexadecimal, 16),
        None => (text, 10),
    }
}
