//! Walking over tokens, and going on after one that does not fit.
//!
//! The strategy is ANTLR's, so that the same mistakes give the same errors: leave out one token that
//! is too much, assume one that is missing, and otherwise skip to a token that an enclosing rule can
//! go on with. After an error nothing is reported until a token fits again.

use super::{
    lexer::Unrecognized,
    token::{Kind, Set, Token},
};
use crate::error::Issue;

/// The attempts to go on after an error.
const MAX_ATTEMPTS: usize = 30;
/// The tokens that one attempt may skip.
const MAX_SKIPPED: usize = 256;
/// The syntax errors that are reported.
const MAX_ERRORS: usize = 100;

/// Why a rule did not end as it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The error is reported; the rule has to recover.
    Rule,
    /// Nothing more can be parsed.
    Parse,
}

/// The tokens and where the parser stands in them.
#[derive(Debug)]
pub(super) struct Cursor<'s> {
    text: &'s str,
    tokens: Vec<Token>,
    /// Where the text is that is no token.
    left_out: Vec<(u32, u32)>,
    at: usize,
    recovering: bool,
    /// Where the last recovery ended: recovering twice at one place has to skip a token.
    recovered_at: Option<usize>,
    attempts: usize,
    syntax_errors: usize,
    pub issues: Vec<Issue>,
}

impl<'s> Cursor<'s> {
    pub(super) fn new(text: &'s str, tokens: Vec<Token>, left_out: &[Unrecognized]) -> Cursor<'s> {
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let issues = left_out.iter().take(MAX_ERRORS).map(|part| {
            let found = text.get(part.start..part.end).unwrap_or_default();
            Issue {
                offset: part.start,
                message: format!("Syntax error: token recognition error at: '{found}'"),
                help: help(found),
            }
        });
        Cursor {
            text,
            tokens,
            left_out: left_out
                .iter()
                .map(|part| (place(part.start), place(part.end)))
                .collect(),
            at: 0,
            recovering: false,
            recovered_at: None,
            attempts: 0,
            syntax_errors: left_out.len(),
            issues: issues.collect(),
        }
    }

    /// The token some steps ahead: the last one for ever after the end.
    pub(super) fn ahead(&self, steps: usize) -> Token {
        let end = Token {
            kind: Kind::Eof,
            start: 0,
            end: 0,
        };
        *self
            .tokens
            .get(self.at + steps)
            .or(self.tokens.last())
            .unwrap_or(&end)
    }

    pub(super) fn kind(&self) -> Kind {
        self.ahead(0).kind
    }

    pub(super) fn text(&self, token: Token) -> &'s str {
        self.between(token.start, token.end)
    }

    /// Takes the current token, which fits.
    pub(super) fn take(&mut self) -> Token {
        let token = self.ahead(0);
        self.recovering = false;
        self.skip();
        token
    }

    /// Takes the current token if it is of a kind.
    pub(super) fn accept(&mut self, kind: Kind) -> Option<Token> {
        (self.kind() == kind).then(|| self.take())
    }

    /// Takes a token of a kind. `after` is what may stand after it: where that comes, the token is
    /// only missing.
    pub(super) fn expect(&mut self, kind: Kind, after: Set) -> Result<Token, Stop> {
        if self.kind() == kind {
            return Ok(self.take());
        }
        self.attempt()?;
        let found = self.ahead(0);
        let expected = Set::EMPTY.with(kind);
        if self.ahead(1).kind == kind {
            self.unwanted(expected)?;
            self.skip();
            return Ok(self.take());
        }
        if after.contains(found.kind) {
            let message = format!("missing {} at {}", kind.name(), self.display(found));
            self.report(found, message)?;
            return Ok(Token {
                kind,
                start: found.start,
                end: found.start,
            });
        }
        self.mismatch(expected)
    }

    /// Makes sure that one of the expected tokens comes next, leaving out one that is too much.
    pub(super) fn sync(&mut self, expected: Set) -> Result<(), Stop> {
        if self.recovering || expected.contains(self.kind()) {
            return Ok(());
        }
        if expected.contains(self.ahead(1).kind) && self.kind() != Kind::Eof {
            self.unwanted(expected)?;
            self.skip();
            self.recovering = false;
            return Ok(());
        }
        self.mismatch(expected)
    }

    /// Reports a token that is too much.
    pub(super) fn unwanted(&mut self, expected: Set) -> Result<(), Stop> {
        let found = self.ahead(0);
        let message = format!(
            "extraneous input {} expecting {}",
            self.display(found),
            expected.describe()
        );
        self.report(found, message)
    }

