//! Privilege Escalation (restricted, v1.8): a process must not gain privileges that its parent does
//! not have. Windows pods are exempt from v1.25 on.
//!
//! Restricted fields: `spec.{containers,initContainers,ephemeralContainers}[*].securityContext.allowPrivilegeEscalation`.
//! Allowed value: `false`.

use crate::pod_security::{
    check::{Check, Forbidden, Revision},
    level::Level,
    offenders::Offenders,
    pod::Pod,
};

const FIELD: &str = "securityContext.allowPrivilegeEscalation";

/// The control.
pub const CHECK: Check = Check {
    id: "allowPrivilegeEscalation",
    level: Level::Restricted,
    revisions: &[Revision::since(8, v1_8), Revision::since(25, v1_25)],
};

fn v1_8(pod: &Pod<'_>) -> Option<Forbidden> {
    let mut offenders = Offenders::default();
    for container in &pod.containers {
        let error = match container
            .security
            .map(|security| security.allow_privilege_escalation)
        {
            Some(Some(false)) => continue,
            Some(Some(true)) => container.forbidden(FIELD, true),
            Some(None) => container.forbidden(FIELD, "nil"),
            None => container.required(FIELD),
        };
        offenders.add(container.name, error);
    }
    if offenders.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "allowPrivilegeEscalation != false",
        detail: format!("{} must set {FIELD}=false", offenders.containers()),
        errors: offenders.errors,
    })
}

fn v1_25(pod: &Pod<'_>) -> Option<Forbidden> {
    if pod.is_windows() { None } else { v1_8(pod) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod_security::controls::case::check;

    #[test]
    fn requires_false() {
        check(
            v1_8,
            &json!({"spec": {"containers": [{"securityContext": {"allowPrivilegeEscalation": false}}]}}),
            None,
        );
        check(
            v1_8,
            &json!({"spec": {"containers": [
                {"name": "a"},
                {"name": "b", "securityContext": {}},
                {"name": "c", "securityContext": {"allowPrivilegeEscalation": true}},
            ]}}),
            Some((
                "allowPrivilegeEscalation != false",
                r#"containers "a", "b", "c" must set securityContext.allowPrivilegeEscalation=false"#,
                &[
                    "spec.containers[0].securityContext.allowPrivilegeEscalation: Required value",
                    "spec.containers[1].securityContext.allowPrivilegeEscalation is forbidden, forbidden values found: nil",
                    "spec.containers[2].securityContext.allowPrivilegeEscalation is forbidden, forbidden values found: true",
                ],
            )),
        );
    }

    #[test]
    fn exempts_windows_later() {
        let windows = json!({"spec": {"os": {"name": "windows"}, "containers": [{"name": "a"}]}});
        let errors =
            ["spec.containers[0].securityContext.allowPrivilegeEscalation: Required value"];
        let detail = r#"container "a" must set securityContext.allowPrivilegeEscalation=false"#;
        check(
            v1_8,
            &windows,
            Some(("allowPrivilegeEscalation != false", detail, &errors)),
        );
        check(v1_25, &windows, None);
    }
}
