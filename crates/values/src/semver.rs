//! Semantic versions, `major.minor.patch[-pre.release][+build.data]`, and ranges of them.
//!
//! Versions order by their numbers, then by their pre-release identifiers: a version with some
//! stands before the one without, numbers stand before texts. Build data does not count.

mod range;

use std::{cmp::Ordering, fmt};

pub use range::{Range, RangeError};

/// A version. The default is `0.0.0`.
#[derive(Clone, Debug, Default)]
pub struct Version {
    major: u64,
    minor: u64,
    patch: u64,
    pre: Vec<Identifier>,
    build: Vec<Box<str>>,
}

/// One part of a pre-release. Numbers come first in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    Number(u64),
    Text(Box<str>),
}

/// Why a text is not a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// There are not three parts.
    #[error("`{0}` is not a version: write `major.minor.patch`, such as `1.2.3`")]
    Parts(String),
    /// One of the three parts is not a number, or is one with leading zeros or too large.
    #[error("`{text}` is not a version: `{part}` is not a number without leading zeros")]
    Number {
        /// The whole text.
        text: String,
        /// The part.
        part: String,
    },
    /// A part of the pre-release or of the build data has other characters than letters, digits
    /// and `-`, is empty, or is a number with leading zeros.
    #[error(
        "`{text}` is not a version: `{part}` is not an identifier (letters, digits and `-`; a number without leading zeros)"
    )]
    Identifier {
        /// The whole text.
        text: String,
        /// The part.
        part: String,
    },
    /// A shortened version has a pre-release or build data.
    #[error("`{0}` is not a version: one with a pre-release or build data needs all three numbers")]
    Short(String),
}

impl Version {
    /// Reads a version in its full form.
    ///
    /// # Errors
    /// When the text is not a version.
    pub fn parse(text: &str) -> Result<Version, VersionError> {
        let mut parts = text.splitn(3, '.');
        let (Some(major), Some(minor), Some(rest)) = (parts.next(), parts.next(), parts.next())
        else {
            return Err(VersionError::Parts(text.to_owned()));
        };
        let (rest, build) = split_tail(rest, '+');
        let (patch, pre) = split_tail(rest, '-');
        Ok(Version {
            major: number(text, major)?,
            minor: number(text, minor)?,
            patch: number(text, patch)?,
            pre: identifiers(pre)
                .map(|part| Identifier::parse(part).ok_or_else(|| bad_identifier(text, part)))
                .collect::<Result<_, _>>()?,
            build: identifiers(build)
                .map(|part| match is_identifier(part) {
                    true => Ok(part.into()),
                    false => Err(bad_identifier(text, part)),
                })
                .collect::<Result<_, _>>()?,
        })
    }

    /// Reads a version that may have spaces around it, a leading `v`, leading zeros, or only one
    /// or two numbers.
    ///
    /// # Errors
    /// When the text is not a version even so.
    pub fn parse_tolerant(text: &str) -> Result<Version, VersionError> {
        let trimmed = text.trim();
        let plain = trimmed.strip_prefix('v').unwrap_or(trimmed);
        let mut parts: Vec<String> = plain.splitn(3, '.').map(without_zeros).collect();
        if parts.len() < 3 && parts.last().is_some_and(|last| last.contains(['+', '-'])) {
            return Err(VersionError::Short(text.to_owned()));
        }
        parts.resize(3, "0".to_owned());
        Version::parse(&parts.join("."))
    }

    /// The major number.
    #[must_use]
    pub fn major(&self) -> u64 {
        self.major
    }

    /// The minor number.
    #[must_use]
    pub fn minor(&self) -> u64 {
        self.minor
    }

    /// The patch number.
    #[must_use]
    pub fn patch(&self) -> u64 {
        self.patch
    }
}

