//! `podSecurity`, and exceptions from all kinds of rules.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    conditions::{conditions_of_v2, variable},
    dice::Dice,
    families::{images, validation},
    objects::{image, object},
    policies::{matching, policy},
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "exceptions",
    command: Command::Apply,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    let objects: Vec<Value> = (0..size.objects)
        .map(|index| object(dice, &format!("o{index}"), dice.one(&["default", "prod"])))
        .collect();
    let policies: Vec<Value> = (0..size.policies)
        .map(|index| {
            let rules = (0..1 + dice.below(2)).map(|number| match dice.below(12) {
                0..8 => pod_security(dice, number),
                8 => images::rule(dice, number),
                _ => validation::rule(dice, number, &objects),
            });
            policy(dice, index, rules.collect())
        })
        .collect();
    let exceptions: Vec<String> = (0..size.policies / 2)
        .map(|index| exception(dice, index, &policies, &objects).to_string())
        .collect();
    Case {
        policies: policies.iter().map(Value::to_string).collect(),
        objects: objects.iter().map(Value::to_string).collect(),
        files: vec![("exceptions.yaml".to_owned(), exceptions.join("\n---\n"))],
        arguments: vec!["--exception".to_owned(), "exceptions.yaml".to_owned()],
    }
}

fn pod_security(dice: &Dice, number: usize) -> Value {
    let mut standard = json!({"level": dice.one(&["baseline", "restricted"])});
    if dice.percent(70) {
        standard["version"] = json!(dice.one(&["latest", "v1.24", "v1.19", "v1.29"]));
    }
    if dice.percent(60) {
        standard["exclude"] = json!(dice.many(1, 3, exclude));
    }
    let kinds = dice.one(&[vec!["Pod"], vec!["Pod", "Deployment"], vec!["Deployment"]]);
    json!({"name": format!("r{number}"), "match": {"any": [{"resources": {"kinds": kinds}}]}, "validate": {"message": "m", "podSecurity": standard}})
}

/// A control that is left out, wholly or for some images and values.
fn exclude(dice: &Dice) -> Value {
    let of_containers = [
        "Capabilities",
        "Privileged Containers",
        "Host Ports",
        "/proc Mount Type",
        "Privilege Escalation",
    ];
    let of_pods = [
        "Host Namespaces",
        "HostPath Volumes",
        "Sysctls",
        "Volume Types",
    ];
    let of_both = [
        "SELinux",
        "Seccomp",
        "Running as Non-root",
        "Running as Non-root user",
        "HostProcess",
        "AppArmor",
    ];
    let images = |dice: &Dice| {
        json!(dice.many(1, 2, |dice| if dice.percent(50) {
            json!(dice.one(&["*", "nginx*", "ghcr.io/*", "*/shop/*", "docker.io/nginx:*"]))
        } else {
            image(dice)
        }))
    };
    let mut made = json!({});
    let kind = dice.below(3);
    made["controlName"] = json!(match kind {
        0 => dice.one(&of_containers),
        1 => dice.one(&of_pods),
        _ => dice.one(&of_both),
    });
    if kind == 0 || (kind == 2 && dice.percent(50)) {
        made["images"] = images(dice);
    }
    if dice.percent(40) {
        let fields = [
            (
                "spec.containers[*].securityContext.capabilities.add",
                json!(["NET_ADMIN", "CHOWN"]),
            ),
            (
                "spec.containers[*].securityContext.capabilities.drop",
                json!([]),
            ),
            (
                "spec.containers[*].securityContext.privileged",
                json!(["true"]),
            ),
            ("spec.containers[*].ports[*].hostPort", json!(["80", "8*"])),
            ("spec.hostNetwork", json!(["true"])),
            (
                "spec.securityContext.seccompProfile.type",
                json!(["Unconfined"]),
            ),
            (
                "spec.containers[*].securityContext.seccompProfile.type",
                json!(["Unconfined", "Local*"]),
            ),
            ("spec.volumes[*].hostPath", json!(["*"])),
            ("spec.securityContext.runAsNonRoot", json!(["false"])),
            ("spec.containers[*].securityContext.runAsUser", json!(["0"])),
            (
                "spec.initContainers[*].securityContext.privileged",
                json!(["true"]),
            ),
            ("spec.securityContext.sysctls[*].name", json!(["kernel.*"])),
            (
                "spec.containers[*].securityContext.seLinuxOptions.type",
                json!(["spc_t"]),
            ),
        ];
        let (field, values) = dice.one(&fields);
        made["restrictedField"] = json!(field);
        made["values"] = values;
    }
    made
}

fn exception(dice: &Dice, index: usize, policies: &[Value], objects: &[Value]) -> Value {
    let names = dice.many(1, 2, |dice| {
        let policy = dice.one(policies);
        let name = policy["metadata"]["name"].as_str().unwrap_or_default();
        let name = policy["metadata"]["namespace"].as_str().map_or(name.to_owned(), |namespace| format!("{namespace}/{name}"));
        json!({"policyName": name, "ruleNames": dice.one(&[vec!["r0"], vec!["r0", "r1"], vec!["*"], vec!["autogen-*", "r0"], vec!["r?"], vec!["autogen-r0"]])})
    });
    let mut selected = matching(dice, &dice.one(objects));
    if selected.get("resources").is_some() {
        selected = json!({"any": [selected]});
    }
    let mut made = json!({
        "apiVersion": "kyverno.io/v2", "kind": "PolicyException", "metadata": {"name": format!("e{index}"), "namespace": dice.one(&["default", "prod"])},
        "spec": {"background": false, "match": selected, "exceptions": names},
    });
    if dice.percent(25) {
        made["spec"]["conditions"] = conditions_of_v2(dice, &variable);
    }
    if dice.percent(35) {
        made["spec"]["podSecurity"] = json!(dice.many(1, 2, exclude));
    }
    made
}
