//! Numbers as Go reads and converts them.

use std::fmt::{self, Write};

/// Reads a floating-point number: `5`, `-.5`, `1e3`, `1_000`, `inf`, `nan`. A number too large
/// for a float64 is refused; hexadecimal ones are not read.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let joined;
    let digits = if text.contains('_') {
        if !underscores_separate_digits(text) {
            return None;
        }
        joined = text.replace('_', "");
        &joined
    } else {
        text
    };
    let number: f64 = digits.parse().ok()?;
    let unsigned = digits.trim_start_matches(['+', '-']);
    let named = unsigned.starts_with(|c: char| c.is_ascii_alphabetic());
    let valid = if number.is_nan() {
        unsigned.len() == digits.len()
    } else {
        number.is_finite() || named
    };
    valid.then_some(number)
}

/// Reads a whole number in base ten with an optional sign.
pub(crate) fn parse_int(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// The whole number that a float64 without a fraction stands for; none when it has a fraction.
/// A number out of range gives the least integer, as the conversion does in Go.
pub(crate) fn whole(number: f64) -> Option<i64> {
    (number == number.trunc()).then(|| to_int(number))
}

/// Cuts the fraction off. A number out of range gives the least integer.
pub(crate) fn to_int(number: f64) -> i64 {
    // 2^63, the first number above the range.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&number) {
        number as i64
    } else {
        i64::MIN
    }
}

/// The digits of an integer, without an allocation.
pub(crate) struct IntText {
    bytes: [u8; 20],
    length: usize,
}

impl IntText {
    pub(crate) fn new(number: i64) -> IntText {
        let mut text = IntText {
            bytes: [0; 20],
            length: 0,
        };
        // INVARIANT: no `i64` has more than 20 characters, so writing never fails.
        let _ = write!(text, "{number}");
        text
    }

    pub(crate) fn as_str(&self) -> &str {
        let written = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(written).unwrap_or_default()
    }
}

impl Write for IntText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let space = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        space.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

fn underscores_separate_digits(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digit = |at: Option<usize>| {
        at.and_then(|at| bytes.get(at))
            .is_some_and(u8::is_ascii_digit)
    };
    bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'_')
        .all(|(at, _)| digit(at.checked_sub(1)) && digit(Some(at + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_read_as_in_go() {
        for (text, expected) in [
            ("5", Some(5.0)),
            ("+5", Some(5.0)),
            ("-.5", Some(-0.5)),
            ("5.", Some(5.0)),
            ("1e3", Some(1000.0)),
            ("1_0.2_5", Some(10.25)),
            ("inf", Some(f64::INFINITY)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("1e400", None),
            ("+nan", None),
            ("1__0", None),
            ("_1", None),
            ("1_", None),
            ("", None),
            (" 5", None),
            ("0x10", None),
            (".", None),
        ] {
            assert_eq!(parse_float(text), expected, "{text:?}");
        }
        assert!(parse_float("NaN").is_some_and(f64::is_nan));
    }

    #[test]
    fn conversions_are_those_of_go() {
        assert_eq!(whole(5.0), Some(5));
        assert_eq!(whole(5.5), None);
        assert_eq!(whole(1e30), Some(i64::MIN));
        assert_eq!(to_int(-1800.7), -1800);
        assert_eq!(parse_int("+7"), Some(7));
        assert_eq!(parse_int("7.0"), None);
        for number in [0, 5, -1_800, i64::MIN, i64::MAX] {
            assert_eq!(IntText::new(number).as_str(), number.to_string());
        }
    }
}
