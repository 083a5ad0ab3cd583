//! `mutate`: strategic merge patches with their anchors and directives, JSON patches, loops.
//!
//! Each policy has a namespace of its own, with copies of the objects, so that no policy sees what
//! another one changed.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    conditions::{conditions, rule_conditions, variable},
    dice::Dice,
    objects::{image, object, scalar, word},
    policies::{matching, policy},
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "mutation",
    command: Command::Apply,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    draw_apart(dice, size, rule)
}

/// Policies of rules about objects, each in a namespace of its own: a rule is drawn for its number and an
/// object.
pub(crate) fn draw_apart(
    dice: &Dice,
    size: Size,
    rule: impl Fn(&Dice, usize, &Value) -> Value,
) -> Case {
    let mut case = Case::default();
    let objects = (size.objects / 4).max(2);
    for index in 0..size.policies {
        let namespace = format!("p{index}");
        let objects = placed(dice, "o", objects, &namespace);
        if objects.is_empty() {
            continue;
        }
        let rules = (0..1 + dice.below(2))
            .map(|number| rule(dice, number, &dice.one(&objects)))
            .collect();
        let mut policy = policy(dice, index, rules);
        of_all_namespaces(&mut policy, &namespace);
        case.policies.push(policy.to_string());
        case.objects.extend(objects.iter().map(Value::to_string));
    }
    case
}

/// Objects of a namespace, called by a letter and a number; of those drawn, Namespaces stand in none.
pub(crate) fn placed(dice: &Dice, letter: &str, count: usize, namespace: &str) -> Vec<Value> {
    (0..count)
        .map(|index| object(dice, &format!("{letter}{index}"), namespace))
        .filter(|object| object["kind"] != "Namespace")
        .collect()
}

/// A rule about an object.
pub(crate) fn rule(dice: &Dice, number: usize, about: &Value) -> Value {
    let mut rule = json!({"name": format!("r{number}"), "match": matching(dice, about), "mutate": mutate(dice, about)});
    if dice.percent(25) {
        rule["preconditions"] = rule_conditions(dice, &variable);
    }
    if rule.to_string().contains("v0") {
        rule["context"] = json!([{"name": "v0", "variable": {"value": word(dice)}}]);
    }
    rule
}

/// Makes a ClusterPolicy of a policy, whose filters select in one namespace only.
pub(crate) fn of_all_namespaces(policy: &mut Value, namespace: &str) {
    policy["kind"] = json!("ClusterPolicy");
    if let Some(metadata) = policy["metadata"].as_object_mut() {
        metadata.remove("namespace");
    }
    let rules = policy["spec"]["rules"].as_array_mut();
    for rule in rules.into_iter().flatten() {
        confine(&mut rule["match"], namespace);
    }
}

fn confine(selected: &mut Value, namespace: &str) {
    match selected {
        Value::Object(map) => {
            if let Some(resources) = map.get_mut("resources") {
                resources["namespaces"] = json!([namespace]);
            }
            map.values_mut().for_each(|value| confine(value, namespace));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| confine(value, namespace)),
        _ => {}
    }
}

fn mutate(dice: &Dice, about: &Value) -> Value {
    match dice.below(10) {
        0..6 => json!({"patchStrategicMerge": merge(dice, about)}),
        6..8 => json!({"patchesJson6902": json_patch(dice, "/spec")}),
        _ => json!({"foreach": dice.many(1, 2, |dice| foreach(dice, 1))}),
    }
}

/// A text that may be a variable.
fn text(dice: &Dice) -> Value {
    dice.of(&json!([
        "x",
        "true",
        "5",
        "{{ request.object.metadata.name }}",
        "{{ v0 || 'none' }}",
        "{{ request.object.spec.replicas || 'no' }}-r",
        "{{ request.operation }}"
    ]))
}

fn key(dice: &Dice, key: &str) -> String {
    match dice.below(10) {
        0..3 => format!("+({key})"),
        3 => format!("({key})"),
        4 => format!("<({key})"),
        _ => key.to_owned(),
    }
}

