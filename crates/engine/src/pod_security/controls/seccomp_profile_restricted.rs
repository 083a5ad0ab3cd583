//! Seccomp (restricted, v1.19): a pod or each of its containers must set a seccomp profile. Windows
//! pods are exempt from v1.25 on.
//!
//! Restricted fields: `seccompProfile.type` of the pod's and of every container's
//! `securityContext`. Allowed values: `RuntimeDefault`, `Localhost`; a container may leave it out
//! where the pod sets it.

use std::collections::BTreeSet;

use super::seccomp_profile_baseline::{FIELD, explicit, is_allowed};
use crate::pod_security::{
    check::{Check, Forbidden, Revision},
    field_error::FieldError,
    level::Level,
    offenders::{Offenders, Setters},
    pod::Pod,
};

/// The control.
pub const CHECK: Check = Check {
    id: "seccompProfile_restricted",
    level: Level::Restricted,
    revisions: &[
        Revision::since(19, v1_19).overriding(&["seccompProfile_baseline"]),
        Revision::since(25, v1_25).overriding(&["seccompProfile_baseline"]),
    ],
};

fn v1_19(pod: &Pod<'_>) -> Option<Forbidden> {
    let mut types = BTreeSet::new();
    let mut on_pod = Vec::new();
    let of_pod = pod.security.seccomp_profile;
    if let Some(profile) = of_pod.filter(|profile| !is_allowed(profile)) {
        types.insert(profile);
        on_pod.push(FieldError::forbidden(format!("spec.{FIELD}"), profile));
    }
    let mut bad = Offenders::default();
    let mut missing = Offenders::default();
    for container in &pod.containers {
        match container
            .security
            .and_then(|security| security.seccomp_profile)
        {
            Some(profile) if is_allowed(profile) => {}
            Some(profile) => {
                types.insert(profile);
                bad.add(container.name, container.forbidden(FIELD, profile));
            }
            None if of_pod.is_some_and(is_allowed) => {}
            None => missing.add(container.name, container.required(FIELD)),
        }
    }
    explicit(Setters::new(on_pod, bad), types).or_else(|| implicit(missing))
}

fn v1_25(pod: &Pod<'_>) -> Option<Forbidden> {
    if pod.is_windows() { None } else { v1_19(pod) }
}

fn implicit(missing: Offenders<'_>) -> Option<Forbidden> {
    if missing.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "seccompProfile",
        detail: format!(
            r#"pod or {} must set {FIELD} to "RuntimeDefault" or "Localhost""#,
            missing.containers()
        ),
        errors: missing.errors,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod_security::controls::case::check;

    #[test]
    fn takes_the_pods_profile() {
        let profile = |name| json!({"seccompProfile": {"type": name}});
        check(
            v1_19,
            &json!({"spec": {"securityContext": profile("RuntimeDefault"), "containers": [{}]}}),
            None,
        );
        check(
            v1_19,
            &json!({"spec": {"containers": [{"securityContext": profile("Localhost")}]}}),
            None,
        );
        check(
            v1_19,
            &json!({"spec": {"containers": [{"name": "a"}, {"name": "b", "securityContext": {}}]}}),
            Some((
                "seccompProfile",
                r#"pod or containers "a", "b" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost""#,
                &[
                    "spec.containers[0].securityContext.seccompProfile.type: Required value",
                    "spec.containers[1].securityContext.seccompProfile.type: Required value",
                ],
            )),
        );
    }

    #[test]
    fn names_bad_profiles_before_missing_ones() {
        let unconfined = json!({"seccompProfile": {"type": "Unconfined"}});
        check(
            v1_19,
            &json!({"spec": {"securityContext": unconfined, "containers": [{"name": "a"}, {"name": "b", "securityContext": unconfined}]}}),
            Some((
                "seccompProfile",
                r#"pod and container "b" must not set securityContext.seccompProfile.type to "Unconfined""#,
                &[
                    "spec.securityContext.seccompProfile.type is forbidden, forbidden values found: Unconfined",
                    "spec.containers[1].securityContext.seccompProfile.type is forbidden, forbidden values found: Unconfined",
                ],
            )),
        );
    }

    #[test]
    fn exempts_windows_later() {
        let windows = json!({"spec": {"os": {"name": "windows"}, "containers": [{"name": "a"}]}});
        let detail = r#"pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost""#;
        let errors = ["spec.containers[0].securityContext.seccompProfile.type: Required value"];
        check(v1_19, &windows, Some(("seccompProfile", detail, &errors)));
        check(v1_25, &windows, None);
    }
}
