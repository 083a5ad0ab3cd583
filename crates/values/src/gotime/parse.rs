//! Reads a time by a layout.
//!
//! Spaces in the layout match any number of spaces. After the seconds a fraction may stand even
//! where the layout has none. Missing parts are those of the first instant of the year 0.

use super::{
    civil::{days_in_month, days_of, is_leap},
    instant::{GoTime, Zone},
    layout::{Fraction, MONTHS, Offset, Part, WEEKDAYS, next_part, short},
};

/// Why a text is not a time of the layout.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// The text differs from the layout.
    #[error("`{value}` does not look like `{layout}`: expected `{expected}`, found `{found}`")]
    Mismatch {
        /// The layout.
        layout: String,
        /// The whole text.
        value: String,
        /// The part of the layout.
        expected: String,
        /// The text at its place.
        found: String,
    },
    /// The text goes on after the layout's end.
    #[error("`{value}` does not look like `{layout}`: `{found}` is left over")]
    Extra {
        /// The layout.
        layout: String,
        /// The whole text.
        value: String,
        /// What is left over.
        found: String,
    },
    /// A part is out of range.
    #[error("in the time `{value}`: {part} out of range")]
    Range {
        /// The whole text.
        value: String,
        /// The part.
        part: &'static str,
    },
}

/// What is wrong at one place.
enum Fault {
    Mismatch,
    Range(&'static str),
}

/// What was read so far.
#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<u8>,
    day: Option<u8>,
    year_day: Option<u16>,
    hour: u8,
    minute: u8,
    second: u8,
    nanosecond: u32,
    /// True for PM, false for AM.
    afternoon: Option<bool>,
    utc: bool,
    offset: Option<i32>,
    zone: Option<Box<str>>,
}

/// Reads a time by a layout.
///
/// # Errors
/// When the text differs from the layout, or a part is out of range.
pub fn parse(layout: &str, value: &str) -> Result<GoTime, TimeError> {
    let mut fields = Fields::default();
    let mut rest = value.as_bytes();
    let mut pattern = layout;
    let mismatch = |expected: &str, found: &[u8]| TimeError::Mismatch {
        layout: layout.to_owned(),
        value: value.to_owned(),
        expected: expected.to_owned(),
        found: String::from_utf8_lossy(found).into_owned(),
    };
    let range = |part| TimeError::Range {
        value: value.to_owned(),
        part,
    };
    while let Some((before, written, part, after)) = next_part(pattern) {
        rest = skip(rest, before).ok_or_else(|| mismatch(before, rest))?;
        let found = rest;
        fields
            .read(&mut rest, part, after)
            .map_err(|fault| match fault {
                Fault::Mismatch => mismatch(written, found),
                Fault::Range(part) => range(part),
            })?;
        pattern = after;
    }
    rest = skip(rest, pattern).ok_or_else(|| mismatch(pattern, rest))?;
    if !rest.is_empty() {
        return Err(TimeError::Extra {
            layout: layout.to_owned(),
            value: value.to_owned(),
            found: String::from_utf8_lossy(rest).into_owned(),
        });
    }
    fields.finish().map_err(range)
}

