//! The status of policies: whether each serves as it is written, and why not.
//!
//! ```text
//! kyverno.io             ready, conditions[Ready], rulecount, autogen.rules
//! policies.kyverno.io    conditionStatus.{ready, conditions[PolicyCached, Ready], message}
//! ```

use portcullis_api::{
    cluster_policy::{AutogenStatus, Policy, PolicyStatus, Rule, RuleCount},
    status::{ConditionStatus, StatusCondition},
};
use portcullis_engine::{autogen, load::Loaded};
use portcullis_values::gotime::GoTime;
use serde_json::{Map, Value, json};

use super::objects::Judged;

/// The longest message.
const LONGEST: usize = 2048;

/// The object to apply as status; none where there is nothing new to say, or no status at all.
pub(crate) fn of(judged: &Judged, now: i64) -> Option<Value> {
    let text = |pointer: &str| judged.head.pointer(pointer).and_then(Value::as_str);
    let (api_version, kind) = (text("/apiVersion")?, text("/kind")?);
    let group = api_version.split('/').next()?;
    let status = match (group, kind) {
        ("kyverno.io", "ClusterPolicy" | "Policy") => of_rules(judged, now),
        ("policies.kyverno.io", kind) if is_asked_of_requests(kind) => of_cel(judged, now),
        _ => return None,
    };
    let is_said = status
        .iter()
        .all(|(key, value)| judged.status.get(key) == Some(value));
    if is_said {
        return None;
    }
    let mut metadata = json!({"name": text("/metadata/name")?});
    if let (Some(metadata), Some(namespace)) =
        (metadata.as_object_mut(), text("/metadata/namespace"))
    {
        metadata.insert("namespace".to_owned(), namespace.into());
    }
    Some(json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": metadata,
        "status": status,
    }))
}

fn is_asked_of_requests(kind: &str) -> bool {
    let kind = kind.strip_prefix("Namespaced").unwrap_or(kind);
    matches!(
        kind,
        "ValidatingPolicy" | "MutatingPolicy" | "ImageValidatingPolicy"
    )
}

fn of_rules(judged: &Judged, now: i64) -> Map<String, Value> {
    let mut status = PolicyStatus {
        ready: Some(judged.problem.is_empty()),
        conditions: vec![condition(judged, "Ready", "/conditions", now)],
        ..PolicyStatus::default()
    };
    if let Some(Loaded::Policy(policy)) = judged.serves.as_deref() {
        let derived = autogen::expand(policy).into_iter();
        let listed: Vec<Rule> = derived
            .filter(|rule| rule.listed)
            .map(|rule| rule.rule)
            .collect();
        status.rulecount = Some(count(policy, &listed));
        status.autogen = Some(AutogenStatus { rules: listed });
    }
    let mut status = match serde_json::to_value(status) {
        Ok(Value::Object(status)) => status,
        _ => Map::new(),
    };
    // An API server that applies an object without the field that it had makes it `null`, and refuses
    // that.
    if let Some(autogen) = status.get_mut("autogen").and_then(Value::as_object_mut) {
        autogen.entry("rules").or_insert_with(|| json!([]));
    }
    status
}

fn count(policy: &Policy, derived: &[Rule]) -> RuleCount {
    let mut count = RuleCount::default();
    for rule in policy.spec.rules.iter().chain(derived) {
        count.validate += i64::from(rule.validate.is_some());
        count.generate += i64::from(rule.generate.is_some());
        count.mutate += i64::from(rule.mutate.is_some());
        count.verifyimages += i64::from(!rule.verify_images.is_empty());
    }
    count
}

fn of_cel(judged: &Judged, now: i64) -> Map<String, Value> {
    let condition = |name| condition(judged, name, "/conditionStatus/conditions", now);
    let status = json!({
        "ready": judged.problem.is_empty(),
        // `kubectl get` shows the second one.
        "conditions": [condition("PolicyCached"), condition("Ready")],
        "message": message(judged),
    });
    Map::from_iter([("conditionStatus".to_owned(), status)])
}

fn message(judged: &Judged) -> String {
    let text = match (judged.problem.as_str(), &judged.serves) {
        ("", _) => return "the policy serves as it is written".to_owned(),
        (problem, Some(_)) => format!("an older version serves: {problem}"),
        (problem, None) => format!("the policy does not serve: {problem}"),
    };
    text.chars().take(LONGEST).collect()
}

