//! Host Probes / Lifecycle Hooks (baseline, v1.34): a probe or a lifecycle handler must not make
//! the kubelet call another host.
//!
//! Restricted fields: `host` of `httpGet` and `tcpSocket` in `livenessProbe`, `readinessProbe`,
//! `startupProbe`, `lifecycle.postStart` and `lifecycle.preStop` of every container.
//! Allowed values: undefined, empty.
//!
//! Kyverno names no fields for this control, so there are none here.

use std::collections::BTreeSet;

use crate::pod_security::{
    check::{Check, Forbidden, Revision},
    level::Level,
    offenders::{plural, quoted},
    pod::Pod,
};

/// The control.
pub const CHECK: Check = Check {
    id: "hostProbesAndHostLifecycle",
    level: Level::Baseline,
    revisions: &[Revision::since(34, v1_34)],
};

fn v1_34(pod: &Pod<'_>) -> Option<Forbidden> {
    let mut containers = BTreeSet::new();
    let mut hosts = BTreeSet::new();
    for container in &pod.containers {
        for host in container.handler_hosts() {
            containers.insert(container.name);
            hosts.insert(host);
        }
    }
    if containers.is_empty() {
        return None;
    }
    let (container_count, host_count) = (containers.len(), hosts.len());
    Some(Forbidden {
        reason: "probe or lifecycle host",
        detail: format!(
            "{} {} {} {} {}",
            plural(container_count, "container", "containers"),
            quoted(containers),
            plural(container_count, "uses", "use"),
            plural(
                host_count,
                "probe or lifecycle host",
                "probe or lifecycle hosts"
            ),
            quoted(hosts)
        ),
        errors: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pod_security::controls::case::check;

    #[test]
    fn forbids_hosts() {
        let local = json!({"httpGet": {"port": 80, "host": ""}, "tcpSocket": {"port": 80}});
        check(
            v1_34,
            &json!({"spec": {"containers": [{"livenessProbe": local, "lifecycle": {"preStop": local}}]}}),
            None,
        );
        for handler in ["httpGet", "tcpSocket"] {
            let remote = json!({handler: {"host": "10.0.0.1"}});
            for container in [
                json!({"name": "a", "livenessProbe": remote}),
                json!({"name": "a", "readinessProbe": remote}),
                json!({"name": "a", "startupProbe": remote}),
                json!({"name": "a", "lifecycle": {"postStart": remote}}),
                json!({"name": "a", "lifecycle": {"preStop": remote}}),
            ] {
                let detail = r#"container "a" uses probe or lifecycle host "10.0.0.1""#;
                let expected = Some(("probe or lifecycle host", detail, &[][..]));
                check(
                    v1_34,
                    &json!({"spec": {"initContainers": [container]}}),
                    expected,
                );
            }
        }
    }

    #[test]
    fn names_each_container_and_host_once() {
        let probe = |host| json!({"httpGet": {"host": host}});
        check(
            v1_34,
            &json!({"spec": {
                "containers": [{"name": "b", "livenessProbe": probe("y"), "startupProbe": probe("x")}],
                "initContainers": [{"name": "a", "readinessProbe": probe("x")}],
            }}),
            Some((
                "probe or lifecycle host",
                r#"containers "a", "b" use probe or lifecycle hosts "x", "y""#,
                &[],
            )),
        );
    }
}
