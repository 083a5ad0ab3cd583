//! Policies that run together.

use portcullis_api::cluster_policy::Policy;
use portcullis_engine::lint::{Severity, check_set};
use serde_json::{Value, json};

use crate::{policy, rule};

fn named(name: &str, rules: &[Value]) -> Policy {
    let rules: Vec<_> = rules.iter().cloned().map(rule).collect();
    let mut policy = policy("ClusterPolicy", json!({"rules": rules}));
    policy.metadata.name = Some(name.to_owned());
    policy
}

/// Findings of a set, each as the name of its policy and its place.
#[track_caller]
fn check(policies: &[&Policy], expected: &[(&str, &str)]) {
    let found: Vec<_> = check_set(policies)
        .into_iter()
        .map(|it| {
            assert_eq!(it.finding.severity, Severity::Warning);
            let name = policies.get(it.policy).unwrap().metadata.name.clone();
            (name.unwrap_or_default(), it.finding.path)
        })
        .collect();
    let found: Vec<_> = found
        .iter()
        .map(|(name, path)| (name.as_str(), path.as_str()))
        .collect();
    assert_eq!(found, expected);
}

/// A rule that merges a patch.
fn merging(patch: Value) -> Value {
    json!({"validate": null, "mutate": {"patchStrategicMerge": patch}})
}

fn patching(patch: &str) -> Value {
    json!({"validate": null, "mutate": {"patchesJson6902": patch}})
}

fn label(value: Value) -> Value {
    merging(json!({"metadata": {"labels": {"a": value}}}))
}

fn matching(mut rule: Value, resources: Value) -> Value {
    let block = json!({"any": [{"resources": resources}]});
    let fields = rule.as_object_mut().unwrap();
    fields.insert("match".to_owned(), block);
    rule
}

const PLACE: &str = "/spec/rules/0/mutate/patchStrategicMerge/metadata/labels/a";

#[test]
fn two_mutations_of_a_place() {
    let first = named("first", &[label(json!("b"))]);
    let second = |rule: Value| named("second", &[rule]);
    check(&[&first, &second(label(json!("c")))], &[("second", PLACE)]);
    check(&[&first, &second(label(Value::Null))], &[("second", PLACE)]);
    let json = "/spec/rules/0/mutate/patchesJson6902";
    for patch in [
        "- {op: add, path: /metadata/labels/a, value: c}",
        "- {op: remove, path: /metadata/labels/a}",
        "- {op: add, path: /metadata/labels, value: {x: y}}",
        "- {op: remove, path: /metadata}",
    ] {
        check(&[&first, &second(patching(patch))], &[("second", json)]);
    }
    let other_kind = matching(label(json!("c")), json!({"kinds": ["Secret"]}));
    let mut chosen = label(json!("c"));
    chosen["preconditions"] = json!({"all": [{"key": 1, "operator": "Equals", "value": 1}]});
    let mut added = label(json!("c"));
    added["mutate"]["patchStrategicMerge"] = json!({"metadata": {"labels": {"+(a)": "c"}}});
    let mut conditional = label(json!("c"));
    conditional["mutate"]["patchStrategicMerge"]["(data)"] = json!({"x": "y"});
    for fine in [
        label(json!("b")),
        label(json!("{{ request.name }}")),
        merging(json!({"metadata": {"labels": {"b": "c"}}})),
        patching("- {op: add, path: /metadata/labels, value: {a: b}}"),
        patching("- {op: test, path: /data/x, value: y}\n- {op: remove, path: /metadata/labels/a}"),
        other_kind,
        chosen,
        added,
        conditional,
    ] {
        check(&[&first, &second(fine)], &[]);
    }
}

#[test]
fn a_later_rule_of_the_same_policy() {
    let ending = |mut rule: Value| {
        rule["name"] = json!("second");
        rule
    };
    let team = json!({"kinds": ["ConfigMap"], "namespaces": ["team"]});
    let narrow = ending(matching(label(json!("c")), team));
    check(&[&named("p", &[label(json!("b")), narrow])], &[]);
    let same = ending(label(json!("c")));
    let place = PLACE.replace("rules/0", "rules/1");
    check(&[&named("p", &[label(json!("b")), same])], &[("p", &place)]);
}

