//! Go durations: signed nanoseconds, written as `1h30m0.5s`.
//!
//! A duration text is an optional sign and one or more decimal numbers, each with an optional
//! fraction and a unit: `ns`, `us` (also `µs` and `μs`), `ms`, `s`, `m`, `h`. A plain `0` is the
//! only number that needs no unit. There is no unit for days.
//!
//! The printed form has the largest unit that fits (`1h0m0s`, `1.5s`, `20ms`, `3µs`).

use std::fmt;

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// A length of time in nanoseconds, as Go counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoDuration(pub i64);

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// The text is not a number with a unit at all, or it is empty.
    #[error("`{0}` is not a duration: write a number and a unit, such as `90s` or `1h30m`")]
    Invalid(String),
    /// A number stands without its unit.
    #[error("`{0}` is not a duration: a unit is missing (`ns`, `us`, `ms`, `s`, `m` or `h`)")]
    MissingUnit(String),
    /// The unit does not exist.
    #[error(
        "`{text}` is not a duration: unknown unit `{unit}` (units are `ns`, `us`, `ms`, `s`, `m` and `h`)"
    )]
    UnknownUnit {
        /// The whole text.
        text: String,
        /// The unit that was found.
        unit: String,
    },
    /// The duration is longer than about 292 years.
    #[error("`{0}` is out of range: a duration is at most `2562047h47m16.854775807s`")]
    OutOfRange(String),
}

impl GoDuration {
    /// No time at all.
    pub const ZERO: GoDuration = GoDuration(0);

    /// Reads a duration text.
    ///
    /// # Errors
    /// When the text is not a duration, or is out of range.
    pub fn parse(text: &str) -> Result<GoDuration, DurationError> {
        let (negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest == "0" {
            return Ok(GoDuration::ZERO);
        }
        if rest.is_empty() {
            return Err(DurationError::Invalid(text.to_owned()));
        }
        let mut total = 0_u64;
        while !rest.is_empty() {
            let (term, after) = term(text, rest)?;
            // Two terms of 2^63 wrap to zero, in Go too.
            total = total.wrapping_add(term);
            if total > 1 << 63 {
                return Err(DurationError::OutOfRange(text.to_owned()));
            }
            rest = after;
        }
        signed(total, negative)
            .map(GoDuration)
            .ok_or_else(|| DurationError::OutOfRange(text.to_owned()))
    }

    /// The duration of so many seconds; fractions of a nanosecond are cut off.
    ///
    /// A number out of range gives the least duration, as the conversion does in Go.
    #[must_use]
    pub fn from_seconds(seconds: f64) -> GoDuration {
        GoDuration(to_go_int64(seconds * 1e9))
    }

    /// The number of nanoseconds.
    #[must_use]
    pub fn nanoseconds(self) -> i64 {
        self.0
    }

    /// The number of seconds.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.fraction_of(SECOND)
    }

    /// The number of minutes.
    #[must_use]
    pub fn minutes(self) -> f64 {
        self.fraction_of(MINUTE)
    }

    /// The number of hours.
    #[must_use]
    pub fn hours(self) -> f64 {
        self.fraction_of(HOUR)
    }

    /// Rounds toward zero to a multiple of `unit`; a unit that is not positive changes nothing.
    #[must_use]
    pub fn truncate(self, unit: GoDuration) -> GoDuration {
        if unit.0 <= 0 {
            return self;
        }
        GoDuration(self.0 - self.0 % unit.0)
    }

    /// Rounds to the nearest multiple of `unit`, halves away from zero. A result out of range is
    /// the greatest or least duration; a unit that is not positive changes nothing.
    #[must_use]
    pub fn round(self, unit: GoDuration) -> GoDuration {
        if unit.0 <= 0 {
            return self;
        }
        let rest = self.0 % unit.0;
        let below_half = rest.unsigned_abs() * 2 < unit.0.unsigned_abs();
        let down = self.0 - rest;
        GoDuration(match (below_half, self.0 < 0) {
            (true, _) => down,
            (false, true) => down.saturating_sub(unit.0),
            (false, false) => down.saturating_add(unit.0),
        })
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "the whole units fit, the rest is below an hour"
    )]
    fn fraction_of(self, unit: u64) -> f64 {
        let unit = i64::try_from(unit).unwrap_or(i64::MAX);
        (self.0 / unit) as f64 + (self.0 % unit) as f64 / unit as f64
    }
}

impl std::ops::Add for GoDuration {
    type Output = GoDuration;
    /// Wraps around at the ends of the range, as in Go.
    fn add(self, other: GoDuration) -> GoDuration {
        GoDuration(self.0.wrapping_add(other.0))
    }
}

impl std::ops::Sub for GoDuration {
    type Output = GoDuration;
    /// Wraps around at the ends of the range, as in Go.
    fn sub(self, other: GoDuration) -> GoDuration {
        GoDuration(self.0.wrapping_sub(other.0))
    }
}

impl std::str::FromStr for GoDuration {
    type Err = DurationError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        GoDuration::parse(text)
    }
}

impl fmt::Display for GoDuration {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.unsigned_abs();
        if size == 0 {
            return out.write_str("0s");
        }
        if self.0 < 0 {
            out.write_str("-")?;
        }
        match size {
            0..MICROSECOND => write!(out, "{size}ns"),
            MICROSECOND..MILLISECOND => write_fraction(out, size, MICROSECOND, 3, "µs"),
            MILLISECOND..SECOND => write_fraction(out, size, MILLISECOND, 6, "ms"),
            _ => {
                if size >= HOUR {
                    write!(out, "{}h", size / HOUR)?;
                }
                if size >= MINUTE {
                    write!(out, "{}m", size % HOUR / MINUTE)?;
                }
                write_fraction(out, size % MINUTE, SECOND, 9, "s")
            }
        }
    }
}

