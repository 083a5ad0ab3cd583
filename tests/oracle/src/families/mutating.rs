//! `MutatingPolicy` and its twin: apply configurations and JSON patches.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    dice::Dice,
    expressions::{boolean, case, constraints, expression, match_conditions, text, variables},
    objects::objects,
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "mutating",
    command: Command::Apply,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    let objects = objects(dice, size.objects);
    case(dice, size, &objects, "MutatingPolicy", |dice, _, about| {
        spec(dice, about)
    })
}

fn spec(dice: &Dice, about: &Value) -> Value {
    let mutations = dice.many(1, 2, |dice| {
        if dice.percent(50) {
            json!({"patchType": "JSONPatch", "jsonPatch": {"expression": json_patch(dice)}})
        } else {
            json!({"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": configuration(dice, about)}})
        }
    });
    let mut spec = json!({"matchConstraints": constraints(dice, about), "mutations": mutations});
    if mutations_read_variables(&spec) {
        spec["variables"] = variables(dice);
    }
    if dice.percent(25) {
        spec["matchConditions"] = match_conditions(dice);
    }
    if dice.percent(30) {
        spec["failurePolicy"] = json!(dice.one(&["Ignore", "Fail"]));
    }
    if dice.percent(20) {
        let controllers = dice.one(&[vec![], vec!["deployments"], vec!["cronjobs", "jobs"]]);
        spec["autogen"] = json!({"podControllers": {"controllers": controllers}});
    }
    if dice.percent(15) {
        spec["reinvocationPolicy"] = json!(dice.one(&["Never", "IfNeeded"]));
    }
    spec
}

fn mutations_read_variables(spec: &Value) -> bool {
    spec["mutations"].to_string().contains("variables.")
}

/// An operation of a JSON patch, or several.
fn json_patch(dice: &Dice) -> String {
    let operation = |dice: &Dice| {
        let made = dice.one(&[
            "JSONPatch{op: 'add', path: '/metadata/labels/new', value: $S}",
            "JSONPatch{op: 'add', path: '/metadata/labels', value: {'a': 'b'}}",
            "JSONPatch{op: 'add', path: '/metadata/annotations', value: {}}",
            "JSONPatch{op: 'replace', path: '/metadata/labels/app', value: 'new'}",
            "JSONPatch{op: 'remove', path: '/metadata/labels/team'}",
            "JSONPatch{op: 'test', path: '/metadata/name', value: 'o1'}",
            "JSONPatch{op: 'test', path: '/metadata/labels/app', value: $S}",
            "JSONPatch{op: 'copy', from: '/metadata/name', path: '/metadata/labels/copy'}",
            "JSONPatch{op: 'move', from: '/metadata/labels/app', path: '/metadata/labels/moved'}",
            "JSONPatch{op: 'add', path: '/metadata/labels/' + jsonpatch.escapeKey('a/b~c'), value: 'x'}",
            "JSONPatch{op: 'add', path: '/spec/containers/-', value: Object.spec.containers{name: 'side', image: 'busybox'}}",
            "JSONPatch{op: 'add', path: '/spec/containers/-', value: {'name': 'side', 'image': $S}}",
            "JSONPatch{op: 'replace', path: '/spec/containers/0/image', value: 'busybox'}",
            "JSONPatch{op: 'add', path: '/spec/a', value: $I}",
            "JSONPatch{op: 'add', path: '/spec/replicas', value: $I}",
            "JSONPatch{op: 'add', path: '/spec/hostNetwork', value: $B}",
            "JSONPatch{op: 'add', path: '/spec/d/0', value: variables.v1}",
        ]);
        fill(dice, made)
    };
    if dice.percent(15) {
        return "object.spec.containers.map(c, JSONPatch{op: 'add', path: '/metadata/labels/' + c.name, value: 'yes'})".to_owned();
    }
    let list = format!("[{}]", dice.many(1, 3, operation).join(", "));
    if dice.percent(20) {
        format!("{} ? {list} : []", boolean(dice))
    } else {
        list
    }
}

/// An apply configuration.
fn configuration(dice: &Dice, about: &Value) -> String {
    let is_pod = about["kind"] == "Pod";
    let of_all = [
        "Object{metadata: Object.metadata{labels: Object.metadata.labels{new: $S}}}",
        "Object{metadata: Object.metadata{labels: {'a/b': $S, 'app': 'web'}}}",
        "Object{metadata: Object.metadata{annotations: Object.metadata.annotations{app: 'x', note: variables.v1}}}",
        "has(object.metadata.labels) ? Object{} : Object{metadata: Object.metadata{labels: Object.metadata.labels{app: 'none'}}}",
        "Object{spec: Object.spec{a: 'x'}}",
        "Object{spec: Object.spec{replicas: 3}}",
        "Object{spec: Object.spec{absent: 'x'}}",
    ];
    let of_pods = [
        "Object{spec: Object.spec{hostNetwork: false}}",
        "Object{spec: Object.spec{containers: object.spec.containers.map(c, Object.spec.containers.item{name: c.name, imagePullPolicy: 'Always'})}}",
        "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'side', image: 'busybox'}]}}",
        "Object{spec: Object.spec{containers: object.spec.containers.map(c, Object.spec.containers{name: c.name, image: c.image, securityContext: Object.spec.containers.securityContext{privileged: false}})}}",
        "Object{spec: Object.spec{securityContext: Object.spec.securityContext{runAsNonRoot: true}}}",
        "Object{spec: Object.spec{nodeSelector: {'disk': $S}}}",
        "Object{spec: Object.spec{tolerations: [Object.spec.tolerations{key: 'a', operator: 'Exists'}]}}",
        "Object{metadata: Object.metadata{labels: Object.metadata.labels{new: 'x'}}, spec: Object.spec{volumes: [Object.spec.volumes{name: 'data', emptyDir: Object.spec.volumes.emptyDir{}}]}}",
    ];
    let made = if is_pod && dice.percent(70) {
        dice.one(&of_pods)
    } else {
        dice.one(&of_all)
    };
    fill(dice, made)
}

fn fill(dice: &Dice, template: &str) -> String {
    template
        .replace("$S", &text(dice))
        .replace("$I", &expression(dice, "$I", 0))
        .replace("$B", &expression(dice, "$B", 0))
}