impl Fields {
    fn read(&mut self, rest: &mut &[u8], part: Part, after: &str) -> Result<(), Fault> {
        match part {
            Part::LongMonth => self.month = Some(lookup(rest, MONTHS)? + 1),
            Part::ShortMonth => self.month = Some(lookup(rest, MONTHS.map(short))? + 1),
            Part::Month => self.month = Some(within(number(rest, false)?, 1..=12, "month")?),
            Part::ZeroMonth => self.month = Some(within(number(rest, true)?, 1..=12, "month")?),
            Part::LongWeekday => drop(lookup(rest, WEEKDAYS)?),
            Part::ShortWeekday => drop(lookup(rest, WEEKDAYS.map(short))?),
            Part::Day => self.day = Some(number(rest, false)?),
            Part::ZeroDay => self.day = Some(number(rest, true)?),
            Part::UnderDay => {
                skip_space(rest);
                self.day = Some(number(rest, false)?);
            }
            Part::ZeroYearDay => self.year_day = Some(three_digits(rest, true)?),
            Part::UnderYearDay => {
                skip_space(rest);
                skip_space(rest);
                self.year_day = Some(three_digits(rest, false)?);
            }
            Part::Hour => self.hour = within(number(rest, false)?, 0..=23, "hour")?,
            Part::Hour12 => self.hour = within(number(rest, false)?, 0..=12, "hour")?,
            Part::ZeroHour12 => self.hour = within(number(rest, true)?, 0..=12, "hour")?,
            Part::Minute => self.minute = within(number(rest, false)?, 0..=59, "minute")?,
            Part::ZeroMinute => self.minute = within(number(rest, true)?, 0..=59, "minute")?,
            Part::Second => self.read_second(rest, false, after)?,
            Part::ZeroSecond => self.read_second(rest, true, after)?,
            Part::LongYear => {
                let digits = take(rest, 4)?;
                if !digits.first().is_some_and(u8::is_ascii_digit) {
                    return Err(Fault::Mismatch);
                }
                self.year = signed(digits)?;
            }
            Part::Year => {
                let year = signed(take(rest, 2)?)?;
                self.year = year + if year >= 69 { 1900 } else { 2000 };
            }
            Part::UpperPm => self.afternoon = Some(half(rest, b"AM", b"PM")?),
            Part::LowerPm => self.afternoon = Some(half(rest, b"am", b"pm")?),
            Part::ZoneName => self.read_zone_name(rest)?,
            Part::Offset(form) => self.read_offset(rest, form)?,
            Part::Fraction(form) => self.read_fraction(rest, form)?,
        }
        Ok(())
    }

    fn read_second(&mut self, rest: &mut &[u8], two: bool, after: &str) -> Result<(), Fault> {
        self.second = within(number(rest, two)?, 0..=59, "second")?;
        let planned = matches!(next_part(after), Some((_, _, Part::Fraction(_), _)));
        if !planned {
            self.read_any_fraction(rest)?;
        }
        Ok(())
    }

    fn read_fraction(&mut self, rest: &mut &[u8], form: Fraction) -> Result<(), Fault> {
        if form.trimmed {
            return self.read_any_fraction(rest);
        }
        self.nanosecond = nanoseconds(take(rest, form.digits.saturating_add(1))?)?;
        Ok(())
    }

    /// Reads a fraction of any length, if there is one.
    fn read_any_fraction(&mut self, rest: &mut &[u8]) -> Result<(), Fault> {
        if let [b'.' | b',', digits @ ..] = rest {
            let length = digits.iter().take_while(|b| b.is_ascii_digit()).count();
            if length > 0 {
                self.nanosecond = nanoseconds(take(rest, length.saturating_add(1))?)?;
            }
        }
        Ok(())
    }

    fn read_zone_name(&mut self, rest: &mut &[u8]) -> Result<(), Fault> {
        if let Some(after) = rest.strip_prefix(b"UTC") {
            *rest = after;
            self.utc = true;
            return Ok(());
        }
        let name = take(rest, zone_name_length(rest).ok_or(Fault::Mismatch)?)?;
        self.zone = Some(String::from_utf8_lossy(name).into());
        Ok(())
    }

