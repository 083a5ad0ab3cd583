//! The environments of Kubernetes' API server, by version.

use super::{Builder, Environment};
use crate::{
    function::Library,
    library::{ext, kubernetes},
    validators,
};

/// A version of Kubernetes' environment. Expressions that are stored are compiled with everything
/// that the API server knows, whatever the version of the cluster says is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KubernetesVersion {
    /// Such as the 1 of 1.36.
    pub major: u16,
    /// Such as the 36 of 1.36.
    pub minor: u16,
}

impl KubernetesVersion {
    /// A version.
    #[must_use]
    pub const fn new(major: u16, minor: u16) -> KubernetesVersion {
        KubernetesVersion { major, minor }
    }
}

/// The libraries, and the version of Kubernetes that brought each to expressions.
const LIBRARIES: &[(u16, &[&Library])] = &[
    (
        0,
        &[
            &kubernetes::URL,
            &kubernetes::LISTS,
            &kubernetes::REGEX,
            &ext::STRINGS,
        ],
    ),
    (27, &[&kubernetes::AUTHORIZER]),
    (28, &[&ext::OPTIONAL, &kubernetes::QUANTITY]),
    (29, &[&ext::SETS, &ext::QUOTE, &ext::FORMAT]),
    (30, &[&kubernetes::IP, &kubernetes::CIDR]),
    (31, &[&kubernetes::FORMAT]),
    (32, &[&ext::TWO_VARIABLES]),
    (33, &[&kubernetes::SEMVER]),
    (34, &[&ext::LISTS]),
];

impl Environment {
    /// The environment of the API server of a version, without variables.
    #[must_use]
    pub fn kubernetes(version: KubernetesVersion) -> Builder {
        let known = LIBRARIES
            .iter()
            .filter(|(since, _)| *since <= version.minor);
        let libraries: Vec<&'static Library> = known
            .flat_map(|(_, libraries)| libraries.iter().copied())
            .collect();
        Environment::builder()
            .libraries(&libraries)
            .validators(validators::LITERALS)
            .validators(&[ext::validate_format])
    }
}
