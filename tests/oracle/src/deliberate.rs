//! Differences that are meant, each with a reason in `docs/compatibility.md`: they are counted apart, so
//! that the figures show what nobody decided.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::{
    answer::Answer,
    case::{Case, key, object_key, read},
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
        What::Object => is_meant_object(difference, case, theirs, ours),
        What::Refusal => {
            let policy = &difference.row.policy;
            // Kyverno's `apply` ends where a condition of a DeletingPolicy has no value.
            let is_ended =
                theirs.refused.contains(policy) && fails(ours, policy) && is_deleting(case, policy);
            is_ended || is_meant_refusal(policy, difference.ours == "refused", case)
        }
        What::Message => {
            is_other_image(difference)
                || names_exceptions(difference)
                || is_not_generated(difference, case, ours)
        }
    }
}

/// A row of a suite whose rule cannot generate, which Kyverno passes, or that wants objects which are not
/// generated, which Kyverno does not look at. The former is about the trigger here.
fn is_not_generated(difference: &Difference, case: &Case, ours: &Answer) -> bool {
    let policy = &difference.row.policy;
    let mut rows = ours.rows.iter().filter(|(row, _)| row.policy == *policy);
    let is_error =
        rows.any(|(_, rows)| rows.iter().any(|(_, reason)| reason.ends_with("got error")));
    policy_has(case, policy, "\"generate\":")
        && (is_error || difference.ours.starts_with("Fail: Resource "))
        && (difference.theirs.is_empty()
            || ["Pass: Ok", "got pass", "Resource error"]
                .iter()
                .any(|end| difference.theirs.ends_with(end)))
}

/// An error of an exception names the exception.
fn names_exceptions(difference: &Difference) -> bool {
    let named = difference.ours.split("exception ").skip(1);
    let names = named.filter_map(|rest| rest.split_once(": ").map(|(name, _)| name));
    let without = names.fold(difference.ours.clone(), |ours, name| {
        ours.replace(&format!("exception {name}: "), "")
    });
    without == difference.theirs
}

fn is_deleting(case: &Case, policy: &str) -> bool {
    let mut policies = case.policies.iter().flat_map(|policy| read(policy));
    policies.any(|written| {
        let text = |pointer: &str| written.pointer(pointer).and_then(Value::as_str);
        text("/metadata/name") == Some(policy)
            && text("/kind").is_some_and(|kind| kind.ends_with("DeletingPolicy"))
    })
}

fn is_meant_status(difference: &Difference, case: &Case, theirs: &Answer, ours: &Answer) -> bool {
    let object = &difference.row.object;
    let is_of = |lines: &str, word: &str| lines.lines().all(|line| line.contains(word));
    // An object whose mutation failed is still validated.
    let is_left = difference.theirs.is_empty() && has_error(theirs, object)
        || mutates(case) && is_excluded(theirs, object);
    // A policy that one of them refuses is a difference of its own.
    let policy = &difference.row.policy;
    let name = policy.rsplit('/').next().unwrap_or_default();
    let is_refused = theirs.refused.contains(name) != ours.refused.contains(name)
        || difference.ours.starts_with("Skip: Invalid Policy")
            && is_meant_refusal(name, true, case)
        || difference.theirs.starts_with("Skip: Invalid Policy")
            && is_meant_refusal(name, false, case);
    // A derived rule that mutates is about controllers.
    let is_derived = difference.row.rule.starts_with("autogen-")
        && object.contains("/Pod/")
        && (difference.ours.is_empty() || is_excluded(ours, object));
    // Kyverno drops elements of lists that share a merge key, whatever the patch says.
    let thins = |theirs: &str, ours: &str| {
        theirs.starts_with("pass: mutated ") && ours.starts_with("skip: ")
    };
    let is_thinned = thins(&difference.theirs, &difference.ours)
        || difference.theirs.is_empty()
            && policy_has(case, name, "\"applyRules\":\"One\"")
            && theirs.rows.keys().any(|row| {
                let told = |answer: &Answer| answer.told(row).unwrap_or_default();
                (&row.policy, &row.object) == (policy, object) && thins(&told(theirs), &told(ours))
            });
    // What cannot be generated is an error.
    let is_told =
        is_of(&difference.theirs, "pass: ") && difference.ours.contains(" generates nothing: ");
    // Kyverno answers nothing after a mutation under DELETE.
    let is_deletion = (case.files.iter()).any(|(_, text)| text.contains(DELETION)) && mutates(case);
    let is_after = is_deletion
        && (difference.theirs.is_empty() || is_of(&difference.theirs, ": Excluded"))
        && !ours.rows.is_empty();
    // Kyverno's commands ask a policy of one namespace about objects of all.
    let is_elsewhere = difference.ours.is_empty() && is_elsewhere(case, policy, object);
    // A failure stays one where an audit annotation has no value and errors are ignored.
    let is_annotated = difference.ours.starts_with("fail: ")
        && (difference.theirs).starts_with("error: error: failed to evaluate auditAnnotation ");
    // Targets that cannot be told are one error, where Kyverno tells more of those that can.
    let is_untold = difference
        .ours
        .starts_with("error: failed to substitute variables in target[")
        && is_of(&difference.theirs, "error: ");
    is_left
        || is_untold
        || is_not_generated(difference, case, ours)
        || is_refused
        || is_derived
        || is_thinned
        || is_told
        || is_after
        || is_elsewhere
        || is_annotated
}

