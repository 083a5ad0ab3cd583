//! `mutate`: a patch of a rule on a resource.
//!
//! `in` is `{resource, patchStrategicMerge | patchesJson6902 [, context]}`; `out` is `{status,
//! message, resource}`, the resource where the status is `pass`. The rule is evaluated as one of a
//! policy, whose message is not the patch's own: status and resource are compared. The difference as
//! a patch, applied to the resource, must give the changed one.

use portcullis_engine::{
    CompileOptions, compile,
    context::source::NoSource,
    evaluate,
    load::{Loaded, load},
    patch::{JsonPatch, JsonPatchOptions, diff},
    record::Silent,
    request::{NumberModel, Operation},
    response::RuleStatus,
};
use portcullis_pipeline::offline::{
    requests::{Surroundings, request},
    source::World,
};
use serde_json::{Map, Value, json};

use super::answer::same_json;

/// Replays one case.
///
/// # Errors
/// The difference.
pub fn check(case: &Value) -> Result<(), String> {
    let input = case.get("in").ok_or("the case has no `in`")?;
    let resource = input.get("resource").ok_or("`in` has no `resource`")?;
    let (loaded, errors) = load(&policy(input, resource));
    if let Some(error) = errors.first() {
        return Err(format!("the policy does not load: {error:?}"));
    }
    let found = patched(&loaded, resource)?;
    let expected = case.get("out").unwrap_or(&Value::Null);
    if !same_json(&found, &without_message(expected)) {
        return Err(format!("found {found}, expected {expected}"));
    }
    let Some(after) = found.get("resource") else {
        return Ok(());
    };
    let patch = JsonPatch::from(diff(resource, after));
    match patch.apply(resource.clone(), JsonPatchOptions::STRICT) {
        Ok(applied) if &applied == after => Ok(()),
        applied => Err(format!("the patch {patch:?} gives {applied:?}")),
    }
}

fn policy(input: &Value, resource: &Value) -> Value {
    let mut mutate = Map::new();
    for field in ["patchStrategicMerge", "patchesJson6902"] {
        if let Some(patch) = input.get(field) {
            mutate.insert(field.to_owned(), patch.clone());
        }
    }
    let context = input.get("context").and_then(Value::as_object);
    let context: Vec<Value> = context
        .into_iter()
        .flatten()
        .map(|(name, value)| json!({"name": name, "variable": {"value": value}}))
        .collect();
    json!({
        "apiVersion": "kyverno.io/v1",
        "kind": "ClusterPolicy",
        "metadata": {"name": "mutate"},
        "spec": {"rules": [{
            "name": "mutate",
            "match": {"any": [{"resources": {"kinds": [resource["kind"]]}}]},
            "context": context,
            "mutate": mutate,
        }]},
    })
}

fn patched(loaded: &[Loaded], resource: &Value) -> Result<Value, String> {
    let (set, errors) = compile(loaded, &[], &CompileOptions { compat: true });
    if let Some(error) = errors.first() {
        return Err(format!("the policy does not compile: {error:?}"));
    }
    let surroundings = Surroundings {
        numbers: NumberModel::KyvernoOffline,
        ..Surroundings::default()
    };
    let request = request(
        resource,
        Operation::Create,
        &World::default().catalogue,
        &surroundings,
    );
    let responses = evaluate(&set, &request, &NoSource, &mut Silent);
    let rule = responses
        .first()
        .and_then(|response| response.rules.first());
    let status = rule.ok_or("no rule answered")?.status;
    let mut found = json!({"status": status.as_str()});
    if status == RuleStatus::Pass {
        let patched = responses
            .first()
            .and_then(|response| response.patched.as_deref());
        found["resource"] = patched.cloned().unwrap_or_default();
    }
    Ok(found)
}

fn without_message(expected: &Value) -> Value {
    let fields = expected.as_object().into_iter().flatten();
    let kept = fields.filter(|(key, _)| *key != "message");
    Value::Object(
        kept.map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    )
}
