//! AppArmor (baseline, v1.0): a pod must not switch off the node's AppArmor profile.
//!
//! Restricted fields: `appArmorProfile.type` of the pod's and of every container's
//! `securityContext`. Allowed values: undefined, `RuntimeDefault`, `Localhost`.
//! Restricted annotations: `container.apparmor.security.beta.kubernetes.io/*`.
//! Allowed values: undefined, empty, `runtime/default`, `localhost/*`.

use std::collections::BTreeSet;

use crate::pod_security::{
    check::{Check, Forbidden, Revision},
    field_error::FieldError,
    level::Level,
    offenders::{Offenders, Setters, plural, quoted},
    pod::Pod,
};

const ANNOTATIONS: &str = "container.apparmor.security.beta.kubernetes.io/";

/// The control.
pub const CHECK: Check = Check {
    id: "appArmorProfile",
    level: Level::Baseline,
    revisions: &[Revision::since(0, v1_0)],
};

fn v1_0(pod: &Pod<'_>) -> Option<Forbidden> {
    let mut types = BTreeSet::new();
    let mut on_pod = Vec::new();
    if let Some(profile) = pod
        .security
        .app_armor_profile
        .filter(|profile| !is_allowed(profile))
    {
        types.insert(profile);
        on_pod.push(FieldError::forbidden(
            "spec.securityContext.appArmorProfile.type",
            profile,
        ));
    }
    let mut containers = Offenders::default();
    for container in &pod.containers {
        let profile = container
            .security
            .and_then(|security| security.app_armor_profile);
        if let Some(profile) = profile.filter(|profile| !is_allowed(profile)) {
            types.insert(profile);
            let error = container.forbidden("securityContext.appArmorProfile.type", profile);
            containers.add(container.name, error);
        }
    }
    let mut setters = Setters::new(on_pod, containers);
    let annotations: Vec<_> = pod.annotations().filter(is_forbidden_annotation).collect();
    let errors = annotations
        .iter()
        .map(|(key, value)| FieldError::forbidden(format!("metadata.annotations[{key}]"), *value));
    setters.add(
        plural(annotations.len(), "annotation", "annotations"),
        errors.collect(),
    );
    forbidden(setters, types, &annotations)
}

fn is_allowed(profile: &str) -> bool {
    matches!(profile, "RuntimeDefault" | "Localhost")
}

fn is_forbidden_annotation((key, value): &(&str, &str)) -> bool {
    let allowed =
        value.is_empty() || *value == "runtime/default" || value.starts_with("localhost/");
    key.starts_with(ANNOTATIONS) && !allowed
}

fn forbidden(
    setters: Setters,
    types: BTreeSet<&str>,
    annotations: &[(&str, &str)],
) -> Option<Forbidden> {
    if setters.is_empty() {
        return None;
    }
    let mut assignments: Vec<_> = annotations
        .iter()
        .map(|(key, value)| format!("{key}={value:?}"))
        .collect();
    assignments.sort_unstable();
    let values: Vec<_> = types
        .into_iter()
        .chain(assignments.iter().map(String::as_str))
        .collect();
    Some(Forbidden {
        reason: plural(
            values.len(),
            "forbidden AppArmor profile",
            "forbidden AppArmor profiles",
        ),
        detail: format!(
            "{} must not set AppArmor profile type to {}",
            setters.joined(),
            quoted(values)
        ),
        errors: setters.errors,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod_security::controls::case::check;

    #[test]
    fn allows_profiles_of_the_node() {
        let profile = |name| json!({"appArmorProfile": {"type": name}});
        let annotations = json!({
            "container.apparmor.security.beta.kubernetes.io/a": "runtime/default",
            "container.apparmor.security.beta.kubernetes.io/b": "localhost/mine",
            "container.apparmor.security.beta.kubernetes.io/c": "",
            "example.com/apparmor": "unconfined",
        });
        check(
            v1_0,
            &json!({
                "metadata": {"annotations": annotations},
                "spec": {
                    "securityContext": profile("RuntimeDefault"),
                    "containers": [{"securityContext": profile("Localhost")}],
                },
            }),
            None,
        );
    }

    #[test]
    fn forbids_fields() {
        let unconfined = json!({"appArmorProfile": {"type": "Unconfined"}});
        check(
            v1_0,
            &json!({"spec": {
                "securityContext": unconfined,
                "containers": [{"name": "a", "securityContext": unconfined}, {"name": "b", "securityContext": {"appArmorProfile": {}}}],
            }}),
            Some((
                "forbidden AppArmor profiles",
                r#"pod and containers "a", "b" must not set AppArmor profile type to "", "Unconfined""#,
                &[
                    "spec.securityContext.appArmorProfile.type is forbidden, forbidden values found: Unconfined",
                    "spec.containers[0].securityContext.appArmorProfile.type is forbidden, forbidden values found: Unconfined",
                    "spec.containers[1].securityContext.appArmorProfile.type: Forbidden",
                ],
            )),
        );
    }

    #[test]
    fn forbids_annotations() {
        let key = "container.apparmor.security.beta.kubernetes.io/a";
        check(
            v1_0,
            &json!({"metadata": {"annotations": {key: "unconfined"}}}),
            Some((
                "forbidden AppArmor profile",
                r#"annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/a="unconfined"""#,
                &[
                    "metadata.annotations[container.apparmor.security.beta.kubernetes.io/a] is forbidden, forbidden values found: unconfined",
                ],
            )),
        );
    }
}
