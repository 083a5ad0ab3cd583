//! Files beside policies and manifests: Values, UserInfo and Context. What is wrong in them is told
//! with its place.

use std::path::Path;

use portcullis_api::{
    context_file::Context,
    read::ReadError,
    user_info::UserInfo,
    values_file::{Values, ValuesSpec},
};
use portcullis_engine::request::RequestUser;
use serde_json::Value;

use super::{Overrides, places, read};
use crate::{diagnostic::Diagnostic, files};

/// What variables stand for, of a Values file.
///
/// # Errors
/// Where the file cannot be read or is no Values file.
pub fn values(path: &Path, overrides: &Overrides) -> Result<ValuesSpec, Vec<Diagnostic>> {
    typed(path, overrides, Values::from_value).map(Values::into_spec)
}

/// Who makes the requests, of a UserInfo file.
///
/// # Errors
/// Where the file cannot be read or is no UserInfo file.
pub fn user(path: &Path, overrides: &Overrides) -> Result<RequestUser, Vec<Diagnostic>> {
    let info = typed(path, overrides, UserInfo::from_value)?;
    let user = info.user_info.unwrap_or_default();
    Ok(RequestUser {
        username: user.username.unwrap_or_default(),
        uid: user.uid.unwrap_or_default(),
        groups: user.groups,
        extra: user.extra,
        roles: info.roles,
        cluster_roles: info.cluster_roles,
    })
}

/// What CEL libraries find, of a Context file.
///
/// # Errors
/// Where the file cannot be read or is no Context file.
pub fn context(path: &Path, overrides: &Overrides) -> Result<Context, Vec<Diagnostic>> {
    typed(path, overrides, Context::from_value)
}

/// The one document of a file as what it should be.
pub(crate) fn typed<T>(
    path: &Path,
    overrides: &Overrides,
    convert: impl FnOnce(&Value) -> Result<T, Vec<ReadError>>,
) -> Result<T, Vec<Diagnostic>> {
    let file = read(path, overrides).map_err(|fault| vec![fault])?;
    let document = files::parse(&file).map_err(|fault| vec![fault])?;
    convert(&document.value).map_err(|errors| {
        let faults = errors.iter();
        let faults = faults.map(|error| places::not_typed(&file, 0, error));
        faults.collect()
    })
}
