//! Reads a pattern in Go's syntax into the intermediate form that the matcher compiles.

use regex_syntax::hir::{Capture, Hir, Look, Repetition};

use super::{
    Parsed, RegexpError,
    class::{CodePoints, perl, posix},
    group,
};

/// How deeply a pattern may nest.
const MAX_DEPTH: usize = 500;

/// How often something may be repeated by a count, counts within counts multiplied.
const MAX_REPEAT: u64 = 1000;

/// Which syntax is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// What `regexp.Compile` reads.
    Perl,
    /// Without flags, lazy repetition and the classes and places that a backslash names; `[^a]`
    /// is no line end. The generator of random text reads this.
    Posix,
}

/// The pattern and the names of its groups.
pub(super) fn parse(pattern: &str, dialect: Dialect) -> Result<Parsed, RegexpError> {
    let flags = Flags {
        one_line: dialect == Dialect::Perl,
        ..Flags::default()
    };
    let mut parser = Parser {
        pattern,
        rest: pattern,
        perl: dialect == Dialect::Perl,
        flags,
        frames: Vec::new(),
        frame: Frame::default(),
        names: vec![String::new()],
        last_repeat: None,
    };
    parser.run()
}

#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    fold: bool,
    one_line: bool,
    dot_all: bool,
    lazy: bool,
}

/// A part of the pattern that a repetition can follow.
#[derive(Debug)]
struct Item {
    hir: Hir,
    depth: usize,
    /// The product of the counts nested within.
    repeat: u64,
}

/// An open group, or the pattern as a whole.
#[derive(Debug, Default)]
struct Frame {
    /// The flags to go back to after the group.
    flags: Flags,
    /// The number of the capture, if it is one.
    capture: Option<u32>,
    branches: Vec<Item>,
    items: Vec<Item>,
}

struct Parser<'p> {
    pattern: &'p str,
    rest: &'p str,
    perl: bool,
    flags: Flags,
    /// The groups around the one at hand.
    frames: Vec<Frame>,
    frame: Frame,
    names: Vec<String>,
    /// What follows the repetition that was just read, its operator included.
    last_repeat: Option<&'p str>,
}

impl<'p> Parser<'p> {
    fn run(&mut self) -> Result<Parsed, RegexpError> {
        while let Some(first) = self.rest.chars().next() {
            let before = self.rest;
            let is_repeat = self.element(first)?;
            self.last_repeat = is_repeat.then_some(before);
        }
        if !self.frames.is_empty() {
            return Err(self.error("missing closing )", self.pattern));
        }
        let item = self.close_frame()?;
        Ok(Parsed {
            hir: item.hir,
            names: std::mem::take(&mut self.names),
        })
    }

    /// Reads one element that starts with `first`; answers whether it was a repetition.
    fn element(&mut self, first: char) -> Result<bool, RegexpError> {
        match first {
            '(' if self.perl && self.rest.starts_with("(?") => self.perl_group()?,
            '(' => {
                self.skip(1);
                self.open(Some(String::new()));
            }
            '|' => {
                self.skip(1);
                let branch = self.close_branch()?;
                self.frame.branches.push(branch);
            }
            ')' => {
                self.skip(1);
                self.close()?;
            }
            '^' => {
                self.skip(1);
                let one_line = self.flags.one_line;
                self.look(if one_line { Look::Start } else { Look::StartLF });
            }
            '$' => {
                self.skip(1);
                let one_line = self.flags.one_line;
                self.look(if one_line { Look::End } else { Look::EndLF });
            }
            '.' => {
                self.skip(1);
                let mut excluded = CodePoints::default();
                if !self.flags.dot_all {
                    excluded.add(0xa, 0xa);
                }
                self.push(excluded.negated().to_hir());
            }
            '[' => self.class()?,
            '*' | '+' | '?' => {
                let before = self.rest;
                self.skip(1);
                let (min, max) = match first {
                    '*' => (0, None),
                    '+' => (1, None),
                    _ => (0, Some(1)),
                };
                self.repeat(min, max, 1, before)?;
                return Ok(true);
            }
            '{' => return self.counted_repeat(),
            '\\' => self.backslash()?,
            other => {
                self.skip(other.len_utf8());
                self.literal(u32::from(other));
            }
        }
        Ok(false)
    }