fn condition(judged: &Judged, name: &str, before: &str, now: i64) -> StatusCondition {
    let (status, reason) = match judged.problem.as_str() {
        "" => (ConditionStatus::True, "Succeeded"),
        _ => (ConditionStatus::False, "Failed"),
    };
    let before = judged.status.pointer(before).and_then(Value::as_array);
    let mut before = before.into_iter().flatten();
    let known = before.find(|one| {
        one.get("type") == Some(&json!(name)) && one.get("status") == Some(&json!(status))
    });
    let since = known.and_then(|known| known.get("lastTransitionTime")?.as_str());
    let now = || GoTime::from_unix(now, 0).format("2006-01-02T15:04:05Z07:00");
    StatusCondition {
        r#type: name.to_owned(),
        status,
        reason: reason.to_owned(),
        message: message(judged),
        last_transition_time: since.map_or_else(now, str::to_owned),
        observed_generation: judged
            .head
            .pointer("/metadata/generation")
            .and_then(Value::as_i64),
    }
}

#[cfg(test)]
mod tests {
    use portcullis_engine::load;

    use super::*;

    fn policy() -> Value {
        json!({
            "apiVersion": "kyverno.io/v1",
            "kind": "ClusterPolicy",
            "metadata": {"name": "p", "generation": 3},
            "spec": {"rules": [{
                "name": "app",
                "match": {"any": [{"resources": {"kinds": ["Pod"]}}]},
                "validate": {"pattern": {"metadata": {"labels": {"app": "?*"}}}},
            }]},
        })
    }

    fn judged(problem: &str, status: Value) -> Judged {
        judged_of(&policy(), problem, status)
    }

    fn judged_of(policy: &Value, problem: &str, status: Value) -> Judged {
        let (loaded, errors) = load::load(policy);
        assert_eq!(errors, []);
        Judged {
            head: policy.clone().into(),
            status: status.into(),
            serves: loaded.into_iter().next().map(Into::into),
            problem: problem.to_owned(),
        }
    }

    #[test]
    fn a_status_says_what_serves_and_is_not_said_twice() {
        let said = of(&judged("", Value::Null), 0).unwrap();
        let status = &said["status"];
        assert_eq!(status["ready"], true);
        assert_eq!(
            status["rulecount"],
            json!({"validate": 3, "generate": 0, "mutate": 0, "verifyimages": 0})
        );
        let names = ["autogen-app", "autogen-cronjob-app"];
        let rules = status["autogen"]["rules"].as_array().unwrap();
        let found: Vec<&Value> = rules.iter().map(|rule| &rule["name"]).collect();
        assert_eq!(found, names);
        let ready = &status["conditions"][0];
        assert_eq!(ready["status"], "True");
        assert_eq!(ready["observedGeneration"], 3);
        assert_eq!(of(&judged("", status.clone()), 60), None);
        assert_eq!(said["spec"], Value::Null);

        // Left out, they would be `null`.
        let mut services = policy();
        services["spec"]["rules"][0]["match"]["any"][0]["resources"]["kinds"] = json!(["Service"]);
        let without = of(&judged_of(&services, "", status.clone()), 60).unwrap();
        assert_eq!(without["status"]["autogen"], json!({"rules": []}));

        let broken = of(&judged("spec: no", status.clone()), 60).unwrap();
        let ready = &broken["status"]["conditions"][0];
        assert_eq!(ready["status"], "False");
        assert_eq!(ready["message"], "an older version serves: spec: no");
        assert_eq!(ready["lastTransitionTime"], "1970-01-01T00:01:00Z");
    }

    #[test]
    fn policies_in_cel_are_ready_too() {
        let policy = json!({
            "apiVersion": "policies.kyverno.io/v1",
            "kind": "ValidatingPolicy",
            "metadata": {"name": "p", "generation": 1},
            "spec": {"validations": [{"expression": "true"}]},
        });
        for (problem, wanted) in [("", "True"), ("spec: no", "False")] {
            let said = of(&judged_of(&policy, problem, Value::Null), 0).unwrap();
            let status = &said["status"]["conditionStatus"];
            assert_eq!(status["ready"], problem.is_empty());
            let conditions = status["conditions"].as_array().unwrap().iter();
            let shown = conditions.map(|one| [&one["type"], &one["status"]]);
            let shown: Vec<[&Value; 2]> = shown.collect();
            assert_eq!(shown, [["PolicyCached", wanted], ["Ready", wanted]]);
        }
    }
}
