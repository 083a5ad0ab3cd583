//! What went wrong in a YAML text, and where: `line 3, column 7: …`.
//!
//! Lines and columns are counted from 1, columns in characters.

use std::{borrow::Cow, fmt};

/// A YAML text that cannot be read, with the place and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
#[non_exhaustive]
pub struct YamlError {
    /// What was found, what was expected, what to do.
    pub message: String,
    /// The byte offset of the place in the text.
    pub offset: usize,
    /// The line of the place, from 1.
    pub line: usize,
    /// The column of the place, from 1, in characters.
    pub column: usize,
}

impl YamlError {
    pub(crate) fn new(text: &str, fault: Fault) -> Self {
        let (line, column) = line_column(text, fault.offset);
        YamlError {
            message: fault.message.into_owned(),
            offset: fault.offset,
            line,
            column,
        }
    }

    /// The same error in the file that holds the document: `offset` bytes and `line - 1` lines
    /// stand before the document.
    #[must_use]
    pub fn shifted(mut self, offset: usize, line: usize) -> Self {
        self.offset += offset;
        self.line += line.saturating_sub(1);
        self
    }
}

/// The line and the column of a byte offset, both from 1; a column counts characters.
///
/// An offset past the end gives the place after the last character.
#[must_use]
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let bytes = text.as_bytes();
    let before = bytes.get(..offset).unwrap_or(bytes);
    let line_start = before
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let column = before
        .iter()
        .skip(line_start)
        .filter(|byte| is_char_start(**byte))
        .count()
        + 1;
    (line, column)
}

fn is_char_start(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

/// An error that knows its offset only; the reader's boundary turns it into a `YamlError`.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) offset: usize,
    pub(crate) message: Cow<'static, str>,
}

impl Fault {
    pub(crate) fn new(offset: usize, message: impl Into<Cow<'static, str>>) -> Self {
        Fault {
            offset,
            message: message.into(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::line_column;

    #[test]
    fn columns_count_characters() {
        let text = "a: b\né: 😀x\n";
        for (offset, expected) in [
            (0, (1, 1)),
            (4, (1, 5)),
            (5, (2, 1)),
            (7, (2, 2)),
            (9, (2, 4)),
            (13, (2, 5)),
            (99, (3, 1)),
        ] {
            assert_eq!(line_column(text, offset), expected, "offset {offset}");
        }
    }
}
