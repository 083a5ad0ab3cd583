//! Host Ports (baseline, v1.0): a container must not listen on the node's ports.
//!
//! Restricted fields: `spec.{containers,initContainers,ephemeralContainers}[*].ports[*].hostPort`.
//! Allowed values: undefined, `0`.

use std::collections::BTreeSet;

use crate::pod_security::{
    check::{Check, Forbidden, Revision},
    level::Level,
    offenders::{Offenders, plural},
    pod::Pod,
};

/// The control.
pub const CHECK: Check = Check {
    id: "hostPorts",
    level: Level::Baseline,
    revisions: &[Revision::since(0, v1_0)],
};

fn v1_0(pod: &Pod<'_>) -> Option<Forbidden> {
    let mut offenders = Offenders::default();
    for container in &pod.containers {
        let errors = container
            .host_ports()
            .map(|(index, port)| container.forbidden(&format!("ports[{index}].hostPort"), port));
        offenders.add_all(container, errors);
    }
    if offenders.is_empty() {
        return None;
    }
    let ports = pod
        .containers
        .iter()
        .flat_map(|container| container.host_ports());
    let ports: BTreeSet<_> = ports.map(|(_, port)| port.to_string()).collect();
    Some(Forbidden {
        reason: "hostPort",
        detail: format!(
            "{} {} {} {}",
            offenders.containers(),
            offenders.plural("uses", "use"),
            plural(ports.len(), "hostPort", "hostPorts"),
            ports.into_iter().collect::<Vec<_>>().join(", ")
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
    fn forbids_host_ports() {
        check(
            v1_0,
            &json!({"spec": {"containers": [{"ports": [{"containerPort": 80}, {"hostPort": 0}]}]}}),
            None,
        );
        check(
            v1_0,
            &json!({"spec": {"containers": [{"name": "a", "ports": [{"hostPort": 80}]}]}}),
            Some((
                "hostPort",
                r#"container "a" uses hostPort 80"#,
                &["spec.containers[0].ports[0].hostPort is forbidden, forbidden values found: 80"],
            )),
        );
        check(
            v1_0,
            &json!({"spec": {
                "initContainers": [{"name": "a", "ports": [{}, {"hostPort": 9}, {"hostPort": 10}]}],
                "containers": [{"name": "b", "ports": [{"hostPort": 9}]}],
            }}),
            Some((
                "hostPort",
                r#"containers "a", "b" use hostPorts 10, 9"#,
                &[
                    "spec.initContainers[0].ports[1].hostPort is forbidden, forbidden values found: 9",
                    "spec.initContainers[0].ports[2].hostPort is forbidden, forbidden values found: 10",
                    "spec.containers[0].ports[0].hostPort is forbidden, forbidden values found: 9",
                ],
            )),
        );
    }
}
