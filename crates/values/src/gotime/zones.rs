//! The zones of the IANA database.

use std::sync::LazyLock;

use jiff::{Timestamp, tz::TimeZoneDatabase};

use super::Zone;

/// The zones that come with the program, so that no answer depends on the machine.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// How a zone of the IANA database, such as `Europe/Berlin`, shows the time so many seconds after
/// 1970; nothing if there is no such zone. An empty name is UTC.
#[must_use]
pub fn zone_at(name: &str, seconds: i64) -> Option<Zone> {
    if matches!(name, "" | "UTC") {
        return Some(Zone::Utc);
    }
    let found = ZONES.get(name).ok()?;
    // The database finds names in any case; Go does not.
    if found.iana_name() != Some(name) {
        return None;
    }
    let at = Timestamp::from_second(seconds).ok()?;
    let shown = found.to_offset_info(at);
    Some(Zone::Fixed {
        name: shown.abbreviation().into(),
        offset: shown.offset().seconds(),
    })
}
