//! Which policies are refused: valid ones, broken in one place.
//!
//! The first rule of each policy passes for the one Service of the case, so that a policy that is
//! refused, or not even loaded, is one whose row is missing.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    dice::Dice,
    families::{generation, images, mutation, validation},
    objects::{objects, scalar},
    policies::policy,
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "lint",
    command: Command::Apply,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    let objects = objects(dice, 8);
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "prod"}, "spec": {"ports": [{"port": 80}]}});
    let mut policies = Vec::new();
    for index in 0..size.policies {
        let about = dice.one(&objects);
        let rule = match dice.below(10) {
            0 | 1 => mutation::rule(dice, 1, &about),
            2 | 3 => generation::rule(dice, 1),
            4 => images::rule(dice, 1),
            _ => validation::rule(dice, 1, &objects),
        };
        let mut policy = policy(dice, index, vec![rule]);
        break_one(dice, &mut policy["spec"]);
        if dice.percent(10) {
            break_one(dice, &mut policy["metadata"]);
        }
        policy["metadata"]["name"] = json!(format!("p{index}"));
        if policy["kind"] == "Policy" {
            policy["metadata"]["namespace"] = json!("prod");
        }
        let sentinel = json!({"name": "sentinel", "match": {"any": [{"resources": {"kinds": ["Service"]}}]}, "validate": {"message": "m", "pattern": {"kind": "Service"}}});
        if let Some(rules) = policy["spec"]["rules"].as_array_mut() {
            rules.insert(0, sentinel);
        }
        policies.push(policy.to_string());
    }
    Case {
        policies,
        objects: vec![service.to_string()],
        ..Case::default()
    }
}

/// Breaks a document in one place, deep or not.
fn break_one(dice: &Dice, value: &mut Value) {
    let goes_on = dice.percent(80);
    match value {
        Value::Object(map) if !map.is_empty() => {
            let keys: Vec<String> = map.keys().cloned().collect();
            let key = dice.one(&keys);
            if goes_on && (map[&key].is_object() || map[&key].is_array()) {
                return break_one(dice, &mut map[&key]);
            }
            match dice.below(6) {
                0 | 1 => drop(map.remove(&key)),
                2 => drop(map.insert(dice.one(FIELDS).to_owned(), dice.of(&values()))),
                3 => drop(map.insert(key, Value::Null)),
                _ => drop(map.insert(key, dice.of(&values()))),
            }
        }
        Value::Array(list) if !list.is_empty() => {
            let index = dice.below(list.len());
            if goes_on {
                return break_one(dice, &mut list[index]);
            }
            match dice.below(3) {
                0 => drop(list.remove(index)),
                1 => list.push(list[index].clone()),
                _ => list[index] = dice.of(&values()),
            }
        }
        value => {
            *value = if dice.percent(60) {
                dice.of(&values())
            } else {
                scalar(dice)
            }
        }
    }
}

/// Fields that exist somewhere.
const FIELDS: &[&str] = &[
    "name",
    "names",
    "kinds",
    "any",
    "all",
    "operations",
    "subjects",
    "roles",
    "clusterRoles",
    "resources",
    "selector",
    "message",
    "pattern",
    "anyPattern",
    "deny",
    "foreach",
    "list",
    "context",
    "preconditions",
    "background",
    "admission",
    "failurePolicy",
    "webhookTimeoutSeconds",
    "webhookConfiguration",
    "targets",
    "order",
    "mutateExistingOnPolicyUpdate",
    "generateExisting",
    "generateExistingOnPolicyUpdate",
    "validationFailureAction",
    "validationFailureActionOverrides",
    "clone",
    "cloneList",
    "synchronize",
    "skipBackgroundRequests",
    "imageExtractors",
    "celPreconditions",
    "key",
    "value",
    "operator",
    "element",
    "(a)",
    "X(a)",
    "exclude",
    "patchesJson6902",
    "unknown",
    "required",
    "mutateDigest",
    "attestors",
    "elementScope",
    "failureAction",
    "failureActionOverrides",
    "allowExistingViolations",
    "podSecurity",
    "assert",
    "cel",
    "manifests",
    "schemaValidation",
];

fn values() -> Value {
    json!([
        "", "a", "{{ request.object.a }}", "{{ request.userInfo.username }}", "{{ element }}", "{{ unknown.a }}", "{{ request.object.a", "{{ }}", "{{ a( }}", "{{ serviceAccountName }}", "{{ request.operation }}",
        "{{ images.containers }}", "{{ target.a }}", "{{ @ }}", "$(./a)", "*", "Pod", "*/*", "Pod/exec", "Unknown", "Audit", "enforce", "Ignore", "CREATE", "Any", 0, 1, 31, -1, 1.5, true, false, null, [], {}, ["a"], [{}], ["*"],
        [{"key": "a", "operator": "Equals", "value": "b"}], {"any": []}, {"a": "b"}, {"a": 1}, {"resources": {"kinds": ["Pod"]}}, [{"resources": {"kinds": ["Pod"]}}], {"name": "a", "variable": {"value": 1}},
        [{"name": "request", "variable": {"value": 1}}], [{"name": "x", "configMap": {"name": "a"}}], [{"name": "x", "apiCall": {"urlPath": "/api/v1/pods"}}], [{"name": "x"}],
        [{"list": "request.object.spec.containers", "pattern": {"image": "*"}}], [{"list": "a", "deny": {}}], {"level": "baseline", "version": "latest"}, {"level": "other"},
        {"level": "baseline", "exclude": [{"controlName": "Capabilities"}]}, {"level": "restricted", "exclude": [{"controlName": "Seccomp", "restrictedField": "spec.x"}]}, {"timeoutSeconds": 40}, {"failurePolicy": "Fail"},
        [{"action": "Audit", "namespaces": ["prod"]}, {"action": "Enforce", "namespaces": ["pr*"]}], [{"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "namespace": "b"}], [{"kind": "User", "name": "a"}], [{"kind": "ServiceAccount", "name": "a"}], [{"kind": "Robot"}], ["admin"], ["ns:admin"]
    ])
}