/// A strategic merge patch for an object.
pub(crate) fn merge(dice: &Dice, about: &Value) -> Value {
    let mut patch = json!({});
    if dice.percent(55) {
        let mut metadata = json!({});
        for part in ["labels", "annotations"] {
            if dice.percent(50) {
                let mut map = json!({});
                for _ in 0..1 + dice.below(2) {
                    map[key(dice, dice.one(&["app", "team", "new", "env"]))] = if dice.percent(10) {
                        Value::Null
                    } else {
                        text(dice)
                    };
                }
                metadata[key_or_plain(dice, part)] = map;
            }
        }
        patch["metadata"] = metadata;
    }
    if dice.percent(70) || patch == json!({}) {
        match about["kind"].as_str() {
            Some("Pod") => patch["spec"] = pod(dice),
            Some("ConfigMap") => {
                patch["data"] = json!({key(dice, "a"): text(dice), key(dice, "new"): text(dice)})
            }
            Some("CronJob") if dice.percent(60) => {
                patch["spec"] = json!({"jobTemplate": {"spec": {"template": {"spec": pod(dice)}}}})
            }
            Some("Service") => {
                patch["spec"] = json!({"ports": [{"port": dice.one(&[80, 81]), key(dice, "name"): "http"}], key(dice, "type"): "ClusterIP"})
            }
            Some("Deployment") if dice.percent(30) => {
                patch["spec"] = json!({key(dice, "replicas"): 2, "template": {"spec": pod(dice)}})
            }
            _ if dice.percent(50) => patch["spec"] = json!({"template": {"spec": pod(dice)}}),
            _ => patch["spec"] = pod(dice),
        }
    }
    patch
}

fn key_or_plain(dice: &Dice, name: &str) -> String {
    if dice.percent(15) {
        key(dice, name)
    } else {
        name.to_owned()
    }
}

fn pod(dice: &Dice) -> Value {
    let mut pod = json!({});
    let security = |dice: &Dice| json!({key(dice, "runAsNonRoot"): true, key(dice, "runAsUser"): dice.of(&json!([1000, "1000", ">100", 0]))});
    for _ in 0..1 + dice.below(2) {
        match dice.below(11) {
            0..4 => pod[key_or_plain(dice, "containers")] = containers(dice),
            4 => pod[key_or_plain(dice, "initContainers")] = containers(dice),
            5 => pod[key_or_plain(dice, "securityContext")] = security(dice),
            6 => pod[key(dice, "hostNetwork")] = json!(dice.percent(50)),
            7 => pod["volumes"] = json!(dice.many(1, 2, volume)),
            8 => pod["tolerations"] = json!([{key_or_plain(dice, "key"): word(dice), "operator": "Exists", "effect": "NoSchedule"}]),
            9 => pod["nodeSelector"] = dice.of(&json!([{"disk": "ssd"}, {"+(disk)": "ssd"}, {"(disk)": "a*", "zone": "z"}, {"$patch": "replace", "x": "a"}, {"disk": null}, null])),
            _ => pod[key(dice, "automountServiceAccountToken")] = json!(false),
        }
    }
    pod
}

fn volume(dice: &Dice) -> Value {
    let mut volume = dice.of(&json!([{"emptyDir": {}}, {"hostPath": {"path": "/x"}}, {"(hostPath)": {"path": "/var/*"}, "readOnly": true}, {"$patch": "delete"}, {"$patch": "replace"}, {"emptyDir": {"medium": "Memory", "+(sizeLimit)": "1Gi"}}]));
    volume[key_or_plain(dice, "name")] = dice.of(&json!(["data", "conf", "new", "?*"]));
    volume
}

fn containers(dice: &Dice) -> Value {
    let mut list = dice.many(1, 2, |dice| {
        let mut container = json!({});
        let name = match dice.below(4) {
            0 => dice.one(&["name", "+(name)"]),
            _ => "(name)",
        };
        container[name] = dice.of(&json!(["*", "c0", "web", "?*", "w*", "!web", "init", "c0 | c2"]));
        for _ in 0..1 + dice.below(2) {
            match dice.below(10) {
                0 => container[key(dice, "imagePullPolicy")] = json!("Always"),
                1 => container[key(dice, "image")] = dice.of(&json!(["*:latest", "nginx*", "x:1", "!*:*", "{{ v0 || 'a' }}:1"])),
                2 => container["resources"] = json!({key(dice, "limits"): {key(dice, "memory"): dice.of(&json!(["1Gi", "?*", "<2Gi"])), key(dice, "cpu"): "1"}}),
                3 => container["resources"] = json!({"requests": {"+(memory)": "64Mi", "+(cpu)": "50m"}}),
                4 => container["env"] = json!([{key_or_plain(dice, "name"): dice.one(&["A", "NEW"]), key_or_plain(dice, "value"): text(dice)}]),
                5 => container[key_or_plain(dice, "securityContext")] = json!({key(dice, "privileged"): false, key(dice, "allowPrivilegeEscalation"): false}),
                6 => container["ports"] = json!([{key_or_plain(dice, "containerPort"): dice.one(&[80, 9090]), key(dice, "name"): "p"}]),
                7 => container["args"] = json!(dice.many(0, 2, text)),
                8 => container["securityContext"] = json!({"capabilities": dice.of(&json!([{"drop": ["ALL"]}, {"+(drop)": ["ALL"]}, {"add": null}, {"$patch": "delete"}]))}),
                _ => container["volumeMounts"] = json!([{"mountPath": dice.one(&["/data", "/x"]), "name": "data"}]),
            }
        }
        if dice.percent(8) {
            container["$patch"] = json!(dice.one(&["delete", "replace", "merge"]));
        }
        container
    });
    if dice.percent(5) {
        list.push(json!({"$patch": "replace"}));
    }
    json!(list)
}