impl Identifier {
    fn parse(part: &str) -> Option<Identifier> {
        if !is_identifier(part) {
            return None;
        }
        if !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Identifier::Text(part.into()));
        }
        plain_number(part).map(Identifier::Number)
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let numbers = |version: &Version| (version.major, version.minor, version.patch);
        // A version without a pre-release is the later one.
        numbers(self)
            .cmp(&numbers(other))
            .then_with(|| self.pre.is_empty().cmp(&other.pre.is_empty()))
            .then_with(|| self.pre.cmp(&other.pre))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}.{}", self.major, self.minor, self.patch)?;
        for (index, part) in self.pre.iter().enumerate() {
            let before = if index == 0 { '-' } else { '.' };
            match part {
                Identifier::Number(number) => write!(out, "{before}{number}")?,
                Identifier::Text(text) => write!(out, "{before}{text}")?,
            }
        }
        for (index, part) in self.build.iter().enumerate() {
            write!(out, "{}{part}", if index == 0 { '+' } else { '.' })?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Version {
    type Err = VersionError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Version::parse(text)
    }
}

fn split_tail(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.split_once(mark) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn identifiers(tail: Option<&str>) -> impl Iterator<Item = &str> {
    tail.into_iter().flat_map(|tail| tail.split('.'))
}

fn is_identifier(part: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !part.is_empty() && part.bytes().all(allowed)
}

fn bad_identifier(text: &str, part: &str) -> VersionError {
    VersionError::Identifier {
        text: text.to_owned(),
        part: part.to_owned(),
    }
}

fn number(text: &str, part: &str) -> Result<u64, VersionError> {
    plain_number(part).ok_or_else(|| VersionError::Number {
        text: text.to_owned(),
        part: part.to_owned(),
    })
}

/// A number of digits only, without leading zeros.
fn plain_number(part: &str) -> Option<u64> {
    let leading_zero = part.len() > 1 && part.starts_with('0');
    if leading_zero || !part.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    part.parse().ok()
}

fn without_zeros(part: &str) -> String {
    let trimmed = part.trim_start_matches('0');
    if part.len() < 2 || trimmed.starts_with(|c: char| c.is_ascii_digit()) {
        return if part.len() < 2 { part } else { trimmed }.to_owned();
    }
    format!("0{trimmed}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn versions_in_order() {
        let ordered = [
            "0.9.0",
            "1.0.0-0",
            "1.0.0-9",
            "1.0.0-10",
            "1.0.0-a",
            "1.0.0-a.1",
            "1.0.0-b",
            "1.0.0",
            "1.0.1",
            "1.2.0",
            "1.10.0",
            "2.0.0-rc",
            "2.0.0",
        ];
        for (left, a) in ordered.iter().enumerate() {
            for (right, b) in ordered.iter().enumerate() {
                let (a, b) = (Version::parse(a).unwrap(), Version::parse(b).unwrap());
                assert_eq!(a.cmp(&b), left.cmp(&right), "{a} {b}");
            }
        }
        assert_eq!(Version::parse("1.0.0+a"), Version::parse("1.0.0+b"));
    }

    #[test]
    fn wrong_versions() {
        for text in [
            "",
            "1",
            "1.2",
            "a.b.c",
            "01.2.3",
            "1.2.03",
            "1.2.3-",
            "1.2.3-a..b",
            "1.2.3-01",
            "1.2.3+",
            "1.2.3-ä",
            "1.2.18446744073709551616",
            "v1.2.3",
            " 1.2.3",
            "+1.2.3",
        ] {
            assert!(Version::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn tolerant_versions() {
        for (text, expected) in [
            (" v1 ", "1.0.0"),
            ("1.02", "1.2.0"),
            ("v00.1.2-rc.1", "0.1.2-rc.1"),
            ("1.2.003", "1.2.3"),
        ] {
            assert_eq!(Version::parse_tolerant(text).unwrap().to_string(), expected);
        }
        for text in ["", "v", "1.2-rc", "1.2.3.4", "vv1"] {
            assert!(Version::parse_tolerant(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[v0-9.x+-]{0,16}|\\PC*") {
            let _ = Version::parse_tolerant(&text);
            if let Ok(version) = Version::parse(&text) {
                prop_assert_eq!(version.to_string(), text);
            }
        }
    }
}