    fn read_offset(&mut self, rest: &mut &[u8], form: Offset) -> Result<(), Fault> {
        if form.z
            && let Some(after) = rest.strip_prefix(b"Z")
        {
            *rest = after;
            self.utc = true;
            return Ok(());
        }
        let sign = match take(rest, 1)? {
            b"+" => 1,
            b"-" => -1,
            _ => return Err(Fault::Mismatch),
        };
        let names = [
            ("time zone offset hour", 24),
            ("time zone offset minute", 60),
            ("time zone offset second", 60),
        ];
        let mut seconds = 0_i32;
        let mut unit = 3_600_i32;
        for (index, (name, most)) in names.iter().take(usize::from(form.fields)).enumerate() {
            if index > 0 && form.colons && take(rest, 1)? != b":" {
                return Err(Fault::Mismatch);
            }
            seconds += i32::from(within(number(rest, true)?, 0..=*most, name)?) * unit;
            unit /= 60;
        }
        // One second west cannot be told from no offset, in Go too.
        self.offset = Some(sign * seconds).filter(|offset| *offset != -1);
        Ok(())
    }

    fn finish(self) -> Result<GoTime, &'static str> {
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let (month, day) = self.month_and_day()?;
        if day < 1 || day > days_in_month(self.year, month) {
            return Err("day");
        }
        let clock = (hour, self.minute, self.second);
        let time = GoTime::from_parts((self.year, month, day), clock, self.nanosecond);
        Ok(self.place(time))
    }

    fn month_and_day(&self) -> Result<(u8, u8), &'static str> {
        let Some(year_day) = self.year_day else {
            return Ok((self.month.unwrap_or(1), self.day.unwrap_or(1)));
        };
        if year_day < 1 || year_day > 365 + u16::from(is_leap(self.year)) {
            return Err("day of the year");
        }
        let day = days_of(self.year, 1, 1) + i64::from(year_day) - 1;
        let date = super::civil::date_of(day);
        let differs = self.month.is_some_and(|month| month != date.month)
            || self.day.is_some_and(|day| day != date.day);
        match differs {
            true => Err("day of the year beside month and day"),
            false => Ok((date.month, date.day)),
        }
    }

    /// The time with its zone, its fields read as the local ones of that zone.
    fn place(self, time: GoTime) -> GoTime {
        if self.utc {
            return time;
        }
        let earlier = |offset: i32| {
            time.add(crate::duration::GoDuration(
                i64::from(offset) * -1_000_000_000,
            ))
        };
        match (self.offset, self.zone) {
            (None, None) | (Some(0), None) => time,
            (Some(offset), name) => earlier(offset).in_zone(Zone::Fixed {
                name: name.unwrap_or_default(),
                offset,
            }),
            // A zone that is known by name only: its fields are read as UTC.
            (None, Some(name)) => {
                let hours = name
                    .strip_prefix("GMT")
                    .and_then(|hours| hours.parse().ok());
                let offset = hours.unwrap_or(0_i32).saturating_mul(3_600);
                time.in_zone(Zone::Fixed { name, offset })
            }
        }
    }
}

/// Skips the layout's fixed text; a space there matches any number of spaces, or the end.
fn skip<'a>(mut value: &'a [u8], text: &str) -> Option<&'a [u8]> {
    let mut text = text.as_bytes();
    while let Some((first, after)) = text.split_first() {
        if *first == b' ' {
            if value.first().is_some_and(|byte| *byte != b' ') {
                return None;
            }
            (text, value) = (without_spaces(text), without_spaces(value));
            continue;
        }
        value = value.strip_prefix(&[*first])?;
        text = after;
    }
    Some(value)
}

fn without_spaces(text: &[u8]) -> &[u8] {
    let spaces = text.iter().take_while(|byte| **byte == b' ').count();
    text.get(spaces..).unwrap_or_default()
}

fn skip_space(rest: &mut &[u8]) {
    *rest = rest.strip_prefix(b" ").unwrap_or(rest);
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], Fault> {
    let (taken, after) = rest.split_at_checked(count).ok_or(Fault::Mismatch)?;
    *rest = after;
    Ok(taken)
}

/// A number of one or two digits, or of two only.
fn number(rest: &mut &[u8], two: bool) -> Result<u8, Fault> {
    let digits = rest.iter().take(2).take_while(|b| b.is_ascii_digit());
    let count = digits.count();
    if count == 0 || (two && count < 2) {
        return Err(Fault::Mismatch);
    }
    let value = signed(take(rest, count)?)?;
    u8::try_from(value).map_err(|_| Fault::Mismatch)
}

