//! Capabilities (baseline, v1.0): a container may add only capabilities that runtimes give by
//! default.
//!
//! Restricted fields: `spec.{containers,initContainers,ephemeralContainers}[*].securityContext.capabilities.add`.
//! Allowed values: undefined, `AUDIT_WRITE`, `CHOWN`, `DAC_OVERRIDE`, `FOWNER`, `FSETID`, `KILL`,
//! `MKNOD`, `NET_BIND_SERVICE`, `SETFCAP`, `SETGID`, `SETPCAP`, `SETUID`, `SYS_CHROOT`.

use std::collections::BTreeSet;

use crate::pod_security::{
    check::{Check, Forbidden, Revision},
    field_error::BadValue,
    level::Level,
    offenders::{Offenders, quoted},
    pod::Pod,
};

/// The control.
pub const CHECK: Check = Check {
    id: "capabilities_baseline",
    level: Level::Baseline,
    revisions: &[Revision::since(0, v1_0)],
};

/// What runtimes give by default.
pub(crate) const DEFAULT: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

fn v1_0(pod: &Pod<'_>) -> Option<Forbidden> {
    let mut offenders = Offenders::default();
    let mut added = BTreeSet::new();
    for container in &pod.containers {
        let capabilities = container
            .security
            .and_then(|security| security.capabilities);
        let Some(capabilities) = capabilities else {
            continue;
        };
        let bad: BTreeSet<_> = capabilities
            .add()
            .filter(|name| !DEFAULT.contains(name))
            .collect();
        if !bad.is_empty() {
            added.extend(&bad);
            let bad = BadValue::from_iter(bad);
            offenders.add(
                container.name,
                container.forbidden("securityContext.capabilities.add", bad),
            );
        }
    }
    if offenders.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "non-default capabilities",
        detail: format!(
            "{} must not include {} in securityContext.capabilities.add",
            offenders.containers(),
            quoted(added)
        ),
        errors: offenders.errors,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod_security::controls::case::check;

    #[test]
    fn forbids_capabilities_beyond_the_default() {
        let adding = |names: &[&str]| json!({"name": "a", "securityContext": {"capabilities": {"add": names}}});
        check(
            v1_0,
            &json!({"spec": {"containers": [adding(&["CHOWN", "SYS_CHROOT"]), adding(&[])]}}),
            None,
        );
        check(
            v1_0,
            &json!({"spec": {"containers": [adding(&["SYS_TIME", "KILL", "NET_RAW", "NET_RAW"])]}}),
            Some((
                "non-default capabilities",
                r#"container "a" must not include "NET_RAW", "SYS_TIME" in securityContext.capabilities.add"#,
                &[
                    "spec.containers[0].securityContext.capabilities.add is forbidden, forbidden values found: [NET_RAW SYS_TIME]",
                ],
            )),
        );
        check(
            v1_0,
            &json!({"spec": {"initContainers": [adding(&["ALL"])], "containers": [adding(&["CAP_CHOWN"])]}}),
            Some((
                "non-default capabilities",
                r#"containers "a", "a" must not include "ALL", "CAP_CHOWN" in securityContext.capabilities.add"#,
                &[
                    "spec.initContainers[0].securityContext.capabilities.add is forbidden, forbidden values found: [ALL]",
                    "spec.containers[0].securityContext.capabilities.add is forbidden, forbidden values found: [CAP_CHOWN]",
                ],
            )),
        );
    }
}
