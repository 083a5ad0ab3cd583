//! Dates: `2020-01-01`, `2020-1-1 10:00:00.5`, `2020-01-01T10:00:00Z`, `…+02:00`.
//!
//! All but the year may have one digit. A fraction of a second follows a `.` or a `,`.

/// A date as it is written, in its own zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timestamp {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    nanosecond: u32,
    /// Minutes east of Greenwich.
    offset: i32,
}

/// Reads a date, or nothing.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let year = text
        .get(..4)
        .filter(|year| year.bytes().all(|byte| byte.is_ascii_digit()))?;
    let mut reader = Reader {
        rest: text.get(4..)?.strip_prefix('-')?,
    };
    let month = reader.number()?;
    reader.eat('-')?;
    let day = reader.number()?;
    let mut date = Timestamp {
        year: year.parse().ok()?,
        month,
        day,
        hour: 0,
        minute: 0,
        second: 0,
        nanosecond: 0,
        offset: 0,
    };
    if !(1..=12).contains(&month) || day < 1 || day > date.days_of_month() {
        return None;
    }
    if reader.rest.is_empty() {
        return Some(date);
    }
    let zoned = reader.rest.starts_with(['T', 't']);
    if zoned {
        reader.rest = reader.rest.get(1..)?;
    } else {
        reader.rest = reader.rest.strip_prefix(' ')?.trim_start_matches(' ');
    }
    reader.time(&mut date)?;
    if zoned {
        date.offset = reader.zone()?;
    }
    reader.rest.is_empty().then_some(date)
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn eat(&mut self, expected: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(())
    }

    fn digits(&mut self, at_most: usize) -> Option<u32> {
        let length = self
            .rest
            .bytes()
            .take(at_most)
            .take_while(u8::is_ascii_digit)
            .count();
        let (digits, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        digits.parse().ok()
    }

    /// One or two digits.
    fn number(&mut self) -> Option<u32> {
        self.digits(2)
    }

    fn time(&mut self, date: &mut Timestamp) -> Option<()> {
        date.hour = self.number().filter(|hour| *hour < 24)?;
        self.eat(':')?;
        date.minute = self.number().filter(|minute| *minute < 60)?;
        self.eat(':')?;
        date.second = self.number().filter(|second| *second < 60)?;
        if let Some(fraction) = self.rest.strip_prefix(['.', ',']) {
            let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
            if let Some((digits, rest)) = fraction.split_at_checked(length).filter(|_| length > 0) {
                let digits: String = digits.chars().chain("000000000".chars()).take(9).collect();
                date.nanosecond = digits.parse().ok()?;
                self.rest = rest;
            }
        }
        Some(())
    }

    fn zone(&mut self) -> Option<i32> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Some(0);
        }
        let sign = if self.rest.starts_with('-') { -1 } else { 1 };
        self.rest = self.rest.strip_prefix(['+', '-'])?;
        let length = self.rest.len();
        let hours = self.number().filter(|hours| *hours <= 24)?;
        self.eat(':')?;
        let minutes = self.number().filter(|minutes| *minutes <= 60)?;
        let two_digits_each = length - self.rest.len() == 5;
        two_digits_each.then(|| sign * (hours * 60 + minutes) as i32)
    }
}

impl Timestamp {
    fn days_of_month(&self) -> u32 {
        let leap = self.year.is_multiple_of(4)
            && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        match self.month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    /// The date in RFC 3339, or nothing when its zone is 24 hours or more away.
    pub(super) fn to_rfc3339(self) -> Option<String> {
        let Timestamp {
            year,
            month,
            day,
            hour,
            minute,
            second,
            ..
        } = self;
        let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        if self.nanosecond > 0 {
            let fraction = format!(".{:09}", self.nanosecond);
            text.push_str(fraction.trim_end_matches('0'));
        }
        if self.offset == 0 {
            text.push('Z');
            return Some(text);
        }
        let (hours, minutes) = (self.offset.abs() / 60, self.offset.abs() % 60);
        let sign = if self.offset < 0 { '-' } else { '+' };
        text.push_str(&format!("{sign}{hours:02}:{minutes:02}"));
        (hours < 24).then_some(text)
    }
}
