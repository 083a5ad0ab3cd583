//! Wildcards: `*` stands for any run of characters, also none; `?` for exactly one character.
//!
//! Every other character stands for itself; nothing escapes, and `.` and `/` are plain. An empty
//! pattern matches the empty text only. Matching takes at most pattern × text steps.
//!
//! [`matches()`] reads the pattern each time. A pattern that is used again is a [`Wildcard`].

/// Whether the text has a wildcard character.
#[must_use]
pub fn has_wildcard(text: &str) -> bool {
    text.bytes().any(|byte| matches!(byte, b'*' | b'?'))
}

/// Whether `pattern` matches the whole of `text`.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut position) = (0, 0);
    // Where to go on when a character differs: after the last star, one character further.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(position) {
        match pattern.get(at) {
            Some(b'*') => {
                at += 1;
                retry = Some((at, position));
            }
            Some(b'?') => {
                at += 1;
                position += width(*byte);
            }
            Some(expected) if expected == byte => {
                at += 1;
                position += 1;
            }
            _ => {
                let Some((after_star, start)) = retry else {
                    return false;
                };
                let next = start + text.get(start).map_or(1, |byte| width(*byte));
                (at, position) = (after_star, next);
                retry = Some((after_star, next));
            }
        }
    }
    pattern
        .get(at..)
        .is_none_or(|rest| rest.iter().all(|byte| *byte == b'*'))
}

/// A pattern made ready once, with short cuts for the usual shapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wildcard {
    pattern: Box<str>,
    shape: Shape,
}

/// The length of the fixed part tells where it stands in the pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// No wildcard.
    Literal,
    /// Only stars, at least one.
    Any,
    /// `text*`
    Prefix,
    /// `*text`
    Suffix,
    /// `*text*`
    Contains,
    /// Anything else.
    General,
}

impl Wildcard {
    /// Makes a pattern ready. Every text is a pattern.
    #[must_use]
    pub fn new(pattern: &str) -> Wildcard {
        Wildcard {
            pattern: pattern.into(),
            shape: Shape::of(pattern),
        }
    }

    /// Whether the pattern matches the whole of `text`.
    #[must_use]
    #[inline]
    pub fn is_match(&self, text: &str) -> bool {
        match self.shape {
            Shape::Literal => *self.pattern == *text,
            Shape::Any => true,
            _ => self.fits(text),
        }
    }

    fn fits(&self, text: &str) -> bool {
        let fixed = || self.pattern.trim_matches('*');
        match self.shape {
            Shape::Prefix => text.starts_with(fixed()),
            Shape::Suffix => text.ends_with(fixed()),
            Shape::Contains => text.contains(fixed()),
            _ => matches(&self.pattern, text),
        }
    }

    /// Whether the pattern has no wildcard, and so matches itself only.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.shape == Shape::Literal
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.pattern
    }
}

impl Shape {
    fn of(pattern: &str) -> Shape {
        if !has_wildcard(pattern) {
            return Shape::Literal;
        }
        let fixed = pattern.trim_matches('*');
        if fixed.is_empty() {
            return Shape::Any;
        }
        match (
            has_wildcard(fixed),
            pattern.starts_with('*'),
            pattern.ends_with('*'),
        ) {
            (false, false, true) => Shape::Prefix,
            (false, true, false) => Shape::Suffix,
            (false, true, true) => Shape::Contains,
            _ => Shape::General,
        }
    }
}

/// How many bytes the character takes that starts with `first`.
fn width(first: u8) -> usize {
    match first {
        0..0xc0 => 1,
        0xc0..0xe0 => 2,
        0xe0..0xf0 => 3,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(matches(pattern, text), expected, "`{pattern}` on `{text}`");
        let ready = Wildcard::new(pattern);
        assert_eq!(ready.is_match(text), expected, "{ready:?} on `{text}`");
    }

    /// Matches by definition: slow, and so only for short texts.
    fn by_definition(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => (0..=text.len()).any(|n| by_definition(rest, &text[n..])),
            (['?', rest @ ..], [_, tail @ ..]) => by_definition(rest, tail),
            ([p, rest @ ..], [t, tail @ ..]) => p == t && by_definition(rest, tail),
            _ => false,
        }
    }

    #[test]
    fn shapes() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("**", "any", true),
            ("?", "", false),
            ("?", "ü", true),
            ("??", "ü", false),
            ("*?", "", false),
            ("a*", "a", true),
            ("a*", "ba", false),
            ("*a", "ba", true),
            ("*a", "ab", false),
            ("*b*", "abc", true),
            ("a*c", "abcc", true),
            ("a*c", "ab", false),
            ("a.c", "abc", false),
            ("*ü?*x", "aüüyx", true),
            ("A", "a", false),
            ("\\*", "*", false),
        ] {
            check(pattern, text, expected);
        }
    }

    #[test]
    fn hard_patterns_end() {
        let text = "a".repeat(5_000);
        check(&("*a".repeat(500) + "*b"), &text, false);
    }

    proptest! {
        #[test]
        fn equal_to_the_definition(pattern in "[aü*?]{0,7}", text in "[aüb]{0,8}") {
            let p: Vec<char> = pattern.chars().collect();
            let t: Vec<char> = text.chars().collect();
            check(&pattern, &text, by_definition(&p, &t));
        }

        #[test]
        fn no_text_panics(pattern: String, text: String) {
            check(&pattern, &text, matches(&pattern, &text));
        }
    }
}
