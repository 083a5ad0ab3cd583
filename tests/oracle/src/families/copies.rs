//! `test` of policies that copy objects: `clone`, `cloneList` and loops of them, with wanted objects.

use serde_json::{Value, json};

use crate::{
    case::{Case, Command, Family, Size},
    dice::Dice,
    policies::policy,
};

/// The family.
pub(crate) const FAMILY: Family = Family {
    name: "copies",
    command: Command::Test,
    draw,
};

fn draw(dice: &Dice, size: Size) -> Case {
    let mut case = Case::default();
    let mut results = Vec::new();
    let sources: Vec<Value> = (0..4).map(|index| source(dice, index)).collect();
    for index in 0..size.policies {
        // Kyverno dies of a source that two rules of a policy have.
        let rules = vec![rule(dice, 0, &sources)];
        let mut policy = policy(dice, index, rules.clone());
        policy["kind"] = json!("ClusterPolicy");
        if let Some(metadata) = policy["metadata"].as_object_mut() {
            metadata.remove("namespace");
        }
        case.policies.push(policy.to_string());
        for rule in &rules {
            let number = results.len();
            let wanted = wanted(dice, &rule["generate"], &sources);
            let wanted: Vec<String> = wanted.iter().map(Value::to_string).collect();
            let mut result = json!({"policy": format!("p{index}"), "rule": rule["name"], "kind": "Namespace", "resources": [dice.one(&["team-a", "team-b"])],
                "result": dice.one(&["pass", "pass", "fail", "skip"])});
            if dice.percent(85) {
                result["cloneSourceResource"] =
                    json!(dice.one(&["sources.yaml", "sources.yaml", "one.yaml"]));
            }
            if dice.percent(85) {
                let name = format!("wanted-{number}.yaml");
                result["generatedResource"] = json!(name);
                case.files.push((name, wanted.join("\n---\n")));
            }
            results.push(result);
        }
    }
    case.objects = ["team-a", "team-b"]
        .map(|name| {
            let labels = dice.of(&json!([{}, {"app": "a"}, {"app": "web", "team": "dev"}]));
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}).to_string()
        })
        .to_vec();
    let text: Vec<String> = sources.iter().map(Value::to_string).collect();
    case.files
        .push(("sources.yaml".to_owned(), text.join("\n---\n")));
    case.files.push(("one.yaml".to_owned(), text[0].clone()));
    let suite = json!({
        "apiVersion": "cli.kyverno.io/v1alpha1", "kind": "Test", "metadata": {"name": "suite"},
        "policies": ["policies"], "resources": ["objects.yaml"], "results": results,
    });
    case.files
        .push(("kyverno-test.yaml".to_owned(), suite.to_string()));
    case
}

/// A source, with metadata that a copy must not have.
fn source(dice: &Dice, index: usize) -> Value {
    let mut made = match dice.below(3) {
        0 => json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "v"}}),
        _ => {
            json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": {"k": "dg=="}})
        }
    };
    made["metadata"] = json!({"name": format!("s{index}"), "namespace": dice.one(&["base", "base", "other"]), "labels": dice.of(&json!([{"app": "a"}, {"app": "b", "copy": "yes"}, {"copy": "yes"}]))});
    if dice.percent(40) {
        made["metadata"]["annotations"] = json!({"note": "x"});
        made["metadata"]["uid"] = json!("11111111-1111-1111-1111-111111111111");
        made["metadata"]["resourceVersion"] = json!("7");
    }
    if dice.percent(25) {
        made["metadata"]["ownerReferences"] =
            json!([{"apiVersion": "v1", "kind": "Pod", "name": "o", "uid": "u"}]);
    }
    made
}

fn rule(dice: &Dice, number: usize, sources: &[Value]) -> Value {
    let mut generate = json!({"synchronize": dice.percent(50)});
    if dice.percent(25) {
        generate["foreach"] = json!(dice.many(1, 2, |dice| {
            let mut made = json!({"list": dice.one(&["`[\"x\", \"y\"]`", "keys(request.object.metadata.labels)", "request.object.metadata.labels.app | split(@, 'e')"])});
            copy(dice, sources, &mut made, "-{{ element }}");
            if dice.percent(30) {
                made["preconditions"] = json!({"all": [{"key": "{{ elementIndex }}", "operator": dice.one(&["GreaterThan", "Equals", "LessThan"]), "value": 1}]});
            }
            made
        }));
    } else {
        copy(dice, sources, &mut generate, "");
    }
    let mut rule = json!({"name": format!("r{number}"), "match": {"any": [{"resources": {"kinds": ["Namespace"]}}]}, "generate": generate});
    if dice.percent(25) {
        rule["preconditions"] = json!({"all": [{"key": "{{ request.object.metadata.labels.app || '' }}", "operator": dice.one(&["Equals", "NotEquals"]), "value": dice.one(&["a", "web"])}]});
    }
    rule
}

fn copy(dice: &Dice, sources: &[Value], made: &mut Value, suffix: &str) {
    let source = dice.one(sources);
    made["namespace"] = json!(dice.one(&["{{ request.object.metadata.name }}", "fixed"]));
    match dice.below(8) {
        0..3 => {
            let kinds = dice.one(&[
                vec!["v1/Secret"],
                vec!["v1/ConfigMap"],
                vec!["v1/Secret", "v1/ConfigMap"],
            ]);
            made["cloneList"] =
                json!({"namespace": dice.one(&["base", "other", "none"]), "kinds": kinds});
            if dice.percent(70) {
                made["cloneList"]["selector"] = dice.of(&json!([{"matchLabels": {"app": "a"}}, {"matchLabels": {"copy": "yes"}}, {"matchExpressions": [{"key": "app", "operator": "Exists"}]}]));
            }
        }
        3..7 => {
            made["apiVersion"] = json!("v1");
            made["kind"] = if dice.percent(90) {
                source["kind"].clone()
            } else {
                json!("Secret")
            };
            made["name"] = json!(format!("made{suffix}"));
            let name = dice.one(&[
                source["metadata"]["name"].clone(),
                source["metadata"]["name"].clone(),
                json!("none"),
            ]);
            made["clone"] = json!({"namespace": source["metadata"]["namespace"], "name": name});
        }
        _ => {
            made["apiVersion"] = json!("v1");
            made["kind"] = json!("Secret");
            made["name"] = json!(format!("made{suffix}"));
            made["data"] = json!({"stringData": {"k": "{{ request.object.metadata.name }}", "{{ element || 'n' }}": "x"}});
        }
    }
}

/// What a rule is wanted to make, which is mostly what it makes.
fn wanted(dice: &Dice, generate: &Value, sources: &[Value]) -> Vec<Value> {
    let namespace = dice.one(&["team-a", "team-b", "fixed"]);
    let copies = sources.iter().filter(|source| {
        let from = [&generate["clone"], &generate["cloneList"]];
        dice.percent(5)
            || from
                .iter()
                .any(|from| from["namespace"] == source["metadata"]["namespace"])
    });
    let copies = copies.map(|source| {
        let mut made = source.clone();
        made["metadata"] = json!({"name": source["metadata"]["name"], "namespace": namespace});
        if generate["clone"] != Value::Null {
            made["metadata"]["name"] = json!("made");
        }
        if dice.percent(70) {
            made["metadata"]["labels"] = source["metadata"]["labels"].clone();
        }
        made
    });
    copies.collect()
}
