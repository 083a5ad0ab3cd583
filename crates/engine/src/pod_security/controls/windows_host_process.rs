//! HostProcess (baseline, v1.0): a Windows pod must not run as a process of the node.
//!
//! Restricted fields: `windowsOptions.hostProcess` of the pod's and of every container's
//! `securityContext`. Allowed values: undefined, `false`.

use crate::pod_security::{
    check::{Check, Forbidden, Revision},
    field_error::FieldError,
    level::Level,
    offenders::{Offenders, Setters},
    pod::Pod,
};

const FIELD: &str = "securityContext.windowsOptions.hostProcess";

/// The control.
pub const CHECK: Check = Check {
    id: "windowsHostProcess",
    level: Level::Baseline,
    revisions: &[Revision::since(0, v1_0)],
};

fn v1_0(pod: &Pod<'_>) -> Option<Forbidden> {
    let mut containers = Offenders::default();
    for container in &pod.containers {
        if container
            .security
            .is_some_and(|security| security.host_process == Some(true))
        {
            containers.add(container.name, container.forbidden(FIELD, true));
        }
    }
    let mut on_pod = Vec::new();
    if pod.security.host_process == Some(true) {
        on_pod.push(FieldError::forbidden(format!("spec.{FIELD}"), true));
    }
    let setters = Setters::new(on_pod, containers);
    if setters.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "hostProcess",
        detail: format!("{} must not set {FIELD}=true", setters.joined()),
        errors: setters.errors,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod_security::controls::case::check;

    #[test]
    fn forbids_processes_of_the_node() {
        let options = |flag| json!({"windowsOptions": {"hostProcess": flag}});
        check(
            v1_0,
            &json!({"spec": {"securityContext": options(false), "containers": [{"securityContext": {"windowsOptions": {}}}]}}),
            None,
        );
        check(
            v1_0,
            &json!({"spec": {"securityContext": options(true), "containers": [{"name": "a", "securityContext": options(true)}]}}),
            Some((
                "hostProcess",
                r#"pod and container "a" must not set securityContext.windowsOptions.hostProcess=true"#,
                &[
                    "spec.securityContext.windowsOptions.hostProcess is forbidden, forbidden values found: true",
                    "spec.containers[0].securityContext.windowsOptions.hostProcess is forbidden, forbidden values found: true",
                ],
            )),
        );
    }
}
