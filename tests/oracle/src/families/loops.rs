//! `mutate.foreach` in both orders, nested and with JSON patches, and patches whose elements of lists
//! have directives and additions.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    conditions::conditions,
    dice::Dice,
    families::mutation::draw_apart,
    policies::matching,
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "loops",
    command: Command::Apply,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    draw_apart(dice, size, |dice, number, about| {
        let mutate = match dice.below(10) {
            0..6 => json!({"foreach": dice.many(1, 2, |dice| foreach(dice, 0))}),
            _ => json!({"patchStrategicMerge": {"spec": of_controller(about, pod(dice))}}),
        };
        json!({"name": format!("r{number}"), "match": matching(dice, about), "mutate": mutate})
    })
}

/// A pod template's patch where the object is a controller.
fn of_controller(about: &Value, pod: Value) -> Value {
    match about["kind"].as_str() {
        Some("Pod") => pod,
        Some("CronJob") => json!({"jobTemplate": {"spec": {"template": {"spec": pod}}}}),
        _ => json!({"template": {"spec": pod}}),
    }
}

fn foreach(dice: &Dice, depth: usize) -> Value {
    let outer = [
        "request.object.spec.containers",
        "request.object.spec.volumes",
        "request.object.spec.[initContainers, containers][]",
        "request.object.spec.containers[].name",
        "request.object.spec.template.spec.containers",
        "request.object.metadata.labels | keys(@)",
        "request.object.data | items(@, 'key', 'value')",
        "request.object.spec.containers[?name != 'web']",
        "request.object.spec.tolerations || `[]`",
    ];
    let inner = [
        "element.ports",
        "element.env",
        "element.args || `[]`",
        "element0.ports || `[]`",
        "element.securityContext.capabilities.add || `[]`",
        "element.volumeMounts",
        "`[1, 2]`",
    ];
    let list = if depth == 0 {
        dice.one(&outer)
    } else {
        dice.one(&inner)
    };
    let mut made = json!({"list": list});
    if dice.percent(60) {
        made["order"] = json!(dice.one(&["Ascending", "Descending", "Descending"]));
    }
    if dice.percent(30) {
        made["context"] = json!([{"name": "w", "variable": dice.of(&json!([{"value": "{{ elementIndex }}"}, {"value": "{{ element.name || 'n' }}"}, {"jmesPath": "element.image", "default": "none"}]))}]);
    }
    let has_own = made.get("context").is_some();
    if dice.percent(30) {
        made["preconditions"] = conditions(dice, &|dice| match dice.below(5) {
            0 if has_own => json!("{{ w }}"),
            1 => json!("{{ elementIndex }}"),
            2 => json!("{{ element.name || '' }}"),
            3 => json!("{{ element.image }}"),
            _ => json!("{{ element.containerPort || `0` }}"),
        });
    }
    match dice.below(10) {
        0..3 if depth < 2 => {
            made =
                json!({"list": list, "foreach": dice.many(1, 2, |dice| foreach(dice, depth + 1))});
            if dice.percent(60) {
                made["order"] = json!(dice.one(&["Ascending", "Descending"]));
            }
        }
        0..7 => made["patchesJson6902"] = json!(json_patch(dice, depth)),
        _ => {
            let name = dice.one(&["{{ element.name }}", "{{ element0.name }}", "web"]);
            let mut container = json!({dice.one(&["name", "(name)"]): name});
            container[dice.one(&["image", "+(imagePullPolicy)"])] =
                json!(dice.one(&["x:{{ elementIndex }}", "{{ element.image || 'a' }}"]));
            if dice.percent(15) {
                container["$patch"] = json!(dice.one(&["delete", "merge"]));
            }
            made["patchStrategicMerge"] = json!({"spec": {"containers": [container]}});
        }
    }
    made
}

