//! Advice about a policy that loads: older spellings, and rules that see more or less than their
//! author may think.

use portcullis_api::cluster_policy::{
    FailureAction, FailureActionOverride, MatchResources, Policy, Rule,
};

use portcullis_values::wildcard::has_wildcard;

use super::{finding::Findings, match_resources::filters};
use crate::{autogen::CONTROLLERS_ANNOTATION, matching::KindSelector};

pub(super) fn check(policy: &Policy, findings: &mut Findings) {
    let spec = &policy.spec;
    let path = "/spec/validationFailureAction";
    check_action(spec.validation_failure_action, path, findings);
    let overrides = &spec.validation_failure_action_overrides;
    check_overrides(overrides, &format!("{path}Overrides"), findings);
    for (index, rule) in spec.rules.iter().enumerate() {
        let path = format!("/spec/rules/{index}");
        if let Some(body) = &rule.validate {
            let path = format!("{path}/validate/failureAction");
            check_action_of_rule(body.failure_action, &path, findings);
            let overrides = &body.failure_action_overrides;
            check_overrides(overrides, &format!("{path}Overrides"), findings);
        }
        for (number, images) in rule.verify_images.iter().enumerate() {
            let path = format!("{path}/verifyImages/{number}/failureAction");
            check_action_of_rule(images.failure_action, &path, findings);
        }
        check_controllers(policy, rule, &path, findings);
        check_scan(policy, rule, &path, findings);
        // A validation rule for a subresource cannot take part in background scans.
        if rule.mutate.is_some() || spec.background == Some(false) {
            check_subresources(rule, &path, findings);
        }
        check_attestations(rule, &path, findings);
    }
}

fn check_action(action: Option<FailureAction>, path: &str, findings: &mut Findings) {
    if let Some((old, new)) = older_spelling(action) {
        let message = format!("`{old}` is an older spelling");
        findings.warning(path, message, format!("write `{new}`"));
    }
}

/// The definition of policies takes the older spelling in the spec's own fields only.
fn check_action_of_rule(action: Option<FailureAction>, path: &str, findings: &mut Findings) {
    if let Some((old, new)) = older_spelling(action) {
        let message = format!("`{old}` is no action of a rule");
        findings.error(path, message, format!("write `{new}`"));
    }
}

fn older_spelling(action: Option<FailureAction>) -> Option<(&'static str, &'static str)> {
    match action? {
        FailureAction::LowercaseAudit => Some(("audit", "Audit")),
        FailureAction::LowercaseEnforce => Some(("enforce", "Enforce")),
        FailureAction::Audit | FailureAction::Enforce => None,
    }
}

fn check_overrides(overrides: &[FailureActionOverride], path: &str, findings: &mut Findings) {
    for (index, entry) in overrides.iter().enumerate() {
        check_action(entry.action, &format!("{path}/{index}/action"), findings);
    }
}

