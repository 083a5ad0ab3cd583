//! Objects of a cluster, with values in odd forms.

use serde_json::{Value, json};

use crate::dice::Dice;

/// Scalars as manifests have them, and forms that are easily read differently.
pub(crate) fn scalar(dice: &Dice) -> Value {
    dice.of(&json!([
        0,
        1,
        2,
        3,
        5,
        10,
        443,
        8080,
        65536,
        -1,
        1.5,
        2.0,
        0.1,
        1e3,
        1e21,
        9_007_199_254_740_993_i64,
        true,
        false,
        null,
        "",
        "0",
        "1",
        "10",
        "1.0",
        "1.50",
        "-1",
        "+1",
        "1e3",
        "0x10",
        "010",
        "100m",
        "0.1",
        "1Gi",
        "1024Mi",
        "1G",
        "500Ki",
        "2k",
        "1h",
        "60m",
        "30s",
        "1h30m",
        "1d",
        "true",
        "false",
        "yes",
        "no",
        "on",
        "null",
        "~",
        "nginx",
        "nginx:1.25",
        "nginx:latest",
        "ghcr.io/shop/web:v1",
        "a",
        "b",
        "ab",
        "a-b",
        "a b",
        " a",
        "*",
        "a*",
        "?",
        "A",
        "prod",
        "dev",
        "1.2.3",
        "1.10.0",
        "v1.2.3",
        "1-5",
        "10!-20",
        ">5",
        "!a",
        "a|b",
        "a & b",
        "é",
        "2024-01-01",
        "2024-01-01T00:00:00Z",
        "[\"a\",\"b\"]",
        "{}"
    ]))
}

/// A text.
pub(crate) fn word(dice: &Dice) -> Value {
    dice.of(&json!([
        "a", "b", "ab", "prod", "dev", "team-a", "nginx", "web", "x1", "1.2.3", "10", "5"
    ]))
}

/// An image.
pub(crate) fn image(dice: &Dice) -> Value {
    dice.of(&json!([
        "nginx",
        "nginx:latest",
        "nginx:1.25",
        "docker.io/nginx:1.25",
        "ghcr.io/shop/web:v1",
        "ghcr.io/shop/web",
        "localhost:5000/a/b:c",
        "registry.k8s.io/pause:3.9",
        "quay.io/a/b@sha256:1111111111111111111111111111111111111111111111111111111111111111",
        "quay.io/a/b:v1@sha256:1111111111111111111111111111111111111111111111111111111111111111",
        "busybox:1.36-musl"
    ]))
}

fn labels(dice: &Dice) -> Value {
    let all = json!({"app": word(dice), "team": word(dice), "env": word(dice), "app.kubernetes.io/name": word(dice), "tier": word(dice)});
    dice.some(all, 45)
}

fn metadata(dice: &Dice, name: &str, namespace: Option<&str>) -> Value {
    let mut metadata = json!({"name": name});
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
    }
    if dice.percent(75) {
        metadata["labels"] = labels(dice);
    }
    if dice.percent(50) {
        metadata["annotations"] = labels(dice);
    }
    metadata
}

fn security_context(dice: &Dice) -> Value {
    let all = json!({
        "privileged": dice.percent(40),
        "allowPrivilegeEscalation": dice.percent(50),
        "runAsNonRoot": dice.percent(60),
        "readOnlyRootFilesystem": dice.percent(50),
        "runAsUser": dice.of(&json!([0, 1, 1000, 65536])),
        "capabilities": dice.of(&json!([{"drop": ["ALL"]}, {"add": ["NET_ADMIN"]}, {"add": ["CHOWN"], "drop": ["ALL"]}, {"drop": ["all"]}, {}])),
        "seccompProfile": {"type": dice.of(&json!(["RuntimeDefault", "Unconfined", "Localhost"]))},
        "procMount": dice.of(&json!(["Default", "Unmasked"])),
        "seLinuxOptions": dice.of(&json!([{"type": "spc_t"}, {"type": "container_t"}, {"user": "u"}, {}])),
    });
    dice.some(all, 35)
}

/// A container; its numbers and quantities are in several forms.
pub(crate) fn container(dice: &Dice, name: &str) -> Value {
    let quantity = |dice: &Dice| {
        dice.of(&json!([
            "100m", "0.1", "1", 1, 2, "500m", "1Gi", "1024Mi", "128Mi", "1G", "2Gi", "0"
        ]))
    };
    let all = json!({
        "resources": {
            "requests": {"cpu": quantity(dice), "memory": quantity(dice)},
            "limits": {"cpu": quantity(dice), "memory": quantity(dice)},
        },
        "ports": dice.many(0, 3, |dice| {
            let all = json!({"hostPort": dice.of(&json!([0, 80, 8080])), "name": word(dice), "protocol": "TCP"});
            let mut port = dice.some(all, 40);
            port["containerPort"] = dice.of(&json!([80, 443, 8080]));
            port
        }),
        "env": dice.many(0, 3, |dice| json!({"name": dice.of(&json!(["A", "B", "PASSWORD", "a"])), "value": word(dice)})),
        "securityContext": security_context(dice),
        "imagePullPolicy": dice.of(&json!(["Always", "IfNotPresent", "Never"])),
        "args": dice.many(0, 3, word),
        "volumeMounts": [{"name": "data", "mountPath": "/data", "readOnly": dice.percent(50)}],
    });
    let mut container = dice.some(all, 45);
    container["name"] = json!(name);
    container["image"] = image(dice);
    container
}

