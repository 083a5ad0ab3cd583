//! The annotation `portcullis.io/expires`: when an exception stops to hold.
//!
//! A time as in RFC 3339 (`2026-12-31T18:00:00Z`, `2026-12-31T18:00:00.5+01:00`), or a date
//! (`2026-12-31`), which means its start in UTC. Nothing deletes an expired exception.

use std::collections::BTreeMap;

/// The annotation.
pub const ANNOTATION: &str = "portcullis.io/expires";

/// An expiry that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "annotation `portcullis.io/expires` is `{0}`; write a date such as `2026-12-31` or a time such as `2026-12-31T18:00:00Z`"
)]
pub struct ExpiryError(pub String);

const NANOSECONDS: i128 = 1_000_000_000;

/// The expiry of an object with these annotations, in nanoseconds since 1970.
pub(crate) fn of(annotations: &BTreeMap<String, String>) -> Result<Option<i128>, ExpiryError> {
    let Some(text) = annotations.get(ANNOTATION) else {
        return Ok(None);
    };
    expires(text).map(Some)
}

/// The time that an expiry means, in nanoseconds since 1970.
///
/// # Errors
/// Where it is neither a date nor a time.
pub fn expires(text: &str) -> Result<i128, ExpiryError> {
    parse(text).ok_or_else(|| ExpiryError(text.to_owned()))
}

fn parse(text: &str) -> Option<i128> {
    let (date, rest) = text.split_at_checked(10)?;
    let start = days(date)? * 86_400 * NANOSECONDS;
    if rest.is_empty() {
        return Some(start);
    }
    let rest = rest.strip_prefix(['T', 't'])?;
    let (time, rest) = rest.split_at_checked(8)?;
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(rest) => fraction(rest)?,
        None => (0, rest),
    };
    Some(start + (seconds(time)? - offset(zone)?) * NANOSECONDS + fraction)
}

/// Days since 1970 of a valid date in the form `YYYY-MM-DD`.
fn days(date: &str) -> Option<i128> {
    let [year, month, day] = fields(date, '-', [4, 2, 2])?;
    let leap = |year: i128| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let february = if leap(year) { 29 } else { 28 };
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = lengths.get(..usize::try_from(month - 1).ok()?)?;
    let length = *lengths.get(before.len())?;
    let years = year - 1;
    let leap_days = years / 4 - years / 100 + years / 400;
    // Day 719,163 of the calendar is 1 January 1970.
    (1..=length)
        .contains(&day)
        .then(|| years * 365 + leap_days + before.iter().sum::<i128>() + day - 719_163)
}

/// Seconds since midnight of `HH:MM:SS`.
fn seconds(time: &str) -> Option<i128> {
    let [hour, minute, second] = fields(time, ':', [2, 2, 2])?;
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
}

/// Digits of a fraction as nanoseconds, and what follows them.
fn fraction(text: &str) -> Option<(i128, &str)> {
    let end = text.find(|character: char| !character.is_ascii_digit())?;
    let (digits, rest) = text.split_at_checked(end)?;
    let padded: String = digits.chars().chain("000000000".chars()).take(9).collect();
    (!digits.is_empty()).then_some((padded.parse().ok()?, rest))
}

/// Seconds east of UTC of `Z` or `+HH:MM`.
fn offset(zone: &str) -> Option<i128> {
    if ["Z", "z"].contains(&zone) {
        return Some(0);
    }
    let (sign, zone) = zone.split_at_checked(1)?;
    let [hour, minute] = fields(zone, ':', [2, 2])?;
    let size = (hour < 24 && minute < 60).then_some(hour * 3600 + minute * 60)?;
    match sign {
        "+" => Some(size),
        "-" => Some(-size),
        _ => None,
    }
}

/// Numbers of fixed width between separators.
fn fields<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[i128; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (number, width) in numbers.iter_mut().zip(widths) {
        let part = parts.next()?;
        let plain = part.len() == width && part.bytes().all(|byte| byte.is_ascii_digit());
        *number = plain.then(|| part.parse().ok())??;
    }
    parts.next().is_none().then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times() {
        let day = 86_400 * NANOSECONDS;
        let cases = [
            ("1970-01-01", Some(0)),
            ("1970-01-02", Some(day)),
            ("2000-03-01", Some(11_017 * day)),
            ("2024-02-29", Some(19_782 * day)),
            ("1970-01-01T00:00:01Z", Some(NANOSECONDS)),
            ("1970-01-01T01:00:00+01:00", Some(0)),
            (
                "1970-01-01T00:00:00.5-00:30",
                Some(1800 * NANOSECONDS + 500_000_000),
            ),
            ("2023-02-29", None),
            ("2026-13-01", None),
            ("2026-00-01", None),
            ("2026-01-00", None),
            ("2026-1-1", None),
            ("31.12.2026", None),
            ("2026-12-31T18:00", None),
            ("2026-12-31T18:00:00", None),
            ("2026-12-31T24:00:00Z", None),
            ("2026-12-31T18:00:00.Z", None),
            ("", None),
            ("2026-12-3é", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
