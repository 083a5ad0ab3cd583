//! HostPath Volumes (baseline, v1.0): a pod must not mount files of the node.
//!
//! Restricted field: `spec.volumes[*].hostPath`. Allowed value: undefined.

use crate::pod_security::{
    check::{Check, Forbidden, Revision},
    field_error::FieldError,
    level::Level,
    offenders::Offenders,
    pod::Pod,
};

/// The control.
pub const CHECK: Check = Check {
    id: "hostPathVolumes",
    level: Level::Baseline,
    revisions: &[Revision::since(0, v1_0)],
};

fn v1_0(pod: &Pod<'_>) -> Option<Forbidden> {
    let mut offenders = Offenders::default();
    for volume in pod.volumes() {
        if let Some(path) = volume.host_path() {
            let field = format!("spec.volumes[{}].hostPath", volume.index);
            offenders.add(volume.name, FieldError::forbidden(field, path));
        }
    }
    if offenders.is_empty() {
        return None;
    }
    Some(Forbidden {
        reason: "hostPath volumes",
        detail: format!(
            "{} {}",
            offenders.plural("volume", "volumes"),
            offenders.quoted()
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
    fn forbids_host_paths() {
        check(
            v1_0,
            &json!({"spec": {"volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "hostPath": null}]}}),
            None,
        );
        check(
            v1_0,
            &json!({"spec": {"volumes": [{"name": "a", "hostPath": {"path": "/etc"}}]}}),
            Some((
                "hostPath volumes",
                r#"volume "a""#,
                &["spec.volumes[0].hostPath is forbidden, forbidden values found: /etc"],
            )),
        );
        check(
            v1_0,
            &json!({"spec": {"volumes": [{"name": "a", "hostPath": {}}, {}, {"name": "c", "hostPath": {"path": "/"}}]}}),
            Some((
                "hostPath volumes",
                r#"volumes "a", "c""#,
                &[
                    "spec.volumes[0].hostPath: Forbidden",
                    "spec.volumes[2].hostPath is forbidden, forbidden values found: /",
                ],
            )),
        );
    }
}
