//! Time zones: names of the IANA database, and offsets such as `+05:30`.

use portcullis_values::gotime::{GoTime, zone_at};

use crate::error::EvalError;

/// A moment as clocks show it in a zone.
pub(super) fn at(seconds: i64, nanos: u32, zone: &str) -> Result<GoTime, Box<EvalError>> {
    let unknown = || Box::new(EvalError::new(format!("unknown time zone {zone}")));
    let time = GoTime::from_unix(seconds, nanos);
    let offset = match zone.split_once(':') {
        Some((hours, minutes)) => offset(hours, minutes).ok_or_else(unknown)?,
        None => {
            return zone_at(zone, seconds)
                .map(|zone| time.in_zone(zone))
                .ok_or_else(unknown);
        }
    };
    Ok(GoTime::from_unix(seconds + offset, nanos))
}

/// The seconds that clocks are ahead of UTC.
fn offset(hours: &str, minutes: &str) -> Option<i64> {
    let sign = if hours.starts_with('-') { -1 } else { 1 };
    let hours: i64 = hours.parse().ok()?;
    let minutes: i64 = minutes.parse().ok()?;
    (hours.abs() <= 24 && (0..60).contains(&minutes)).then_some(hours * 3600 + sign * minutes * 60)
}
