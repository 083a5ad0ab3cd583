//! Host Namespaces (baseline, v1.0): a pod must not share the node's network, processes or IPC.
//!
//! Restricted fields: `spec.hostNetwork`, `spec.hostPID`, `spec.hostIPC`.
//! Allowed values: undefined, `false`.

use crate::pod_security::{
    check::{Check, Forbidden, Revision},
    field_error::FieldError,
    level::Level,
    pod::Pod,
};

/// The control.
pub const CHECK: Check = Check {
    id: "hostNamespaces",
    level: Level::Baseline,
    revisions: &[Revision::since(0, v1_0)],
};

fn v1_0(pod: &Pod<'_>) -> Option<Forbidden> {
    let shared = [
        ("hostNetwork", pod.host_network),
        ("hostPID", pod.host_pid),
        ("hostIPC", pod.host_ipc),
    ];
    if !shared.iter().any(|(_, shared)| *shared) {
        return None;
    }
    let fields = || {
        shared
            .iter()
            .filter(|(_, shared)| *shared)
            .map(|(field, _)| field)
    };
    let details: Vec<_> = fields().map(|field| format!("{field}=true")).collect();
    Some(Forbidden {
        reason: "host namespaces",
        detail: details.join(", "),
        errors: fields()
            .map(|field| FieldError::forbidden(format!("spec.{field}"), true))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod_security::controls::case::check;

    #[test]
    fn forbids_the_hosts_namespaces() {
        check(v1_0, &json!({}), None);
        check(
            v1_0,
            &json!({"spec": {"hostNetwork": false, "hostPID": null}}),
            None,
        );
        check(
            v1_0,
            &json!({"spec": {"hostIPC": true, "hostNetwork": true, "hostPID": true}}),
            Some((
                "host namespaces",
                "hostNetwork=true, hostPID=true, hostIPC=true",
                &[
                    "spec.hostNetwork is forbidden, forbidden values found: true",
                    "spec.hostPID is forbidden, forbidden values found: true",
                    "spec.hostIPC is forbidden, forbidden values found: true",
                ],
            )),
        );
    }
}
