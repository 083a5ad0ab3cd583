//! Cron schedules, in the two dialects that Kyverno reads them in.
//!
//! | | [`Standard`] | [`Expression`] |
//! |---|---|---|
//! | used for | checking a policy | running it |
//! | fields | minute, hour, day, month, weekday | these; a year after them; seconds before them |
//! | entries | `*` `?` `5` `1-5` `*/2` `5/2` `1-5/2`, joined by `,` | these; days `L` `15W` `LW`; weekdays `5L` `1#2` |
//! | names | `jan`, `mon` | these, and whole names |
//! | shorthands | `@yearly` … `@hourly`, `@every 1h` | `@yearly` … `@hourly` |
//!
//! Where both day and weekday are restricted, either of them is enough.
//!
//! ```
//! use portcullis_values::{cron::Expression, gotime};
//!
//! let nightly = Expression::parse("30 2 * * *").unwrap();
//! let now = gotime::parse(gotime::RFC3339, "2026-01-31T12:00:00Z").unwrap();
//! assert_eq!(nightly.next(&now).unwrap().to_string(), "2026-02-01T02:30:00Z");
//! ```

mod error;
mod expression;
mod search;
mod standard;

pub use error::CronError;
pub use expression::Expression;
pub use standard::Standard;

#[cfg(test)]
mod tests;
