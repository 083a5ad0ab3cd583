//! `validate`: exactly one body, and what each body needs.

use portcullis_api::cluster_policy::Validation;
use serde_json::Value;

use super::finding::Findings;
use super::{anchors, cel, conditions, foreach, labels};
use crate::pod_security::{CompiledPodSecurity, Dialect};

pub(super) fn check(validation: &Validation, path: &str, findings: &mut Findings) {
    check_bodies(validation, path, findings);
    if let Some(pattern) = &validation.pattern {
        check_pattern(pattern, &format!("{path}/pattern"), findings);
    }
    if let Some(patterns) = &validation.any_pattern {
        let path = format!("{path}/anyPattern");
        match patterns.as_array() {
            Some(patterns) if patterns.is_empty() => findings.warning(
                path,
                "`anyPattern` has no pattern, so every object passes",
                "write a pattern under `- `",
            ),
            Some(patterns) => {
                for (index, pattern) in patterns.iter().enumerate() {
                    check_pattern(pattern, &format!("{path}/{index}"), findings);
                }
            }
            None if patterns.is_null() => {}
            None => findings.error(
                path,
                "`anyPattern` is not a list",
                "write each pattern under `- `",
            ),
        }
    }
    let deny = validation
        .deny
        .as_ref()
        .and_then(|deny| deny.conditions.as_ref());
    if let Some(deny) = deny {
        conditions::check(deny, &format!("{path}/deny/conditions"), findings);
    }
    if let Some(list) = &validation.foreach {
        foreach::check(list, &format!("{path}/foreach"), findings);
    }
    if let Some(body) = &validation.cel {
        cel::check(body, &format!("{path}/cel"), findings);
    }
    check_pod_security(validation, path, findings);
}

fn check_pattern(pattern: &Value, path: &str, findings: &mut Findings) {
    anchors::check(pattern, path, findings);
    labels::check(pattern, path, findings);
}

fn check_bodies(validation: &Validation, path: &str, findings: &mut Findings) {
    let is_there = |value: &Option<Value>| value.as_ref().is_some_and(|it| !it.is_null());
    let manifests = validation.manifests.as_ref();
    let bodies = [
        is_there(&validation.pattern),
        is_there(&validation.any_pattern),
        validation.deny.is_some(),
        validation.foreach.is_some(),
        validation.pod_security.is_some(),
        validation.cel.is_some(),
        manifests.is_some_and(|manifests| !manifests.attestors.is_empty()),
    ];
    let names = "`pattern`, `anyPattern`, `deny`, `foreach`, `podSecurity`, `cel`, `manifests`";
    match bodies.iter().filter(|is_there| **is_there).count() {
        0 => findings.error(
            path,
            "`validate` checks nothing",
            format!("write one of {names}"),
        ),
        1 => {}
        _ => findings.error(
            path,
            "`validate` has more than one body",
            format!("keep one of {names}, and move the others to rules of their own"),
        ),
    }
}

fn check_pod_security(validation: &Validation, path: &str, findings: &mut Findings) {
    let Some(rule) = &validation.pod_security else {
        return;
    };
    let errors = CompiledPodSecurity::compile(rule, "", Dialect::Kyverno).err();
    for error in errors.into_iter().flatten() {
        let remedy = error.remedy();
        let text = error.to_string();
        let (place, message) = text.split_once(": ").unwrap_or(("", &text));
        let place = place.replace(['.', '['], "/").replace(']', "");
        findings.error(format!("{path}{place}"), message, remedy);
    }
}
