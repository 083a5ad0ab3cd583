//! The Gregorian calendar, carried back before its time: days since 1970-01-01 and dates.

/// Days in four hundred years.
const ERA: i64 = 146_097;

/// A date, and the day's number in its year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: i64,
    pub(super) month: u8,
    pub(super) day: u8,
    pub(super) year_day: u16,
}

/// The days from 1970-01-01 to a date.
pub(super) fn days_of(year: i64, month: u8, day: u8) -> i64 {
    // Years begin in March here, so that the leap day is the last one.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month = (i64::from(month) + 9) % 12;
    let of_year = (153 * month + 2) / 5 + i64::from(day) - 1;
    era * ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a day.
pub(super) fn date_of(days: i64) -> Date {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(ERA), shifted.rem_euclid(ERA));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    Date {
        year,
        month: narrow(month),
        day: narrow(day),
        year_day: u16::try_from(days - days_of(year, 1, 1) + 1).unwrap_or_default(),
    }
}

/// The weekday of a date, 0 for Sunday.
#[must_use]
pub fn weekday(year: i64, month: u8, day: u8) -> u8 {
    weekday_of(days_of(year, month, day))
}

/// The weekday of a day, 0 for Sunday.
pub(super) fn weekday_of(days: i64) -> u8 {
    narrow((days + 4).rem_euclid(7))
}

pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// How many days a month has.
#[must_use]
pub fn days_in_month(year: i64, month: u8) -> u8 {
    match month {
        2 => 28 + u8::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn narrow(number: i64) -> u8 {
    u8::try_from(number).unwrap_or_default()
}
