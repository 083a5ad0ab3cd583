//! Running as Non-root (restricted, v1.0): containers must say that they do not run as root. From
//! v1.35 on, a pod with its own user namespace need not.
//!
//! Restricted fields: `runAsNonRoot` of the pod's and of every container's `securityContext`.
//! Allowed values: `true`; a container may leave it out where the pod says `true`.

use crate::pod_security::{
    check::{Check, Forbidden, Revision},
    field_error::FieldError,
    level::Level,
    offenders::{Offenders, Setters},
    pod::Pod,
};

const FIELD: &str = "securityContext.runAsNonRoot";

/// The control.
pub const CHECK: Check = Check {
    id: "runAsNonRoot",
    level: Level::Restricted,
    revisions: &[Revision::since(0, v1_0), Revision::since(35, v1_35)],
};

fn v1_0(pod: &Pod<'_>) -> Option<Forbidden> {
    let of_pod = pod.security.run_as_non_root;
    let mut explicit = Offenders::default();
    let mut implicit = Offenders::default();
    for container in &pod.containers {
        match container
            .security
            .and_then(|security| security.run_as_non_root)
        {
            Some(true) => {}
            Some(false) => explicit.add(container.name, container.forbidden(FIELD, false)),
            None if of_pod == Some(true) => {}
            None => implicit.add(container.name, container.required(FIELD)),
        }
    }
    let mut on_pod = Vec::new();
    if of_pod == Some(false) {
        on_pod.push(FieldError::forbidden(format!("spec.{FIELD}"), false));
    }
    forbidden(Setters::new(on_pod, explicit), implicit)
}

fn v1_35(pod: &Pod<'_>) -> Option<Forbidden> {
    if pod.has_user_namespace() {
        None
    } else {
        v1_0(pod)
    }
}

fn forbidden(explicit: Setters, implicit: Offenders<'_>) -> Option<Forbidden> {
    let mut details = Vec::new();
    if !explicit.is_empty() {
        details.push(format!("{} must not set {FIELD}=false", explicit.joined()));
    }
    if !implicit.is_empty() {
        details.push(format!(
            "pod or {} must set {FIELD}=true",
            implicit.containers()
        ));
    }
    if details.is_empty() {
        return None;
    }
    let mut errors = explicit.errors;
    errors.extend(implicit.errors);
    Some(Forbidden {
        reason: "runAsNonRoot != true",
        detail: details.join("\n"),
        errors,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod_security::controls::case::check;

    #[test]
    fn takes_the_pods_word() {
        let saying = |flag| json!({"runAsNonRoot": flag});
        check(
            v1_0,
            &json!({"spec": {"securityContext": saying(true), "containers": [{}, {"securityContext": {}}]}}),
            None,
        );
        check(
            v1_0,
            &json!({"spec": {"containers": [{"securityContext": saying(true)}]}}),
            None,
        );
        check(
            v1_0,
            &json!({"spec": {"securityContext": saying(false), "containers": [{"securityContext": saying(true)}]}}),
            Some((
                "runAsNonRoot != true",
                "pod must not set securityContext.runAsNonRoot=false",
                &["spec.securityContext.runAsNonRoot is forbidden, forbidden values found: false"],
            )),
        );
    }

    #[test]
    fn forbids_and_requires() {
        check(
            v1_0,
            &json!({"spec": {"containers": [
                {"name": "a", "securityContext": {"runAsNonRoot": false}},
                {"name": "b"},
                {"name": "c", "securityContext": {}},
            ]}}),
            Some((
                "runAsNonRoot != true",
                "container \"a\" must not set securityContext.runAsNonRoot=false\npod or containers \"b\", \"c\" must set securityContext.runAsNonRoot=true",
                &[
                    "spec.containers[0].securityContext.runAsNonRoot is forbidden, forbidden values found: false",
                    "spec.containers[1].securityContext.runAsNonRoot: Required value",
                    "spec.containers[2].securityContext.runAsNonRoot: Required value",
                ],
            )),
        );
    }

    #[test]
    fn relaxes_user_namespaces_later() {
        let pod = json!({"spec": {"hostUsers": false, "containers": [{"name": "a"}]}});
        let detail = r#"pod or container "a" must set securityContext.runAsNonRoot=true"#;
        let errors = ["spec.containers[0].securityContext.runAsNonRoot: Required value"];
        check(v1_0, &pod, Some(("runAsNonRoot != true", detail, &errors)));
        check(v1_35, &pod, None);
    }
}
