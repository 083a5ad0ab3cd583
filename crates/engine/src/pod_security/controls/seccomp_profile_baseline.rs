//! Seccomp (baseline, v1.0): a pod must not switch off its seccomp profile. Before v1.19 profiles
//! were annotations.
//!
//! v1.0 to v1.18, restricted annotations: `seccomp.security.alpha.kubernetes.io/pod` and
//! `container.seccomp.security.alpha.kubernetes.io/<container>`.
//! Allowed values: undefined, `runtime/default`, `docker/default`, `localhost/*`.
//!
//! From v1.19 on, restricted fields: `seccompProfile.type` of the pod's and of every container's
//! `securityContext`. Allowed values: undefined, `RuntimeDefault`, `Localhost`.

use std::collections::BTreeSet;

use crate::pod_security::{
    check::{Check, Forbidden, Revision},
    field_error::FieldError,
    level::Level,
    offenders::{Offenders, Setters, plural, quoted},
    pod::Pod,
};

const POD_ANNOTATION: &str = "seccomp.security.alpha.kubernetes.io/pod";
const CONTAINER_ANNOTATION: &str = "container.seccomp.security.alpha.kubernetes.io/";
pub(super) const FIELD: &str = "securityContext.seccompProfile.type";

/// The control.
pub const CHECK: Check = Check {
    id: "seccompProfile_baseline",
    level: Level::Baseline,
    revisions: &[Revision::since(0, v1_0), Revision::since(19, v1_19)],
};

fn v1_0(pod: &Pod<'_>) -> Option<Forbidden> {
    pod.annotations?;
    let mut assignments = BTreeSet::new();
    let mut errors = Vec::new();
    let mut look = |key: &str| {
        if let Some(value) = pod
            .annotation(key)
            .filter(|value| !is_allowed_annotation(value))
        {
            assignments.insert(format!("{key}={value:?}"));
            errors.push(FieldError::forbidden(
                format!("metadata.annotations[{key}]"),
                value,
            ));
        }
    };
    look(POD_ANNOTATION);
    for container in &pod.containers {
        look(&format!("{CONTAINER_ANNOTATION}{}", container.name));
    }
    if errors.is_empty() {
        return None;
    }
    let noun = plural(assignments.len(), "annotation", "annotations");
    let assignments: Vec<_> = assignments.into_iter().collect();
    let detail = format!("forbidden {noun} {}", assignments.join(", "));
    Some(Forbidden {
        reason: "seccompProfile",
        detail,
        errors,
    })
}

fn v1_19(pod: &Pod<'_>) -> Option<Forbidden> {
    let mut types = BTreeSet::new();
    let mut on_pod = Vec::new();
    if let Some(profile) = pod
        .security
        .seccomp_profile
        .filter(|profile| !is_allowed(profile))
    {
        types.insert(profile);
        on_pod.push(FieldError::forbidden(format!("spec.{FIELD}"), profile));
    }
    let mut containers = Offenders::default();
    for container in &pod.containers {
        let profile = container
            .security
            .and_then(|security| security.seccomp_profile);
        if let Some(profile) = profile.filter(|profile| !is_allowed(profile)) {
            types.insert(profile);
            containers.add(container.name, container.forbidden(FIELD, profile));
        }
    }
    explicit(Setters::new(on_pod, containers), types)
}

/// The result where the pod or a container sets a profile that it must not set.
pub(super) fn explicit(setters: Setters, types: BTreeSet<&str>) -> Option<Forbidden> {
    if setters.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "seccompProfile",
        detail: format!(
            "{} must not set {FIELD} to {}",
            setters.joined(),
            quoted(types)
        ),
        errors: setters.errors,
    })
}

pub(super) fn is_allowed(profile: &str) -> bool {
    matches!(profile, "RuntimeDefault" | "Localhost")
}

fn is_allowed_annotation(profile: &str) -> bool {
    matches!(profile, "runtime/default" | "docker/default") || profile.starts_with("localhost/")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod_security::controls::case::check;

    #[test]
    fn reads_annotations_first() {
        let pod = |of_pod: &str, of_a: &str, of_b: &str| {
            let annotations = json!({
                "seccomp.security.alpha.kubernetes.io/pod": of_pod,
                "container.seccomp.security.alpha.kubernetes.io/a": of_a,
                "container.seccomp.security.alpha.kubernetes.io/b": of_b,
            });
            let spec = json!({"containers": [{"name": "b"}], "initContainers": [{"name": "a"}]});
            json!({"metadata": {"annotations": annotations}, "spec": spec})
        };
        check(
            v1_0,
            &json!({"spec": {"securityContext": {"seccompProfile": {"type": "Unconfined"}}}}),
            None,
        );
        check(
            v1_0,
            &pod("runtime/default", "docker/default", "localhost/x"),
            None,
        );
        check(
            v1_0,
            &pod("unconfined", "localhost/", "x"),
            Some((
                "seccompProfile",
                r#"forbidden annotations container.seccomp.security.alpha.kubernetes.io/b="x", seccomp.security.alpha.kubernetes.io/pod="unconfined""#,
                &[
                    "metadata.annotations[seccomp.security.alpha.kubernetes.io/pod] is forbidden, forbidden values found: unconfined",
                    "metadata.annotations[container.seccomp.security.alpha.kubernetes.io/b] is forbidden, forbidden values found: x",
                ],
            )),
        );
        check(v1_19, &pod("unconfined", "unconfined", "unconfined"), None);
    }

    #[test]
    fn reads_fields_later() {
        let profile = |name| json!({"seccompProfile": {"type": name}});
        check(
            v1_19,
            &json!({"spec": {"securityContext": profile("Localhost"), "containers": [{"securityContext": profile("RuntimeDefault")}, {}]}}),
            None,
        );
        check(
            v1_19,
            &json!({"spec": {"securityContext": profile("Unconfined"), "containers": [{"name": "a", "securityContext": {"seccompProfile": {}}}]}}),
            Some((
                "seccompProfile",
                r#"pod and container "a" must not set securityContext.seccompProfile.type to "", "Unconfined""#,
                &[
                    "spec.securityContext.seccompProfile.type is forbidden, forbidden values found: Unconfined",
                    "spec.containers[0].securityContext.seccompProfile.type: Forbidden",
                ],
            )),
        );
    }
}
