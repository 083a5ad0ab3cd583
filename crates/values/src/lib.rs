//! JSON values as the policy languages see them, and Kubernetes' scalar types.
#![warn(clippy::disallowed_methods)]

pub mod arithmetic;
pub mod cron;
pub mod duration;
pub mod gofloat;
pub mod gojson;
pub mod gotext;
pub mod gotime;
pub mod gourl;
pub mod image_ref;
pub mod json_pointer;
pub mod nearest;
pub mod quantity;
pub mod regexp;
pub mod semver;
pub mod wildcard;
pub mod x509;

mod val;

pub use val::{List, Map, Opaque, Str, Val};