#[test]
fn a_mutation_that_is_refused() {
    let first = |rule: Value| named("first", &[rule]);
    let wanting = |pattern: Value| named("second", &[json!({"validate": {"pattern": pattern}})]);
    let labels = |labels: Value| json!({"metadata": {"labels": labels}});
    let sets = || first(label(json!("b")));
    for refusing in [
        labels(json!({"a": "c | d"})),
        labels(json!({"=(a)": "!b"})),
        labels(json!({"X(a)": "null"})),
        json!({"metadata": {"=(labels)": {"a": "?*c"}}}),
    ] {
        check(&[&sets(), &wanting(refusing)], &[("first", PLACE)]);
    }
    for fine in [
        labels(json!({"a": "b"})),
        labels(json!({"a": "?*"})),
        labels(json!({"other": "c"})),
        labels(json!({"a": "{{ request.name }}"})),
        labels(json!({"(b)": "x", "a": "c"})),
        json!({"(data)": {"x": "y"}, "metadata": {"labels": {"a": "c"}}}),
    ] {
        check(&[&sets(), &wanting(fine)], &[]);
    }
    let any = |one: &str, other: &str| {
        let patterns = json!([labels(json!({"a": one})), labels(json!({"a": other}))]);
        named("second", &[json!({"validate": {"anyPattern": patterns}})])
    };
    check(&[&sets(), &any("c", "d")], &[("first", PLACE)]);
    check(&[&sets(), &any("c", "b")], &[]);
    let pods = |rule: Value| matching(rule, json!({"kinds": ["Pod"]}));
    let image = merging(json!({"spec": {"containers": [{"(name)": "*", "image": "a:latest"}]}}));
    let tagged =
        json!({"validate": {"pattern": {"spec": {"containers": [{"image": "!*:latest"}]}}}});
    let place = "/spec/rules/0/mutate/patchStrategicMerge/spec/containers/0/image";
    check(
        &[
            &first(pods(image.clone())),
            &named("second", &[pods(tagged.clone())]),
        ],
        &[("first", place)],
    );
    // The rule that autogen makes of the one for Pods.
    let deployments =
        merging(json!({"spec": {"template": image["mutate"]["patchStrategicMerge"]}}));
    let deployments = matching(deployments, json!({"kinds": ["Deployment"]}));
    let place = place.replace("spec/containers", "spec/template/spec/containers");
    check(
        &[&first(deployments), &named("second", &[pods(tagged)])],
        &[("first", &place)],
    );
}

/// A rule that makes an object of a kind for each object of another one.
fn making(kind: &str, name: &str, of: &Value) -> Value {
    let body = json!({
        "apiVersion": "v1", "kind": kind, "namespace": "n", "name": name,
        "data": {"data": {"a": "b"}},
    });
    matching(json!({"validate": null, "generate": body}), of.clone())
}

#[test]
fn rules_that_generate_the_triggers_of_each_other() {
    let secrets = json!({"kinds": ["Secret"]});
    let maps = json!({"kinds": ["ConfigMap"]});
    let accounts = json!({"kinds": ["ServiceAccount"]});
    let first = named("first", &[making("ConfigMap", "made", &secrets)]);
    let back = |rule: Value| named("back", &[rule]);
    let place = &[("first", "/spec/rules/0/generate/kind")];
    check(&[&first, &back(making("Secret", "made", &maps))], place);
    let between = named("between", &[making("ServiceAccount", "made", &maps)]);
    check(
        &[&first, &between, &back(making("Secret", "made", &accounts))],
        place,
    );
    let chosen = json!({"kinds": ["ConfigMap"], "names": ["source"]});
    check(&[&first, &back(making("Secret", "made", &chosen))], &[]);
    let deleted = json!({"kinds": ["ConfigMap"], "operations": ["DELETE"]});
    check(&[&first, &back(making("Secret", "made", &deleted))], &[]);
    let mut careful = making("Secret", "made", &maps);
    careful["preconditions"] = json!({"all": [{"key": "a", "operator": "Equals", "value": "b"}]});
    check(&[&first, &back(careful)], &[]);
    check(&[&first, &between], &[]);

    let changing = |kind: &str, of: &Value| {
        let mut rule = matching(label(json!("v")), of.clone());
        rule["mutate"]["targets"] =
            json!([{"apiVersion": "v1", "kind": kind, "namespace": "n", "name": "t"}]);
        rule
    };
    let changes = named("changes", &[changing("Secret", &maps)]);
    check(&[&first, &changes], place);
    let place = "/spec/rules/0/mutate/targets/0/kind";
    check(
        &[&changes, &back(changing("ConfigMap", &secrets))],
        &[("changes", place)],
    );
    let created = json!({"kinds": ["Secret"], "operations": ["CREATE"]});
    check(&[&changes, &back(changing("ConfigMap", &created))], &[]);
    let mut chosen = changing("ConfigMap", &secrets);
    chosen["mutate"]["targets"][0]["selector"] = json!({"matchLabels": {"a": "b"}});
    check(&[&changes, &back(chosen)], &[]);

    let growing = making("Secret", "{{ request.object.metadata.name }}-copy", &maps);
    let found = check_set(&[&first, &back(growing.clone())]);
    let told: Vec<_> = found
        .iter()
        .map(|it| (it.finding.severity, it.finding.message.as_str()))
        .collect();
    let message = "`r` of `first` makes a ConfigMap, for which `r` of `back` runs, which makes `r` of `first` run again, and so on without end";
    assert_eq!(told, [(Severity::Error, message)]);

    let mut second = growing;
    second["name"] = json!("second");
    let both = named("both", &[making("ConfigMap", "made", &secrets), second]);
    assert_eq!(check_set(&[&both]), []);
    let found = portcullis_engine::lint::check(&both);
    let errors: Vec<_> = found
        .iter()
        .filter(|it| it.severity == Severity::Error)
        .map(|it| it.path.as_str())
        .collect();
    assert_eq!(errors, ["/spec/rules/0/generate/kind"]);
}
