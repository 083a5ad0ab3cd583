//! Pods to try `podSecurity` on: such as restricted wants them, with a few settings changed.

use std::collections::BTreeSet;

use portcullis_engine::pod_security::Workload;
use serde_json::{Value, json};

use super::{dice::Dice, nodes::merge};

const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// What stands in the security context of a pod and of its containers.
fn shared() -> Vec<Value> {
    let mut found = vec![
        json!({"runAsNonRoot": true}),
        json!({"runAsNonRoot": false}),
        json!({"runAsNonRoot": null}),
        json!({"runAsUser": 0}),
        json!({"runAsUser": 1000}),
        json!({"seccompProfile": null}),
        json!({"windowsOptions": {"hostProcess": true}}),
        json!({"windowsOptions": {"hostProcess": false}}),
        json!({"seLinuxOptions": {"user": "u"}}),
        json!({"seLinuxOptions": {"role": "r"}}),
        json!({"seLinuxOptions": {}}),
    ];
    for profile in ["RuntimeDefault", "Localhost", "Unconfined", ""] {
        found.push(json!({"seccompProfile": {"type": profile}}));
        found.push(json!({"appArmorProfile": {"type": profile}}));
    }
    found.extend([
        json!({"seccompProfile": {}}),
        json!({"appArmorProfile": {}}),
    ]);
    for one in [
        "",
        "container_t",
        "container_init_t",
        "container_kvm_t",
        "container_engine_t",
        "spc_t",
    ] {
        found.push(json!({"seLinuxOptions": {"type": one}}));
    }
    found
}

/// What a container alone has.
fn of_container() -> Vec<Value> {
    let mut found = vec![
        json!({"securityContext": null}),
        json!({"securityContext": {"allowPrivilegeEscalation": true}}),
        json!({"securityContext": {"allowPrivilegeEscalation": null}}),
        json!({"securityContext": {"privileged": true}}),
        json!({"securityContext": {"privileged": false}}),
        json!({"securityContext": {"procMount": "Default"}}),
        json!({"securityContext": {"procMount": "Unmasked"}}),
        json!({"securityContext": {"capabilities": null}}),
        json!({"securityContext": {"capabilities": {"drop": ["KILL", "ALL"]}}}),
        json!({"securityContext": {"capabilities": {"drop": ["KILL"]}}}),
        json!({"securityContext": {"capabilities": {"drop": []}}}),
        json!({"ports": [{"containerPort": 80}, {"hostPort": 80}]}),
        json!({"ports": [{"hostPort": 0}]}),
        json!({"ports": []}),
    ];
    for added in ["NET_BIND_SERVICE", "CHOWN", "SYS_ADMIN", "ALL"] {
        found.push(json!({"securityContext": {"capabilities": {"add": [added]}}}));
    }
    for host in ["", "10.0.0.1"] {
        for action in ["httpGet", "tcpSocket"] {
            let handler = json!({action: {"host": host, "port": 80}});
            for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
                found.push(json!({probe: handler}));
            }
            for hook in ["postStart", "preStop"] {
                found.push(json!({"lifecycle": {hook: handler}}));
            }
        }
    }
    found
}

/// What a pod alone has.
fn of_pod() -> Vec<Value> {
    let mut found = vec![json!({"spec": {"securityContext": null}})];
    for flag in ["hostNetwork", "hostPID", "hostIPC", "hostUsers"] {
        found.extend([true, false].map(|set| json!({"spec": {flag: set}})));
    }
    for system in ["linux", "windows"] {
        found.push(json!({"spec": {"os": {"name": system}}}));
    }
    for sysctl in [
        "kernel.shm_rmid_forced",
        "net.ipv4.tcp_rmem",
        "kernel.msgmax",
    ] {
        found.push(json!({"spec": {"securityContext": {"sysctls": [{"name": sysctl}]}}}));
    }
    for source in ["emptyDir", "hostPath", "configMap", "nfs", "image", "else"] {
        found.push(json!({"spec": {"volumes": [{"name": "v", source: {}}]}}));
    }
    found.push(json!({"spec": {"volumes": [{"name": "v"}, {}]}}));
    for profile in [
        "",
        "runtime/default",
        "docker/default",
        "localhost/a",
        "unconfined",
    ] {
        for key in [
            "seccomp.security.alpha.kubernetes.io/pod",
            "container.seccomp.security.alpha.kubernetes.io/c0",
            "container.apparmor.security.beta.kubernetes.io/c0",
        ] {
            found.push(json!({"metadata": {"annotations": {key: profile}}}));
        }
    }
    found
}

