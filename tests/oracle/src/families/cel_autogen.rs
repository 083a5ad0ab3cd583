//! The policies that are derived from those about Pods, for what makes Pods.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    dice::Dice,
    expressions::{case_of, condition, match_conditions, policy, text, validation, variables},
    objects::object,
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "cel-autogen",
    command: Command::Apply,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    let objects: Vec<Value> = (0..size.objects)
        .map(|index| {
            let name = format!("o{index}");
            let namespace = dice.one(&["default", "prod", "team-a"]);
            made_of_pods(dice, &name, namespace)
        })
        .collect();
    let policies: Vec<Value> = (0..size.policies)
        .map(|index| match dice.percent(60) {
            true => policy(dice, index, "ValidatingPolicy", validating(dice)),
            false => policy(dice, index, "MutatingPolicy", mutating(dice)),
        })
        .collect();
    case_of(dice, &policies, &objects)
}

/// A Pod, or an object that makes Pods, mostly.
fn made_of_pods(dice: &Dice, name: &str, namespace: &str) -> Value {
    loop {
        let made = object(dice, name, namespace);
        let has_pod = match made["kind"].as_str() {
            Some("Pod") => dice.percent(20),
            Some("ConfigMap" | "Namespace" | "Service") => false,
            _ => true,
        };
        if has_pod {
            return made;
        }
    }
}

/// What derives policies, but now and then.
fn of_pods(dice: &Dice) -> Value {
    let mut rule = json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE", "UPDATE"]});
    let mut made = json!({});
    match dice.below(12) {
        0 => rule["resourceNames"] = json!(["o0", "o1"]),
        1 => rule["resources"] = json!(["pods", "configmaps"]),
        2 => rule["operations"] = json!(["CREATE"]),
        3 => made["namespaceSelector"] = json!({"matchLabels": {"app": "a"}}),
        4 => made["objectSelector"] = json!({"matchLabels": {"app": "a"}}),
        5 => made["objectSelector"] = json!({}),
        6 => rule["scope"] = json!("Namespaced"),
        _ => {}
    }
    made["resourceRules"] = json!([rule]);
    made
}

/// What is rewritten in one place or another.
const REWRITTEN: &[&str] = &[
    "object.spec.containers.all(c, c.image.contains(':'))",
    "object.spec.containers.all(c, !has(c.securityContext) || object.metadata.name != 'o1')",
    "has(object.metadata.labels) && 'app' in object.metadata.labels",
    "object.metadata.?labels.?app.orValue('none') == 'a'",
    "object.metadata.namespace == 'prod'",
    "object.metadata.namespace.startsWith('p')",
    "object.metadata.?namespace.orValue('') == 'prod'",
    "object.metadata.name.startsWith('o')",
    "object[\"spec\"].containers.size() > 1",
    "object.?spec.?hostNetwork.orValue(false) == false",
    "object . spec.containers.size() == 1",
    "'object.spec' + object.kind == 'object.specPod'",
    "object.specs == 1",
    "oldObject == null || oldObject.spec.containers.size() > 0",
    "request.object.spec.containers.size() > 0",
    "object.spec.template.spec.containers.size() > 0",
    "namespaceObject.metadata.labels.env == 'prod'",
    "object.kind == 'Pod'",
    "object.spec.?securityContext.?runAsNonRoot.orValue(true)",
    "(object.spec.containers + object.spec.?initContainers.orValue([])).all(c, has(c.resources))",
];

fn expression(dice: &Dice, has_variables: bool) -> String {
    match dice.percent(60) {
        true => dice.one(REWRITTEN).to_owned(),
        false => condition(dice, has_variables),
    }
}

fn validating(dice: &Dice) -> Value {
    let has_variables = dice.percent(40);
    let validations = dice.many(1, 2, |dice| {
        let mut made = validation(dice, has_variables);
        made["expression"] = json!(expression(dice, has_variables));
        if dice.percent(25) {
            made["messageExpression"] = json!(
                "'at ' + object.metadata.name + ' of ' + string(object.spec.containers.size())"
            );
        }
        made
    });
    let mut spec = json!({"matchConstraints": of_pods(dice), "validations": validations});
    if has_variables {
        spec["variables"] = variables(dice);
        if dice.percent(50) {
            spec["variables"][0]["expression"] = json!(dice.one(REWRITTEN));
        }
    }
    if dice.percent(35) {
        let condition = json!([{"name": "c", "expression": dice.one(REWRITTEN)}]);
        spec["matchConditions"] = dice.one(&[condition, match_conditions(dice)]);
    }
    if dice.percent(20) {
        spec["auditAnnotations"] = json!([{"key": "k", "valueExpression": text(dice)}]);
    }
    shared(dice, spec)
}

/// Apply configurations; other changes are not rewritten.
fn mutating(dice: &Dice) -> Value {
    let mutation = dice.one(&[
        json!({"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{metadata: Object.metadata{labels: Object.metadata.labels{new: 'x'}}}"}}),
        json!({"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{metadata: Object.metadata{annotations: Object.metadata.annotations{of: object.metadata.name}}}"}}),
        json!({"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{spec: Object.spec{hostNetwork: false}}"}}),
        json!({"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{spec: Object.spec{containers: object.spec.containers.map(c, Object.spec.containers{name: c.name, imagePullPolicy: 'Always'})}}"}}),
        json!({"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "has(object.spec.securityContext) ? Object{} : Object{spec: Object.spec{securityContext: Object.spec.securityContext{runAsNonRoot: true}}}"}}),
        json!({"patchType": "JSONPatch", "jsonPatch": {"expression": "[JSONPatch{op: 'add', path: '/metadata/labels', value: {'a': 'b'}}]"}}),
        json!({"patchType": "JSONPatch", "jsonPatch": {"expression": "has(object.spec.containers) ? [JSONPatch{op: 'add', path: '/spec/hostNetwork', value: false}] : []"}}),
    ]);
    let mut spec = json!({"matchConstraints": of_pods(dice), "mutations": [mutation]});
    if dice.percent(40) {
        spec["matchConditions"] = json!([{"name": "c", "expression": dice.one(REWRITTEN)}]);
    }
    shared(dice, spec)
}

fn shared(dice: &Dice, mut spec: Value) -> Value {
    if dice.percent(35) {
        let controllers = dice.one(&[
            vec![],
            vec!["deployments"],
            vec!["cronjobs", "jobs"],
            vec!["cronjobs"],
            vec!["statefulsets", "daemonsets", "replicasets"],
        ]);
        spec["autogen"] = json!({"podControllers": {"controllers": controllers}});
    }
    if dice.percent(25) {
        spec["failurePolicy"] = json!(dice.one(&["Ignore", "Fail"]));
    }
    spec
}
