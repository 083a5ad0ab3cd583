//! The functions and operators of the language itself.

mod arithmetic;
mod collection;
mod comparison;
mod conversion;
mod logic;
mod text;
mod time;
mod zone;

use crate::function::Library;

pub use arithmetic::ARITHMETIC;
pub use collection::COLLECTION;
pub use comparison::COMPARISON;
pub use conversion::CONVERSION;
pub use logic::LOGIC;
pub use text::TEXT;
pub use time::TIME;

pub(crate) use arithmetic::YEARS;
pub(crate) use collection::{element, no_such_key};
pub(crate) use comparison::of_shorter_side;
pub(crate) use conversion::{duration_text, parse_duration, parse_timestamp, timestamp_text};

/// Every library of the language itself.
pub const ALL: &[&Library] = &[
    &LOGIC,
    &COMPARISON,
    &ARITHMETIC,
    &COLLECTION,
    &CONVERSION,
    &TEXT,
    &TIME,
];