    /// Reports a token in the place of another, and ends the rule.
    pub(super) fn mismatch<T>(&mut self, expected: Set) -> Result<T, Stop> {
        let found = self.ahead(0);
        let message = format!(
            "mismatched input {} expecting {}",
            self.display(found),
            expected.describe()
        );
        self.report(found, message)?;
        Err(Stop::Rule)
    }

    /// Reports that no form of a rule fits the tokens up to one ahead, and ends the rule.
    pub(super) fn no_alternative<T>(&mut self, steps: usize) -> Result<T, Stop> {
        let first = self.ahead(0);
        let found = self.ahead(steps);
        let keyword = matches!(found.kind, Kind::True | Kind::False | Kind::Null);
        let message = if first.kind == Kind::Eof {
            "no viable alternative at input '<EOF>'".to_owned()
        } else if keyword && steps == 1 && found.start == first.start + 1 {
            let word = self.text(found);
            format!("mismatched input '{word}' expecting IDENTIFIER")
        } else {
            let input = self.recognized(first.start, found.end);
            let input = escaped(input.trim_end());
            format!("no viable alternative at input '{input}'")
        };
        self.report(found, message)?;
        Err(Stop::Rule)
    }

    /// Skips to a token that an enclosing rule can go on with.
    pub(super) fn recover(&mut self, follow: Set) -> Result<(), Stop> {
        self.attempt()?;
        let mut skipped = 0;
        if self.recovered_at == Some(self.at) {
            self.skip();
            skipped = 1;
        }
        self.recovered_at = Some(self.at);
        self.skip_to(follow, skipped)
    }

    /// Skips to one of some tokens.
    pub(super) fn skip_to(&mut self, tokens: Set, mut skipped: usize) -> Result<(), Stop> {
        while self.kind() != Kind::Eof && !tokens.contains(self.kind()) {
            if skipped >= MAX_SKIPPED {
                return self.give_up(format!(
                    "error recovery token lookahead limit exceeded: {MAX_SKIPPED}"
                ));
            }
            skipped += 1;
            self.skip();
        }
        Ok(())
    }

    /// Ends the parse.
    pub(super) fn give_up<T>(&mut self, message: String) -> Result<T, Stop> {
        self.issues.push(Issue {
            offset: self.ahead(0).start as usize,
            message,
            help: None,
        });
        Err(Stop::Parse)
    }

    fn skip(&mut self) {
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
    }

    fn attempt(&mut self) -> Result<(), Stop> {
        if self.attempts == MAX_ATTEMPTS {
            let message = format!("error recovery attempt limit exceeded: {MAX_ATTEMPTS}");
            self.recovering = false;
            self.report(self.ahead(0), message)?;
            return Err(Stop::Parse);
        }
        self.attempts += 1;
        Ok(())
    }

    fn report(&mut self, at: Token, message: String) -> Result<(), Stop> {
        if self.recovering {
            return Ok(());
        }
        self.recovering = true;
        self.syntax_errors += 1;
        let full = self.syntax_errors > MAX_ERRORS;
        self.issues.push(Issue {
            offset: at.start as usize,
            help: None,
            message: if full {
                format!("Syntax error: More than {MAX_ERRORS} syntax errors")
            } else {
                format!("Syntax error: {message}")
            },
        });
        if full { Err(Stop::Parse) } else { Ok(()) }
    }

    fn display(&self, token: Token) -> String {
        match token.kind {
            Kind::Eof => "'<EOF>'".to_owned(),
            _ => format!("'{}'", escaped(self.text(token))),
        }
    }

    /// The text between two places without what is no token.
    fn recognized(&self, mut start: u32, end: u32) -> String {
        let mut text = String::new();
        for (from, to) in &self.left_out {
            if (start..end).contains(from) {
                text.push_str(self.between(start, *from));
                start = *to;
            }
        }
        text + self.between(start, end)
    }

    fn between(&self, start: u32, end: u32) -> &'s str {
        self.text
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }
}

/// What to do about text that is no token.
fn help(found: &str) -> Option<String> {
    match found.chars().next()? {
        '=' => Some("compare with `==`".to_owned()),
        '&' => Some("both must hold: `&&`".to_owned()),
        '|' => Some("one must hold: `||`".to_owned()),
        '"' | '\'' => Some("the literal does not end, or has a bad escape".to_owned()),
        _ => None,
    }
}

/// The text with its blanks as escapes, as errors print it.
fn escaped(text: &str) -> String {
    text.replace('\t', "\\t")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
}
