//! What a plan is, in a cluster that is played.

use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::{
    annotations::{LINE, PATH},
    ownership::MANAGER,
};

const NATIVE: &str = "admissionregistration.k8s.io/v1";

/// The objects that are there, and what was written.
#[derive(Clone, Default)]
struct Played {
    live: BTreeMap<ObjectKey, Value>,
    inventory: Inventory,
    applied: Vec<Arc<Value>>,
}

fn shared(objects: &[Value]) -> Vec<Arc<Value>> {
    objects.iter().cloned().map(Arc::new).collect()
}

impl Played {
    fn plan(&self, commit: &str, wanted: &[Value], message: &str) -> Result<Plan, Vec<Refusal>> {
        plan(&PlanInput {
            source: "one",
            commit,
            wanted: &shared(wanted),
            inventory: &self.inventory,
            applied: &self.applied,
            live: &self.live,
            allowance: Allowance::of_message(message).unwrap(),
        })
    }

    fn apply(&mut self, commit: &str, wanted: &[Value], plan: &Plan) {
        for write in plan.writes() {
            if write.to_clear.is_some() {
                self.live.remove(&write.key);
            }
            let live = self.live.entry(write.key.clone()).or_insert(json!({}));
            *live = applied(&write.object);
        }
        for (key, _) in &plan.prunes {
            self.live.remove(key);
        }
        self.applied = shared(wanted);
        self.inventory = Inventory {
            commit: commit.to_owned(),
            objects: wanted.iter().filter_map(ObjectKey::of).collect(),
        };
    }

    /// Plans and applies what is not refused.
    fn sync(&mut self, commit: &str, wanted: &[Value], message: &str) -> Vec<String> {
        match self.plan(commit, wanted, message) {
            Ok(plan) => {
                self.apply(commit, wanted, &plan);
                lines(&plan)
            }
            Err(refusals) => refusals
                .iter()
                .map(|one| format!("refused: {one}"))
                .collect(),
        }
    }

    /// What a person does with `kubectl edit`.
    fn edit(&mut self, name: &str, field: &str, value: Value) {
        let live = self.live.iter_mut().find(|(key, _)| key.name == name);
        let (_, live) = live.unwrap();
        live["spec"][field] = value;
        let managers = live["metadata"]["managedFields"].as_array_mut().unwrap();
        let fields = managers[0]["fieldsV1"].as_object_mut().unwrap();
        let spec = fields["f:spec"].as_object_mut().unwrap();
        spec.remove(&format!("f:{field}"));
        if spec.is_empty() {
            fields.remove("f:spec");
        }
        managers.push(json!({
            "manager": "kubectl-edit", "operation": "Update",
            "fieldsV1": {"f:spec": {format!("f:{field}"): {}}},
        }));
    }
}

/// An object as the server keeps it after an apply.
fn applied(object: &Value) -> Value {
    let mut live = object.clone();
    live["metadata"]["uid"] = json!("u");
    let fields = json!({
        "f:metadata": {"f:annotations": owned(&object["metadata"]["annotations"])},
        "f:spec": owned(&object["spec"]),
    });
    live["metadata"]["managedFields"] =
        json!([{"manager": MANAGER, "operation": "Apply", "fieldsV1": fields}]);
    live
}

fn owned(value: &Value) -> Value {
    let fields = value.as_object().into_iter().flatten();
    let fields = fields.map(|(name, value)| (format!("f:{name}"), owned(value)));
    Value::Object(fields.collect::<Map<_, _>>())
}

fn lines(plan: &Plan) -> Vec<String> {
    let writes = plan.writes().map(ToString::to_string);
    let prunes = plan.prunes.iter().map(|(key, _)| format!("delete   {key}"));
    let kept = plan.kept.iter().map(|key| format!("keep     {key}"));
    writes.chain(prunes).chain(kept).collect()
}

fn object(version: &str, kind: &str, name: &str, spec: Value) -> Value {
    let mut object =
        json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec});
    annotations::set(&mut object, SYNCED_BY, "one");
    annotations::set(&mut object, PATH, &format!("{name}.yaml"));
    annotations::set(&mut object, LINE, "1");
    object
}