/// Whether a policy in CEL, of one namespace, is of another namespace than an object.
fn is_elsewhere(case: &Case, policy: &str, object: &str) -> bool {
    let name = policy.rsplit('/').next();
    let text = |policy: &Value, pointer: &str| {
        let text = policy.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let mut policies = case.policies.iter().flat_map(|policy| read(policy));
    policies.any(|policy| {
        let namespace = text(&policy, "/metadata/namespace");
        text(&policy, "/kind").starts_with("Namespaced")
            && Some(text(&policy, "/metadata/name").as_str()) == name
            && !object.starts_with(&key(&namespace, "", "").replace("//", "/"))
    })
}

const DELETION: &str = "\"request.operation\":\"DELETE\"";

fn is_meant_object(difference: &Difference, case: &Case, theirs: &Answer, ours: &Answer) -> bool {
    let key = &difference.row.object;
    // Each policy has a namespace of its own.
    let name = &difference.row.policy;
    let is_refused = theirs.refused.contains(name) != ours.refused.contains(name);
    if is_refused || case.policies.iter().any(|policy| repeats(policy, name)) {
        return true;
    }
    let origin = |name: &str| ours.origins.get(key).and_then(|labels| label(labels, name));
    match (theirs.objects.get(key), ours.objects.get(key)) {
        (Some(theirs), Some(ours)) => is_alike(theirs, ours) || origin("source-kind").is_some(),
        // An object is copied from the resources, too, where a policy ends in Kyverno; a rule that fails keeps
        // no other from generating; and an object whose mutation failed is as the rules before left it.
        (None, Some(_)) => {
            let policy = origin("policy-name");
            policy.is_some_and(|policy| fails(ours, policy) || policy_has(case, policy, "\"clone"))
                || has_error(theirs, key)
        }
        // A rule that fails makes nothing, and neither does one whose preconditions do not hold, save in
        // loops of Kyverno; which writes an empty document for a rule that changes nothing, and drops
        // elements of lists that share a merge key, whatever the patch says.
        (Some(made), None) => {
            let labels = theirs.origins.get(key);
            let policy = labels.and_then(|labels| label(labels, "policy-name"));
            let files = case.files.iter().map(|(_, text)| text);
            let given = case.objects.iter().chain(files);
            let mut given = given.flat_map(|object| read(object));
            *made == serde_json::json!({})
                || policy.is_some_and(|policy| {
                    fails(ours, policy)
                        || skips(ours, policy) && policy_has(case, policy, "\"foreach\"")
                })
                || given.any(|given| object_key(&given) == *key && is_alike(made, &given))
        }
        (None, None) => false,
    }
}

/// Kyverno's `apply` takes a policy that the API server, or Kyverno's webhook, refuses: operators in a loop
/// that the schema does not have, and a Policy about kinds that live in no namespace. And it looks at the
/// labels of an object or of its pod template, as chance has it.
fn is_meant_refusal(name: &str, is_ours: bool, case: &Case) -> bool {
    let name = Some(name);
    let named = |policy: &Value| policy.pointer("/metadata/name").and_then(Value::as_str) == name;
    let mut policies = case.policies.iter().flat_map(|policy| read(policy));
    let Some(policy) = policies.find(named) else {
        return false;
    };
    let text = policy.to_string();
    match is_ours {
        true => {
            let has_operator = |name: &str| text.contains(&format!("\"operator\":\"{name}\""));
            let is_in_loop = text.contains("\"foreach\":")
                && ["Equal", "NotEqual"].into_iter().any(has_operator);
            let is_of_namespace = policy.get("kind") == Some(&Value::from("Policy"));
            is_in_loop || is_of_namespace && text.contains("\"Namespace\"")
        }
        false => ["labels", "annotations"].iter().any(|field| {
            let values = found(&policy, field).into_iter();
            let mut values = values
                .filter_map(Value::as_object)
                .flat_map(|map| map.values());
            text.contains("\"spec\":") && values.any(|value| !value.is_string())
        }),
    }
}

/// The values of a field, wherever it is.
fn found<'v>(value: &'v Value, field: &str) -> Vec<&'v Value> {
    let below: Vec<&Value> = match value {
        Value::Object(map) => map.values().collect(),
        Value::Array(list) => list.iter().collect(),
        _ => Vec::new(),
    };
    let below = below.into_iter().flat_map(|value| found(value, field));
    value.get(field).into_iter().chain(below).collect()
}

/// Kyverno walks the images of an object in the order of chance.
fn is_other_image(difference: &Difference) -> bool {
    ["fail: unverified image ", "fail: missing digest for "]
        .iter()
        .any(|start| difference.theirs.starts_with(start) && difference.ours.starts_with(start))
}

