//! The standard dialect: five fields, or a shorthand.
//!
//! `*` counts as no restriction even with a step: `0 0 */2 * 1` asks for both the day and the
//! weekday. A number above the step's range is the step alone: `*/90` in minutes is minute 0.

use super::{
    error::CronError,
    search::{Bits, Clock, bit, contains, next, span},
};
use crate::{
    duration::GoDuration,
    gotime::{GoTime, weekday},
};

/// How far a next time is looked for.
const YEARS: i64 = 5;

const FIELDS: &str = "5: minute, hour, day of month, month and day of week";

/// A schedule in the standard dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standard(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// So much later each time.
    Every(GoDuration),
    Calendar {
        clock: Clock,
        days: Field,
        months: Bits,
        weekdays: Field,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    allowed: Bits,
    /// Whether the field has a star.
    star: bool,
}

struct Bounds {
    name: &'static str,
    low: u8,
    high: u8,
    names: &'static [&'static str],
}

const MINUTES: Bounds = Bounds {
    name: "minute",
    low: 0,
    high: 59,
    names: &[],
};
const HOURS: Bounds = Bounds {
    name: "hour",
    low: 0,
    high: 23,
    names: &[],
};
const DAYS: Bounds = Bounds {
    name: "day-of-month",
    low: 1,
    high: 31,
    names: &[],
};
const MONTHS: Bounds = Bounds {
    name: "month",
    low: 1,
    high: 12,
    names: &[
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ],
};
const WEEKDAYS: Bounds = Bounds {
    name: "day-of-week",
    low: 0,
    high: 6,
    names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

impl Standard {
    /// Reads a schedule.
    ///
    /// # Errors
    /// When the text is not a schedule of this dialect.
    pub fn parse(spec: &str) -> Result<Standard, CronError> {
        if spec.starts_with('@') {
            return shorthand(spec);
        }
        let parts: Vec<&str> = spec.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = parts.as_slice() else {
            return Err(CronError::Fields {
                spec: spec.to_owned(),
                found: parts.len(),
                expected: FIELDS,
            });
        };
        Ok(Standard(Kind::Calendar {
            clock: Clock {
                minutes: field(minute, &MINUTES)?.allowed,
                hours: field(hour, &HOURS)?.allowed,
                seconds: bit(0),
            },
            days: field(day, &DAYS)?,
            months: field(month, &MONTHS)?.allowed,
            weekdays: field(weekday, &WEEKDAYS)?,
        }))
    }

    /// The first time after `from`, in the zone of `from`; none within five years is none.
    #[must_use]
    pub fn next(&self, from: &GoTime) -> Option<GoTime> {
        match &self.0 {
            Kind::Every(step) => {
                let fraction = GoDuration(i64::from(from.nanosecond()));
                Some(from.add(*step - fraction))
            }
            Kind::Calendar {
                clock,
                days,
                months,
                weekdays,
            } => {
                let year = from.add(GoDuration(1_000_000_000)).year();
                let allowed = |year, month| allowed_days(year, month, *days, *weekdays);
                next(from, year..=year + YEARS, *months, allowed, clock)
            }
        }
    }
}

fn shorthand(spec: &str) -> Result<Standard, CronError> {
    let fields = match spec {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        _ => {
            let duration = spec
                .strip_prefix("@every ")
                .ok_or_else(|| CronError::Shorthand(spec.to_owned()))?;
            let second = GoDuration(1_000_000_000);
            let step = GoDuration::parse(duration)?.max(second).truncate(second);
            return Ok(Standard(Kind::Every(step)));
        }
    };
    Standard::parse(fields)
}

fn allowed_days(year: i64, month: u8, days: Field, weekdays: Field) -> Bits {
    let allowed = |day: &u8| {
        let by_day = contains(days.allowed, *day);
        let by_weekday = contains(weekdays.allowed, weekday(year, month, *day));
        match days.star || weekdays.star {
            true => by_day && by_weekday,
            false => by_day || by_weekday,
        }
    };
    (1..=31).filter(allowed).fold(0, |set, day| set | bit(day))
}

fn field(text: &str, bounds: &Bounds) -> Result<Field, CronError> {
    let mut field = Field {
        allowed: 0,
        star: false,
    };
    for entry in text.split(',').filter(|entry| !entry.is_empty()) {
        let (allowed, star) = parse_entry(entry, bounds).ok_or_else(|| wrong(entry, bounds))?;
        field.allowed |= allowed;
        field.star |= star;
    }
    Ok(field)
}

fn parse_entry(entry: &str, bounds: &Bounds) -> Option<(Bits, bool)> {
    let (range, step) = match entry.split_once('/') {
        Some((range, step)) => (range, Some(number(step)?)),
        None => (entry, None),
    };
    let (low, high) = match range.split_once('-') {
        Some((low, high)) => (low, Some(high)),
        None => (range, None),
    };
    let star = matches!(low, "*" | "?");
    let (low, high) = if star {
        (bounds.low, bounds.high)
    } else {
        let low = value(low, bounds)?;
        match (high, step) {
            (Some(high), _) => (low, value(high, bounds)?),
            (None, None) => (low, low),
            (None, Some(_)) => (low, bounds.high),
        }
    };
    let step = step.unwrap_or(1);
    let in_order = low >= bounds.low && high <= bounds.high && low <= high;
    (in_order && step > 0).then(|| (span(low, high, step), star))
}

fn value(text: &str, bounds: &Bounds) -> Option<u8> {
    let lower = text.to_lowercase();
    match bounds.names.iter().position(|name| *name == lower) {
        Some(index) => u8::try_from(index).ok()?.checked_add(bounds.low),
        None => u8::try_from(number(text)?).ok(),
    }
}

/// Digits with an optional `+`, up to 2^63-1.
fn number(text: &str) -> Option<usize> {
    usize::try_from(text.parse::<i64>().ok()?).ok()
}

fn wrong(entry: &str, bounds: &Bounds) -> CronError {
    CronError::Entry {
        field: bounds.name,
        entry: entry.to_owned(),
        expected: format!(
            "`*`, a number from {} to {}, a range of them in order, or one of these with `/` and a step",
            bounds.low, bounds.high
        ),
    }
}