/// Converts as Go on amd64 does: toward zero, and to the least number when it does not fit.
pub fn to_go_int64(number: f64) -> i64 {
    // 2^63, the first number above the range.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&number) {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "cut toward zero on purpose"
        )]
        let whole = number as i64;
        whole
    } else {
        i64::MIN
    }
}

/// Reads one number with its unit from the front of `rest`.
fn term<'a>(text: &str, rest: &'a str) -> Result<(u64, &'a str), DurationError> {
    let invalid = || DurationError::Invalid(text.to_owned());
    let out_of_range = || DurationError::OutOfRange(text.to_owned());
    let (whole, rest) = split_digits(rest);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => split_digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(invalid());
    }
    let end = rest
        .find(|c: char| c == '.' || c.is_ascii_digit())
        .unwrap_or(rest.len());
    let (name, rest) = rest.split_at_checked(end).ok_or_else(invalid)?;
    let whole = leading_integer(whole).ok_or_else(out_of_range)?;
    let unit = unit(text, name)?;
    let value = whole.checked_mul(unit).ok_or_else(out_of_range)?;
    let value = value
        .checked_add(fraction_of(fraction, unit))
        .filter(|value| *value <= 1 << 63)
        .ok_or_else(out_of_range)?;
    Ok((value, rest))
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn leading_integer(digits: &str) -> Option<u64> {
    if digits.is_empty() {
        return Some(0);
    }
    digits.parse().ok().filter(|number| *number <= 1 << 63)
}

/// The fraction `0.digits` of a unit, cut off. Digits that no longer fit are ignored.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "Go computes the fraction in floating point too, and it is below one hour"
)]
fn fraction_of(digits: &str, unit: u64) -> u64 {
    let mut number = 0_u64;
    let mut scale = 1.0_f64;
    for digit in digits.bytes() {
        let longer = number
            .checked_mul(10)
            .and_then(|number| number.checked_add(u64::from(digit.wrapping_sub(b'0'))))
            .filter(|number| *number <= 1 << 63);
        let Some(longer) = longer else { break };
        number = longer;
        scale *= 10.0;
    }
    (number as f64 * (unit as f64 / scale)) as u64
}

fn unit(text: &str, name: &str) -> Result<u64, DurationError> {
    Ok(match name {
        "ns" => 1,
        "us" | "µs" | "μs" => MICROSECOND,
        "ms" => MILLISECOND,
        "s" => SECOND,
        "m" => MINUTE,
        "h" => HOUR,
        "" => return Err(DurationError::MissingUnit(text.to_owned())),
        _ => {
            return Err(DurationError::UnknownUnit {
                text: text.to_owned(),
                unit: name.to_owned(),
            });
        }
    })
}

fn signed(size: u64, negative: bool) -> Option<i64> {
    if negative {
        0_i64.checked_sub_unsigned(size)
    } else {
        i64::try_from(size).ok()
    }
}

/// Writes `size / unit` with its `places` decimals, without trailing zeros.
fn write_fraction(
    out: &mut fmt::Formatter<'_>,
    size: u64,
    unit: u64,
    places: usize,
    name: &str,
) -> fmt::Result {
    write!(out, "{}", size / unit)?;
    let rest = size % unit;
    if rest > 0 {
        let decimals = format!("{rest:0places$}");
        write!(out, ".{}", decimals.trim_end_matches('0'))?;
    }
    out.write_str(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, nanoseconds: i64, printed: &str) {
        let duration = GoDuration::parse(text).unwrap();
        assert_eq!(
            (duration.0, duration.to_string().as_str()),
            (nanoseconds, printed)
        );
    }

    #[test]
    fn texts_read_and_print() {
        check("0", 0, "0s");
        check("-0", 0, "0s");
        check("90m", 5_400_000_000_000, "1h30m0s");
        check("-.5s", -500_000_000, "-500ms");
        check("1.µs", 1_000, "1µs");
        check("1h0.25h", 4_500_000_000_000, "1h15m0s");
        check(
            "-9223372036854775808ns",
            i64::MIN,
            "-2562047h47m16.854775808s",
        );
        check(
            "0.9223372036854775808h",
            3_320_413_933_267,
            "55m20.413933267s",
        );
    }

    #[test]
    fn wrong_texts_say_what_is_wrong() {
        for (text, part) in [
            ("", "a number and a unit"),
            ("-", "a number and a unit"),
            (".s", "a number and a unit"),
            ("3", "a unit is missing"),
            ("1d", "unknown unit `d`"),
            ("1h 5m", "unknown unit `h `"),
            ("9223372036854775808ns", "out of range"),
            ("99999999999999999999h", "out of range"),
        ] {
            let error = GoDuration::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn rounding() {
        let second = GoDuration(1_000_000_000);
        for (from, rounded, cut) in [
            (1_500_000_000, 2_000_000_000, 1_000_000_000),
            (-1_500_000_000, -2_000_000_000, -1_000_000_000),
            (1_499_999_999, 1_000_000_000, 1_000_000_000),
            (i64::MAX, i64::MAX, 9_223_372_036_000_000_000),
        ] {
            assert_eq!(GoDuration(from).round(second), GoDuration(rounded));
            assert_eq!(GoDuration(from).truncate(second), GoDuration(cut));
            assert_eq!(GoDuration(from).round(GoDuration(-1)), GoDuration(from));
        }
    }

    proptest! {
        #[test]
        fn printed_durations_read_back(nanoseconds: i64) {
            let duration = GoDuration(nanoseconds);
            prop_assert_eq!(GoDuration::parse(&duration.to_string()), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in "[-+0-9.nµsmhd ]{0,24}|\\PC*") {
            let _ = GoDuration::parse(&text);
        }
    }
}
