//! What stands before a value or a document: `&anchor`, `*alias`, `!tag`, `%YAML 1.1`, `%TAG`.
//!
//! Anchor names have letters, digits, `_` and `-`. Only version 1.1 is known, and no other
//! directive than these two.

use std::borrow::Cow;

use super::{Scanner, TokenKind};
use crate::error::Fault;

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

impl<'a> Scanner<'a> {
    fn scan_name(&mut self) -> &'a str {
        let start = self.pos;
        while is_name(self.at(0)) {
            self.pos += 1;
        }
        self.slice(start, self.pos)
    }

    fn skip_blanks(&mut self) {
        while self.is_blank(self.pos) {
            self.pos += 1;
        }
    }

    pub(super) fn scan_anchor(&mut self) -> Result<&'a str, Fault> {
        let indicator = char::from(self.at(0));
        let start = self.pos;
        self.pos += 1;
        let name = self.scan_name();
        let ended = self.is_blank_or_end(self.pos)
            || matches!(
                self.at(0),
                b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`'
            );
        if !name.is_empty() && ended {
            return Ok(name);
        }
        let what = if indicator == '*' {
            "an alias"
        } else {
            "an anchor"
        };
        Err(Fault::new(
            start,
            format!(
                "`{indicator}` starts {what}, whose name has letters, digits, `_` and `-`; if the value itself starts with `{indicator}`, put it in quotes"
            ),
        ))
    }

    /// The handle and the suffix of a tag: `!!str` is `!!` and `str`, `!<a>` is empty and `a`.
    pub(super) fn scan_tag(&mut self) -> Result<(&'a str, Cow<'a, str>), Fault> {
        let start = self.pos;
        let (handle, suffix) = if self.at(1) == b'<' {
            self.pos += 2;
            let suffix = self.scan_uri(start, false)?;
            if self.at(0) != b'>' {
                return Err(tag_fault(start));
            }
            self.pos += 1;
            ("", suffix)
        } else {
            self.scan_short_tag(start)?
        };
        if self.is_blank_or_end(self.pos) {
            Ok((handle, suffix))
        } else {
            Err(tag_fault(start))
        }
    }

    fn scan_short_tag(&mut self, start: usize) -> Result<(&'a str, Cow<'a, str>), Fault> {
        let handle = self.scan_handle();
        if handle.len() > 1 && handle.ends_with('!') {
            return Ok((handle, self.scan_uri(start, false)?));
        }
        let rest = self.scan_uri(start, true)?;
        let name = handle.strip_prefix('!').unwrap_or_default();
        if name.is_empty() && rest.is_empty() {
            return Ok(("", Cow::Borrowed("!")));
        }
        Ok((
            "!",
            if name.is_empty() {
                rest
            } else {
                Cow::Owned(format!("{name}{rest}"))
            },
        ))
    }

    fn scan_handle(&mut self) -> &'a str {
        let start = self.pos;
        self.pos += 1;
        self.scan_name();
        if self.at(0) == b'!' {
            self.pos += 1;
        }
        self.slice(start, self.pos)
    }

    fn scan_uri(&mut self, start: usize, may_be_empty: bool) -> Result<Cow<'a, str>, Fault> {
        let from = self.pos;
        let mut escaped = false;
        while is_name(self.at(0)) || b";/?:@&=+$,.!~*'()[]%".contains(&self.at(0)) {
            if self.at(0) == b'%' {
                if !(self.at(1).is_ascii_hexdigit() && self.at(2).is_ascii_hexdigit()) {
                    return Err(tag_fault(start));
                }
                escaped = true;
            }
            self.pos += 1;
        }
        let uri = self.slice(from, self.pos);
        if uri.is_empty() && !may_be_empty {
            return Err(tag_fault(start));
        }
        if escaped {
            unescape(uri)
                .map(Cow::Owned)
                .ok_or_else(|| tag_fault(start))
        } else {
            Ok(Cow::Borrowed(uri))
        }
    }

    pub(super) fn scan_directive(&mut self) -> Result<TokenKind<'a>, Fault> {
        let start = self.pos;
        self.pos += 1;
        let name = self.scan_name();
        let ended = self.is_blank_or_end(self.pos);
        self.skip_blanks();
        let directive = match name {
            "YAML" if ended => self.scan_version(start)?,
            "TAG" if ended => self.scan_tag_directive(start)?,
            _ => {
                return Err(Fault::new(
                    start,
                    "a line that starts with `%` is a directive, and only `%YAML 1.1` and `%TAG` are known; put the text in quotes or remove the line",
                ));
            }
        };
        self.skip_blanks();
        if self.at(0) == b'#' {
            self.skip_comment();
        }
        if self.at(0) != 0 && self.take_break().is_empty() {
            return Err(Fault::new(self.pos, "a directive ends with its line"));
        }
        Ok(directive)
    }

    fn scan_version(&mut self, start: usize) -> Result<TokenKind<'a>, Fault> {
        let major = self.scan_version_number(start)?;
        if self.at(0) != b'.' {
            return Err(version_fault(start));
        }
        self.pos += 1;
        Ok(TokenKind::Version(major, self.scan_version_number(start)?))
    }

    fn scan_version_number(&mut self, start: usize) -> Result<u8, Fault> {
        let from = self.pos;
        while self.at(0).is_ascii_digit() {
            self.pos += 1;
        }
        let digits = self.slice(from, self.pos);
        if digits.len() > 2 {
            return Err(version_fault(start));
        }
        digits.parse().map_err(|_| version_fault(start))
    }

    fn scan_tag_directive(&mut self, start: usize) -> Result<TokenKind<'a>, Fault> {
        let handle = if self.at(0) == b'!' {
            self.scan_handle()
        } else {
            ""
        };
        let well_formed = handle == "!" || (handle.len() > 1 && handle.ends_with('!'));
        if !well_formed || !self.is_blank(self.pos) {
            return Err(Fault::new(start, "expected `%TAG !handle! prefix`"));
        }
        self.skip_blanks();
        let prefix = self.scan_uri(start, false)?;
        if self.is_blank_or_end(self.pos) {
            Ok(TokenKind::TagDirective(Box::new((handle, prefix))))
        } else {
            Err(tag_fault(start))
        }
    }
}

/// Reads `%41` as `A`; nothing when the bytes are not UTF-8.
fn unescape(uri: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(uri.len());
    let mut rest = uri;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend_from_slice(before.as_bytes());
        let (digits, tail) = after.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = tail;
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).ok()
}

fn tag_fault(offset: usize) -> Fault {
    Fault::new(
        offset,
        "`!` starts a tag, which is followed by a space; if the value itself starts with `!`, put it in quotes",
    )
}

fn version_fault(offset: usize) -> Fault {
    Fault::new(
        offset,
        "expected `%YAML 1.1`, the only version that Kubernetes reads; remove the line",
    )
}