/// A JSON patch as text, mostly of fields below `root`.
pub(crate) fn json_patch(dice: &Dice, root: &str) -> String {
    let operations = dice.many(1, 3, |dice| {
        let last = dice.one(&["containers/0/image", "containers/-", "containers/-1", "containers/0/name", "hostNetwork", "replicas", "volumes/0", "containers/1", "new/deep/path", "containers/0/env/-", "tolerations/3", "a~1b"]);
        let path = match dice.below(5) {
            0 => format!("/metadata/{}", dice.one(&["labels/app", "labels/new~1key", "annotations/team", "labels", "annotations"])),
            _ => format!("{root}/{last}"),
        };
        match dice.below(10) {
            0..4 => json!({"op": "add", "path": path, "value": value(dice)}),
            4..6 => json!({"op": "replace", "path": path, "value": value(dice)}),
            6..8 => json!({"op": "remove", "path": path}),
            8 => json!({"op": "test", "path": path, "value": value(dice)}),
            _ => json!({"op": dice.one(&["copy", "move"]), "from": format!("{root}/containers/0/image"), "path": path}),
        }
    });
    json!(operations).to_string()
}

fn value(dice: &Dice) -> Value {
    match dice.below(6) {
        0 => json!({"name": "new", "image": image(dice)}),
        1 => json!(["x"]),
        2 => text(dice),
        3 => json!({"a": "b"}),
        _ => scalar(dice),
    }
}

/// A loop; `depth` is 1 for one that is in no other.
pub(crate) fn foreach(dice: &Dice, depth: usize) -> Value {
    let list = match depth {
        1 => dice.one(&[
            "request.object.spec.containers",
            "request.object.spec.volumes",
            "request.object.spec.[containers, initContainers][]",
            "request.object.spec.containers[].name",
            "request.object.spec.initContainers || `[]`",
        ]),
        _ => dice.one(&[
            "element.ports",
            "element.env",
            "element.args",
            "request.object.spec.containers",
        ]),
    };
    let mut made = json!({"list": list});
    if dice.percent(40) {
        made["order"] = json!(dice.one(&["Ascending", "Descending"]));
    }
    if dice.percent(30) {
        made["preconditions"] = conditions(dice, &|dice| {
            dice.of(&json!([
                "{{ element.name || '' }}",
                "{{ elementIndex }}",
                "{{ element.image || '' }}",
                "{{ element.securityContext.privileged || `false` }}"
            ]))
        });
    }
    let index = if depth == 1 {
        "{{elementIndex}}"
    } else {
        "{{elementIndex0}}"
    };
    match dice.below(7) {
        0 if depth == 1 => made["foreach"] = json!([foreach(dice, 0)]),
        0..4 => {
            let name = dice.one(&[
                "{{ element.name }}",
                "{{ element0.name }}",
                "{{ element }}",
                "web",
            ]);
            let mut container = json!({dice.one(&["name", "(name)"]): name});
            container[key(dice, "image")] = dice.of(&json!([
                "{{ element.image }}",
                "r/{{ element.image || 'none' }}",
                "x:{{ elementIndex }}",
                "{{ images.containers.\"{{element.name}}\".name }}"
            ]));
            made["patchStrategicMerge"] = json!({"spec": {"containers": [container]}});
        }
        _ => {
            let operation = dice.one(&["add", "replace", "remove"]);
            let last = dice.one(&[
                "image",
                "imagePullPolicy",
                "securityContext/privileged",
                "env/-",
                "",
            ]);
            let path = format!("/spec/containers/{index}/{last}");
            made["patchesJson6902"] = json!(json!([{"op": operation, "path": path.trim_end_matches('/'), "value": dice.one(&["{{ element.name }}", "{{ w || 'a' }}", "x"])}]).to_string());
        }
    }
    if made.to_string().contains("w ||") {
        made["context"] = json!([{"name": "w", "variable": {"value": dice.one(&["{{ element.name }}", "{{ elementIndex }}", "x"])}}]);
    }
    made
}