fn mutates(case: &Case) -> bool {
    let mut policies = case.policies.iter();
    policies.any(|policy| policy.contains("\"mutate\":"))
}

/// Whether a policy has a patch with several elements for one list that have anchors or name the same: Kyverno
/// drops of these, and of what they name.
fn repeats(policy: &str, name: &str) -> bool {
    fn in_lists(value: &Value) -> bool {
        let elements = value.as_array().map_or(&[][..], Vec::as_slice);
        let is_anchored = |element: &&Value| element.to_string().contains("(");
        let is_told = |element: &&Value| element.get("$patch").is_some();
        let names = elements.iter().filter_map(|element| element.get("name"));
        let distinct: BTreeSet<String> = names.clone().map(Value::to_string).collect();
        elements.iter().filter(is_anchored).count() > 1
            || elements.iter().any(|element| is_told(&element))
            || distinct.len() < names.count()
            || match value {
                Value::Object(map) => map.values().any(in_lists),
                _ => elements.iter().any(in_lists),
            }
    }
    let is_named =
        |policy: &Value| policy.pointer("/metadata/name").and_then(Value::as_str) == Some(name);
    let mut policies = read(policy).into_iter().filter(is_named);
    policies.any(|policy| {
        found(&policy, "patchStrategicMerge")
            .into_iter()
            .any(in_lists)
    })
}

/// Whether a table says of an object only that rules were not for it, or could not be evaluated, beside
/// policies that are refused.
fn is_excluded(answer: &Answer, object: &str) -> bool {
    let rows = answer.rows.iter().filter(|(row, _)| row.object == object);
    let rows = rows.flat_map(|(_, rows)| rows);
    let mut told = rows
        .filter(|(_, reason)| reason != "Invalid Policy")
        .peekable();
    told.peek().is_some()
        && told.all(|(_, reason)| reason == "Excluded" || reason.ends_with("got error"))
}

fn has_error(answer: &Answer, object: &str) -> bool {
    let rows = answer.rows.iter().filter(|(row, _)| row.object == object);
    let mut rows = rows.flat_map(|(_, rows)| rows);
    rows.any(|(status, _)| status == "error")
}

/// Whether a policy has an error.
fn fails(answer: &Answer, policy: &str) -> bool {
    says(answer, policy, "error")
}

/// Whether a rule of a policy is skipped.
fn skips(answer: &Answer, policy: &str) -> bool {
    says(answer, policy, "skip")
}

fn says(answer: &Answer, policy: &str, word: &str) -> bool {
    let rows = answer.rows.iter().filter(|(row, _)| row.policy == policy);
    let mut rows = rows.flat_map(|(_, rows)| rows);
    rows.any(|(status, _)| status == word)
}

/// Whether the text of a policy has a word.
fn policy_has(case: &Case, name: &str, word: &str) -> bool {
    let name = format!("\"name\":\"{name}\"");
    let mut policies = case.policies.iter();
    policies.any(|policy| policy.contains(&name) && policy.contains(word))
}

fn label<'o>(labels: &'o Map<String, Value>, name: &str) -> Option<&'o str> {
    labels.get(&format!("generate.kyverno.io/{name}"))?.as_str()
}

/// Whether an object is as ours, but for integers that a float64 does not hold, and for elements of lists
/// that share a merge key, of which Kyverno leaves the last.
fn is_alike(theirs: &Value, ours: &Value) -> bool {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            theirs.len() == ours.len()
                && (theirs.iter())
                    .all(|(key, value)| ours.get(key).is_some_and(|own| is_alike(value, own)))
        }
        (Value::Array(theirs), Value::Array(ours)) => {
            let mut pairs = theirs.iter().zip(ours);
            let is_same =
                theirs.len() == ours.len() && pairs.all(|(theirs, ours)| is_alike(theirs, ours));
            let keys = ["name", "containerPort", "port", "mountPath", "key"];
            is_same || keys.iter().any(|key| is_thinned(theirs, ours, key))
        }
        (Value::Number(theirs), Value::Number(ours)) => theirs.as_f64() == ours.as_f64(),
        _ => theirs == ours,
    }
}

/// Whether a list is ours with one element for each value of a merge key.
fn is_thinned(theirs: &[Value], ours: &[Value], key: &str) -> bool {
    let (Some(left), Some(all)) = (by_key(theirs, key), by_key(ours, key)) else {
        return false;
    };
    let is_of =
        |(key, value): (&String, &&Value)| all.get(key).is_some_and(|own| is_alike(value, own));
    all.len() < ours.len() && left.len() == all.len() && left.iter().all(is_of)
}

/// The last element for each merge key; none where an element lacks it.
fn by_key<'v>(elements: &'v [Value], key: &str) -> Option<BTreeMap<String, &'v Value>> {
    let keyed = elements
        .iter()
        .map(|element| Some((element.get(key)?.to_string(), element)));
    keyed.collect()
}
