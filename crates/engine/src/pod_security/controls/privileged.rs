//! Privileged Containers (baseline, v1.0): no container may switch off its isolation.
//!
//! Restricted fields: `spec.{containers,initContainers,ephemeralContainers}[*].securityContext.privileged`.
//! Allowed values: undefined, `false`.

use crate::pod_security::{
    check::{Check, Forbidden, Revision},
    level::Level,
    offenders::Offenders,
    pod::Pod,
};

/// The control.
pub const CHECK: Check = Check {
    id: "privileged",
    level: Level::Baseline,
    revisions: &[Revision::since(0, v1_0)],
};

fn v1_0(pod: &Pod<'_>) -> Option<Forbidden> {
    let mut offenders = Offenders::default();
    for container in &pod.containers {
        if container
            .security
            .is_some_and(|security| security.privileged == Some(true))
        {
            let error = container.forbidden("securityContext.privileged", true);
            offenders.add(container.name, error);
        }
    }
    if offenders.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "privileged",
        detail: format!(
            "{} must not set securityContext.privileged=true",
            offenders.containers()
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
    fn forbids_privileged_containers() {
        check(
            v1_0,
            &json!({"spec": {"containers": [{"securityContext": {"privileged": false}}]}}),
            None,
        );
        check(
            v1_0,
            &json!({"spec": {"containers": [{"name": "a", "securityContext": null}]}}),
            None,
        );
        check(
            v1_0,
            &json!({"spec": {
                "containers": [{"name": "a", "securityContext": {"privileged": true}}],
                "initContainers": [{"name": "b", "securityContext": {"privileged": true}}],
                "ephemeralContainers": [{}, {"name": "c", "securityContext": {"privileged": true}}],
            }}),
            Some((
                "privileged",
                r#"containers "b", "a", "c" must not set securityContext.privileged=true"#,
                &[
                    "spec.initContainers[0].securityContext.privileged is forbidden, forbidden values found: true",
                    "spec.containers[0].securityContext.privileged is forbidden, forbidden values found: true",
                    "spec.ephemeralContainers[1].securityContext.privileged is forbidden, forbidden values found: true",
                ],
            )),
        );
    }
}