/// Settings of pods, and images of the rule.
pub(super) struct Pods {
    of_pod: Vec<Value>,
    of_container: Vec<Value>,
    images: Vec<String>,
}

impl Pods {
    /// Pods whose containers have these images and others.
    pub(super) fn new(images: impl Iterator<Item = String>) -> Pods {
        let in_context = |setting: Value| json!({"securityContext": setting});
        let mut containers = of_container();
        containers.extend(shared().into_iter().map(in_context));
        let mut pods = of_pod();
        pods.extend(
            shared()
                .into_iter()
                .map(|setting| json!({"spec": in_context(setting)})),
        );
        Pods {
            of_pod: pods,
            of_container: containers,
            images: images.chain(["other".to_owned()]).collect(),
        }
    }

    /// A pod: `metadata` and `spec`.
    pub(super) fn make(&self, dice: &mut Dice) -> Value {
        // What the pod sets its containers need not set; now and then nobody does.
        let contexts = [
            json!({"runAsNonRoot": true}),
            json!({"seccompProfile": {"type": "RuntimeDefault"}}),
        ];
        let in_pod = dice.below(2) == 0;
        let mut pod = json!({"metadata": {"name": "example"}, "spec": {}});
        for context in contexts.iter().filter(|_| in_pod) {
            merge(&mut pod, json!({"spec": {"securityContext": context}}));
        }
        let mut containers: Vec<(usize, Value)> = (0..=dice.below(3))
            .map(|number| {
                let mut container = json!({
                    "name": format!("c{number}"),
                    "image": dice.pick(&self.images),
                    "securityContext": {
                        "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
                    },
                });
                for context in &contexts {
                    if !in_pod && dice.below(8) > 0 {
                        merge(&mut container, json!({"securityContext": context}));
                    }
                }
                (dice.below(4) % LISTS.len(), container)
            })
            .collect();
        for _ in 0..dice.below(4) {
            match (dice.below(2), dice.below(containers.len())) {
                (0, _) => merge(
                    &mut pod,
                    dice.pick(&self.of_pod).cloned().unwrap_or_default(),
                ),
                (_, number) => {
                    let setting = dice.pick(&self.of_container).cloned().unwrap_or_default();
                    if let Some((_, container)) = containers.get_mut(number) {
                        merge(container, setting);
                    }
                }
            }
        }
        for (index, list) in LISTS.iter().enumerate() {
            let of_list = containers.iter().filter(|(of, _)| *of == index);
            let of_list: Vec<&Value> = of_list.map(|(_, container)| container).collect();
            if !of_list.is_empty() {
                merge(&mut pod, json!({"spec": {*list: of_list}}));
            }
        }
        pod
    }
}

/// The object as the API server hands it on, without nulls; false where it would refuse the pod.
pub(super) fn decode(object: &mut Value) -> bool {
    without_nulls(object);
    let kind = object
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let Some(workload) = Workload::of_kind(kind) else {
        return true;
    };
    workload.pod(object).is_ok_and(|pod| {
        let mut names = BTreeSet::new();
        pod.containers
            .iter()
            .all(|container| names.insert(container.name))
    })
}

fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, below| !below.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => {
            items.retain(|item| !item.is_null());
            items.iter_mut().for_each(without_nulls);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use portcullis_api::cluster_policy::Policy;
    use portcullis_engine::translate::validating;

    use super::*;
    use crate::{
        migration::{inputs::Inputs, proof::Proof},
        offline::{requests::Surroundings, source::World},
        suite::inputs::catalogue,
    };

    fn check(level: &str, version: &str, exclude: &Value) {
        check_with(&[], level, version, exclude);
    }

    /// Whether a rule and its translation decide alike on these pods and others, of which some are
    /// refused.
    fn check_with(objects: &[Value], level: &str, version: &str, exclude: &Value) {
        let rule = json!({"level": level, "version": version, "exclude": exclude});
        let policy: Policy = serde_json::from_value(json!({
            "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "pods"},
            "spec": {"rules": [{
                "name": "pods",
                "match": {"any": [{"resources": {"kinds": ["Pod", "CronJob", "Deployment"]}}]},
                "validate": {"podSecurity": rule},
            }]},
        }))
        .unwrap();
        let world = World {
            catalogue: catalogue(),
            ..World::default()
        };
        let surroundings = Surroundings::default();
        let found = validating::rules(&policy, &world.catalogue);
        let one = found.first().unwrap();
        let translated = one
            .policy
            .as_ref()
            .unwrap_or_else(|why| panic!("{rule}: {why:?}"));
        let proof = Proof::new(&one.alone, translated, &world, &surroundings).unwrap();
        let written = serde_json::to_value(&policy.spec).unwrap();
        let inputs = Inputs::new(translated, &written, Vec::new(), objects, &world.catalogue);
        let mut dice = Dice::new(1);
        let (mut asked, mut refused) = (0, 0);
        for number in 0..400 {
            let Some(object) = inputs.make(number, &mut dice) else {
                continue;
            };
            asked += 1;
            match proof.ask(&object, number) {
                Ok(refuses) => refused += usize::from(refuses),
                Err(difference) => panic!("{rule}: {difference:?}"),
            }
        }
        let both = asked > 300 && refused > 60 && refused < asked - 60;
        assert!(both, "{rule}: {refused} of {asked} refused");
    }

    #[test]
    fn every_version_is_translated() {
        for level in ["baseline", "restricted"] {
            for minor in [0, 8, 19, 22, 23, 25, 27, 29, 31, 32, 34, 35, 37] {
                check(level, &format!("v1.{minor}"), &json!([]));
            }
        }
    }

    #[test]
    fn exclusions_are_translated() {
        for control in [
            "HostPath Volumes",
            "Sysctls",
            "Volume Types",
            "AppArmor",
            "HostProcess",
            "SELinux",
        ] {
            check("restricted", "latest", &json!([{"controlName": control}]));
        }
        for control in [
            "Capabilities",
            "Host Ports",
            "/proc Mount Type",
            "SELinux",
            "Seccomp",
            "Running as Non-root",
        ] {
            for image in ["shop/*", "*"] {
                check(
                    "restricted",
                    "latest",
                    &json!([{"controlName": control, "images": [image]}]),
                );
            }
        }
        check(
            "restricted",
            "v1.34",
            &json!([{"controlName": "Seccomp"}, {"controlName": "Seccomp", "images": ["*"]}]),
        );
        check("baseline", "v1.31", &json!([{"controlName": "Seccomp"}]));
        // What an excluded container does wrong hides what the other leaves out.
        let container = |name: &str, image: &str, profile: Value| {
            json!({"name": name, "image": image, "securityContext": {
                "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
                "seccompProfile": profile,
            }})
        };
        let hidden = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "hidden", "namespace": "default"},
            "spec": {"securityContext": {"runAsNonRoot": true}, "containers": [
                container("a", "shop/a", json!({"type": "Unconfined"})),
                container("b", "other", Value::Null),
            ]},
        });
        let exclude = json!([{"controlName": "Seccomp", "images": ["shop/*"]}]);
        check_with(&[hidden], "restricted", "latest", &exclude);
    }
}
