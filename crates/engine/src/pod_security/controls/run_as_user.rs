//! Running as Non-root user (restricted, v1.23): no container may ask for user 0. From v1.35 on, a
//! pod with its own user namespace may.
//!
//! Restricted fields: `runAsUser` of the pod's and of every container's `securityContext`.
//! Allowed values: undefined, anything but `0`.

use crate::pod_security::{
    check::{Check, Forbidden, Revision},
    field_error::FieldError,
    level::Level,
    offenders::{Offenders, Setters},
    pod::Pod,
};

const FIELD: &str = "securityContext.runAsUser";

/// The control.
pub const CHECK: Check = Check {
    id: "runAsUser",
    level: Level::Restricted,
    revisions: &[Revision::since(23, v1_23), Revision::since(35, v1_35)],
};

fn v1_23(pod: &Pod<'_>) -> Option<Forbidden> {
    let mut containers = Offenders::default();
    for container in &pod.containers {
        if container
            .security
            .is_some_and(|security| security.run_as_user == Some(0))
        {
            containers.add(container.name, container.forbidden(FIELD, 0));
        }
    }
    let mut on_pod = Vec::new();
    if pod.security.run_as_user == Some(0) {
        on_pod.push(FieldError::forbidden(format!("spec.{FIELD}"), 0));
    }
    let setters = Setters::new(on_pod, containers);
    if setters.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "runAsUser=0",
        detail: format!("{} must not set runAsUser=0", setters.joined()),
        errors: setters.errors,
    })
}

fn v1_35(pod: &Pod<'_>) -> Option<Forbidden> {
    if pod.has_user_namespace() {
        None
    } else {
        v1_23(pod)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod_security::controls::case::check;

    #[test]
    fn forbids_root() {
        let user = |id: i64| json!({"runAsUser": id});
        check(
            v1_23,
            &json!({"spec": {"securityContext": user(1), "containers": [{}, {"securityContext": user(1000)}]}}),
            None,
        );
        check(
            v1_23,
            &json!({"spec": {"securityContext": user(0), "containers": [{"name": "a", "securityContext": user(0)}]}}),
            Some((
                "runAsUser=0",
                r#"pod and container "a" must not set runAsUser=0"#,
                &[
                    "spec.securityContext.runAsUser is forbidden, forbidden values found: 0",
                    "spec.containers[0].securityContext.runAsUser is forbidden, forbidden values found: 0",
                ],
            )),
        );
    }

    #[test]
    fn relaxes_user_namespaces_later() {
        let pod = json!({"spec": {"hostUsers": false, "securityContext": {"runAsUser": 0}}});
        let errors = ["spec.securityContext.runAsUser is forbidden, forbidden values found: 0"];
        check(
            v1_23,
            &pod,
            Some(("runAsUser=0", "pod must not set runAsUser=0", &errors)),
        );
        check(v1_35, &pod, None);
    }
}