    fn error(&self, message: &'static str, part: &str) -> RegexpError {
        RegexpError::new(message, part)
    }

    /// An error about what was read since `before`.
    fn error_since(&self, message: &'static str, before: &str) -> RegexpError {
        let length = before.len().saturating_sub(self.rest.len());
        RegexpError::new(message, before.get(..length).unwrap_or(before))
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.skip(next.len_utf8());
        Some(next)
    }

    fn push(&mut self, hir: Hir) {
        self.frame.items.push(Item {
            hir,
            depth: 1,
            repeat: 1,
        });
    }

    fn look(&mut self, look: Look) {
        self.push(Hir::look(look));
    }

    fn literal(&mut self, code: u32) {
        match char::from_u32(code) {
            Some(c) if !self.flags.fold => {
                let mut buffer = [0; 4];
                self.push(Hir::literal(c.encode_utf8(&mut buffer).as_bytes()));
            }
            Some(_) => {
                let class: CodePoints = [(code, code)].into_iter().collect();
                self.push(class.folded().to_hir());
            }
            None => self.push(Hir::fail()),
        }
    }

    fn open(&mut self, name: Option<String>) {
        let capture = name.map(|name| {
            self.names.push(name);
            u32::try_from(self.names.len() - 1).unwrap_or(u32::MAX)
        });
        let frame = Frame {
            flags: self.flags,
            capture,
            ..Frame::default()
        };
        self.frames.push(std::mem::replace(&mut self.frame, frame));
    }

    fn close(&mut self) -> Result<(), RegexpError> {
        let Some(outer) = self.frames.pop() else {
            return Err(self.error("unexpected )", self.pattern));
        };
        self.flags = self.frame.flags;
        let capture = self.frame.capture;
        let mut item = self.close_frame()?;
        self.frame = outer;
        if let Some(index) = capture {
            item.hir = Hir::capture(Capture {
                index,
                name: None,
                sub: Box::new(item.hir),
            });
            item.depth += 1;
        }
        self.check_depth(&item)?;
        self.frame.items.push(item);
        Ok(())
    }

    /// The items since the last `|`, as one.
    fn close_branch(&mut self) -> Result<Item, RegexpError> {
        let items = std::mem::take(&mut self.frame.items);
        self.join(items, Hir::concat)
    }

    /// Everything in the group at hand, as one.
    fn close_frame(&mut self) -> Result<Item, RegexpError> {
        let last = self.close_branch()?;
        let mut branches = std::mem::take(&mut self.frame.branches);
        branches.push(last);
        self.join(branches, Hir::alternation)
    }

    fn join(&self, mut items: Vec<Item>, join: fn(Vec<Hir>) -> Hir) -> Result<Item, RegexpError> {
        if items.len() == 1
            && let Some(only) = items.pop()
        {
            return Ok(only);
        }
        let item = Item {
            depth: 1 + items.iter().map(|item| item.depth).max().unwrap_or(0),
            repeat: items.iter().map(|item| item.repeat).max().unwrap_or(1),
            hir: join(items.into_iter().map(|item| item.hir).collect()),
        };
        self.check_depth(&item)?;
        Ok(item)
    }

    fn check_depth(&self, item: &Item) -> Result<(), RegexpError> {
        if item.depth > MAX_DEPTH {
            return Err(self.error("the pattern nests too deeply", self.pattern));
        }
        Ok(())
    }