fn three_digits(rest: &mut &[u8], all: bool) -> Result<u16, Fault> {
    let digits = rest.iter().take(3).take_while(|b| b.is_ascii_digit());
    let count = digits.count();
    if count == 0 || (all && count < 3) {
        return Err(Fault::Mismatch);
    }
    let value = signed(take(rest, count)?)?;
    u16::try_from(value).map_err(|_| Fault::Mismatch)
}

/// Digits with an optional sign. Without digits it is zero, in Go too.
fn signed(text: &[u8]) -> Result<i64, Fault> {
    let (sign, digits) = match text {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] => (1, digits),
        digits => (1, digits),
    };
    let mut value = 0_i64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(Fault::Mismatch);
        }
        value = value * 10 + i64::from(digit - b'0');
    }
    Ok(sign * value)
}

fn within(value: u8, range: std::ops::RangeInclusive<u8>, name: &'static str) -> Result<u8, Fault> {
    match range.contains(&value) {
        true => Ok(value),
        false => Err(Fault::Range(name)),
    }
}

/// The index of the first name that the text starts with, in any letter case.
fn lookup<const N: usize>(rest: &mut &[u8], names: [&str; N]) -> Result<u8, Fault> {
    for (index, name) in names.iter().enumerate() {
        if let Some((start, after)) = rest.split_at_checked(name.len())
            && start.eq_ignore_ascii_case(name.as_bytes())
        {
            *rest = after;
            return u8::try_from(index).map_err(|_| Fault::Mismatch);
        }
    }
    Err(Fault::Mismatch)
}

fn half(rest: &mut &[u8], morning: &[u8], afternoon: &[u8]) -> Result<bool, Fault> {
    match take(rest, 2)? {
        text if text == afternoon => Ok(true),
        text if text == morning => Ok(false),
        _ => Err(Fault::Mismatch),
    }
}

/// A separator and digits, as nanoseconds. Digits after the ninth do not count.
fn nanoseconds(text: &[u8]) -> Result<u32, Fault> {
    let [b'.' | b',', digits @ ..] = text else {
        return Err(Fault::Mismatch);
    };
    let digits = digits.get(..9).unwrap_or(digits);
    let mut value = signed(digits)?;
    for _ in digits.len()..9 {
        value *= 10;
    }
    u32::try_from(value).map_err(|_| Fault::Range("fractional second"))
}

/// How long the zone's abbreviation is: three letters, four or five that end in `T`, `GMT` with
/// hours, or a sign with hours.
fn zone_name_length(text: &[u8]) -> Option<usize> {
    if text.len() < 3 {
        return None;
    }
    if text.starts_with(b"ChST") || text.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(hours) = text.strip_prefix(b"GMT") {
        return Some(3 + signed_hours_length(hours));
    }
    if let [b'+' | b'-', ..] = text {
        return Some(signed_hours_length(text)).filter(|length| *length > 0);
    }
    let letters = text.iter().take(6).take_while(|b| b.is_ascii_uppercase());
    match letters.count() {
        3 => Some(3),
        4 => Some(4).filter(|_| text.get(3) == Some(&b'T') || text.starts_with(b"WITA")),
        5 => Some(5).filter(|_| text.get(4) == Some(&b'T')),
        _ => None,
    }
}

/// The length of a sign and hours up to 23, or zero.
fn signed_hours_length(text: &[u8]) -> usize {
    let [b'+' | b'-', digits @ ..] = text else {
        return 0;
    };
    let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    let hours = digits.get(..count).unwrap_or_default();
    let hours = hours.iter().fold(0_u32, |hours, digit| {
        hours
            .saturating_mul(10)
            .saturating_add(u32::from(digit - b'0'))
    });
    if count == 0 || hours > 23 {
        0
    } else {
        count.saturating_add(1)
    }
}
