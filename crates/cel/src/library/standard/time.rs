//! The parts of timestamps and durations.

use portcullis_values::gotime::GoTime;

use super::zone;
use crate::{
    error::{EvalError, Evaluated},
    function::{Implementation, Library, Overload},
    value::Value,
};

/// What timestamps and durations are asked.
pub const TIME: Library = Library {
    name: "standard.time",
    overloads: &[
        Overload::new("timestamp_to_year", "timestamp.getFullYear() -> int", YEAR),
        Overload::new(
            "timestamp_to_year_with_tz",
            "timestamp.getFullYear(string) -> int",
            YEAR,
        ),
        Overload::new("timestamp_to_month", "timestamp.getMonth() -> int", MONTH),
        Overload::new(
            "timestamp_to_month_with_tz",
            "timestamp.getMonth(string) -> int",
            MONTH,
        ),
        Overload::new(
            "timestamp_to_day_of_year",
            "timestamp.getDayOfYear() -> int",
            YEAR_DAY,
        ),
        Overload::new(
            "timestamp_to_day_of_year_with_tz",
            "timestamp.getDayOfYear(string) -> int",
            YEAR_DAY,
        ),
        Overload::new(
            "timestamp_to_day_of_month",
            "timestamp.getDayOfMonth() -> int",
            DAY,
        ),
        Overload::new(
            "timestamp_to_day_of_month_with_tz",
            "timestamp.getDayOfMonth(string) -> int",
            DAY,
        ),
        Overload::new(
            "timestamp_to_day_of_month_1_based",
            "timestamp.getDate() -> int",
            DATE,
        ),
        Overload::new(
            "timestamp_to_day_of_month_1_based_with_tz",
            "timestamp.getDate(string) -> int",
            DATE,
        ),
        Overload::new(
            "timestamp_to_day_of_week",
            "timestamp.getDayOfWeek() -> int",
            WEEKDAY,
        ),
        Overload::new(
            "timestamp_to_day_of_week_with_tz",
            "timestamp.getDayOfWeek(string) -> int",
            WEEKDAY,
        ),
        Overload::new("timestamp_to_hours", "timestamp.getHours() -> int", HOURS),
        Overload::new(
            "timestamp_to_hours_with_tz",
            "timestamp.getHours(string) -> int",
            HOURS,
        ),
        Overload::new("duration_to_hours", "duration.getHours() -> int", HOURS),
        Overload::new(
            "timestamp_to_minutes",
            "timestamp.getMinutes() -> int",
            MINUTES,
        ),
        Overload::new(
            "timestamp_to_minutes_with_tz",
            "timestamp.getMinutes(string) -> int",
            MINUTES,
        ),
        Overload::new(
            "duration_to_minutes",
            "duration.getMinutes() -> int",
            MINUTES,
        ),
        Overload::new(
            "timestamp_to_seconds",
            "timestamp.getSeconds() -> int",
            SECONDS,
        ),
        Overload::new(
            "timestamp_to_seconds_tz",
            "timestamp.getSeconds(string) -> int",
            SECONDS,
        ),
        Overload::new(
            "duration_to_seconds",
            "duration.getSeconds() -> int",
            SECONDS,
        ),
        Overload::new(
            "timestamp_to_milliseconds",
            "timestamp.getMilliseconds() -> int",
            MILLIS,
        ),
        Overload::new(
            "timestamp_to_milliseconds_with_tz",
            "timestamp.getMilliseconds(string) -> int",
            MILLIS,
        ),
        Overload::new(
            "duration_to_milliseconds",
            "duration.getMilliseconds() -> int",
            MILLIS,
        ),
    ],
    macros: &[],
    variables: &[],
};

/// Reads one part of a timestamp, or of a duration where it has that part.
fn part<'a>(
    args: &[Value<'a>],
    of_time: fn(&GoTime) -> i64,
    of_duration: Option<fn(i64) -> i64>,
) -> Evaluated<'a> {
    let time = |seconds, nanos, zone| zone::at(seconds, nanos, zone).map(|time| of_time(&time));
    let part = match (args, of_duration) {
        ([Value::Duration(nanos)], Some(of_duration)) => of_duration(*nanos),
        ([Value::Timestamp(at)], _) => time(at.seconds, at.nanos, "UTC")?,
        ([Value::Timestamp(at), Value::String(zone)], _) => time(at.seconds, at.nanos, zone)?,
        _ => return Err(EvalError::no_such_overload().into()),
    };
    Ok(Value::Int(part))
}

const YEAR: Implementation = |_, args| part(args, GoTime::year, None);
const MONTH: Implementation = |_, args| part(args, |time| i64::from(time.month()) - 1, None);
const YEAR_DAY: Implementation = |_, args| part(args, day_of_year, None);
const DAY: Implementation = |_, args| part(args, |time| i64::from(time.day()) - 1, None);
const DATE: Implementation = |_, args| part(args, |time| i64::from(time.day()), None);
const WEEKDAY: Implementation = |_, args| part(args, |time| i64::from(time.weekday()), None);
const HOURS: Implementation = |_, args| {
    let hours = |nanos| nanos / 3_600_000_000_000;
    part(args, |time| i64::from(time.hour()), Some(hours))
};
const MINUTES: Implementation = |_, args| {
    let minutes = |nanos| nanos / 60_000_000_000;
    part(args, |time| i64::from(time.minute()), Some(minutes))
};
const SECONDS: Implementation = |_, args| {
    let seconds = |nanos| nanos / 1_000_000_000;
    part(args, |time| i64::from(time.second()), Some(seconds))
};
const MILLIS: Implementation = |_, args| {
    let millis = |nanos| nanos / 1_000_000;
    part(
        args,
        |time| i64::from(time.nanosecond() / 1_000_000),
        Some(millis),
    )
};

/// The day of the year, from 0.
fn day_of_year(time: &GoTime) -> i64 {
    use portcullis_values::gotime::days_in_month;
    let months = 1..time.month();
    let before: i64 = months
        .map(|month| i64::from(days_in_month(time.year(), month)))
        .sum();
    before + i64::from(time.day()) - 1
}
