//! Rewrites a rule for Pods into one for a pod controller.
//!
//! Kind entries that mean Pods are replaced. Patterns and merge patches are wrapped in the
//! controller's template. Of a body only the parts that are known to carry over are kept. Then
//! the text of the whole rule is searched for paths into the object, such as
//! `request.object.spec`, and each is made to point into the template; messages are no exception.

use portcullis_api::cluster_policy::Rule;
use serde_json::{Map, Value, json};

use super::{
    controllers::{Shape, kind_entry},
    references::shift_references,
    support::has_pod,
};

/// The longest name of a rule, in bytes.
const NAME_LENGTH: usize = 63;

/// The rule for the controllers; none when the body cannot be carried over.
pub(super) fn derive(rule: &Rule, shape: Shape, controllers: &[String]) -> Option<Rule> {
    let mut written = serde_json::to_value(rule).ok()?;
    written.as_object_mut()?.remove("imageExtractors");
    let is_cel = !written["validate"]["cel"].is_null();
    let entries = controllers
        .iter()
        .map(|name| kind_entry(name))
        .collect::<Vec<_>>();
    rewrite(
        &mut written,
        "template",
        "spec/template",
        &entries,
        has_pod_entry,
    )?;
    let prefix = match shape {
        Shape::Template => "autogen",
        Shape::CronJob => {
            // A CronJob's template is a Job's template in a template.
            let shift = "spec/jobTemplate/spec/template";
            rewrite(&mut written, "jobTemplate", shift, &entries, |_| true)?;
            "autogen-cronjob"
        }
    };
    written["name"] = Value::from(cut(format!("{prefix}-{}", rule.name)));
    let text = repoint(written.to_string(), shape, is_cel);
    serde_json::from_str(&text).ok()
}

fn rewrite(
    rule: &mut Value,
    template: &str,
    shift: &str,
    entries: &[&str],
    replace: impl Fn(&Value) -> bool,
) -> Option<()> {
    rewrite_match(&mut rule["match"], entries, &replace, true);
    if let Some(exclude) = rule.get_mut("exclude") {
        rewrite_match(exclude, entries, &replace, false);
    }
    rewrite_body(rule.as_object_mut()?, template, shift)
}

/// Puts the controllers in the place of Pods. The inline form of `exclude` keeps its silence.
fn rewrite_match(
    block: &mut Value,
    entries: &[&str],
    replace: impl Fn(&Value) -> bool,
    inline_always: bool,
) {
    let is_list = |key: &str| block[key].as_array().is_some_and(|list| !list.is_empty());
    let list = ["any", "all"].into_iter().find(|key| is_list(key));
    if let Some(filters) = list.and_then(|key| block[key].as_array_mut()) {
        for filter in filters {
            if replace(&filter["resources"]["kinds"]) {
                filter["resources"]["kinds"] = json!(entries);
            }
        }
        return;
    }
    let has_kinds = block["resources"]["kinds"]
        .as_array()
        .is_some_and(|kinds| !kinds.is_empty());
    if inline_always || has_kinds {
        block["resources"]["kinds"] = json!(entries);
    }
}

/// Rewrites the first body that is there, in Kyverno's order.
fn rewrite_body(rule: &mut Map<String, Value>, template: &str, shift: &str) -> Option<()> {
    let wrap = |inner: Value| json!({"spec": {template: inner}});
    if let Some(mutate) = rule
        .get_mut("mutate")
        .and_then(|mutate| rewrite_mutate(mutate, wrap))
    {
        rule.insert("mutate".to_owned(), mutate);
        return Some(());
    }
    let validate = rule.get_mut("validate");
    if let Some(validate) = validate.and_then(|body| rewrite_validate(body, shift, wrap)) {
        rule.insert("validate".to_owned(), validate);
        return Some(());
    }
    rule.contains_key("verifyImages").then_some(())
}

fn rewrite_mutate(mutate: &mut Value, wrap: impl Fn(Value) -> Value) -> Option<Value> {
    let patch = mutate["patchStrategicMerge"].take();
    if !patch.is_null() {
        return Some(json!({"patchStrategicMerge": wrap(patch)}));
    }
    let each = mutate.get_mut("foreach")?.as_array_mut()?;
    let each = each.iter_mut().map(|each| {
        let mut kept = only(each, &["list", "context", "preconditions"]);
        let patch = wrap(each["patchStrategicMerge"].take());
        kept.insert("patchStrategicMerge".to_owned(), patch);
        Value::Object(kept)
    });
    let each: Vec<Value> = each.collect();
    (!each.is_empty()).then(|| json!({"foreach": each}))
}

/// The bodies of `validate` with the word under which references point into them.
const BODIES: [(&str, &str); 5] = [
    ("pattern", "pattern"),
    ("deny", "deny"),
    ("podSecurity", "podSecurity"),
    ("anyPattern", "anyPattern"),
    ("foreach", "pattern"),
];

fn rewrite_validate(
    validate: &mut Value,
    shift: &str,
    wrap: impl Fn(Value) -> Value,
) -> Option<Value> {
    let present = |key: &str| validate.get(key).is_some_and(|body| !body.is_null());
    let Some((body, pivot)) = BODIES.into_iter().find(|(body, _)| present(body)) else {
        return ["cel", "assert"]
            .into_iter()
            .any(present)
            .then(|| validate.take());
    };
    let settings = [
        "failureAction",
        "failureActionOverrides",
        "allowExistingViolations",
    ];
    let mut kept = only(validate, &settings);
    if let Some(message) = validate["message"].as_str() {
        let message = shift_references(message, shift, pivot);
        kept.insert("message".to_owned(), Value::from(message));
    }
    let content = match (body, validate[body].take()) {
        ("pattern", pattern) => wrap(pattern),
        ("anyPattern", Value::Array(patterns)) => patterns.into_iter().map(wrap).collect(),
        (_, content) => content,
    };
    kept.insert(body.to_owned(), content);
    Some(Value::Object(kept))
}

/// The named entries of a map.
fn only(map: &Value, keys: &[&str]) -> Map<String, Value> {
    let entry = |key: &&str| Some(((*key).to_owned(), map.get(key)?.clone()));
    keys.iter().filter_map(entry).collect()
}

fn has_pod_entry(kinds: &Value) -> bool {
    let texts = kinds.as_array().into_iter().flatten();
    let texts = texts.filter_map(Value::as_str).map(str::to_owned);
    has_pod(&texts.collect::<Vec<_>>())
}

/// Points every path into the object at the template, one kind of path after the other.
fn repoint(mut text: String, shape: Shape, is_cel: bool) -> String {
    let template = match shape {
        Shape::Template => "spec.template",
        Shape::CronJob => "spec.jobTemplate.spec.template",
    };
    let roots = match is_cel {
        true => ["object", "oldObject"],
        false => ["request.object", "request.oldObject"],
    };
    for field in ["spec", "metadata"] {
        for root in roots {
            let (from, to) = (
                format!("{root}.{field}"),
                format!("{root}.{template}.{field}"),
            );
            text = text.replace(&from, &to);
        }
    }
    text
}

/// The name, at most 63 bytes of it.
fn cut(mut name: String) -> String {
    name.truncate(name.floor_char_boundary(NAME_LENGTH));
    name
}
