//! Golden table `autogen`: a policy of a corpus and the rules that Kyverno derives from it.
//!
//! A case names a file by corpus and path; so this table, unlike the others, needs the corpora.
//! Fields that have their default value are left out of the comparison: the oracle writes them
//! into the rules, this product does not.

use std::path::Path;

use portcullis_api::cluster_policy::{MatchResources, Policy, Rule};
use portcullis_engine::autogen::{
    DerivedRule,
    cel::{self, Rewriting},
    expand, hides,
};
use portcullis_yaml::{Limits, Mode};
use serde_json::{Value, json};

use super::answer::compare;

/// The kind of policy that a case is about, to count each on its own.
#[must_use]
pub fn kind(case: &Value) -> &str {
    case.pointer("/in/kind")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Replays one case on the files under `corpora`.
///
/// # Errors
/// The difference between the answer and what was found, or why there is no answer.
pub fn check_in(corpora: &Path, case: &Value) -> Result<(), String> {
    let kind = kind(case);
    let mut expected = case.clone();
    expected.get_mut("out").map(strip_defaults);
    let policy = read_policy(corpora, case)?;
    if !["ClusterPolicy", "Policy"].contains(&kind) {
        return compare(&expected, Ok(cel_answer(kind, &policy)?));
    }
    let policy: Policy = serde_json::from_value(policy).map_err(|error| error.to_string())?;
    let derived = expand(&policy);
    compare(&expected, Ok(answer(&policy, &derived)))
}

/// The policies that a CEL policy has beside itself.
fn cel_answer(kind: &str, policy: &Value) -> Result<Value, String> {
    let rewriting = match kind {
        "MutatingPolicy" => Rewriting::Mutations,
        "ValidatingPolicy" | "ImageValidatingPolicy" => Rewriting::Everything,
        kind => return Err(format!("a {kind} has no autogen")),
    };
    let derived = cel::expand(&policy["spec"], rewriting);
    let configs: serde_json::Map<String, Value> = derived
        .into_iter()
        .map(|derived| {
            let config = json!({"targets": derived.targets, "spec": derived.spec});
            (derived.group.to_owned(), config)
        })
        .collect();
    let mut out = json!({"autogen": configs});
    strip_defaults(&mut out);
    Ok(out)
}

/// The policy of a case.
fn read_policy(corpora: &Path, case: &Value) -> Result<Value, String> {
    let text = |pointer: &str| {
        case.pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let folder = match text("/in/corpus") {
        "kyverno/test/cli" => "kyverno-test/cli",
        corpus => corpus,
    };
    let path = corpora.join(folder).join(text("/in/path"));
    let source = std::fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let documents: Vec<Value> = portcullis_yaml::documents(&source)
        .filter_map(|document| document.read(Mode::Lenient, &Limits::default()).ok())
        .collect();
    let wanted = documents.iter().find(|document| {
        document["kind"] == text("/in/kind") && document["metadata"]["name"] == text("/in/name")
    });
    let wanted = wanted.ok_or_else(|| format!("{} has no such policy", path.display()))?;
    Ok(wanted.clone())
}

fn answer(policy: &Policy, derived: &[DerivedRule]) -> Value {
    let derived: Vec<_> = derived.iter().filter(|rule| rule.listed).cloned().collect();
    let written = || {
        let hidden = |rule: &&Rule| !derived.is_empty() && rule.name.starts_with("autogen-");
        policy.spec.rules.iter().filter(move |rule| !hidden(rule))
    };
    let rules: Vec<_> = written()
        .chain(derived.iter().map(|rule| &rule.rule))
        .collect();
    let names: Vec<_> = rules.iter().map(|rule| rule.name.as_str()).collect();
    let kinds: Vec<_> = rules.iter().flat_map(|rule| kinds(&rule.r#match)).collect();
    let by_kind = |kind: &str| {
        let written = policy.spec.rules.iter();
        let written = written.filter(|rule| !hides(&derived, &rule.name, kind));
        let derived = derived
            .iter()
            .filter(|rule| rule.controllers.iter().any(|name| name == kind));
        let rules = written.chain(derived.map(|rule| &rule.rule));
        json!(rules.map(|rule| &rule.name).collect::<Vec<_>>())
    };
    let mut listed = match derived.is_empty() {
        true => Value::Null,
        false => json!(derived.iter().map(|rule| &rule.rule).collect::<Vec<_>>()),
    };
    strip_defaults(&mut listed);
    let some = |list: &[&str]| {
        if list.is_empty() {
            Value::Null
        } else {
            json!(list)
        }
    };
    let mut out = json!({
        "ruleNames": some(&names),
        "autogenRuleNames": some(&names),
        "autogenKinds": some(&kinds),
        "autogenRules": listed,
        "ruleNamesByKind": {},
    });
    for kind in ["Pod", "Deployment", "ReplicaSet", "Job", "CronJob"] {
        out["ruleNamesByKind"][kind] = by_kind(kind);
    }
    strip_defaults(&mut out);
    out
}

/// Every kind entry of a block: the inline ones, those of `all`, those of `any`.
fn kinds(block: &MatchResources) -> impl Iterator<Item = &str> {
    let filters = block.all.iter().chain(&block.any).flatten();
    let described = filters.filter_map(|filter| filter.resources.as_ref());
    let described = block.resources.iter().chain(described);
    described.flat_map(|described| described.kinds.iter().map(String::as_str))
}

/// Removes fields that have their default value, and nulls.
fn strip_defaults(value: &mut Value) {
    match value {
        Value::Object(map) => {
            // A policy that switches autogen off has an empty map, one that has none a null.
            map.retain(|key, value| key != "autogen" || *value != json!({}));
            map.values_mut().for_each(strip_defaults);
            map.retain(|key, value| !is_default(key, value));
        }
        Value::Array(items) => items.iter_mut().for_each(strip_defaults),
        _ => {}
    }
}

fn is_default(key: &str, value: &Value) -> bool {
    let default = match key {
        "skipBackgroundRequests"
        | "allowExistingViolations"
        | "mutateDigest"
        | "verifyDigest"
        | "required"
        | "useCache" => json!(true),
        "generate" => json!(false),
        "method" => json!("GET"),
        "signatureAlgorithm" => json!("sha256"),
        "type" | "caBundle" | "urlPath" => json!(""),
        "resources" | "validate" => json!({}),
        _ => Value::Null,
    };
    value.is_null() || *value == default
}
