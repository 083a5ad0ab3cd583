//! Writes a time by a layout.

use std::fmt::{Display, Formatter, Write};

use super::{
    RFC3339_NANO,
    instant::GoTime,
    layout::{Fraction, MONTHS, Offset, Part, WEEKDAYS, next_part, short},
};

impl GoTime {
    /// The time as text, in the form that the layout shows.
    #[must_use]
    pub fn format(&self, layout: &str) -> String {
        let mut out = String::new();
        let mut rest = layout;
        while let Some((before, _, part, after)) = next_part(rest) {
            out.push_str(before);
            self.write(&mut out, part);
            rest = after;
        }
        out.push_str(rest);
        out
    }

    fn write(&self, out: &mut String, part: Part) {
        let date = self.date();
        let name = |names: &[&'static str], index: u8| {
            names.get(usize::from(index)).copied().unwrap_or_default()
        };
        let month = name(&MONTHS, date.month.saturating_sub(1));
        let weekday = name(&WEEKDAYS, self.weekday());
        let hour12 = match self.hour() % 12 {
            0 => 12,
            hour => hour,
        };
        let afternoon = self.hour() >= 12;
        match part {
            Part::LongMonth => out.push_str(month),
            Part::ShortMonth => out.push_str(short(month)),
            Part::Month => number(out, date.month, 0),
            Part::ZeroMonth => number(out, date.month, 2),
            Part::LongWeekday => out.push_str(weekday),
            Part::ShortWeekday => out.push_str(short(weekday)),
            Part::Day => number(out, date.day, 0),
            Part::UnderDay => spaced(out, date.day, 2),
            Part::ZeroDay => number(out, date.day, 2),
            Part::UnderYearDay => spaced(out, date.year_day, 3),
            Part::ZeroYearDay => number(out, date.year_day, 3),
            Part::Hour => number(out, self.hour(), 2),
            Part::Hour12 => number(out, hour12, 0),
            Part::ZeroHour12 => number(out, hour12, 2),
            Part::Minute => number(out, self.minute(), 0),
            Part::ZeroMinute => number(out, self.minute(), 2),
            Part::Second => number(out, self.second(), 0),
            Part::ZeroSecond => number(out, self.second(), 2),
            Part::LongYear => {
                out.push_str(if date.year < 0 { "-" } else { "" });
                number(out, date.year.unsigned_abs(), 4);
            }
            Part::Year => number(out, date.year.unsigned_abs() % 100, 2),
            Part::UpperPm => out.push_str(if afternoon { "PM" } else { "AM" }),
            Part::LowerPm => out.push_str(if afternoon { "pm" } else { "am" }),
            Part::ZoneName => self.write_zone_name(out),
            Part::Offset(offset) => self.write_offset(out, offset),
            Part::Fraction(fraction) => write_fraction(out, self.nanosecond(), fraction),
        }
    }

    fn write_zone_name(&self, out: &mut String) {
        match self.zone().name() {
            "" => self.write_offset(
                out,
                Offset {
                    z: false,
                    colons: false,
                    fields: 2,
                },
            ),
            name => out.push_str(name),
        }
    }

    fn write_offset(&self, out: &mut String, form: Offset) {
        let offset = self.zone().offset();
        if form.z && offset == 0 {
            out.push('Z');
            return;
        }
        // An offset of less than a minute west has no sign left, in Go too.
        out.push(if offset / 60 < 0 { '-' } else { '+' });
        let size = offset.unsigned_abs();
        let fields = [size / 3_600, size / 60 % 60, size % 60];
        for (index, field) in fields.iter().take(usize::from(form.fields)).enumerate() {
            if index > 0 && form.colons {
                out.push(':');
            }
            number(out, *field, 2);
        }
    }
}

impl Display for GoTime {
    /// RFC 3339 with as many decimals as the time has.
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.format(RFC3339_NANO))
    }
}

fn number(out: &mut String, value: impl Into<u64>, width: usize) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{:0width$}", value.into());
}

fn spaced(out: &mut String, value: impl Into<u64>, width: usize) {
    let _ = write!(out, "{:width$}", value.into());
}

fn write_fraction(out: &mut String, nanoseconds: u32, fraction: Fraction) {
    let all = format!("{nanoseconds:09}");
    let digits = all.get(..fraction.digits).unwrap_or(&all);
    let digits = match fraction.trimmed {
        true => digits.trim_end_matches('0'),
        false => digits,
    };
    if !digits.is_empty() {
        out.push(fraction.separator);
        out.push_str(digits);
    }
}
