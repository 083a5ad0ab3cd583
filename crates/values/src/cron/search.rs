//! Finds the next second whose date and time of day a schedule allows.

use crate::gotime::{GoTime, days_in_month};

/// A set of small numbers, one bit each.
pub(super) type Bits = u64;

/// The times of day that a schedule allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) hours: Bits,
    pub(super) minutes: Bits,
    pub(super) seconds: Bits,
}

type TimeOfDay = (u8, u8, u8);

impl Clock {
    /// The first time of day from `start` on.
    fn first(&self, start: TimeOfDay) -> Option<TimeOfDay> {
        let midnight = (first(self.minutes, 0)?, first(self.seconds, 0)?);
        let (hour, minute, second) = start;
        if contains(self.hours, hour) {
            if contains(self.minutes, minute)
                && let Some(second) = first(self.seconds, second)
            {
                return Some((hour, minute, second));
            }
            if let Some(minute) = first(self.minutes, minute.saturating_add(1)) {
                return Some((hour, minute, midnight.1));
            }
        }
        let hour = first(self.hours, hour.saturating_add(1))?;
        Some((hour, midnight.0, midnight.1))
    }

    /// The first time of day.
    fn start(&self) -> Option<TimeOfDay> {
        let hour = first(self.hours, 0)?;
        Some((hour, first(self.minutes, 0)?, first(self.seconds, 0)?))
    }
}

/// The first allowed second after `from`, in the zone of `from`. `days` gives the days of a month
/// that are allowed.
pub(super) fn next(
    from: &GoTime,
    years: impl Iterator<Item = i64>,
    months: Bits,
    days: impl Fn(i64, u8) -> Bits,
    clock: &Clock,
) -> Option<GoTime> {
    let second = crate::duration::GoDuration(1_000_000_000);
    let start = from.add(second);
    let first_day = (start.year(), start.month(), start.day());
    let midnight = clock.start()?;
    for year in years.filter(|year| *year >= first_day.0) {
        for month in members(months).filter(|month| (year, *month) >= (first_day.0, first_day.1)) {
            let length = days_in_month(year, month);
            for day in members(days(year, month)).take_while(|day| *day <= length) {
                let time = match (year, month, day).cmp(&first_day) {
                    std::cmp::Ordering::Less => None,
                    std::cmp::Ordering::Greater => Some(midnight),
                    std::cmp::Ordering::Equal => {
                        clock.first((start.hour(), start.minute(), start.second()))
                    }
                };
                if let Some(time) = time {
                    let zone = from.zone().clone();
                    return Some(GoTime::from_local((year, month, day), time, zone));
                }
            }
        }
    }
    None
}

/// The set of the numbers from `low` to `high` in steps.
pub(super) fn span(low: u8, high: u8, step: usize) -> Bits {
    (low..=high)
        .step_by(step.max(1))
        .fold(0, |set, number| set | bit(number))
}

pub(super) fn bit(number: u8) -> Bits {
    1_u64.checked_shl(u32::from(number)).unwrap_or_default()
}

pub(super) fn contains(set: Bits, number: u8) -> bool {
    set & bit(number) != 0
}

fn members(set: Bits) -> impl Iterator<Item = u8> {
    (0..64).filter(move |number| contains(set, *number))
}

fn first(set: Bits, from: u8) -> Option<u8> {
    (from..64).find(|number| contains(set, *number))
}
