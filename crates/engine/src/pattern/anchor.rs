//! Anchors: marks around a key of a pattern that say how the key is looked at.
//!
//! | written | kind | the key of the object |
//! |---|---|---|
//! | `(key)` | condition | must match, otherwise the pattern does not apply |
//! | `<(key)` | global | must match if present, otherwise the whole rule does not apply |
//! | `=(key)` | equality | must match if present |
//! | `X(key)` | negation | must be absent |
//! | `^(key)` | existence | is a list in which each pattern finds an element |
//! | `+(key)` | addition | is added if absent (mutation only) |

/// What an anchor asks of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AnchorKind {
    /// `(key)`
    Condition,
    /// `<(key)`
    Global,
    /// `=(key)`
    Equality,
    /// `X(key)`
    Negation,
    /// `^(key)`
    Existence,
    /// `+(key)`
    Addition,
}

impl AnchorKind {
    /// The mark before the parenthesis; empty for a condition.
    #[must_use]
    pub fn mark(self) -> &'static str {
        match self {
            AnchorKind::Condition => "",
            AnchorKind::Global => "<",
            AnchorKind::Equality => "=",
            AnchorKind::Negation => "X",
            AnchorKind::Existence => "^",
            AnchorKind::Addition => "+",
        }
    }

    fn of_mark(mark: char) -> Option<AnchorKind> {
        Some(match mark {
            '<' => AnchorKind::Global,
            '=' => AnchorKind::Equality,
            'X' => AnchorKind::Negation,
            '^' => AnchorKind::Existence,
            '+' => AnchorKind::Addition,
            _ => return None,
        })
    }
}

/// An anchor and the key inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor<'a> {
    /// What the anchor asks.
    pub kind: AnchorKind,
    /// The key without its anchor, never empty.
    pub key: &'a str,
}

impl std::fmt::Display for Anchor<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}({})", self.kind.mark(), self.key)
    }
}

/// Reads a key of a pattern as an anchor; none when it is a plain key.
///
/// ```
/// use portcullis_engine::pattern::anchor::{AnchorKind, parse};
/// assert_eq!(parse("=(hostPath)").map(|anchor| anchor.kind), Some(AnchorKind::Equality));
/// assert_eq!(parse("hostPath"), None);
/// ```
#[must_use]
pub fn parse(key: &str) -> Option<Anchor<'_>> {
    let rest = key.trim().strip_suffix(')')?;
    let (kind, key) = match rest.strip_prefix('(') {
        Some(key) => (AnchorKind::Condition, key),
        None => {
            let mut characters = rest.chars();
            let kind = AnchorKind::of_mark(characters.next()?)?;
            (kind, characters.as_str().strip_prefix('(')?)
        }
    };
    (!key.is_empty() && !key.contains('\n')).then_some(Anchor { kind, key })
}

/// The key without its anchor, if it has one.
#[must_use]
pub fn strip(key: &str) -> &str {
    parse(key).map_or(key, |anchor| anchor.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_are_read() {
        use AnchorKind::*;
        for (text, expected) in [
            ("(a)", Some((Condition, "a"))),
            ("<(a)", Some((Global, "a"))),
            ("=(a)", Some((Equality, "a"))),
            ("X(a)", Some((Negation, "a"))),
            ("^(a)", Some((Existence, "a"))),
            ("+(a)", Some((Addition, "a"))),
            ("  =(a/b.c)\t", Some((Equality, "a/b.c"))),
            ("((a))", Some((Condition, "(a)"))),
            ("=((a)", Some((Equality, "(a"))),
            ("(a)(b)", Some((Condition, "a)(b"))),
            ("()", None),
            ("a", None),
            ("", None),
            ("x(a)", None),
            ("==(a)", None),
            ("(a", None),
            ("(a)b", None),
            ("(a\nb)", None),
            ("é(a)", None),
        ] {
            let found = parse(text).map(|anchor| (anchor.kind, anchor.key));
            assert_eq!(found, expected, "{text:?}");
        }
    }

    #[test]
    fn an_anchor_prints_as_written() {
        for text in ["(a)", "<(a)", "=(a)", "X(a)", "^(a)", "+(a)"] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
        assert_eq!((strip("=(a)"), strip("a")), ("a", "a"));
    }
}
