//! The catalogues of the Kubernetes versions that are built in, and the kinds that older versions
//! had.

use std::{collections::BTreeMap, sync::OnceLock};

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

/// `{version: {apiVersion: "Kind,Kind"}}`.
const REMOVED: &str = include_str!("../../../schemas/kubernetes/removed.json");

/// The version of Kubernetes since which a kind is gone, if an older version had it.
fn gone_since(api_version: &str, kind: &str) -> Option<&'static str> {
    static GONE: OnceLock<BTreeMap<String, BTreeMap<String, String>>> = OnceLock::new();
    let gone = GONE.get_or_init(|| serde_json::from_str(REMOVED).unwrap_or_default());
    let has = |kinds: &String| kinds.split(',').any(|known| known == kind);
    let mut versions = gone.iter();
    let found = versions.find(|(_, kinds)| kinds.get(api_version).is_some_and(has));
    found.map(|(version, _)| version.as_str())
}

impl Catalogue {
    /// The version of Kubernetes since which a kind is gone that this version does not have, if an
    /// older one had it.
    #[must_use]
    pub fn gone_since(&self, api_version: &str, kind: &str) -> Option<&'static str> {
        let minor = |version: &str| version.split_once('.')?.1.parse::<u32>().ok();
        gone_since(api_version, kind).filter(|version| minor(version) <= minor(self.version()))
    }
}
