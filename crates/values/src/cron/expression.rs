//! The dialect that schedules run in: five fields, six with a year, or seven with seconds first.
//!
//! More than seven fields are cut off. A star stands for its whole field whatever follows it,
//! except among days and weekdays. A weekday of two digits is Sunday. Years are 1970 to 2099.

use std::collections::BTreeSet;

use super::{
    error::CronError,
    search::{Bits, Clock, bit, contains, next, span},
};
use crate::gotime::{GoTime, days_in_month, weekday};

const SHORTHANDS: [(&str, &str); 6] = [
    ("@yearly", "0 0 0 1 1 * *"),
    ("@annually", "0 0 0 1 1 * *"),
    ("@monthly", "0 0 0 1 * * *"),
    ("@weekly", "0 0 0 * * 0 *"),
    ("@daily", "0 0 0 * * * *"),
    ("@hourly", "0 0 * * * * *"),
];

const FIELDS: &str = "5: minute, hour, day of month, month and day of week; 6 with a year after them; 7 with seconds before them too";

/// A schedule in the dialect that policies run in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    clock: Clock,
    days: Days,
    weekdays: Weekdays,
    months: Bits,
    years: BTreeSet<u16>,
}

/// The days of a month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Days {
    star: bool,
    listed: Bits,
    /// `15W`: the workday nearest to the day.
    workdays: Bits,
    /// `L`
    last: bool,
    /// `LW`
    last_workday: bool,
}

/// The days of a week, 0 for Sunday.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Weekdays {
    star: bool,
    listed: Bits,
    /// `5L`: the last of the month.
    last: Bits,
    /// `1#2`: the second of the month, as week times seven and weekday.
    nth: Bits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Weekday,
    Year,
}

/// What an entry of a field says.
enum Entry {
    Star,
    One(u16),
    Span(u16, u16, u16),
    /// None of the forms that all fields have.
    Other(String),
}

impl Expression {
    /// Reads a schedule.
    ///
    /// # Errors
    /// When the text is not a schedule of this dialect, or a field other than the year allows
    /// nothing.
    pub fn parse(spec: &str) -> Result<Expression, CronError> {
        let written = expand(spec);
        let mut parts: Vec<&str> = written
            .split(['\t', '\n', '\x0c', '\r', ' '])
            .filter(|part| !part.is_empty())
            .take(7)
            .collect();
        let seconds = match parts.len() {
            7 => parts.remove(0),
            _ => "0",
        };
        let [minute, hour, day, month, weekday, rest @ ..] = parts.as_slice() else {
            return Err(CronError::Fields {
                spec: spec.to_owned(),
                found: parts.len(),
                expected: FIELDS,
            });
        };
        Ok(Expression {
            clock: Clock {
                seconds: Field::Second.set(seconds)?,
                minutes: Field::Minute.set(minute)?,
                hours: Field::Hour.set(hour)?,
            },
            days: Days::parse(day)?,
            months: Field::Month.set(month)?,
            weekdays: Weekdays::parse(weekday)?,
            years: Field::Year.values(rest.first().unwrap_or(&"*"))?,
        })
    }

    /// The first time after `from`, in the zone of `from`, if there is one up to 2099.
    #[must_use]
    pub fn next(&self, from: &GoTime) -> Option<GoTime> {
        let years = self.years.iter().map(|year| i64::from(*year));
        let days = |year, month| self.days_of(year, month);
        next(from, years, self.months, days, &self.clock)
    }

    fn days_of(&self, year: i64, month: u8) -> Bits {
        let all = span(1, 31, 1);
        match (self.days.star, self.weekdays.star) {
            (true, true) => all,
            (false, true) => self.days.of_month(year, month),
            (true, false) => self.weekdays.of_month(year, month),
            (false, false) => self.days.of_month(year, month) | self.weekdays.of_month(year, month),
        }
    }
}

impl Days {
    fn parse(text: &str) -> Result<Days, CronError> {
        let mut days = Days::default();
        for entry in Field::Day.entries(text)? {
            match entry {
                Entry::Star => days.star = true,
                Entry::Other(special) => days.parse_special(&special)?,
                plain => days.listed |= plain.bits(),
            }
        }
        Ok(days)
    }

    fn parse_special(&mut self, entry: &str) -> Result<(), CronError> {
        match entry.to_lowercase().as_str() {
            "l" => self.last = true,
            "lw" => self.last_workday = true,
            special => {
                let day = special.strip_suffix('w');
                let day = day.and_then(|day| Field::Day.value(day));
                let day = day.ok_or_else(|| Field::Day.wrong(entry))?;
                self.workdays |= Entry::One(day).bits();
            }
        }
        Ok(())
    }