/// A rule for Pods also sees Pods of controllers that autogen leaves out, unless it has
/// preconditions that may take these out.
fn check_controllers(policy: &Policy, rule: &Rule, path: &str, findings: &mut Findings) {
    let annotation = policy.metadata.annotations.get(CONTROLLERS_ANNOTATION);
    let Some(wanted) = annotation.filter(|wanted| *wanted != "none") else {
        return;
    };
    let wanted = wanted.to_lowercase();
    let mut wanted: Vec<_> = wanted.split(',').collect();
    wanted.sort_unstable();
    let kinds = kinds(&rule.r#match);
    let is_pod = |kind: &&String| KindSelector::parse(kind).kind.as_str() == "Pod";
    if !kinds.is_empty()
        && rule.preconditions.is_none()
        && kinds.iter().all(is_pod)
        && wanted != ["cronjob", "daemonset", "deployment", "job", "statefulset"]
    {
        findings.warning(
            format!("{path}/match"),
            "the rule also sees Pods of controllers that autogen leaves out",
            "take these Pods out with `preconditions`",
        );
    }
}

/// A scan lists objects, and no subresource is one.
fn check_scan(policy: &Policy, rule: &Rule, path: &str, findings: &mut Findings) {
    if rule.validate.is_none() || policy.spec.background == Some(false) {
        return;
    }
    for (path, filter) in filters(&rule.r#match, &format!("{path}/match")) {
        let kinds = filter.resources.iter().flat_map(|it| &it.kinds);
        for (index, kind) in kinds.enumerate() {
            let selector = KindSelector::parse(kind);
            let is_one = !has_wildcard(selector.kind.as_str());
            if is_one && !selector.subresource.as_str().is_empty() {
                findings.warning(
                    format!("{path}/resources/kinds/{index}"),
                    format!("a background scan sees no `{kind}`, and a cluster of Kyverno refuses the policy"),
                    "set `spec.background: false`",
                );
            }
        }
    }
}

/// `replicas` and `status` also change through a subresource, which a kind alone does not match.
fn check_subresources(rule: &Rule, path: &str, findings: &mut Findings) {
    let text = body_text(rule);
    let mut kinds = kinds(&rule.r#match);
    kinds.extend(rule.exclude.iter().flat_map(self::kinds));
    let targets = rule.mutate.iter().flat_map(|body| &body.targets);
    kinds.extend(targets.filter_map(|target| target.kind.as_ref()));
    let covers = |word: &str| kinds.iter().any(|kind| kind.to_lowercase().contains(word));
    if text.contains("replicas") && !covers("scale") {
        findings.warning(
            path,
            "the rule looks at `replicas`, and not at the subresource `scale`",
            "add the kind with `/scale`",
        );
    }
    let mentions_status = text.contains(".status") || text.contains("\"status\":");
    if mentions_status && !covers("status") {
        findings.warning(
            path,
            "the rule looks at `status`, and not at the subresource `status`",
            "add the kind with `/status`",
        );
    }
}

/// What a rule looks at, apart from deny conditions, as JSON.
fn body_text(rule: &Rule) -> String {
    let validate = rule.validate.clone().map(|mut body| {
        body.message = None;
        if let Some(deny) = &mut body.deny {
            deny.conditions = None;
        }
        body
    });
    let parts = [
        validate.and_then(|body| serde_json::to_string(&body).ok()),
        rule.mutate
            .as_ref()
            .and_then(|body| serde_json::to_string(body).ok()),
    ];
    parts.into_iter().flatten().collect()
}

fn kinds(block: &MatchResources) -> Vec<&String> {
    let filters = block.any.iter().chain(&block.all).flatten();
    let described = filters.filter_map(|filter| filter.resources.as_ref());
    let described = block.resources.iter().chain(described);
    described.flat_map(|described| &described.kinds).collect()
}

fn check_attestations(rule: &Rule, path: &str, findings: &mut Findings) {
    for (number, images) in rule.verify_images.iter().enumerate() {
        for (index, attestation) in images.attestations.iter().enumerate() {
            if attestation.predicate_type.is_some() {
                findings.warning(
                    format!("{path}/verifyImages/{number}/attestations/{index}/predicateType"),
                    "`predicateType` is an older name",
                    "write `type`",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Checks a policy with one rule, whose fields are given beside its name.
    #[track_caller]
    fn check_rule(annotation: &str, spec: Value, rule: Value, expected: &[&str]) {
        let mut document = json!({
            "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy",
            "metadata": {"name": "p", "annotations": {CONTROLLERS_ANNOTATION: annotation}},
            "spec": spec,
        });
        document["spec"]["rules"] = json!([rule]);
        document["spec"]["rules"][0]["name"] = json!("r");
        let policy = serde_json::from_value(document).expect("a policy");
        let mut findings = Findings::default();
        check(&policy, &mut findings);
        let list = findings.into_list();
        let paths: Vec<_> = list.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(paths, expected);
    }

    fn of(kinds: &[&str], body: Value) -> Value {
        json!({"match": {"any": [{"resources": {"kinds": kinds}}]}, "validate": body})
    }

    #[test]
    fn older_spellings() {
        let body = json!({
            "failureAction": "enforce", "deny": {},
            "failureActionOverrides": [{"action": "audit", "namespaces": ["a"]}],
        });
        let spec = json!({"validationFailureAction": "audit"});
        let path = "/spec/rules/0/validate/failureAction";
        check_rule(
            "none",
            spec,
            of(&["ConfigMap"], body),
            &[
                "/spec/validationFailureAction",
                path,
                &format!("{path}Overrides/0/action"),
            ],
        );
        let spec = json!({"validationFailureAction": "Audit"});
        check_rule("none", spec, of(&["ConfigMap"], json!({"deny": {}})), &[]);
    }

    #[test]
    fn what_a_rule_does_not_see() {
        let replicas = json!({"pattern": {"spec": {"replicas": ">1"}}});
        let (none, path) = (json!({"background": false}), &["/spec/rules/0"]);
        check_rule(
            "none",
            none.clone(),
            of(&["Deployment"], replicas.clone()),
            path,
        );
        let both = of(&["Deployment", "Deployment/scale"], replicas);
        check_rule("none", none.clone(), both, &[]);
        let status = json!({"pattern": {"status": {"phase": "?*"}}});
        check_rule(
            "none",
            none.clone(),
            of(&["Namespace"], status.clone()),
            path,
        );
        check_rule("none", none.clone(), of(&["Namespace/status"], status), &[]);
        let scanned = of(
            &["Deployment"],
            json!({"pattern": {"spec": {"replicas": ">1"}}}),
        );
        check_rule("none", json!({}), scanned, &[]);
        let message = json!({"message": "mind your replicas.status", "deny": {}});
        check_rule("none", none, of(&["Namespace"], message), &[]);
    }

    #[test]
    fn controllers_that_autogen_leaves_out() {
        let pods = || of(&["Pod"], json!({"deny": {}}));
        let path = &["/spec/rules/0/match"];
        check_rule("Deployment", json!({}), pods(), path);
        check_rule("none", json!({}), pods(), &[]);
        let mut choosing = pods();
        choosing["preconditions"] = json!({"all": []});
        check_rule("Deployment", json!({}), choosing, &[]);
        let every = "Job,Deployment,DaemonSet,StatefulSet,CronJob";
        check_rule(every, json!({}), pods(), &[]);
        check_rule(
            "Deployment",
            json!({}),
            of(&["Service"], json!({"deny": {}})),
            &[],
        );
    }
}
