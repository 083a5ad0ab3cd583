//! Operators at the front of a scalar pattern, and ranges.
//!
//! `>=5`, `<= 5`, `>5`, `<5`, `!5`, `5-10` (both ends included), `5!-10` (outside); anything else
//! is equality. A text of one byte is always equality. The ends of a range are numbers with an
//! optional sign, fraction and unit letters, such as `-1.5` or `100Mi`.

use std::cmp::Ordering;

/// How a value stands to the text of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    More,
    MoreOrEqual,
    Less,
    LessOrEqual,
}

impl Operator {
    /// Whether a value with this order to the pattern is what the operator wants.
    pub(crate) fn accepts(self, order: Ordering) -> bool {
        match self {
            Operator::Equal => order.is_eq(),
            Operator::NotEqual => order.is_ne(),
            Operator::More => order.is_gt(),
            Operator::MoreOrEqual => order.is_ge(),
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => order.is_le(),
        }
    }
}

/// One condition of a scalar pattern, split into its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parts<'a> {
    /// An operator and the trimmed text after it.
    Compare(Operator, &'a str),
    /// Both ends of `low-high`.
    Range(&'a str, &'a str),
    /// Both ends of `low!-high`.
    Outside(&'a str, &'a str),
}

/// Splits a condition.
pub(crate) fn split(text: &str) -> Parts<'_> {
    if text.len() < 2 {
        return Parts::Compare(Operator::Equal, text.trim());
    }
    for (mark, operator) in [
        (">=", Operator::MoreOrEqual),
        ("<=", Operator::LessOrEqual),
        (">", Operator::More),
        ("<", Operator::Less),
        ("!", Operator::NotEqual),
    ] {
        if let Some(rest) = text.strip_prefix(mark) {
            return Parts::Compare(operator, rest.trim());
        }
    }
    range(text).unwrap_or_else(|| Parts::Compare(Operator::Equal, text.trim()))
}

/// Whether the text is a range `low-high`.
pub(crate) fn is_range(text: &str) -> bool {
    matches!(split(text), Parts::Range(..))
}

fn range(text: &str) -> Option<Parts<'_>> {
    let (low, rest) = text.split_at_checked(end_of_number(text)?)?;
    let (outside, high) = match rest.strip_prefix("!-") {
        Some(high) => (true, high),
        None => (false, rest.strip_prefix('-')?),
    };
    if end_of_number(high)? != high.len() {
        return None;
    }
    Some(if outside {
        Parts::Outside(low, high)
    } else {
        Parts::Range(low, high)
    })
}

/// Where the number at the front ends; none when there is no number.
fn end_of_number(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let run = |from: usize, wanted: fn(&u8) -> bool| {
        let rest = bytes.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| wanted(byte)).count()
    };
    // A `|` counts as a sign in Kyverno too, but alternatives are split off before.
    let start = usize::from(matches!(bytes.first(), Some(b'-' | b'+' | b'|')));
    let mut end = run(start, u8::is_ascii_digit);
    if end == start {
        return None;
    }
    if bytes.get(end) == Some(&b'.') {
        let fraction = run(end + 1, u8::is_ascii_digit);
        if fraction > end + 1 {
            end = fraction;
        }
    }
    Some(run(end, u8::is_ascii_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_split() {
        use Operator::*;
        for (text, expected) in [
            ("5", Parts::Compare(Equal, "5")),
            ("", Parts::Compare(Equal, "")),
            ("!", Parts::Compare(Equal, "!")),
            (">", Parts::Compare(Equal, ">")),
            ("!a", Parts::Compare(NotEqual, "a")),
            ("! \ta ", Parts::Compare(NotEqual, "a")),
            (">=5", Parts::Compare(MoreOrEqual, "5")),
            ("<= 5", Parts::Compare(LessOrEqual, "5")),
            (">5", Parts::Compare(More, "5")),
            ("<-5", Parts::Compare(Less, "-5")),
            ("=5", Parts::Compare(Equal, "=5")),
            ("!5-10", Parts::Compare(NotEqual, "5-10")),
            ("5-10", Parts::Range("5", "10")),
            ("-5-5", Parts::Range("-5", "5")),
            ("-10--5", Parts::Range("-10", "-5")),
            ("+1.5h-2.25h", Parts::Range("+1.5h", "2.25h")),
            ("100Mi-1Gi", Parts::Range("100Mi", "1Gi")),
            ("5!-10", Parts::Outside("5", "10")),
            ("5-", Parts::Compare(Equal, "5-")),
            ("a-c", Parts::Compare(Equal, "a-c")),
            ("1-a", Parts::Compare(Equal, "1-a")),
            ("1 - 10", Parts::Compare(Equal, "1 - 10")),
            ("1.-2", Parts::Compare(Equal, "1.-2")),
            ("1-2-3", Parts::Compare(Equal, "1-2-3")),
            ("é", Parts::Compare(Equal, "é")),
        ] {
            assert_eq!(split(text), expected, "{text:?}");
        }
    }
}