fn policy(name: &str, action: &str) -> Value {
    let rule = json!({
        "name": "r",
        "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
        "validate": {"failureAction": action, "message": "m", "pattern": {"a": "b"}},
    });
    object(
        "kyverno.io/v1",
        "ClusterPolicy",
        name,
        json!({"rules": [rule]}),
    )
}

fn exception(name: &str) -> Value {
    object(
        "kyverno.io/v2",
        "PolicyException",
        name,
        json!({"exceptions": []}),
    )
}

/// The objects of a commit: each says it, as what is rendered does.
fn at(commit: &str, objects: &[Value]) -> Vec<Value> {
    let mut objects = objects.to_vec();
    for object in &mut objects {
        annotations::set(object, COMMIT, commit);
    }
    objects
}

fn many(count: usize) -> Vec<Value> {
    (0..count)
        .map(|number| policy(&format!("p{number:02}"), "Enforce"))
        .collect()
}

#[test]
fn what_others_need_comes_first_and_goes_last() {
    let mut played = Played::default();
    let kinds = [
        (NATIVE, "ValidatingAdmissionPolicyBinding"),
        (NATIVE, "ValidatingAdmissionPolicy"),
        ("kyverno.io/v1", "ClusterPolicy"),
        ("kyverno.io/v2", "PolicyException"),
        ("v1", "Namespace"),
    ];
    let wanted: Vec<Value> = kinds
        .iter()
        .map(|(version, kind)| object(version, kind, "a", json!({})))
        .collect();
    let create = [
        "Namespace/a",
        "PolicyException/a",
        "ValidatingAdmissionPolicy/a",
        "ClusterPolicy/a",
        "ValidatingAdmissionPolicyBinding/a",
    ];
    let mut found = played.sync("1", &at("1", &wanted), "");
    let mut create = create.map(|name| format!("create   {name}"));
    // Within a stage the order is that of the keys.
    found.sort();
    create.sort();
    assert_eq!(found, create);
    let stages: Vec<Stage> = {
        let plan = Played::default().plan("1", &wanted, "").unwrap();
        plan.stages.iter().map(|(stage, _)| *stage).collect()
    };
    assert_eq!(stages, Stage::ALL);
    let gone = played.sync(
        "2",
        &at("2", &[policy("b", "Audit")]),
        "s\n\nPortcullis-Allow: prune=4",
    );
    assert_eq!(
        gone,
        [
            "create   ClusterPolicy/b",
            "delete   ValidatingAdmissionPolicyBinding/a",
            "delete   ValidatingAdmissionPolicy/a",
            "delete   ClusterPolicy/a",
            "delete   PolicyException/a",
            "keep     Namespace/a",
        ]
        .map(str::to_owned)
        .into_iter()
        .collect::<Vec<_>>()
        .as_slice()
    );
}

#[test]
fn a_commit_writes_only_what_it_changes() {
    let mut played = Played::default();
    let (a, b) = (policy("a", "Audit"), policy("b", "Audit"));
    played.sync("1", &at("1", &[a.clone(), b.clone()]), "");
    assert_eq!(played.sync("2", &at("2", &[a.clone(), b]), ""), [""; 0]);
    let changed = played.sync("3", &at("3", &[a, policy("b", "Enforce")]), "");
    assert_eq!(changed, ["change   ClusterPolicy/b"]);
    let commits: Vec<&str> = played
        .live
        .values()
        .filter_map(|live| annotations::get(live, COMMIT))
        .collect();
    assert_eq!(commits, ["1", "3"]);
}

#[test]
fn what_others_changed_is_put_back() {
    let wanted = at("1", &[policy("a", "Audit")]);
    for (field, value, clears) in [
        ("rules", json!([]), false),
        ("failurePolicy", json!("Ignore"), true),
    ] {
        let mut played = Played::default();
        played.sync("1", &wanted, "");
        played.edit("a", field, value);
        let plan = played.plan("1", &wanted, "").unwrap();
        assert_eq!(
            lines(&plan),
            ["put back ClusterPolicy/a, which kubectl-edit changed"]
        );
        assert_eq!(plan.writes().any(|write| write.to_clear.is_some()), clears);
        played.apply("1", &wanted, &plan);
        assert_eq!(played.sync("1", &wanted, ""), [""; 0]);
    }
}

