//! The catalogues of the Kubernetes versions that are built in.

use crate::{catalogue::Catalogue, compact};

/// The newest version that is built in.
pub const NEWEST: &str = "1.37";

/// Every version that is built in, oldest first, with its compact catalogue.
pub const VERSIONS: &[(&str, &str)] = &[
    (
        "1.30",
        include_str!("../../../schemas/kubernetes/v1.30.json"),
    ),
    (
        "1.31",
        include_str!("../../../schemas/kubernetes/v1.31.json"),
    ),
    (
        "1.32",
        include_str!("../../../schemas/kubernetes/v1.32.json"),
    ),
    (
        "1.33",
        include_str!("../../../schemas/kubernetes/v1.33.json"),
    ),
    (
        "1.34",
        include_str!("../../../schemas/kubernetes/v1.34.json"),
    ),
    (
        "1.35",
        include_str!("../../../schemas/kubernetes/v1.35.json"),
    ),
    (
        "1.36",
        include_str!("../../../schemas/kubernetes/v1.36.json"),
    ),
    (
        "1.37",
        include_str!("../../../schemas/kubernetes/v1.37.json"),
    ),
];

/// The catalogue of a version such as `1.37`, `v1.37` or `1.37.2`; none where it is not built in.
/// Reading it takes some milliseconds: keep it.
#[must_use]
pub fn builtin(version: &str) -> Option<Catalogue> {
    let version = version.strip_prefix('v').unwrap_or(version);
    let mut parts = version.split('.');
    let minor = format!("{}.{}", parts.next()?, parts.next()?);
    let (_, text) = VERSIONS.iter().find(|(name, _)| *name == minor)?;
    compact::decode(text).ok()
}