    /// Repeats the last item; `before` starts at the operator, which has been read.
    fn repeat(
        &mut self,
        min: u32,
        max: Option<u32>,
        count: u64,
        before: &'p str,
    ) -> Result<(), RegexpError> {
        let mut greedy = !self.flags.lazy;
        if self.perl {
            if let Some(rest) = self.rest.strip_prefix('?') {
                self.rest = rest;
                greedy = !greedy;
            }
            if let Some(last) = self.last_repeat {
                return Err(self.error_since("invalid nested repetition operator", last));
            }
        }
        let Some(item) = self.frame.items.pop() else {
            return Err(self.error_since("missing argument to repetition operator", before));
        };
        let repeat = item.repeat.saturating_mul(count);
        if repeat > MAX_REPEAT {
            return Err(self.error_since("invalid repeat count", before));
        }
        let item = Item {
            hir: Hir::repetition(Repetition {
                min,
                max,
                greedy,
                sub: Box::new(item.hir),
            }),
            depth: item.depth + 1,
            repeat: if max == Some(0) { 1 } else { repeat },
        };
        self.check_depth(&item)?;
        self.frame.items.push(item);
        Ok(())
    }

    /// `{2}`, `{2,}` or `{2,3}`; anything else that starts with a brace is text.
    fn counted_repeat(&mut self) -> Result<bool, RegexpError> {
        let before = self.rest;
        let Some((min, max, rest)) = counts(before) else {
            self.skip(1);
            self.literal(u32::from('{'));
            return Ok(false);
        };
        self.rest = rest;
        let limit = u32::try_from(MAX_REPEAT).unwrap_or(u32::MAX);
        let reversed = max.is_some_and(|max| max < min);
        if min > limit || max.is_some_and(|max| max > limit) || reversed {
            return Err(self.error_since("invalid repeat count", before));
        }
        let count = u64::from(max.unwrap_or(min)).max(1);
        self.repeat(min, max, count, before)?;
        Ok(true)
    }

    /// `(?…`: a named group, flags, or a group without a number.
    fn perl_group(&mut self) -> Result<(), RegexpError> {
        let before = self.rest;
        let named = [("(?P<", 4), ("(?<", 3)]
            .into_iter()
            .find(|(prefix, length)| before.starts_with(prefix) && before.len() > *length);
        if let Some((prefix, _)) = named {
            self.skip(prefix.len());
            let Some((name, rest)) = self.rest.split_once('>') else {
                return Err(self.error("invalid named capture", before));
            };
            self.rest = rest;
            let valid = |c: char| c == '_' || c.is_ascii_alphanumeric();
            if name.is_empty() || !name.chars().all(valid) {
                return Err(self.error_since("invalid named capture", before));
            }
            self.open(Some(name.to_owned()));
            return Ok(());
        }
        self.skip(2);
        self.flags(before)
    }

