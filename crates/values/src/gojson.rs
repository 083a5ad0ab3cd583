//! JSON text as Go's encoder writes it and Go's decoder reads it.
//!
//! | | here |
//! |---|---|
//! | numbers | float64: `2.0` is `2`, `1e21` is `1e+21`; a number out of range is an error |
//! | text | `<`, `>`, `&`, U+2028 and U+2029 are escaped; half a surrogate pair reads as U+FFFD |
//! | keys | written in order; of two equal keys the last one counts |
//! | depth | [`MAX_DEPTH`], above it an error |

mod decode;
mod encode;
mod print;

pub use decode::{DecodeError, decode, decode_text};
pub use encode::{EncodeError, encode, encode_text};
pub use print::{compact, marshal, pretty};

/// How deeply lists and maps may nest.
pub const MAX_DEPTH: usize = 1000;