    fn of_month(&self, year: i64, month: u8) -> Bits {
        let length = days_in_month(year, month);
        let mut days = self.listed;
        if self.last {
            days |= bit(length);
        }
        if self.last_workday {
            days |= bit(nearest_workday(year, month, length));
        }
        for day in (1..=length).filter(|day| contains(self.workdays, *day)) {
            days |= bit(nearest_workday(year, month, day));
        }
        days
    }
}

/// The workday nearest to a day, in the same month.
fn nearest_workday(year: i64, month: u8, day: u8) -> u8 {
    match weekday(year, month, day) {
        6 if day > 1 => day - 1,
        6 => day + 2,
        0 if day < days_in_month(year, month) => day + 1,
        0 => day - 2,
        _ => day,
    }
}

impl Weekdays {
    fn parse(text: &str) -> Result<Weekdays, CronError> {
        let mut weekdays = Weekdays::default();
        for entry in Field::Weekday.entries(text)? {
            match entry {
                Entry::Star => weekdays.star = true,
                Entry::Other(special) => weekdays.parse_special(&special)?,
                plain => weekdays.listed |= plain.bits(),
            }
        }
        Ok(weekdays)
    }

    fn parse_special(&mut self, entry: &str) -> Result<(), CronError> {
        let lower = entry.to_lowercase();
        let last = lower
            .strip_suffix('l')
            .and_then(|day| Field::Weekday.value(day));
        if let Some(day) = last {
            self.last |= Entry::One(day).bits();
            return Ok(());
        }
        let nth = lower.split_once('#').and_then(|(day, week)| {
            let week: u16 = week.parse().ok().filter(|_| week.len() == 1)?;
            let day = Field::Weekday.value(day)?;
            (1..=5).contains(&week).then(|| (week - 1) * 7 + day)
        });
        let nth = nth.ok_or_else(|| Field::Weekday.wrong(entry))?;
        self.nth |= Entry::One(nth).bits();
        Ok(())
    }

    fn of_month(&self, year: i64, month: u8) -> Bits {
        let length = days_in_month(year, month);
        let allowed = |day: &u8| {
            let weekday = weekday(year, month, *day);
            let nth = (*day - 1) / 7 * 7 + weekday;
            contains(self.listed, weekday)
                || contains(self.nth, nth)
                || (*day + 7 > length && contains(self.last, weekday))
        };
        (1..=length)
            .filter(allowed)
            .fold(0, |set, day| set | bit(day))
    }
}

impl Entry {
    fn values(&self) -> Vec<u16> {
        match self {
            Entry::Star | Entry::Other(_) => Vec::new(),
            Entry::One(value) => vec![*value],
            Entry::Span(low, high, step) => {
                (*low..=*high).step_by(usize::from(*step).max(1)).collect()
            }
        }
    }

    fn bits(&self) -> Bits {
        let number = |value: u16| u8::try_from(value).unwrap_or(u8::MAX);
        self.values()
            .into_iter()
            .fold(0, |set, value| set | bit(number(value)))
    }
}

