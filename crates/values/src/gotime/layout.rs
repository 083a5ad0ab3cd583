//! Takes a layout apart: fixed text, and the parts that stand for a value.

/// A part of a layout that stands for a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    LongMonth,
    ShortMonth,
    Month,
    ZeroMonth,
    LongWeekday,
    ShortWeekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    /// `PM`
    UpperPm,
    /// `pm`
    LowerPm,
    /// `MST`
    ZoneName,
    Offset(Offset),
    Fraction(Fraction),
}

/// A zone offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Offset {
    /// Whether `Z` stands for UTC.
    pub(super) z: bool,
    pub(super) colons: bool,
    /// How many of hour, minute and second it has.
    pub(super) fields: u8,
}

/// A fraction of a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fraction {
    /// `.` or `,`
    pub(super) separator: char,
    pub(super) digits: usize,
    /// Whether trailing zeros are left out (written with 9).
    pub(super) trimmed: bool,
}

/// The parts that are always the same text. Where one starts like another, the longer is first.
const FIXED: [(&str, Part); 23] = [
    ("January", Part::LongMonth),
    ("Monday", Part::LongWeekday),
    ("MST", Part::ZoneName),
    ("01", Part::ZeroMonth),
    ("02", Part::ZeroDay),
    ("03", Part::ZeroHour12),
    ("04", Part::ZeroMinute),
    ("05", Part::ZeroSecond),
    ("06", Part::Year),
    ("002", Part::ZeroYearDay),
    ("15", Part::Hour),
    ("1", Part::Month),
    ("2006", Part::LongYear),
    ("2", Part::Day),
    ("__2", Part::UnderYearDay),
    ("_2", Part::UnderDay),
    ("3", Part::Hour12),
    ("4", Part::Minute),
    ("5", Part::Second),
    ("PM", Part::UpperPm),
    ("pm", Part::LowerPm),
    ("Jan", Part::ShortMonth),
    ("Mon", Part::ShortWeekday),
];

/// Offsets without their sign, the longer first.
const OFFSETS: [(&str, bool, u8); 5] = [
    ("070000", false, 3),
    ("07:00:00", true, 3),
    ("0700", false, 2),
    ("07:00", true, 2),
    ("07", false, 1),
];

/// Splits off the text before the next part, the part, and what follows it.
pub(super) fn next_part(layout: &str) -> Option<(&str, &str, Part, &str)> {
    for (at, _) in layout.char_indices() {
        let (before, from) = layout.split_at_checked(at)?;
        if let Some((part, length)) = part_at(from) {
            let (written, after) = from.split_at_checked(length)?;
            return Some((before, written, part, after));
        }
    }
    None
}

fn part_at(text: &str) -> Option<(Part, usize)> {
    match text.bytes().next()? {
        b'-' | b'Z' => offset_at(text),
        b'.' | b',' => fraction_at(text),
        // The underscore of `_2006` is text.
        b'_' if text.starts_with("_2006") => None,
        _ => FIXED.iter().find_map(|(written, part)| {
            let rest = text.strip_prefix(written)?;
            let short = matches!(part, Part::ShortMonth | Part::ShortWeekday);
            let goes_on = short && rest.starts_with(|c: char| c.is_ascii_lowercase());
            (!goes_on).then_some((*part, written.len()))
        }),
    }
}

fn offset_at(text: &str) -> Option<(Part, usize)> {
    let (z, rest) = match text.strip_prefix('Z') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('-')?),
    };
    let (written, colons, fields) = OFFSETS
        .iter()
        .find(|(written, ..)| rest.starts_with(written))?;
    let (colons, fields) = (*colons, *fields);
    Some((
        Part::Offset(Offset { z, colons, fields }),
        written.len().saturating_add(1),
    ))
}

fn fraction_at(text: &str) -> Option<(Part, usize)> {
    let mut characters = text.chars();
    let separator = characters.next()?;
    let digit = characters.next().filter(|c| matches!(c, '0' | '9'))?;
    let more = characters.clone().take_while(|c| *c == digit).count();
    if characters.nth(more).is_some_and(|c| c.is_ascii_digit()) {
        return None;
    }
    let digits = more.saturating_add(1);
    let trimmed = digit == '9';
    Some((
        Part::Fraction(Fraction {
            separator,
            digits,
            trimmed,
        }),
        digits.saturating_add(1),
    ))
}

/// The months in English.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The weekdays in English.
pub(super) const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// The first three letters of a month or weekday.
pub(super) fn short(name: &str) -> &str {
    name.get(..3).unwrap_or(name)
}
