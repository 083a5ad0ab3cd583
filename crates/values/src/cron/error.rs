//! Why a text is not a schedule.

use crate::duration::DurationError;

/// Why a text is not a schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// There are too few or too many fields.
    #[error("`{spec}` is not a cron schedule: it has {found} fields, expected {expected}")]
    Fields {
        /// The schedule.
        spec: String,
        /// How many fields it has.
        found: usize,
        /// How many it may have, and which.
        expected: &'static str,
    },
    /// An entry of a field is wrong.
    #[error("in the {field} field of the cron schedule: `{entry}` is not {expected}")]
    Entry {
        /// The field.
        field: &'static str,
        /// The entry.
        entry: String,
        /// What would be right.
        expected: String,
    },
    /// The shorthand does not exist.
    #[error(
        "`{0}` is not a cron schedule: the shorthands are `@yearly`, `@monthly`, `@weekly`, `@daily`, `@hourly` and `@every` with a duration"
    )]
    Shorthand(String),
    /// The duration after `@every` is wrong.
    #[error("in the cron schedule after `@every`: {0}")]
    Every(#[from] DurationError),
}
