//! Denials and their words.

use serde_json::json;

use super::*;
use crate::response::RuleType;

struct Policy {
    api_version: &'static str,
    action: FailureAction,
    errors_deny: bool,
    warn: bool,
}

fn response(name: &str, policy: &Policy, rules: &[(&str, RuleStatus, &str)]) -> EngineResponse {
    let info = PolicyInfo {
        api_version: policy.api_version.into(),
        name: name.into(),
        errors_deny: policy.errors_deny,
        emit_warning: policy.warn,
        ..PolicyInfo::default()
    };
    let rules = rules.iter().map(|(rule, status, message)| RuleResponse {
        rule: (*rule).into(),
        rule_type: RuleType::Validation,
        status: *status,
        message: (*message).into(),
        detail: None,
    });
    EngineResponse {
        policy: Arc::new(info),
        failure_action: policy.action,
        rules: rules.collect(),
        patched: None,
        is_last_change: false,
        changes_object: false,
    }
}

/// A verdict, with the number of its causes.
struct Found {
    allowed: bool,
    deny_message: String,
    causes: usize,
    warnings: Vec<String>,
}

fn check(responses: &[EngineResponse]) -> Found {
    let object = json!({"kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}});
    let request = Request {
        object: Some(&object),
        ..crate::request::tests::empty()
    };
    let verdict = verdict(&request, responses);
    Found {
        allowed: verdict.allowed,
        deny_message: verdict.deny_message,
        causes: verdict.causes.len(),
        warnings: verdict.warnings,
    }
}

const ENFORCE: Policy = Policy {
    api_version: "kyverno.io/v1",
    action: FailureAction::Enforce,
    errors_deny: true,
    warn: false,
};
const AUDIT: Policy = Policy {
    api_version: "kyverno.io/v1",
    action: FailureAction::Audit,
    errors_deny: false,
    warn: false,
};

#[test]
fn an_enforced_failure_denies_and_is_told() {
    let found = check(&[
        response(
            "b",
            &ENFORCE,
            &[
                ("r2", RuleStatus::Fail, "no: way"),
                ("r1", RuleStatus::Fail, "plain."),
                ("r3", RuleStatus::Pass, "ok"),
            ],
        ),
        response("a", &ENFORCE, &[("r", RuleStatus::Fail, "first")]),
    ]);
    assert!(!found.allowed);
    assert_eq!(
        found.deny_message,
        "\n\nresource Pod/shop/web was blocked due to the following policies \n\na:\n  r: first\nb:\n  r1: plain.\n  r2: 'no: way'\n"
    );
    assert_eq!(found.causes, 3);
}

#[test]
fn errors_deny_by_failure_policy_and_audits_never() {
    let fails = &[("r", RuleStatus::Fail, "m")];
    let error = &[("r", RuleStatus::Error, "m")];
    for (response, allowed) in [
        (response("p", &AUDIT, fails), true),
        (response("p", &AUDIT, error), true),
        (response("p", &ENFORCE, error), false),
        (
            response(
                "p",
                &Policy {
                    errors_deny: false,
                    ..ENFORCE
                },
                error,
            ),
            true,
        ),
        (
            response(
                "p",
                &ENFORCE,
                &[("r", RuleStatus::Skip, "m"), ("s", RuleStatus::Warn, "m")],
            ),
            true,
        ),
    ] {
        assert_eq!(check(&[response]).allowed, allowed);
    }
}

#[test]
fn an_error_of_an_expression_that_is_audited_denies_nothing() {
    let error = &[("", RuleStatus::Error, "m")];
    for (api_version, action, allowed) in [
        ("policies.kyverno.io/v1", FailureAction::Enforce, false),
        ("policies.kyverno.io/v1", FailureAction::Audit, true),
        ("kyverno.io/v1", FailureAction::Audit, false),
    ] {
        let policy = Policy {
            api_version,
            action,
            ..ENFORCE
        };
        let found = check(&[response("p", &policy, error)]);
        assert_eq!(found.allowed, allowed, "{api_version} {action:?}");
    }
}

#[test]
fn what_does_not_deny_may_warn() {
    let warn = Policy {
        warn: true,
        ..AUDIT
    };
    let found = check(&[response(
        "p",
        &warn,
        &[("r", RuleStatus::Fail, "m"), ("s", RuleStatus::Pass, "")],
    )]);
    assert_eq!(found.warnings, ["policy p.r: m"]);
}

#[test]
fn policies_without_rules_are_told_in_words() {
    let by_expressions = |action, warn| Policy {
        api_version: "policies.kyverno.io/v1",
        action,
        warn,
        ..ENFORCE
    };
    let deny = by_expressions(FailureAction::Enforce, false);
    let found = check(&[
        response("c", &deny, &[("", RuleStatus::Fail, "no")]),
        response("d", &deny, &[("", RuleStatus::Error, "how")]),
    ]);
    assert_eq!(
        found.deny_message,
        "Policy c failed: no; Policy d error: how"
    );
    let found = check(&[
        response("c", &deny, &[("", RuleStatus::Fail, "no")]),
        response("a", &ENFORCE, &[("r", RuleStatus::Fail, "first")]),
    ]);
    assert!(
        found
            .deny_message
            .ends_with("policies \n\na:\n  r: first\nPolicy c failed: no"),
        "{}",
        found.deny_message
    );
    let warn = by_expressions(FailureAction::Audit, true);
    let found = check(&[response("c", &warn, &[("", RuleStatus::Fail, "no")])]);
    assert_eq!(found.warnings, ["Policy c failed: no"]);
}

#[test]
fn a_message_is_written_as_yaml_that_reads_back_as_the_same() {
    for (message, wanted) in [
        ("plain: no", "'plain: no'"),
        ("it's #1", "'it''s #1'"),
        ("a #b", "'a #b'"),
        ("it's: no", "'it''s: no'"),
        ("ends:", "'ends:'"),
        ("Yes", "'Yes'"),
        ("", "''"),
        ("1", "'1'"),
        ("é: ü", "'é: ü'"),
        ("a\tb", "\"a\\tb\""),
        ("a\u{85}b", "\"a\u{85}b\""),
        ("two\nlines", "|-\n    two\n    lines"),
        ("two\nlines\n", "|\n    two\n    lines"),
    ] {
        let found = check(&[response("p", &ENFORCE, &[("r", RuleStatus::Fail, message)])]);
        let wanted = format!("p:\n  r: {wanted}\n");
        assert!(
            found.deny_message.ends_with(&wanted),
            "{}",
            found.deny_message
        );
    }
}

#[test]
fn of_two_messages_of_a_rule_the_last_one_is_told() {
    let said = |message| response("p", &ENFORCE, &[("r", RuleStatus::Fail, message)]);
    let found = check(&[said("one"), said("two")]);
    assert!(
        found.deny_message.ends_with("\n\np:\n  r: two\n"),
        "{}",
        found.deny_message
    );
    assert_eq!(found.causes, 2);
}
