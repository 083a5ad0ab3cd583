//! `semver_compare`: `semver_compare('1.2.3', '>=1.0.0 <2.0.0 || 3.x')`.

use portcullis_values::{
    Val,
    semver::{Range, Version},
};

use super::Call;
use crate::error::Evaluated;

/// Whether the version is in the range. What is no version counts as `0.0.0`.
pub(super) fn semver_compare<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let range = Range::parse(&call.text(1)?).map_err(|error| call.argument_cause(1, error))?;
    let version = Version::parse(&call.text(0)?).unwrap_or_default();
    Ok(Val::Bool(range.contains(&version)))
}