#[test]
fn to_put_back_what_a_person_made_stricter_is_no_weakening() {
    let mut played = Played::default();
    let wanted = at("1", &[policy("a", "Audit"), policy("b", "Audit")]);
    played.sync("1", &wanted, "");
    for name in ["a", "b"] {
        let strict = policy(name, "Enforce");
        played.edit(name, "rules", strict["spec"]["rules"].clone());
    }
    assert_eq!(played.plan("1", &wanted, "").unwrap().weakened, []);
    // Nor is it one by another revision that has the same.
    assert_eq!(played.plan("2", &wanted, "").unwrap().weakened, []);
    // Where nobody knows what was applied last, it may be.
    played.applied.clear();
    assert_eq!(played.plan("2", &wanted, "").unwrap_err().len(), 1);
}

#[test]
fn budgets_hold_unless_the_commit_says_otherwise() {
    let allow = |text: &str| format!("s\n\nPortcullis-Allow: {text}");
    let before = many(20);
    let audit = |count: usize| -> Vec<Value> {
        let weak = before
            .iter()
            .take(count)
            .map(|one| policy(one["metadata"]["name"].as_str().unwrap(), "Audit"));
        weak.chain(before.iter().skip(count).cloned()).collect()
    };
    let with = |count: usize| -> Vec<Value> {
        let more = (0..count).map(|number| exception(&format!("e{number}")));
        before.iter().cloned().chain(more).collect()
    };
    let new = |count: usize| -> Vec<Value> {
        let new = (0..count).map(|number| policy(&format!("new{number}"), "Audit"));
        new.collect()
    };
    for (case, wanted, message, refused) in [
        (
            "one prune of 19",
            before[1..].to_vec(),
            String::new(),
            false,
        ),
        (
            "two prunes of 18",
            before[2..].to_vec(),
            String::new(),
            true,
        ),
        (
            "two prunes, allowed",
            before[2..].to_vec(),
            allow("prune=2"),
            false,
        ),
        (
            "two prunes, another allowance",
            before[2..].to_vec(),
            allow("weaken=9"),
            true,
        ),
        (
            "one prune, none allowed",
            before[1..].to_vec(),
            allow("prune=0"),
            true,
        ),
        ("two of 20 weaker", audit(2), String::new(), false),
        ("three of 20 weaker", audit(3), String::new(), true),
        ("three weaker, allowed", audit(3), allow("weaken=3"), false),
        ("two exceptions more", with(2), String::new(), false),
        ("three exceptions more", with(3), String::new(), true),
        (
            "three weaker among many new ones",
            audit(3).into_iter().chain(new(40)).collect(),
            String::new(),
            true,
        ),
        (
            "two prunes among many new ones",
            before[2..].iter().cloned().chain(new(40)).collect(),
            String::new(),
            true,
        ),
        (
            "everything gone, though allowed",
            Vec::new(),
            allow("prune=99"),
            true,
        ),
    ] {
        let mut played = Played::default();
        played.sync("1", &at("1", &before), "");
        let there = played.live.clone();
        let found = played.sync("2", &at("2", &wanted), &message);
        let is_refused = found.iter().all(|line| line.starts_with("refused: "));
        assert_eq!(is_refused, refused, "{case}: {found:?}");
        assert_eq!(played.live == there, refused, "{case}");
    }
}

#[test]
fn what_was_deleted_by_hand_does_not_come_back_weaker() {
    let mut played = Played::default();
    let wanted = |action| [policy("a", action), policy("b", action)];
    played.sync("1", &at("1", &wanted("Enforce")), "");
    played.live.clear();
    let refused = played
        .plan("2", &at("2", &wanted("Audit")), "")
        .unwrap_err();
    assert_eq!(refused[0].check(), "weaken");
    assert!(played.plan("2", &at("2", &wanted("Enforce")), "").is_ok());
}

#[test]
fn a_first_revision_has_no_exception_too_many() {
    let wanted: Vec<Value> = (0..5)
        .map(|number| exception(&format!("e{number}")))
        .collect();
    assert!(Played::default().plan("1", &wanted, "").is_ok());
}

#[test]
fn a_first_revision_without_objects_is_refused() {
    let refusals = Played::default().plan("1", &[], "").unwrap_err();
    assert!(matches!(refusals.as_slice(), [Refusal::Nothing]));
}

