//! Differences that are meant, each with a reason in `docs/compatibility.md`: they are counted apart, so
//! that the figures show what nobody decided.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    answer::Answer,
    case::{Case, key, read},
    compare::{Difference, What},
};

/// Whether a difference between two answers to a case is meant.
pub(crate) fn is_meant(
    difference: &Difference,
    case: &Case,
    theirs: &Answer,
    ours: &Answer,
) -> bool {
    match difference.what {
        What::Status => is_meant_status(difference, case, theirs, ours),
        What::Object => is_meant_object(difference, theirs, ours),
        What::Message | What::Refusal => false,
    }
}

fn is_meant_status(difference: &Difference, case: &Case, theirs: &Answer, ours: &Answer) -> bool {
    let object = &difference.row.object;
    let is_of = |lines: &str, word: &str| lines.lines().all(|line| line.contains(word));
    // An object whose mutation failed is still validated.
    let is_left = difference.theirs.is_empty() && has_error(theirs, object);
    // A policy that one of them refuses is a difference of its own.
    let policy = &difference.row.policy;
    let is_refused = theirs.refused.contains(policy) != ours.refused.contains(policy);
    // Kyverno drops elements of lists that share a merge key, whatever the patch says.
    let is_thinned = difference.theirs.starts_with("pass: mutated ")
        && difference.ours == "skip: no patches applied";
    // What cannot be generated is an error.
    let is_told =
        is_of(&difference.theirs, "pass: ") && difference.ours.contains(" generates nothing: ");
    // Kyverno answers nothing after a mutation under DELETE.
    let is_deletion = (case.files.iter()).any(|(_, text)| text.contains(DELETION))
        && (case.policies.iter()).any(|policy| policy.contains("\"mutate\":"));
    let is_after = is_deletion
        && (difference.theirs.is_empty() || is_of(&difference.theirs, ": Excluded"))
        && !ours.rows.is_empty();
    // Kyverno's commands ask a policy of one namespace about objects of all.
    let is_elsewhere = difference.ours.is_empty() && is_elsewhere(case, policy, object);
    is_left || is_refused || is_thinned || is_told || is_after || is_elsewhere
}

/// Whether a NamespacedValidatingPolicy is of another namespace than an object.
fn is_elsewhere(case: &Case, policy: &str, object: &str) -> bool {
    let name = policy.rsplit('/').next();
    let text = |policy: &Value, pointer: &str| {
        let text = policy.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let mut policies = case.policies.iter().flat_map(|policy| read(policy));
    policies.any(|policy| {
        let namespace = text(&policy, "/metadata/namespace");
        text(&policy, "/kind") == "NamespacedValidatingPolicy"
            && Some(text(&policy, "/metadata/name").as_str()) == name
            && !object.starts_with(&key(&namespace, "", "").replace("//", "/"))
    })
}

const DELETION: &str = "\"request.operation\":\"DELETE\"";

fn is_meant_object(difference: &Difference, theirs: &Answer, ours: &Answer) -> bool {
    let key = &difference.row.object;
    match (theirs.objects.get(key), ours.objects.get(key)) {
        (Some(theirs), Some(ours)) => alike(theirs) == alike(ours),
        // An object is copied from the resources, too; and a rule that fails keeps no other from generating.
        (None, Some(made)) => {
            label(made, "source-kind").is_some()
                || label(made, "policy-name").is_some_and(|policy| fails(ours, policy))
        }
        // A rule that fails makes nothing; and Kyverno writes an empty document for one that changes nothing.
        (Some(theirs), None) => {
            let policy = label(theirs, "policy-name");
            *theirs == serde_json::json!({}) || policy.is_some_and(|policy| fails(ours, policy))
        }
        (None, None) => false,
    }
}

fn has_error(answer: &Answer, object: &str) -> bool {
    let rows = answer.rows.iter().filter(|(row, _)| row.object == object);
    let mut rows = rows.flat_map(|(_, rows)| rows);
    rows.any(|(status, _)| status == "error")
}

/// Whether a policy has an error.
fn fails(answer: &Answer, policy: &str) -> bool {
    let rows = answer.rows.iter().filter(|(row, _)| row.policy == policy);
    let mut rows = rows.flat_map(|(_, rows)| rows);
    rows.any(|(status, _)| status == "error")
}

fn label<'o>(object: &'o Value, name: &str) -> Option<&'o str> {
    let labels = object.pointer("/metadata/labels")?;
    labels.get(format!("generate.kyverno.io/{name}"))?.as_str()
}

/// An object without the label that Kyverno does not write, and with one element of a list for each
/// merge key, as Kyverno leaves the last.
fn alike(object: &Value) -> Value {
    match object {
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .filter(|(key, _)| *key != "generate.kyverno.io/trigger-name");
            let fields = fields.map(|(key, value)| (key.clone(), alike(value)));
            Value::Object(fields.collect())
        }
        Value::Array(elements) => {
            let elements: Vec<Value> = elements.iter().map(alike).collect();
            let keyed = ["name", "containerPort", "mountPath", "key"].iter();
            let mut keyed = keyed.filter_map(|key| by_key(&elements, key));
            keyed.next().unwrap_or(Value::Array(elements))
        }
        other => other.clone(),
    }
}

fn by_key(elements: &[Value], key: &str) -> Option<Value> {
    let keyed = elements
        .iter()
        .map(|element| Some((element.get(key)?.to_string(), element.clone())));
    let keyed: BTreeMap<String, Value> = keyed.collect::<Option<_>>()?;
    Some(Value::Array(keyed.into_values().collect()))
}
