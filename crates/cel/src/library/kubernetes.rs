//! Kubernetes' own functions, one file per library.

mod authorizer;
mod cidr;
mod format;
mod ip;
mod json_patch;
mod lists;
mod quantity;
mod regex;
mod semver;
mod url;

pub use authorizer::{AUTHORIZER, RequestResource, authorizer, request_resource};
pub use cidr::CIDR;
pub use format::FORMAT;
pub use ip::IP;
pub use json_patch::JSON_PATCH;
pub use lists::LISTS;
pub use quantity::QUANTITY;
pub use regex::REGEX;
pub use semver::SEMVER;
pub use url::URL;
