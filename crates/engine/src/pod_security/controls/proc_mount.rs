//! /proc Mount Type (baseline, v1.0): a container must keep the default masks over `/proc`. From
//! v1.35 on, a pod with its own user namespace may do as it likes.
//!
//! Restricted fields: `spec.{containers,initContainers,ephemeralContainers}[*].securityContext.procMount`.
//! Allowed values: undefined, `Default`.

use std::collections::BTreeSet;

use crate::pod_security::{
    check::{Check, Forbidden, Revision},
    level::Level,
    offenders::{Offenders, quoted},
    pod::Pod,
};

/// The control.
pub const CHECK: Check = Check {
    id: "procMount",
    level: Level::Baseline,
    revisions: &[Revision::since(0, v1_0), Revision::since(35, v1_35)],
};

pub(super) fn v1_0(pod: &Pod<'_>) -> Option<Forbidden> {
    let mut offenders = Offenders::default();
    let mut types = BTreeSet::new();
    for container in &pod.containers {
        let proc_mount = container.security.and_then(|security| security.proc_mount);
        if let Some(proc_mount) = proc_mount.filter(|proc_mount| *proc_mount != "Default") {
            types.insert(proc_mount);
            let error = container.forbidden("securityContext.procMount", proc_mount);
            offenders.add(container.name, error);
        }
    }
    if offenders.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "procMount",
        detail: format!(
            "{} must not set securityContext.procMount to {}",
            offenders.containers(),
            quoted(types)
        ),
        errors: offenders.errors,
    })
}

fn v1_35(pod: &Pod<'_>) -> Option<Forbidden> {
    if pod.has_user_namespace() {
        None
    } else {
        v1_0(pod)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod_security::controls::case::check;

    #[test]
    fn forbids_other_masks() {
        let with =
            |name, proc_mount| json!({"name": name, "securityContext": {"procMount": proc_mount}});
        check(
            v1_0,
            &json!({"spec": {"containers": [with("a", json!("Default")), with("b", json!(null))]}}),
            None,
        );
        check(
            v1_0,
            &json!({"spec": {"containers": [with("a", json!("Unmasked")), with("b", json!("other"))]}}),
            Some((
                "procMount",
                r#"containers "a", "b" must not set securityContext.procMount to "Unmasked", "other""#,
                &[
                    "spec.containers[0].securityContext.procMount is forbidden, forbidden values found: Unmasked",
                    "spec.containers[1].securityContext.procMount is forbidden, forbidden values found: other",
                ],
            )),
        );
    }

    #[test]
    fn relaxes_user_namespaces_later() {
        let unmasked = |host_users: Option<bool>| {
            let container = json!({"name": "a", "securityContext": {"procMount": "Unmasked"}});
            json!({"spec": {"hostUsers": host_users, "containers": [container]}})
        };
        let forbidden = Some((
            "procMount",
            r#"container "a" must not set securityContext.procMount to "Unmasked""#,
            &[
                "spec.containers[0].securityContext.procMount is forbidden, forbidden values found: Unmasked",
            ][..],
        ));
        check(v1_0, &unmasked(Some(false)), forbidden);
        check(v1_35, &unmasked(Some(false)), None);
        check(v1_35, &unmasked(Some(true)), forbidden);
        check(v1_35, &unmasked(None), forbidden);
    }
}