/// JSON patches as text of YAML, which is how they are mostly written.
fn json_patch(dice: &Dice, depth: usize) -> String {
    let operations = dice.many(1, 2, |dice| {
        let index = match depth {
            0 => dice.one(&["elementIndex", "elementIndex0"]),
            _ => dice.one(&["elementIndex", "elementIndex0", "elementIndex1"]),
        };
        let path = match dice.below(8) {
            0 => format!("/spec/containers/{{{{{index}}}}}"),
            1 => format!("/spec/containers/{{{{ elementIndex0 }}}}/ports/{{{{{index}}}}}"),
            2 => format!("/spec/containers/{{{{ {index} }}}}/env/-"),
            3 => format!("/spec/volumes/{{{{{index}}}}}"),
            4 => "/metadata/labels/{{ element.name || element }}".to_owned(),
            5 => format!("/metadata/annotations/a{{{{{index}}}}}"),
            6 => "/spec/tolerations/-".to_owned(),
            _ => format!("/spec/containers/{{{{{index}}}}}/image"),
        };
        let value = dice.one(&[
            "\"{{ element.name || 'n' }}\"",
            "x{{ elementIndex }}",
            "{name: A, value: \"{{ elementIndex }}\"}",
            "{key: k, operator: Exists}",
            "\"{{ w || 'w' }}\"",
        ]);
        match dice.below(6) {
            0..3 => format!("- op: add\n  path: \"{path}\"\n  value: {value}\n"),
            3 => format!("- op: replace\n  path: \"{path}\"\n  value: {value}\n"),
            _ => format!("- op: remove\n  path: \"{path}\"\n"),
        }
    });
    operations.concat()
}

fn pod(dice: &Dice) -> Value {
    let mut pod = json!({});
    for _ in 0..1 + dice.below(2) {
        match dice.below(6) {
            0..3 => pod["containers"] = json!([element(dice)]),
            3 => pod["volumes"] = json!(dice.many(1, 2, |dice| {
                let mut volume = dice.of(&json!([{"$patch": "delete"}, {"emptyDir": {}}, {"+(emptyDir)": {}}, {"$patch": "merge", "emptyDir": {"medium": "Memory"}}, {"hostPath": null, "emptyDir": {}}]));
                volume["name"] = dice.of(&json!(["data", "conf", "a", "new"]));
                volume
            })),
            4 => pod["securityContext"] = dice.of(&json!([{"$patch": "delete"}, {"$patch": "replace", "runAsUser": 1}, {"+(runAsNonRoot)": true}, {"+(sysctls)": [{"name": "a", "value": "b"}]}])),
            _ => pod["tolerations"] = dice.of(&json!([[{"+(key)": "a", "operator": "Exists"}], [{"$patch": "replace"}, {"key": "z"}], [{"key": "a", "$patch": "delete"}]])),
        }
    }
    pod
}

/// An element of containers: directives, and additions beside the name or a condition on it.
fn element(dice: &Dice) -> Value {
    let mut container = json!({dice.one(&["name", "(name)", "(name)"]): dice.one(&["*", "web", "c0", "?*", "c*", "new"])});
    if dice.percent(25) {
        container["(image)"] = json!(dice.one(&["nginx*", "*:latest", "!*:*", "*"]));
    }
    for _ in 0..1 + dice.below(2) {
        match dice.below(7) {
            0 => container["+(imagePullPolicy)"] = json!("Always"),
            1 => container["+(env)"] = json!([{"name": "A", "value": "x"}]),
            2 => container["env"] = dice.of(&json!([[{"name": "A", "+(value)": "x"}], [{"+(name)": "NEW", "value": "y"}], [{"(name)": "A", "value": "z"}], [{"name": "A", "$patch": "delete"}], [{"$patch": "replace"}, {"name": "B"}]])),
            3 => container["+(securityContext)"] = json!({"runAsNonRoot": true}),
            4 => container["securityContext"] = dice.of(&json!([{"+(privileged)": false}, {"+(capabilities)": {"drop": ["ALL"]}}, {"capabilities": {"+(drop)": ["ALL"]}}, {"$patch": "delete"}, {"$patch": "replace", "privileged": false}])),
            5 => container["resources"] = dice.of(&json!([{"+(limits)": {"cpu": "1"}}, {"limits": {"+(cpu)": "1", "memory": null}}, {"$patch": "delete"}])),
            _ => container["ports"] = dice.of(&json!([[{"+(containerPort)": 80}], [{"containerPort": 80, "+(name)": "p"}], [{"(containerPort)": 80, "name": "p"}], [{"containerPort": 80, "$patch": "delete"}]])),
        }
    }
    container
}
