//! Schedules: what they allow, and what they refuse.

use proptest::prelude::*;

use super::*;
use crate::gotime::{GoTime, RFC3339, parse};

const FROM: &str = "2026-01-31T12:34:56+01:00";

fn from() -> GoTime {
    parse(RFC3339, FROM).unwrap()
}

fn standard(spec: &str) -> String {
    let found = Standard::parse(spec).map(|schedule| schedule.next(&from()));
    found.map_or_else(|error| error.to_string(), shown)
}

fn expression(spec: &str) -> String {
    let found = Expression::parse(spec).map(|schedule| schedule.next(&from()));
    found.map_or_else(|error| error.to_string(), shown)
}

fn shown(time: Option<GoTime>) -> String {
    time.map_or_else(|| "never".to_owned(), |time| time.to_string())
}

#[test]
fn both_dialects() {
    for (spec, expected) in [
        ("* * * * *", "2026-01-31T12:35:00+01:00"),
        ("0 0 * * *", "2026-02-01T00:00:00+01:00"),
        ("34-36/2 12 * * *", "2026-01-31T12:36:00+01:00"),
        ("0 0 29 2 *", "2028-02-29T00:00:00+01:00"),
        ("0 0 3 * MON", "2026-02-02T00:00:00+01:00"),
        ("0 0 31 2 *", "never"),
        ("@monthly", "2026-02-01T00:00:00+01:00"),
        ("5/20 * * jan ?", "2026-01-31T12:45:00+01:00"),
    ] {
        assert_eq!(standard(spec), expected, "{spec}");
        assert_eq!(expression(spec), expected, "{spec}");
    }
}

#[test]
fn the_standard_dialect() {
    for (spec, expected) in [
        ("@every 90m", "2026-01-31T14:04:56+01:00"),
        ("@every 1ms", "2026-01-31T12:34:57+01:00"),
        ("0 0 */2 * 1", "2026-02-09T00:00:00+01:00"),
        ("*/90 * * * *", "2026-01-31T13:00:00+01:00"),
        (", * * * *", "never"),
        ("@reboot", "the shorthands are"),
        ("@every x", "after `@every`"),
        ("* * * *", "it has 4 fields, expected 5"),
        ("60 * * * *", "`60` is not `*`, a number from 0 to 59"),
        ("* * * * 7", "in the day-of-week field"),
        ("* * 5-1 * *", "a range of them in order"),
        ("*/0 * * * *", "and a step"),
    ] {
        let found = standard(spec);
        assert!(found.contains(expected), "{spec}: {found}");
    }
}

#[test]
fn the_running_dialect() {
    for (spec, expected) in [
        ("0 0 L * *", "2026-02-28T00:00:00+01:00"),
        ("0 0 LW * *", "2026-02-27T00:00:00+01:00"),
        ("0 0 1W * *", "2026-02-02T00:00:00+01:00"),
        ("0 0 * * 5L", "2026-02-27T00:00:00+01:00"),
        ("0 0 * * tue#2", "2026-02-10T00:00:00+01:00"),
        ("0 0 1 January * 2030", "2030-01-01T00:00:00+01:00"),
        ("57-59 34 12 * * * *", "2026-01-31T12:34:57+01:00"),
        ("0 0 * * 7", "2026-02-01T00:00:00+01:00"),
        ("0 0 * * 05", "2026-02-01T00:00:00+01:00"),
        ("*,x * * * *", "2026-01-31T12:35:00+01:00"),
        ("0 0 1 1 * 2020", "never"),
        ("0 0 1 1 * 2040-2030/2", "never"),
        ("x,* * * * *", "in the minute field"),
        ("5-1/2 * * * *", "in the minute field"),
        ("*/60 * * * *", "a step up to 59"),
        ("* * * * 1#6", "with `#` and the week"),
        ("@every 1h", "it has 2 fields, expected 5"),
    ] {
        let found = expression(spec);
        assert!(found.contains(expected), "{spec}: {found}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(spec in "([0-9*?/,LWlw#@a-f-]{1,6} ){4,7}|\\PC*") {
        for next in [
            Standard::parse(&spec).ok().and_then(|schedule| schedule.next(&from())),
            Expression::parse(&spec).ok().and_then(|schedule| schedule.next(&from())),
        ].into_iter().flatten() {
            prop_assert!(next > from());
        }
    }
}