#[test]
fn what_forbids_a_revision_says_why() {
    let mut played = Played::default();
    played.sync("1", &[policy("a", "Enforce"), policy("z", "Enforce")], "");
    let mut other = policy("other", "Audit");
    annotations::set(&mut other, SYNCED_BY, "two");
    played
        .live
        .insert(ObjectKey::of(&other).unwrap(), applied(&other));
    let secret = object("v1", "Secret", "s", json!({}));
    for (wanted, message) in [
        (
            vec![],
            "the revision has no object at all, and 2 of it are in the cluster: nothing is pruned",
        ),
        (
            vec![
                policy("a", "Enforce"),
                policy("a", "Enforce"),
                policy("z", "Enforce"),
            ],
            "ClusterPolicy/a is in a.yaml:1 and in a.yaml:1",
        ),
        (
            vec![
                policy("a", "Enforce"),
                policy("z", "Enforce"),
                policy("other", "Audit"),
            ],
            "ClusterPolicy/other belongs to the source `two`, which would put it back",
        ),
        (
            vec![policy("a", "Enforce"), policy("z", "Enforce"), secret],
            "Secret/s: objects of this kind are not synced",
        ),
        (
            vec![policy("b", "Enforce")],
            "2 objects would be deleted, and 1 may be: ClusterPolicy/a, ClusterPolicy/z",
        ),
        (
            vec![policy("a", "Audit"), policy("z", "Audit")],
            "2 objects would be weaker, and 1 may be: ClusterPolicy/a (rule `r`: failure action Enforce → Audit), ClusterPolicy/z (rule `r`: failure action Enforce → Audit)",
        ),
    ] {
        let refusals = played.plan("2", &wanted, "").unwrap_err();
        let told: Vec<String> = refusals.iter().map(ToString::to_string).collect();
        assert_eq!(told, [message]);
        assert!(!refusals[0].remedy().is_empty());
    }
}

#[test]
fn what_another_source_took_over_is_not_pruned() {
    let mut played = Played::default();
    let wanted = [policy("a", "Enforce"), policy("b", "Enforce")];
    played.sync("1", &wanted, "");
    let live = played.live.values_mut().next().unwrap();
    annotations::set(live, SYNCED_BY, "two");
    assert_eq!(played.sync("2", &wanted[1..], ""), [""; 0]);
}

fn objects() -> impl Strategy<Value = Vec<Value>> {
    let action = prop_oneof![Just("Enforce"), Just("Audit")];
    let one = (0..6_usize, action, any::<bool>()).prop_map(|(number, action, is_policy)| {
        let name = format!("n{number}");
        if is_policy {
            policy(&name, action)
        } else {
            exception(&name)
        }
    });
    proptest::collection::vec(one, 1..8).prop_map(|all| {
        let by_key: BTreeMap<_, _> = all
            .into_iter()
            .map(|one| (ObjectKey::of(&one), one))
            .collect();
        by_key.into_values().collect()
    })
}

proptest! {
    #[test]
    fn plans_are_the_same_twice_and_nothing_once_applied(
        first in objects(), second in objects(), edited in any::<bool>()
    ) {
        let all = "s\n\nPortcullis-Allow: prune=99 weaken=99";
        let mut played = Played::default();
        for (commit, wanted) in [("1", first), ("2", second)] {
            let wanted = at(commit, &wanted);
            let plan = played.plan(commit, &wanted, all).unwrap();
            prop_assert_eq!(&plan, &played.plan(commit, &wanted, all).unwrap());
            let mut reversed = wanted.clone();
            reversed.reverse();
            prop_assert_eq!(&plan, &played.plan(commit, &reversed, all).unwrap());
            played.apply(commit, &wanted, &plan);
            let again = played.plan(commit, &wanted, all).unwrap();
            prop_assert!(again.is_empty(), "{:?}", lines(&again));
            prop_assert_eq!(again.unchanged, wanted.len());
            let there: Vec<&ObjectKey> = played.live.keys().collect();
            let keys: BTreeSet<ObjectKey> = wanted.iter().filter_map(ObjectKey::of).collect();
            prop_assert_eq!(there, keys.iter().collect::<Vec<_>>());
            if edited {
                let name = wanted[0]["metadata"]["name"].as_str().unwrap().to_owned();
                played.edit(&name, "failurePolicy", json!("Ignore"));
            }
        }
    }
}
