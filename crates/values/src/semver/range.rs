//! Ranges of versions: `>=1.2.0 <2.0.0 || 3.x`.
//!
//! Comparisons (`=`, `==`, none, `!=`, `!`, `>`, `>=`, `<`, `<=`) stand side by side, all of them
//! must hold; ` || ` separates alternatives. The last number may be `x`. There is no `^`, no `~`
//! and no hyphen range.
//!
//! What looks like a fault is how the reference behaves, and policies are written against it: a
//! part of a single character is ignored, and `!=1.x` asks for a version below *and* above 1.x.

use super::{Version, VersionError};

/// A range, read once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// Alternatives of comparisons.
    alternatives: Vec<Vec<Comparison>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Comparison {
    operator: Operator,
    version: Version,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// Why a text is not a range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// There is nothing on one side of `||`, or nothing at all.
    #[error("`{0}` is not a version range: a comparison such as `>=1.2.0` is missing")]
    Missing(String),
    /// A part has no version.
    #[error("`{0}` is not a version comparison: it has no version, such as `1.2.3`")]
    NoVersion(String),
    /// The operator does not exist.
    #[error(
        "`{part}` is not a version comparison: unknown operator `{operator}` (operators are `=`, `!=`, `>`, `>=`, `<` and `<=`)"
    )]
    Operator {
        /// The comparison.
        part: String,
        /// What stands before the version.
        operator: String,
    },
    /// The version is wrong.
    #[error("in the version comparison `{part}`: {error}")]
    Version {
        /// The comparison.
        part: String,
        /// What is wrong.
        error: VersionError,
    },
}

impl Range {
    /// Reads a range.
    ///
    /// # Errors
    /// When the text is not a range.
    pub fn parse(text: &str) -> Result<Range, RangeError> {
        let parts = split(text);
        let alternatives = parts.split(|part| part == "||").map(|group| {
            if group.is_empty() {
                return Err(RangeError::Missing(text.to_owned()));
            }
            comparisons(group)
        });
        Ok(Range {
            alternatives: alternatives.collect::<Result<_, _>>()?,
        })
    }

    /// Whether the version lies in the range.
    #[must_use]
    pub fn contains(&self, version: &Version) -> bool {
        let holds = |comparison: &Comparison| comparison.holds(version);
        self.alternatives.iter().any(|all| all.iter().all(holds))
    }
}

impl Comparison {
    fn parse(part: &str) -> Result<Comparison, RangeError> {
        let (name, version) = split_operator(part)?;
        let operator = Operator::parse(name).ok_or_else(|| RangeError::Operator {
            part: part.to_owned(),
            operator: name.to_owned(),
        })?;
        let version = Version::parse(version).map_err(|error| RangeError::Version {
            part: part.to_owned(),
            error,
        })?;
        Ok(Comparison { operator, version })
    }

    fn holds(&self, version: &Version) -> bool {
        let order = version.cmp(&self.version);
        match self.operator {
            Operator::Equal => order.is_eq(),
            Operator::NotEqual => order.is_ne(),
            Operator::Greater => order.is_gt(),
            Operator::GreaterOrEqual => order.is_ge(),
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => order.is_le(),
        }
    }
}

impl Operator {
    fn parse(text: &str) -> Option<Operator> {
        Some(match text {
            "" | "=" | "==" => Operator::Equal,
            "!" | "!=" => Operator::NotEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterOrEqual,
            "<" => Operator::Less,
            "<=" => Operator::LessOrEqual,
            _ => return None,
        })
    }
}

/// Splits at spaces, except after `>`, `<` and `=`. Parts of one character are dropped.
fn split(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut length = 0_usize;
    let mut last = ' ';
    for character in text.chars() {
        if character == ' ' && !matches!(last, '>' | '<' | '=') {
            if length > 1 {
                parts.push(std::mem::take(&mut part));
            }
            part.clear();
            length = 0;
            continue;
        }
        length = length.saturating_add(character.len_utf8());
        if character != ' ' {
            last = character;
            part.push(character);
        }
    }
    if length > 1 {
        parts.push(part);
    }
    parts
}

fn comparisons(group: &[String]) -> Result<Vec<Comparison>, RangeError> {
    let mut comparisons = Vec::new();
    for part in group {
        for plain in expand(part)? {
            comparisons.push(Comparison::parse(&plain)?);
        }
    }
    Ok(comparisons)
}

