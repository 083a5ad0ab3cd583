//! /proc Mount Type (restricted, v1.35): the masks stay, with or without a user namespace. Baseline
//! asks the same of every pod before v1.35.
//!
//! Restricted fields: `spec.{containers,initContainers,ephemeralContainers}[*].securityContext.procMount`.
//! Allowed values: undefined, `Default`.

use super::proc_mount;
use crate::pod_security::{
    check::{Check, Revision},
    level::Level,
};

/// The control.
pub const CHECK: Check = Check {
    id: "procMount_restricted",
    level: Level::Restricted,
    revisions: &[Revision::since(35, proc_mount::v1_0).overriding(&["procMount"])],
};

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod_security::{controls::case::check, version::Version};

    #[test]
    fn forbids_with_a_user_namespace_too() {
        let container = json!({"name": "a", "securityContext": {"procMount": "Unmasked"}});
        let pod = json!({"spec": {"hostUsers": false, "containers": [container]}});
        let detail = r#"container "a" must not set securityContext.procMount to "Unmasked""#;
        let errors = [
            "spec.containers[0].securityContext.procMount is forbidden, forbidden values found: Unmasked",
        ];
        assert!(CHECK.at(Version::minor(34)).is_none());
        let revision = CHECK.at(Version::minor(35)).unwrap();
        check(revision.check, &pod, Some(("procMount", detail, &errors)));
    }
}
