//! Times as Go reads, writes and computes them.
//!
//! A layout is the reference time `Mon Jan 2 15:04:05 MST 2006` written as the text should look:
//!
//! | part | in a layout |
//! |---|---|
//! | year | `2006` `06` |
//! | month | `January` `Jan` `01` `1` |
//! | day | `02` `_2` `2`, of the year `002` `__2` |
//! | weekday | `Monday` `Mon` |
//! | hour | `15` `03` `3` with `PM` or `pm` |
//! | minute, second | `04` `4`, `05` `5` |
//! | fraction | `.000` or `,000` (all digits), `.999` or `,999` (without trailing zeros) |
//! | zone | `MST`, `-0700` `-07:00` `-07` `-070000` `-07:00:00`, the same with `Z` for UTC |
//!
//! Everything else stands for itself. Zones are UTC and fixed offsets: an abbreviation such as
//! `CEST` keeps its name, and its offset is zero.

mod civil;
mod format;
mod instant;
mod layout;
mod parse;
mod zones;

pub use civil::{days_in_month, weekday};
pub use instant::{GoTime, Zone};
pub use parse::{TimeError, parse};
pub use zones::zone_at;

/// The layout `2006-01-02T15:04:05Z07:00`.
pub const RFC3339: &str = "2006-01-02T15:04:05Z07:00";

/// The layout of RFC 3339 with a fraction of any length.
pub const RFC3339_NANO: &str = "2006-01-02T15:04:05.999999999Z07:00";

#[cfg(test)]
mod tests;
