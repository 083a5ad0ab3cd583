//! A file's documents: split at its `---` lines, as Kubernetes splits it.
//!
//! A line that starts with `---` ends a document, unless nothing stands before it. Only blanks and
//! a comment may follow the `---`. A document that is a stream of JSON objects (`{…}{…}`) is split
//! further, one object a document.

use std::borrow::Cow;

use memchr::memmem;
use serde_json::Value;

use crate::{Document, Limits, Mode, YamlError};

/// One document of a file, not yet read.
#[derive(Clone, Debug)]
pub struct RawDocument<'a> {
    /// The text; a last line without a line break has got one.
    pub text: Cow<'a, str>,
    /// The byte offset of the document in the file.
    pub offset: usize,
    /// The line of the file that the document starts in, from 1.
    pub line: usize,
    /// Set on a document, always the file's last, that starts after a malformed `---` line.
    pub error: Option<YamlError>,
}

impl RawDocument<'_> {
    /// [`crate::read`] with the error's place counted in the file.
    ///
    /// # Errors
    ///
    /// The text is not YAML that Kubernetes reads, or exceeds a limit.
    pub fn read(&self, mode: Mode, limits: &Limits) -> Result<Value, YamlError> {
        self.check()?;
        crate::read(&self.text, mode, limits).map_err(|error| error.shifted(self.offset, self.line))
    }

    /// [`crate::read_document`] with the error's place counted in the file; the spans are counted
    /// in the document, [`RawDocument::offset`] bytes after the file's start.
    ///
    /// # Errors
    ///
    /// The text is not YAML that Kubernetes reads, or exceeds a limit.
    pub fn read_document(&self, mode: Mode, limits: &Limits) -> Result<Document, YamlError> {
        self.check()?;
        crate::read_document(&self.text, mode, limits)
            .map_err(|error| error.shifted(self.offset, self.line))
    }

    fn check(&self) -> Result<(), YamlError> {
        self.error.clone().map_or(Ok(()), Err)
    }
}

/// Splits a file into its documents. Documents that hold nothing or comments only are among them.
pub fn documents(text: &str) -> impl Iterator<Item = RawDocument<'_>> {
    let text = text
        .strip_prefix('\u{FEFF}')
        .map_or((text, 0), |rest| (rest, text.len() - rest.len()));
    Documents {
        rest: text.0,
        offset: text.1,
        line: 1,
    }
    .flat_map(json_objects)
}

struct Documents<'a> {
    rest: &'a str,
    offset: usize,
    line: usize,
}

const SEPARATOR: &str = "---";

impl<'a> Documents<'a> {
    /// Where the next line starts that begins with `---`; `from` is a line's start too.
    fn separator(&self, from: usize) -> Option<usize> {
        let rest = self.rest.get(from..)?;
        if rest.starts_with(SEPARATOR) {
            return Some(from);
        }
        memmem::find(rest.as_bytes(), b"\n---").map(|at| from + at + 1)
    }

    /// Cuts the next document off.
    fn cut(&mut self, length: usize) -> RawDocument<'a> {
        let (text, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        let (offset, line) = (self.offset, self.line);
        self.skip(text, rest);
        let text = if text.ends_with('\n') {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(format!("{text}\n"))
        };
        RawDocument {
            text,
            offset,
            line,
            error: None,
        }
    }

    fn skip(&mut self, text: &str, rest: &'a str) {
        self.offset += text.len();
        self.line += text.bytes().filter(|byte| *byte == b'\n').count();
        self.rest = rest;
    }

    /// The rest of the file, which starts with a malformed `---` line.
    fn malformed(&mut self, after: &str) -> RawDocument<'a> {
        let mut document = self.cut(self.rest.len());
        document.error = Some(YamlError {
            message: format!(
                "only a comment may follow `---`, found `{after}`; move it to the next line"
            ),
            offset: document.offset,
            line: document.line,
            column: 1,
        });
        document
    }
}

impl<'a> Iterator for Documents<'a> {
    type Item = RawDocument<'a>;

    fn next(&mut self) -> Option<RawDocument<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let mut from = 0;
        loop {
            let Some(at) = self.separator(from) else {
                return Some(self.cut(self.rest.len()));
            };
            let tail = self.rest.get(at..).unwrap_or_default();
            let line = tail.split_inclusive('\n').next().unwrap_or_default();
            let after = line.strip_prefix(SEPARATOR).unwrap_or_default().trim();
            let well_formed = after.is_empty() || after.starts_with('#');
            if at > 0 {
                let document = self.cut(at);
                if well_formed {
                    let rest = self.rest.get(line.len()..).unwrap_or_default();
                    self.skip(line, rest);
                }
                return Some(document);
            }
            if !well_formed {
                return Some(self.malformed(after));
            }
            from = line.len();
        }
    }
}

/// The objects of a stream of JSON objects; any other document as it is.
fn json_objects(document: RawDocument<'_>) -> Vec<RawDocument<'_>> {
    let ends = match &document.error {
        None => object_ends(&document.text),
        Some(_) => Vec::new(),
    };
    if ends.len() < 2 {
        return vec![document];
    }
    let mut start = 0;
    let mut objects = Vec::with_capacity(ends.len());
    for end in ends {
        let text = match &document.text {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(start..end).unwrap_or_default()),
            Cow::Owned(text) => Cow::Owned(text.get(start..end).unwrap_or_default().to_owned()),
        };
        let before = document.text.get(..start).unwrap_or_default();
        let line = document.line + before.bytes().filter(|byte| *byte == b'\n').count();
        objects.push(RawDocument {
            text,
            offset: document.offset + start,
            line,
            error: None,
        });
        start = end;
    }
    objects
}

/// Where each object of a JSON stream ends; nothing when the text is not objects and blanks only.
fn object_ends(text: &str) -> Vec<usize> {
    let mut ends = Vec::new();
    let separator = match text.split_once('\n') {
        Some((line, _)) if line.starts_with("---") => line.len(),
        _ => 0,
    };
    let stream = text.get(separator..).unwrap_or_default();
    if !stream.trim_start().starts_with('{') {
        return ends;
    }
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    for (at, byte) in text.bytes().enumerate().skip(separator) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    ends.push(at + 1);
                }
            }
            _ if depth == 0 && !byte.is_ascii_whitespace() => return Vec::new(),
            _ => {}
        }
    }
    if depth > 0 || quoted {
        Vec::new()
    } else {
        ends
    }
}
