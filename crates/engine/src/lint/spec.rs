//! Metadata, the spec's own fields, and the names of rules.
//!
//! Names have at most 63 characters, and are such as objects have, as labels are; a ClusterPolicy has no namespace; timeouts are 1 to 30
//! seconds; an older field and its successor do not stand together.

use std::collections::HashSet;

use portcullis_api::cluster_policy::{Policy, PolicyKind, PolicySpec};
use portcullis_values::json_pointer;

use super::failure_action_overrides;
use super::finding::Findings;
use crate::autogen::CONTROLLERS_ANNOTATION;
use crate::matching::{check_label, is_object_name};

/// The longest name of a policy or rule.
const MAX_NAME: usize = 63;

pub(super) fn check(policy: &Policy, findings: &mut Findings) {
    check_metadata(policy, findings);
    check_rule_names(&policy.spec, findings);
    check_webhook(&policy.spec, findings);
    check_modes(&policy.spec, findings);
    check_overrides(policy, findings);
    if policy.spec.generate_existing_on_policy_update.is_some() {
        findings.error(
            "/spec/generateExistingOnPolicyUpdate",
            "`generateExistingOnPolicyUpdate` was removed",
            "set `generateExisting` on the rule's `generate`",
        );
    }
}

fn check_metadata(policy: &Policy, findings: &mut Findings) {
    let name = policy.metadata.name.as_deref().unwrap_or_default();
    if name.len() > MAX_NAME {
        findings.error(
            "/metadata/name",
            format!("the name has {} characters", name.len()),
            format!("shorten it to {MAX_NAME}"),
        );
    } else if name.is_empty() && policy.metadata.generate_name.is_none() {
        findings.error("/metadata", "the policy has no name", "write `name`");
    } else if !name.is_empty() && !is_object_name(name) {
        findings.error(
            "/metadata/name",
            format!("`{name}` is not a name that an object can have"),
            "write lower-case letters, digits, `-` and `.`, with a letter or digit at both ends",
        );
    }
    for (key, value) in &policy.metadata.labels {
        if let Err(error) = check_label(key, value) {
            let path = format!("/metadata/labels/{}", json_pointer::escape(key));
            findings.error(
                path,
                error.to_string(),
                "correct the label, or write an annotation",
            );
        }
    }
    let namespace = policy.metadata.namespace.as_deref().unwrap_or_default();
    if policy.kind == PolicyKind::ClusterPolicy && !namespace.is_empty() {
        findings.error(
            "/metadata/namespace",
            "a ClusterPolicy has no namespace",
            "remove it, or write `kind: Policy`",
        );
    }
    if policy
        .metadata
        .annotations
        .get(CONTROLLERS_ANNOTATION)
        .is_some_and(|value| value == "all")
    {
        findings.error(
            "/metadata/annotations/pod-policies.kyverno.io~1autogen-controllers",
            "`all` is not a list of controllers",
            "remove the annotation, which has the same effect",
        );
    }
}

fn check_rule_names(spec: &PolicySpec, findings: &mut Findings) {
    let mut seen = HashSet::new();
    for (index, rule) in spec.rules.iter().enumerate() {
        let path = format!("/spec/rules/{index}/name");
        if rule.name.len() > MAX_NAME {
            findings.error(
                path.clone(),
                format!("the rule's name has {} characters", rule.name.len()),
                format!("shorten it to {MAX_NAME}"),
            );
        }
        if !seen.insert(rule.name.as_str()) {
            findings.error(
                path,
                format!("another rule is called `{}` as well", rule.name),
                "give each rule a name of its own",
            );
        }
    }
    if spec.rules.is_empty() {
        findings.warning("/spec", "the policy has no rules", "add one under `rules`");
    }
}

fn check_webhook(spec: &PolicySpec, findings: &mut Findings) {
    let webhook = spec.webhook_configuration.as_ref();
    let newer = webhook.and_then(|webhook| webhook.timeout_seconds);
    for (path, seconds) in [
        ("/spec/webhookTimeoutSeconds", spec.webhook_timeout_seconds),
        ("/spec/webhookConfiguration/timeoutSeconds", newer),
    ] {
        if let Some(seconds) = seconds.filter(|seconds| !(1..=30).contains(seconds)) {
            findings.error(
                path,
                format!("the timeout is {seconds} seconds"),
                "write 1 to 30",
            );
        }
    }
    if spec.webhook_timeout_seconds.is_some() && newer.is_some() {
        both(findings, "webhookTimeoutSeconds", "timeoutSeconds");
    }
    if spec.failure_policy.is_some()
        && webhook.is_some_and(|webhook| webhook.failure_policy.is_some())
    {
        both(findings, "failurePolicy", "failurePolicy");
    }
}

fn both(findings: &mut Findings, older: &str, newer: &str) {
    findings.error(
        format!("/spec/{older}"),
        format!("`{older}` and `webhookConfiguration.{newer}` stand together"),
        format!("keep `webhookConfiguration.{newer}` only"),
    );
}

fn check_modes(spec: &PolicySpec, findings: &mut Findings) {
    if spec.admission != Some(false) {
        return;
    }
    if spec.background == Some(false) {
        findings.error(
            "/spec/admission",
            "`admission` and `background` are both off, so the policy never runs",
            "remove one of them",
        );
    }
    let validates = |rule: &portcullis_api::cluster_policy::Rule| {
        rule.mutate.is_none() && rule.generate.is_none() && rule.verify_images.is_empty()
    };
    if !spec.rules.iter().all(validates) {
        findings.error(
            "/spec/admission",
            "`admission` is off, and a rule mutates, generates or verifies images",
            "remove `admission`, or move that rule to a policy of its own",
        );
    }
}

fn check_overrides(policy: &Policy, findings: &mut Findings) {
    let path = "/spec/validationFailureActionOverrides";
    let overrides = &policy.spec.validation_failure_action_overrides;
    if policy.kind == PolicyKind::ClusterPolicy {
        failure_action_overrides::check(overrides, path, findings);
    } else if !overrides.is_empty() {
        findings.error(
            path,
            "a Policy is about one namespace, so it has no overrides",
            "remove them, or write `kind: ClusterPolicy`",
        );
    }
}
