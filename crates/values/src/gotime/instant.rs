//! An instant in nanoseconds, with the zone it is shown in.

use std::cmp::Ordering;

use super::civil::{Date, date_of, days_of, weekday_of};
use crate::duration::GoDuration;

const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400;

/// An instant and the zone it is shown in. Two times are equal when the instants are.
#[derive(Clone, Debug)]
pub struct GoTime {
    /// Seconds since 1970 in UTC.
    seconds: i64,
    nanoseconds: u32,
    zone: Zone,
}

/// The zone a time is shown in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Zone {
    /// UTC.
    #[default]
    Utc,
    /// An offset from UTC.
    Fixed {
        /// The abbreviation, empty if only the offset is known.
        name: Box<str>,
        /// Seconds east of UTC.
        offset: i32,
    },
}

impl Zone {
    /// The abbreviation, empty if only the offset is known.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Zone::Utc => "UTC",
            Zone::Fixed { name, .. } => name,
        }
    }

    /// Seconds east of UTC.
    #[must_use]
    pub fn offset(&self) -> i32 {
        match self {
            Zone::Utc => 0,
            Zone::Fixed { offset, .. } => *offset,
        }
    }
}

impl GoTime {
    /// The time of so many seconds and nanoseconds since 1970, shown in UTC.
    #[must_use]
    pub fn from_unix(seconds: i64, nanoseconds: u32) -> GoTime {
        let carry = i64::from(nanoseconds) / SECOND;
        GoTime {
            seconds: seconds.wrapping_add(carry),
            nanoseconds: nanoseconds % 1_000_000_000,
            zone: Zone::Utc,
        }
    }

    pub(super) fn from_parts(date: (i64, u8, u8), clock: (u8, u8, u8), nanoseconds: u32) -> GoTime {
        let (hour, minute, second) = clock;
        let of_day = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
        GoTime::from_unix(days_of(date.0, date.1, date.2) * DAY + of_day, nanoseconds)
    }

    /// The time whose date (year, month, day) and clock (hour, minute, second) are these in a
    /// zone. A day past the end of its month is one of the next.
    #[must_use]
    pub fn from_local(date: (i64, u8, u8), clock: (u8, u8, u8), zone: Zone) -> GoTime {
        let mut time = GoTime::from_parts(date, clock, 0).in_zone(zone);
        time.seconds = time.seconds.wrapping_sub(i64::from(time.zone.offset()));
        time
    }

    /// The same instant in another zone.
    #[must_use]
    pub fn in_zone(self, zone: Zone) -> GoTime {
        GoTime { zone, ..self }
    }

    /// The same instant in UTC.
    #[must_use]
    pub fn utc(self) -> GoTime {
        self.in_zone(Zone::Utc)
    }

    /// The zone it is shown in.
    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Seconds since 1970 in UTC.
    #[must_use]
    pub fn unix_seconds(&self) -> i64 {
        self.seconds
    }

    /// The year.
    #[must_use]
    pub fn year(&self) -> i64 {
        self.date().year
    }

    /// The month, from 1.
    #[must_use]
    pub fn month(&self) -> u8 {
        self.date().month
    }

    /// The day of the month, from 1.
    #[must_use]
    pub fn day(&self) -> u8 {
        self.date().day
    }

    /// The weekday, 0 for Sunday.
    #[must_use]
    pub fn weekday(&self) -> u8 {
        weekday_of(self.local_seconds().div_euclid(DAY))
    }

    /// The hour, from 0 to 23.
    #[must_use]
    pub fn hour(&self) -> u8 {
        self.of_day(3_600, 24)
    }

    /// The minute.
    #[must_use]
    pub fn minute(&self) -> u8 {
        self.of_day(60, 60)
    }

    /// The second.
    #[must_use]
    pub fn second(&self) -> u8 {
        self.of_day(1, 60)
    }

    /// The nanosecond in the second.
    #[must_use]
    pub fn nanosecond(&self) -> u32 {
        self.nanoseconds
    }

    /// The time so much later, or earlier.
    #[must_use]
    pub fn add(&self, duration: GoDuration) -> GoTime {
        let sum = i64::from(self.nanoseconds) + duration.0 % SECOND;
        let whole = (duration.0 / SECOND).wrapping_add(sum.div_euclid(SECOND));
        GoTime {
            seconds: self.seconds.wrapping_add(whole),
            nanoseconds: u32::try_from(sum.rem_euclid(SECOND)).unwrap_or_default(),
            zone: self.zone.clone(),
        }
    }

    /// The time since `earlier`; the longest duration if it is longer than that.
    #[must_use]
    pub fn since(&self, earlier: &GoTime) -> GoDuration {
        let difference = self.total() - earlier.total();
        let limit = if difference < 0 { i64::MIN } else { i64::MAX };
        GoDuration(i64::try_from(difference).unwrap_or(limit))
    }

    /// Rounds down to a multiple of `unit` since the first of January of the year 1, in UTC. A
    /// unit that is not positive changes nothing.
    #[must_use]
    pub fn truncate(&self, unit: GoDuration) -> GoTime {
        match self.above_multiple(unit) {
            Some(rest) => self.add(GoDuration(-rest)),
            None => self.clone(),
        }
    }

    /// Rounds to the nearest such multiple, halves up.
    #[must_use]
    pub fn round(&self, unit: GoDuration) -> GoTime {
        match self.above_multiple(unit) {
            Some(rest) if rest < unit.0 - rest => self.add(GoDuration(-rest)),
            Some(rest) => self.add(GoDuration(unit.0 - rest)),
            None => self.clone(),
        }
    }

    pub(super) fn date(&self) -> Date {
        date_of(self.local_seconds().div_euclid(DAY))
    }

    fn local_seconds(&self) -> i64 {
        self.seconds.wrapping_add(i64::from(self.zone.offset()))
    }

    fn of_day(&self, unit: i64, count: i64) -> u8 {
        let value = self.local_seconds().div_euclid(unit).rem_euclid(count);
        u8::try_from(value).unwrap_or_default()
    }

    /// Nanoseconds since 1970.
    fn total(&self) -> i128 {
        i128::from(self.seconds) * i128::from(SECOND) + i128::from(self.nanoseconds)
    }

    fn above_multiple(&self, unit: GoDuration) -> Option<i64> {
        if unit.0 <= 0 {
            return None;
        }
        let first = i128::from(days_of(1, 1, 1) * DAY) * i128::from(SECOND);
        let rest = (self.total() - first).rem_euclid(i128::from(unit.0));
        i64::try_from(rest).ok()
    }
}

impl PartialEq for GoTime {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for GoTime {}

impl PartialOrd for GoTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for GoTime {
    fn cmp(&self, other: &Self) -> Ordering {
        let instant = |time: &GoTime| (time.seconds, time.nanoseconds);
        instant(self).cmp(&instant(other))
    }
}