/// The `spec` of a pod.
pub(crate) fn pod_spec(dice: &Dice) -> Value {
    let all = json!({
        "hostNetwork": dice.percent(40),
        "hostPID": dice.percent(40),
        "serviceAccountName": word(dice),
        "terminationGracePeriodSeconds": dice.of(&json!([0, 30, 60])),
        "automountServiceAccountToken": dice.percent(50),
        "securityContext": dice.some(json!({
            "runAsNonRoot": dice.percent(60), "fsGroup": 1000, "seccompProfile": {"type": dice.of(&json!(["RuntimeDefault", "Unconfined"]))},
            "sysctls": [{"name": dice.of(&json!(["kernel.msgmax", "net.ipv4.tcp_syncookies"])), "value": "1"}],
        }), 50),
        "volumes": dice.many(0, 2, |dice| {
            let mut volume = dice.of(&json!([{"emptyDir": {}}, {"hostPath": {"path": "/var/run"}}, {"configMap": {"name": "a"}}, {"secret": {"secretName": "s"}}, {"nfs": {"server": "s", "path": "/"}}]));
            volume["name"] = dice.of(&json!(["data", "conf", "a"]));
            volume
        }),
        "initContainers": [container(dice, "init")],
        "tolerations": dice.many(0, 2, |dice| json!({"key": word(dice), "operator": "Exists", "effect": dice.of(&json!(["NoSchedule", "NoExecute"]))})),
        "nodeSelector": {"disk": word(dice)},
    });
    let mut spec = dice.some(all, 35);
    let containers: Vec<Value> = ["c0", "web", "c2"]
        .iter()
        .take(1 + dice.below(3))
        .map(|name| container(dice, name))
        .collect();
    spec["containers"] = json!(containers);
    spec
}

/// An object of one of several kinds.
pub(crate) fn object(dice: &Dice, name: &str, namespace: &str) -> Value {
    let template =
        |dice: &Dice| json!({"metadata": {"labels": labels(dice)}, "spec": pod_spec(dice)});
    match dice.below(10) {
        0..5 => json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata(dice, name, Some(namespace)), "spec": pod_spec(dice)}),
        5 | 6 => {
            let kind = dice.one(&["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"]);
            let mut spec = json!({"selector": {"matchLabels": {"app": "a"}}, "template": template(dice)});
            if kind != "DaemonSet" && dice.percent(70) {
                spec["replicas"] = dice.of(&json!([0, 1, 2, 3, 10]));
            }
            if kind == "StatefulSet" {
                spec["serviceName"] = json!("s");
            }
            json!({"apiVersion": "apps/v1", "kind": kind, "metadata": metadata(dice, name, Some(namespace)), "spec": spec})
        }
        7 => {
            let job = json!({"template": template(dice)});
            let cron = dice.percent(50);
            let spec = if cron { json!({"schedule": "* * * * *", "jobTemplate": {"spec": job}}) } else { job };
            json!({"apiVersion": "batch/v1", "kind": if cron { "CronJob" } else { "Job" }, "metadata": metadata(dice, name, Some(namespace)), "spec": spec})
        }
        8 => config_map(dice, name, namespace),
        _ => dice.one(&[
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata(dice, name, None)}),
            json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata(dice, name, Some(namespace)),
                "spec": {"type": dice.of(&json!(["ClusterIP", "NodePort", "LoadBalancer"])), "ports": [{"port": 80, "targetPort": scalar_port(dice)}]}}),
        ]),
    }
}

fn scalar_port(dice: &Dice) -> Value {
    dice.of(&json!([80, "http", 8080]))
}

/// A custom object, whose fields may be anything.
pub(crate) fn custom(dice: &Dice, name: &str, namespace: &str) -> Value {
    let mut metadata = metadata(dice, name, Some(namespace));
    if dice.percent(20) {
        metadata["annotations"] = json!({"a/b": word(dice), "odd.key": word(dice)});
    }
    json!({"apiVersion": "shop.example/v1", "kind": "Thing", "metadata": metadata, "spec": free(dice, 3)})
}

/// A tree of the keys `a` to `e`.
pub(crate) fn free(dice: &Dice, depth: usize) -> Value {
    let mut map = json!({});
    for key in ["a", "b", "c", "d", "e"] {
        if dice.percent(65) {
            map[key] = free_value(dice, depth);
        }
    }
    map
}

fn free_value(dice: &Dice, depth: usize) -> Value {
    match dice.below(10) {
        0 | 1 if depth > 0 => free(dice, depth - 1),
        2 | 3 if depth > 0 => json!(dice.many(0, 3, |dice| free(dice, depth - 1))),
        4 => json!(dice.many(0, 3, scalar)),
        5 if depth > 0 => json!(dice.many(0, 2, |dice| free_value(dice, depth - 1))),
        _ => scalar(dice),
    }
}

/// A ConfigMap.
pub(crate) fn config_map(dice: &Dice, name: &str, namespace: &str) -> Value {
    let all = json!({"a": word(dice), "b": word(dice), "list": "[\"a\", \"b\"]", "n": "5", "yaml": "x: 1\ny: [1, 2]"});
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(dice, name, Some(namespace)), "data": dice.some(all, 60)})
}

/// Several objects of Kubernetes' own kinds: some commands of Kyverno take no others.
pub(crate) fn known_objects(dice: &Dice, count: usize) -> Vec<Value> {
    let namespace = |dice: &Dice| dice.one(&["default", "prod", "team-a"]);
    let made = (0..count).map(|index| object(dice, &format!("o{index}"), namespace(dice)));
    made.collect()
}

/// Several objects of all kinds, in the namespaces `default`, `prod` and `team-a`.
pub(crate) fn objects(dice: &Dice, count: usize) -> Vec<Value> {
    (0..count)
        .map(|index| {
            let name = format!("o{index}");
            let namespace = dice.one(&["default", "prod", "team-a"]);
            if dice.percent(35) {
                custom(dice, &name, namespace)
            } else {
                object(dice, &name, namespace)
            }
        })
        .collect()
}