impl Field {
    fn name(self) -> &'static str {
        match self {
            Field::Second => "second",
            Field::Minute => "minute",
            Field::Hour => "hour",
            Field::Day => "day-of-month",
            Field::Month => "month",
            Field::Weekday => "day-of-week",
            Field::Year => "year",
        }
    }

    fn bounds(self) -> (u16, u16) {
        match self {
            Field::Second | Field::Minute => (0, 59),
            Field::Hour => (0, 23),
            Field::Day => (1, 31),
            Field::Month => (1, 12),
            Field::Weekday => (0, 6),
            Field::Year => (1970, 2099),
        }
    }

    /// The values that a field allows. Only of years there may be none: such a schedule never
    /// runs. The reference takes no values in other fields too, and crashes on them later.
    fn values(self, text: &str) -> Result<BTreeSet<u16>, CronError> {
        let (low, high) = self.bounds();
        let mut values = BTreeSet::new();
        for entry in self.entries(text)? {
            match entry {
                Entry::Star => return Ok((low..=high).collect()),
                Entry::Other(entry) => return Err(self.wrong(&entry)),
                plain => values.extend(plain.values()),
            }
        }
        match values.is_empty() && self != Field::Year {
            true => Err(self.wrong(text)),
            false => Ok(values),
        }
    }

    fn set(self, text: &str) -> Result<Bits, CronError> {
        let values = self.values(text)?;
        let bits = values.into_iter().map(|value| Entry::One(value).bits());
        Ok(bits.fold(0, |set, bit| set | bit))
    }

    fn entries(self, text: &str) -> Result<Vec<Entry>, CronError> {
        let entries = text.split(',').filter(|entry| !entry.is_empty());
        let entries: Vec<Entry> = entries
            .map(|entry| self.entry(entry))
            .collect::<Result<_, _>>()?;
        match entries.is_empty() {
            true => Err(self.wrong(text)),
            false => Ok(entries),
        }
    }

    fn entry(self, entry: &str) -> Result<Entry, CronError> {
        let lower = entry.to_lowercase();
        if matches!(lower.as_str(), "*" | "?") {
            return Ok(Entry::Star);
        }
        let (range, step) = match lower.split_once('/') {
            Some((range, step)) if is_digits(step) => (range, Some(step)),
            Some(_) => return Ok(Entry::Other(entry.to_owned())),
            None => (lower.as_str(), None),
        };
        let Some((low, high)) = self.range(range, step.is_some()) else {
            return Ok(Entry::Other(entry.to_owned()));
        };
        let Some(step) = step else {
            return match low.cmp(&high) {
                std::cmp::Ordering::Greater => Err(self.wrong(entry)),
                std::cmp::Ordering::Equal => Ok(Entry::One(low)),
                std::cmp::Ordering::Less => Ok(Entry::Span(low, high, 1)),
            };
        };
        let step = known_number(step).filter(|step| (1..=self.bounds().1).contains(step));
        let step = step.ok_or_else(|| self.wrong(entry))?;
        Ok(Entry::Span(low, high, step))
    }

    fn range(self, text: &str, has_step: bool) -> Option<(u16, u16)> {
        let (lowest, highest) = self.bounds();
        if text == "*" {
            return Some((lowest, highest));
        }
        if let Some((low, high)) = text.split_once('-') {
            return Some((self.value(low)?, self.value(high)?));
        }
        let low = self.value(text)?;
        Some((low, if has_step { highest } else { low }))
    }

    /// A single value in lower case.
    fn value(self, text: &str) -> Option<u16> {
        let names: &[&str] = match self {
            Field::Month => &MONTHS,
            Field::Weekday => &WEEKDAYS,
            _ => &[],
        };
        let (low, high) = self.bounds();
        let named = |name: &&str| *name == text || name.get(..3) == Some(text);
        if let Some(index) = names.iter().position(named) {
            return u16::try_from(index).ok()?.checked_add(low);
        }
        let length = if self == Field::Year { 4 } else { 2 };
        if !is_digits(text) || text.len() > length {
            return None;
        }
        let value: u16 = text.parse().ok()?;
        match self {
            // Of two digits, the reference knows none, and takes zero.
            Field::Weekday if value > 7 => None,
            Field::Weekday if text.len() == 2 => Some(0),
            Field::Weekday => Some(value % 7),
            _ => Some(value).filter(|value| (low..=high).contains(value)),
        }
    }

    fn wrong(self, entry: &str) -> CronError {
        let (low, high) = self.bounds();
        let special = match self {
            Field::Day => ", `L`, `LW`, a day with `W`",
            Field::Weekday => ", a weekday with `L` or with `#` and the week",
            _ => "",
        };
        CronError::Entry {
            field: self.name(),
            entry: entry.to_owned(),
            expected: format!(
                "`*`, a value from {low} to {high}, a range of them in order{special}, or one of the first three with `/` and a step up to {high}"
            ),
        }
    }
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const WEEKDAYS: [&str; 7] = [
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
];

/// The schedule with each shorthand written out, wherever it stands.
fn expand(spec: &str) -> String {
    let mut written = String::with_capacity(spec.len());
    let mut rest = spec;
    while let Some((before, from)) = rest.find('@').and_then(|at| rest.split_at_checked(at)) {
        written.push_str(before);
        let known = SHORTHANDS
            .iter()
            .find_map(|(name, fields)| Some((fields, from.strip_prefix(name)?)));
        let (text, after) = match known {
            Some((fields, after)) => (*fields, after),
            None => ("@", from.strip_prefix('@').unwrap_or_default()),
        };
        written.push_str(text);
        rest = after;
    }
    written + rest
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The numbers that the reference has words for: up to 59 in one or two digits, and the years.
fn known_number(text: &str) -> Option<u16> {
    let number: u16 = text.parse().ok()?;
    let known = match text.len() {
        1 | 2 => number <= 59,
        4 => (1970..=2099).contains(&number),
        _ => false,
    };
    known.then_some(number)
}