    /// The flags after `(?`, up to `:` or `)`.
    fn flags(&mut self, before: &str) -> Result<(), RegexpError> {
        let mut flags = self.flags;
        let mut on = true;
        let mut pending_minus = false;
        while let Some(letter) = self.next() {
            let flag = match letter {
                'i' => Some(&mut flags.fold),
                's' => Some(&mut flags.dot_all),
                'U' => Some(&mut flags.lazy),
                'm' => {
                    flags.one_line = !on;
                    None
                }
                '-' if on => {
                    on = false;
                    pending_minus = true;
                    continue;
                }
                ':' | ')' if !pending_minus => {
                    if letter == ':' {
                        self.open(None);
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => break,
            };
            pending_minus = false;
            if let Some(flag) = flag {
                *flag = on;
            }
        }
        Err(self.error_since("invalid or unsupported Perl syntax", before))
    }

    /// A backslash outside of brackets.
    fn backslash(&mut self) -> Result<(), RegexpError> {
        let letter = self.rest.chars().nth(1);
        if self.perl {
            let look = match letter {
                Some('A') => Some(Look::Start),
                Some('z') => Some(Look::End),
                Some('b') => Some(Look::WordAscii),
                Some('B') => Some(Look::WordAsciiNegate),
                _ => None,
            };
            if let Some(look) = look {
                self.skip(2);
                self.look(look);
                return Ok(());
            }
            if letter == Some('Q') {
                self.skip(2);
                self.quoted();
                return Ok(());
            }
        }
        if let Some(class) = self.escaped_class()? {
            self.push(class.to_hir());
            return Ok(());
        }
        let code = self.escape()?;
        self.literal(code);
        Ok(())
    }

    /// The text of `\Q…\E`.
    fn quoted(&mut self) {
        let (text, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
        self.rest = rest;
        for c in text.chars() {
            self.literal(u32::from(c));
        }
    }

    /// `\d`, `\W`, `\p{Greek}`, …, if one stands here.
    fn escaped_class(&mut self) -> Result<Option<CodePoints>, RegexpError> {
        if !self.perl {
            return Ok(None);
        }
        let mut letters = self.rest.chars();
        let (Some('\\'), Some(letter)) = (letters.next(), letters.next()) else {
            return Ok(None);
        };
        if letter.eq_ignore_ascii_case(&'p') {
            return self.unicode_class(letter == 'P').map(Some);
        }
        let Some(class) = perl(letter) else {
            return Ok(None);
        };
        self.skip(2);
        Ok(Some(self.group(class, letter.is_ascii_uppercase())))
    }

    /// A named class, folded and negated as asked.
    fn group(&self, class: CodePoints, negated: bool) -> CodePoints {
        let class = if self.flags.fold {
            class.folded()
        } else {
            class
        };
        if negated { class.negated() } else { class }
    }

    fn unicode_class(&mut self, mut negated: bool) -> Result<CodePoints, RegexpError> {
        const MESSAGE: &str = "invalid character class range";
        let before = self.rest;
        self.skip(2);
        let mut name = if let Some(rest) = self.rest.strip_prefix('{') {
            let Some((name, rest)) = rest.split_once('}') else {
                return Err(self.error(MESSAGE, before));
            };
            self.rest = rest;
            name
        } else {
            let name = self.rest;
            self.next();
            let length = name.len() - self.rest.len();
            name.get(..length).unwrap_or_default()
        };
        if let Some(rest) = name.strip_prefix('^') {
            negated = !negated;
            name = rest;
        }
        let Some(class) = group::named(name) else {
            return Err(self.error_since(MESSAGE, before));
        };
        Ok(self.group(class, negated))
    }

    /// The character that a backslash and what follows stand for.
    fn escape(&mut self) -> Result<u32, RegexpError> {
        const MESSAGE: &str = "invalid escape sequence";
        let before = self.rest;
        self.skip(1);
        let Some(letter) = self.next() else {
            return Err(self.error("trailing backslash at end of expression", before));
        };
        let code = match letter {
            'a' => Some(0x7),
            'f' => Some(0xc),
            'n' => Some(0xa),
            'r' => Some(0xd),
            't' => Some(0x9),
            'v' => Some(0xb),
            'x' => self.hexadecimal(),
            '0'..='7' => self.octal(letter),
            other if other.is_ascii() && !other.is_ascii_alphanumeric() => Some(u32::from(other)),
            _ => None,
        };
        code.ok_or_else(|| self.error_since(MESSAGE, before))
    }

    /// Up to three octal digits. A single digit other than 0 would be a reference to a group.
    fn octal(&mut self, first: char) -> Option<u32> {
        let digit = |parser: &Self| parser.rest.chars().next().and_then(|c| c.to_digit(8));
        let mut code = first.to_digit(8)?;
        if code != 0 {
            digit(self)?;
        }
        for _ in 0..2 {
            let Some(next) = digit(self) else { break };
            self.skip(1);
            code = code * 8 + next;
        }
        Some(code)
    }

    /// Two hexadecimal digits, or any number of them in braces.
    fn hexadecimal(&mut self) -> Option<u32> {
        let first = self.next()?;
        if first != '{' {
            return Some(first.to_digit(16)? * 16 + self.next()?.to_digit(16)?);
        }
        let (digits, rest) = self.rest.split_once('}')?;
        self.rest = rest;
        let valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let trimmed = digits.trim_start_matches('0');
        let code = if trimmed.is_empty() {
            0
        } else {
            u32::from_str_radix(trimmed, 16).ok()?
        };
        (valid && code <= u32::from(char::MAX)).then_some(code)
    }

    /// `[…]`.
    fn class(&mut self) -> Result<(), RegexpError> {
        let whole = self.rest;
        self.skip(1);
        let negated = self.rest.starts_with('^');
        let mut class = CodePoints::default();
        if negated {
            self.skip(1);
            if !self.perl {
                class.add(0xa, 0xa);
            }
        }
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            if !self.perl && !first {
                self.check_dash()?;
            }
            first = false;
            if let Some(named) = self.posix_class()? {
                class.extend(&named);
            } else if let Some(escaped) = self.escaped_class()? {
                class.extend(&escaped);
            } else {
                self.class_range(whole, &mut class)?;
            }
        }
        self.skip(1);
        let class = if negated { class.negated() } else { class };
        self.push(class.to_hir());
        Ok(())
    }

    /// Without Perl's syntax a dash is text only at the start and the end of a class.
    fn check_dash(&self) -> Result<(), RegexpError> {
        match self.rest.strip_prefix('-') {
            Some(after) if !after.starts_with(']') => {
                Err(self.error("invalid character class range", self.rest))
            }
            _ => Ok(()),
        }
    }

    /// `[:alpha:]` within a class, if one stands here.
    fn posix_class(&mut self) -> Result<Option<CodePoints>, RegexpError> {
        let Some((name, rest)) = self
            .rest
            .strip_prefix("[:")
            .and_then(|rest| rest.split_once(":]"))
        else {
            return Ok(None);
        };
        let before = self.rest;
        self.rest = rest;
        let positive = name.strip_prefix('^');
        let Some(class) = posix(positive.unwrap_or(name)) else {
            return Err(self.error_since("invalid character class range", before));
        };
        Ok(Some(self.group(class, positive.is_some())))
    }

    /// A single character or `a-z`.
    fn class_range(&mut self, whole: &str, class: &mut CodePoints) -> Result<(), RegexpError> {
        let before = self.rest;
        let low = self.class_char(whole)?;
        let mut high = low;
        if let Some(after) = self.rest.strip_prefix('-')
            && !after.is_empty()
            && !after.starts_with(']')
        {
            self.skip(1);
            high = self.class_char(whole)?;
            if high < low {
                return Err(self.error_since("invalid character class range", before));
            }
        }
        let range: CodePoints = [(low, high)].into_iter().collect();
        class.extend(&if self.flags.fold {
            range.folded()
        } else {
            range
        });
        Ok(())
    }

    fn class_char(&mut self, whole: &str) -> Result<u32, RegexpError> {
        if self.rest.starts_with('\\') {
            return self.escape();
        }
        self.next()
            .map(u32::from)
            .ok_or_else(|| self.error("missing closing ]", whole))
    }
}

/// The counts of `{2}`, `{2,}` and `{2,3}`, and what follows the brace.
fn counts(text: &str) -> Option<(u32, Option<u32>, &str)> {
    let (min, rest) = count(text.strip_prefix('{')?)?;
    if let Some(rest) = rest.strip_prefix('}') {
        return Some((min, Some(min), rest));
    }
    let rest = rest.strip_prefix(',')?;
    if let Some(rest) = rest.strip_prefix('}') {
        return Some((min, None, rest));
    }
    let (max, rest) = count(rest)?;
    Some((min, Some(max), rest.strip_prefix('}')?))
}

/// Digits without a leading zero; a number that is too large stays too large.
fn count(text: &str) -> Option<(u32, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    Some((digits.parse().unwrap_or(u32::MAX), rest))
}