fn split_operator(part: &str) -> Result<(&str, &str), RangeError> {
    let digit = |c: char| c.is_ascii_digit() || (!c.is_ascii() && c.is_numeric());
    let start = part.find(digit);
    let pair = start.and_then(|start| part.split_at_checked(start));
    let (operator, version) = pair.ok_or_else(|| RangeError::NoVersion(part.to_owned()))?;
    Ok((operator.trim(), version))
}

/// Writes a part that has an `x` without it: `>1.2.x` is `>=1.3.0`, `1.x` is `>=1.0.0 <2.0.0`.
fn expand(part: &str) -> Result<Vec<String>, RangeError> {
    if !part.contains('x') {
        return Ok(vec![part.to_owned()]);
    }
    let (operator, version) = split_operator(part)?;
    let lowest = lowest_of(version);
    let next = || next_after(version, &lowest);
    Ok(match operator {
        ">" => vec![format!(">={}", next())],
        ">=" => vec![format!(">={lowest}")],
        "<" => vec![format!("<{lowest}")],
        "<=" => vec![format!("<{}", next())],
        "" | "=" | "==" => vec![format!(">={lowest}"), format!("<{}", next())],
        "!" | "!=" => vec![format!("<{lowest}"), format!(">={}", next())],
        _ => vec![lowest],
    })
}

fn lowest_of(version: &str) -> String {
    let lowest = version.replacen(".x.x", ".x", 1).replacen(".x", ".0", 1);
    match lowest.split('.').count() {
        2 => lowest + ".0",
        _ => lowest,
    }
}

/// The version with the number before the `x` one higher; nothing if the `x` does not stand last
/// in second or third place.
fn next_after(version: &str, lowest: &str) -> String {
    let places = version.split('.').count();
    if !version.ends_with(".x") || !matches!(places, 2 | 3) {
        return String::new();
    }
    let mut numbers: Vec<String> = lowest.split('.').map(str::to_owned).collect();
    let higher = numbers
        .get_mut(places.saturating_sub(2))
        .and_then(|number| {
            *number = number.parse::<i64>().ok()?.checked_add(1)?.to_string();
            Some(())
        });
    match higher {
        Some(()) => numbers.join("."),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(range: &str, inside: &[&str], outside: &[&str]) {
        let parsed = Range::parse(range).unwrap();
        for (versions, expected) in [(inside, true), (outside, false)] {
            for version in versions {
                let found = parsed.contains(&Version::parse(version).unwrap());
                assert_eq!(found, expected, "{version} in `{range}`");
            }
        }
    }

    #[test]
    fn ranges() {
        check("1.2.3", &["1.2.3", "1.2.3+b"], &["1.2.4", "1.2.3-a"]);
        check(">=1.0.0 <2.0.0", &["1.0.0", "1.9.9"], &["0.9.9", "2.0.0"]);
        check(">= 1.0.0  <  2.0.0", &["1.0.0"], &["2.0.0"]);
        check("<1.0.0 || >2.0.0", &["0.1.0", "2.0.1"], &["1.0.0", "2.0.0"]);
        check("!1.0.0", &["1.0.1"], &["1.0.0"]);
        check("1.2.x", &["1.2.0", "1.2.9"], &["1.3.0", "1.1.9"]);
        check(">1.x", &["2.0.0"], &["1.9.9"]);
        check("<=1.2.x", &["1.2.9", "0.1.0"], &["1.3.0"]);
        check("!=1.x", &[], &["0.1.0", "1.1.0", "2.1.0"]);
        check("~1.x", &["1.0.0"], &["1.0.1"]);
        check("1.0.0 - 2.0.0", &[], &["1.0.0", "1.5.0", "2.0.0"]);
    }

    #[test]
    fn wrong_ranges() {
        for range in [
            "",
            "x",
            "||",
            "1.0.0 ||",
            "|| 1.0.0",
            "1.0.0 || || 2.0.0",
            "^1.2.3",
            "1.2",
            ">1.x.3",
            ">v1.0.0",
            "abc",
            ">1.0.0,<2.0.0",
            "9223372036854775807.x",
        ] {
            assert!(Range::parse(range).is_err(), "{range}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(range in "[0-9.xv<>=!|~ -]{0,24}|\\PC*") {
            if let Ok(range) = Range::parse(&range) {
                let _ = range.contains(&Version::default());
            }
        }
    }
}
