//! Where a character of a scalar's value stands in the scalar's text.

use std::{iter::Peekable, str::CharIndices};

/// Where the byte at `offset` of a scalar's value stands in the scalar's text, from the start of the
/// text; nothing if the text does not make the value.
///
/// Line folding, indentation, quotes and escapes change white space only, or are undone here: the
/// other characters of the value stand in the text one after the other. White space is taken to
/// stand right behind the character before it.
#[must_use]
pub fn place_in_scalar(text: &str, value: &str, offset: usize) -> Option<usize> {
    let mut written = Written::new(text);
    let mut behind = written.start;
    for (at, letter) in value.char_indices() {
        if letter.is_whitespace() {
            if at >= offset {
                return Some(behind);
            }
            continue;
        }
        let (start, end, found) = written.next()?;
        if found != letter {
            return None;
        }
        if at >= offset {
            return Some(start);
        }
        behind = end;
    }
    (offset >= value.len()).then_some(behind)
}

/// The characters of a scalar's text that are not white space, each with its place.
struct Written<'t> {
    letters: Peekable<CharIndices<'t>>,
    style: Style,
    start: usize,
    end: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Plain, or a block.
    AsItIs,
    Single,
    Double,
}

impl<'t> Written<'t> {
    fn new(text: &'t str) -> Written<'t> {
        let mut start = 0;
        // An anchor and a tag stand before the scalar.
        while let Some(rest) = text
            .get(start..)
            .filter(|rest| rest.starts_with(['&', '!']))
        {
            let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let behind = rest.get(length..).unwrap_or_default();
            start += length + (behind.len() - behind.trim_start().len());
        }
        let rest = text.get(start..).unwrap_or_default();
        let (skipped, style) = match rest.chars().next() {
            Some('|' | '>') => (rest.find('\n').unwrap_or(rest.len()), Style::AsItIs),
            Some('\'') => (1, Style::Single),
            Some('"') => (1, Style::Double),
            _ => (0, Style::AsItIs),
        };
        start += skipped;
        let mut letters = text.char_indices().peekable();
        while letters.next_if(|(at, _)| *at < start).is_some() {}
        Written {
            letters,
            style,
            start,
            end: text.len(),
        }
    }

    /// Where the next character of the text starts.
    fn here(&mut self) -> usize {
        self.letters.peek().map_or(self.end, |(at, _)| *at)
    }

    /// The next character with where it starts and ends.
    fn next(&mut self) -> Option<(usize, usize, char)> {
        loop {
            let (at, letter) = self.letters.next()?;
            let letter = match (self.style, letter) {
                (Style::Single, '\'') => {
                    self.letters.next_if(|(_, next)| *next == '\'')?;
                    letter
                }
                (Style::Double, '"') => return None,
                (Style::Double, '\\') => self.escaped()?,
                _ => letter,
            };
            if !letter.is_whitespace() {
                return Some((at, self.here(), letter));
            }
        }
    }

    /// The character that stands for what follows a backslash.
    fn escaped(&mut self) -> Option<char> {
        let (_, letter) = self.letters.next()?;
        let digits = match letter {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            '0' => return Some('\0'),
            'a' => return Some('\u{7}'),
            'b' => return Some('\u{8}'),
            'e' => return Some('\u{1b}'),
            'n' | 'r' | 't' | 'v' | 'f' | 'N' | '_' | 'L' | 'P' => return Some(' '),
            other => return Some(other),
        };
        let mut number = 0;
        for _ in 0..digits {
            let (_, digit) = self.letters.next()?;
            number = number * 16 + digit.to_digit(16)?;
        }
        char::from_u32(number)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::{Limits, Mode, read_document};

    /// The text is the one value of a map; what stands at `needle` in the value is found in the text.
    #[track_caller]
    fn check(text: &str, needle: &str, line: usize, column: usize) {
        let document = read_document(text, Mode::Strict, &Limits::default()).unwrap();
        let span = document.spans.at_pointer("/a").unwrap();
        let value = document.value.get("a").and_then(Value::as_str).unwrap();
        let offset = value.find(needle).unwrap();
        let found =
            place_in_scalar(text.get(span.clone()).unwrap(), value, offset).unwrap() + span.start;
        let before = text.get(..found).unwrap();
        let row = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        assert_eq!((row, found - start + 1), (line, column), "{text}");
    }

    #[test]
    fn every_style() {
        check("a: x.y\n", "y", 1, 6);
        check("a: x &&\n  y\n", "y", 2, 3);
        check("a: |\n  x\n\n    y # z\n", "y", 4, 5);
        check("a: |\n  x\n\n    y # z\n", "z", 4, 9);
        check("a: |2-\n    x\n   y\n", "y", 3, 4);
        check("a: >-  # folded\n  x &&\n  y\n", "y", 3, 3);
        check("a: 'it''s y'\n", "y", 1, 11);
        check("a: \"\\u0061 \\\"y\\\"\\n\\\n  z\"\n", "y", 1, 14);
        check("a: \"\\u0061 \\\"y\\\"\\n\\\n  z\"\n", "z", 2, 3);
        check("a: &name !!str\n  x y\n", "y", 2, 5);
        check("a: 'ä y'\n", "y", 1, 8);
    }

    #[test]
    fn white_space_and_other_texts() {
        assert_eq!(place_in_scalar("x  y", "x y", 1), Some(1));
        assert_eq!(place_in_scalar("x", "x", 1), Some(1));
        assert_eq!(place_in_scalar("x", "x", 2), Some(1));
        assert_eq!(place_in_scalar("*name", "x", 0), None);
        assert_eq!(place_in_scalar("", "", 0), Some(0));
        assert_eq!(place_in_scalar("\"\\u00", "x", 0), None);
    }
}
