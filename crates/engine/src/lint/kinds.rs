//! Rules for every kind (`kinds: ["*"]`): not in background mode, alone in their list, and about
//! `metadata` only.

use portcullis_api::cluster_policy::{Policy, Rule};
use serde_json::Value;

use super::finding::Findings;
use super::match_resources::filters;

pub(super) fn check(policy: &Policy, rule: &Rule, path: &str, findings: &mut Findings) {
    let mut blocks = filters(&rule.r#match, &format!("{path}/match"));
    if let Some(exclude) = &rule.exclude {
        blocks.extend(filters(exclude, &format!("{path}/exclude")));
    }
    for (path, filter) in blocks {
        let Some(resources) = &filter.resources else {
            continue;
        };
        if resources.kinds.iter().any(|kind| kind == "*") {
            let path = format!("{path}/resources/kinds");
            check_wildcard(policy, rule, resources.kinds.len(), &path, findings);
        }
    }
}

fn check_wildcard(policy: &Policy, rule: &Rule, count: usize, path: &str, findings: &mut Findings) {
    if policy.spec.background != Some(false) {
        findings.error(
            path,
            "`*` is not allowed in background mode",
            "set `spec.background: false`, or name the kinds",
        );
    }
    if count > 1 {
        findings.error(
            path,
            "`*` stands next to other kinds",
            "keep `*` only, or name the kinds",
        );
    }
    let foreach = rule
        .validate
        .as_ref()
        .is_some_and(|body| body.foreach.is_some());
    if rule.generate.is_some() || !rule.verify_images.is_empty() || foreach {
        findings.error(
            path,
            "`*` is not allowed with `generate`, `verifyImages` and `validate.foreach`",
            "name the kinds",
        );
    }
    if !is_about_metadata(rule) {
        findings.error(
            path,
            "the rule is for every kind, and looks at more than `metadata`",
            "name the kinds, or look at `metadata` only",
        );
    }
}

fn is_about_metadata(rule: &Rule) -> bool {
    let only = |pattern: &Value| match pattern {
        Value::Object(entries) => entries.keys().all(|key| key == "metadata"),
        _ => true,
    };
    let validation = rule.validate.as_ref();
    let pattern = validation.and_then(|body| body.pattern.as_ref());
    let any = validation.and_then(|body| body.any_pattern.as_ref()?.as_array());
    let patch = rule
        .mutate
        .as_ref()
        .and_then(|body| body.patch_strategic_merge.as_ref());
    pattern
        .into_iter()
        .chain(any.into_iter().flatten())
        .chain(patch)
        .all(only)
        && denies_by_metadata(rule)
}

/// Conditions in the older form are looked at: what they read must be in every object.
fn denies_by_metadata(rule: &Rule) -> bool {
    let deny = rule.validate.as_ref().and_then(|body| body.deny.as_ref());
    let conditions = deny.and_then(|deny| deny.conditions.as_ref()?.0.as_array());
    let conditions = conditions.into_iter().flatten();
    let mut keys = conditions.filter_map(|condition| condition.get("key").and_then(Value::as_str));
    keys.all(|key| {
        key.contains("request.object.metadata.")
            || (reads_request(key) && !key.contains("request.object.spec"))
    })
}

fn reads_request(key: &str) -> bool {
    let mut variables = key.split("{{").skip(1).map(str::trim_start);
    variables.any(|rest| rest.starts_with("request.") || rest.starts_with("serviceAccountName"))
}
