//! Rules of ClusterPolicies and Policies that validate, as ValidatingPolicies.
//!
//! A rule becomes a policy of its own, and so does each rule that autogen derives from it, so that
//! nothing depends on how the newer kind derives its own.

mod anchors;
mod conditions;
mod elements;
mod loops;
mod pattern;
mod pod_security;
mod scalar;
mod selection;

use portcullis_api::{
    cel_expression::{CelValidation, CelVariable, MatchCondition},
    cel_policy::{
        CelPolicyVersion, EnabledByDefault, Evaluation, PodControllers, ValidationAction,
        WebhookSettings,
    },
    cluster_policy::{Deny, FailurePolicy, Policy, PolicyKind, Rule, Validation},
    metadata::ObjectMeta,
    validating_policy::{
        ValidatingAutogen, ValidatingPolicy, ValidatingPolicyKind, ValidatingPolicySpec,
    },
};
use portcullis_schema::Catalogue;
use serde_json::Value;

use self::conditions::Reads;
use self::selection::{Selection, Sight};
use crate::autogen::{self, CONTROLLERS_ANNOTATION};
use crate::pattern::node::Node;
use crate::policies::validating_policy::CompiledValidatingPolicy;
use crate::translate::{Obstacle, cel_text};

/// A rule of a policy, and what it becomes.
#[derive(Clone, Debug)]
pub struct TranslatedRule {
    /// Its name; a derived rule has its derived name.
    pub rule: String,
    /// The policy with this rule alone, which says what the rule says.
    pub alone: Policy,
    /// The path of the written rule.
    pub path: String,
    /// The ValidatingPolicy, or everything that stands in its way.
    pub policy: Result<ValidatingPolicy, Vec<Obstacle>>,
}

/// What becomes of the rules of a policy that validate, derived ones after the one they come from.
#[must_use]
pub fn rules(policy: &Policy, catalogue: &Catalogue) -> Vec<TranslatedRule> {
    let derived = autogen::expand(policy);
    let mut found = Vec::new();
    for (index, written) in policy.spec.rules.iter().enumerate() {
        if written.validate.is_none() {
            continue;
        }
        let of_rule = derived.iter().filter(|derived| derived.origin == index);
        for rule in std::iter::once(written).chain(of_rule.map(|derived| &derived.rule)) {
            let path = format!("spec.rules[{index}]");
            found.push(TranslatedRule {
                rule: rule.name.clone(),
                alone: alone(policy, rule),
                policy: translate(policy, rule, &path, catalogue),
                path,
            });
        }
    }
    found
}

fn alone(policy: &Policy, rule: &Rule) -> Policy {
    let mut alone = policy.clone();
    alone.spec.rules = vec![rule.clone()];
    let annotations = &mut alone.metadata.annotations;
    annotations.insert(CONTROLLERS_ANNOTATION.to_owned(), "none".to_owned());
    alone
}

fn translate(
    policy: &Policy,
    rule: &Rule,
    path: &str,
    catalogue: &Catalogue,
) -> Result<ValidatingPolicy, Vec<Obstacle>> {
    let validation = rule.validate.clone().unwrap_or_default();
    let mut obstacles = obstacles(policy, rule, &validation, path);
    // A loop counts no element of an object that goes away.
    let deletions = validation.cel.is_some() || validation.deny.is_some();
    let sight = Sight {
        deletions,
        namespaces: selection::sees_namespaces(rule),
        object: match deletions {
            true => "(object == null ? oldObject : object)",
            false => "object",
        },
    };
    let mut selection = selection::of_rule(rule, path, sight, catalogue);
    match precondition(rule, path, sight) {
        Ok(condition) => {
            if let Ok(selection) = &mut selection {
                selection.conditions.extend(condition);
            }
        }
        Err(obstacle) => obstacles.push(obstacle),
    }
    let checks = checks(rule, &validation, path, sight);
    match (selection, checks) {
        (Ok(selection), Ok(checks)) if obstacles.is_empty() => {
            let spec = spec(policy, rule, &validation, selection, checks);
            compiled(new_policy(policy, rule, spec), path)
        }
        (selection, checks) => {
            obstacles.extend(selection.err().unwrap_or_default());
            obstacles.extend(checks.err());
            Err(obstacles)
        }
    }
}

fn precondition(rule: &Rule, path: &str, sight: Sight) -> Result<Option<MatchCondition>, Obstacle> {
    let Some(written) = &rule.preconditions else {
        return Ok(None);
    };
    let stopped = |reason: String| Obstacle::new(format!("{path}.preconditions"), reason);
    let parsed = written
        .parse()
        .map_err(|error| stopped(error.to_string()))?;
    let expression = conditions::test(&parsed, sight.reads()).map_err(stopped)?;
    Ok((expression != "true").then(|| MatchCondition {
        name: "preconditions".to_owned(),
        expression,
    }))
}

fn obstacles(policy: &Policy, rule: &Rule, validation: &Validation, path: &str) -> Vec<Obstacle> {
    let mut obstacles = Vec::new();
    let mut stopped = |place: &str, reason: &str| {
        obstacles.push(Obstacle::new(format!("{path}.{place}"), reason));
    };
    if !rule.context.is_empty() {
        stopped("context", "what `context` loads is not translated");
    }
    let overrides = &policy.spec.validation_failure_action_overrides;
    if !validation.failure_action_overrides.is_empty() || !overrides.is_empty() {
        stopped(
            "validate",
            "a ValidatingPolicy has the same actions for every namespace",
        );
    }
    if policy.spec.apply_rules.is_some() && policy.spec.rules.len() > 1 {
        stopped("validate", "`applyRules` lets rules depend on each other");
    }
    obstacles
}

/// Variables and expressions of a rule.
type Checks = (Vec<CelVariable>, Vec<CelValidation>);

fn checks(
    rule: &Rule,
    validation: &Validation,
    path: &str,
    sight: Sight,
) -> Result<Checks, Obstacle> {
    let stopped =
        |place: &str, reason: String| Obstacle::new(format!("{path}.validate.{place}"), reason);
    let message = validation.message.clone();
    if let Some(cel) = &validation.cel {
        if cel.param_kind.is_some() || cel.param_ref.is_some() {
            return Err(stopped(
                "cel",
                "a ValidatingPolicy has no parameters".to_owned(),
            ));
        }
        let mut expressions = cel.expressions.clone();
        for expression in &mut expressions {
            if expression.message.is_none() && expression.message_expression.is_none() {
                expression.message.clone_from(&message);
            }
        }
        return Ok((cel.variables.clone(), expressions));
    }
    if let Some(written) = &validation.pod_security {
        return pod_security::checks(rule, written).map_err(|(below, reason)| {
            let below = Some(below).filter(|below| !below.is_empty());
            let place = ["podSecurity".to_owned()].into_iter().chain(below);
            stopped(&place.collect::<Vec<_>>().join("."), reason)
        });
    }
    let expression = if let Some(written) = &validation.pattern {
        let node = node(written).map_err(|reason| stopped("pattern", reason))?;
        pattern::allowed(&node, "object").map_err(|reason| stopped("pattern", reason))?
    } else if let Some(Value::Array(written)) = &validation.any_pattern {
        let nodes: Result<Vec<Node>, String> = written.iter().map(node).collect();
        let expression = nodes.and_then(|nodes| pattern::any_allowed(&nodes, "object"));
        expression.map_err(|reason| stopped("anyPattern", reason))?
    } else if let Some(deny) = &validation.deny {
        denied(deny, sight.reads()).map_err(|reason| stopped("deny", reason))?
    } else if let Some(written) = validation.foreach.as_ref().filter(|list| !list.is_empty()) {
        loops::allowed(written, sight)
            .map_err(|(index, reason)| stopped(&format!("foreach[{index}]"), reason))?
    } else {
        return Err(Obstacle::new(
            format!("{path}.validate"),
            "only `pattern`, `anyPattern`, `deny`, `foreach`, `podSecurity` and `cel` are translated",
        ));
    };
    let variable = message.as_deref().filter(|message| message.contains("{{"));
    let message_expression = variable
        .map(|message| conditions::message(message, sight.object))
        .transpose()
        .map_err(|reason| stopped("message", reason))?;
    let validation = CelValidation {
        expression: cel_text::wrapped(&expression),
        message: message.filter(|_| message_expression.is_none()),
        message_expression,
        reason: None,
    };
    Ok((Vec::new(), vec![validation]))
}

fn denied(deny: &Deny, reads: Reads<'_>) -> Result<String, String> {
    let Some(written) = &deny.conditions else {
        return Ok("false".to_owned());
    };
    let parsed = written.parse().map_err(|error| error.to_string())?;
    let conditions = parsed.any.iter().chain(&parsed.all).flatten();
    if conditions.clone().any(|one| one.message.is_some()) {
        return Err("messages of conditions are not translated".to_owned());
    }
    conditions::test(&parsed, reads).map(|test| cel_text::not(&test))
}

fn node(written: &Value) -> Result<Node, String> {
    let text = written.to_string();
    if text.contains("{{") || text.contains("$(") {
        return Err("variables and references in patterns are not translated".to_owned());
    }
    Ok(Node::compile(written))
}

fn spec(
    policy: &Policy,
    rule: &Rule,
    validation: &Validation,
    selection: Selection,
    (variables, validations): Checks,
) -> ValidatingPolicySpec {
    let webhook = policy
        .spec
        .webhook_configuration
        .clone()
        .unwrap_or_default();
    let timeout = webhook
        .timeout_seconds
        .or(policy.spec.webhook_timeout_seconds);
    let mut match_conditions: Vec<MatchCondition> = webhook.match_conditions;
    match_conditions.extend(selection.conditions);
    match_conditions.extend(rule.cel_preconditions.iter().cloned());
    let cel = validation.cel.as_ref();
    ValidatingPolicySpec {
        match_constraints: Some(selection.constraints),
        match_conditions,
        variables,
        validations,
        audit_annotations: cel
            .map(|cel| cel.audit_annotations.clone())
            .unwrap_or_default(),
        validation_actions: actions(policy, validation),
        failure_policy: webhook
            .failure_policy
            .or(policy.spec.failure_policy)
            .filter(|policy| *policy == FailurePolicy::Ignore),
        webhook_configuration: timeout.map(|seconds| WebhookSettings {
            timeout_seconds: Some(seconds),
        }),
        evaluation: evaluation(policy),
        autogen: Some(ValidatingAutogen {
            pod_controllers: Some(PodControllers {
                controllers: Some(Vec::new()),
            }),
            validating_admission_policy: None,
        }),
    }
}

fn actions(policy: &Policy, validation: &Validation) -> Vec<ValidationAction> {
    let action = validation
        .failure_action
        .or(policy.spec.validation_failure_action);
    match (action, policy.spec.emit_warning) {
        (Some(action), _) if action.is_enforce() => vec![ValidationAction::Deny],
        (_, Some(true)) => vec![ValidationAction::Audit, ValidationAction::Warn],
        _ => vec![ValidationAction::Audit],
    }
}

fn evaluation(policy: &Policy) -> Option<Evaluation> {
    let off = |switch: Option<bool>| {
        (switch == Some(false)).then_some(EnabledByDefault {
            enabled: Some(false),
        })
    };
    let (admission, background) = (off(policy.spec.admission), off(policy.spec.background));
    (admission.is_some() || background.is_some()).then_some(Evaluation {
        mode: None,
        admission,
        background,
    })
}

fn new_policy(policy: &Policy, rule: &Rule, spec: ValidatingPolicySpec) -> ValidatingPolicy {
    let name = policy.metadata.name.as_deref().unwrap_or_default();
    let is_only = policy.spec.rules.len() == 1;
    let derived = rule.name.starts_with("autogen-");
    let name = match (is_only, derived) {
        (true, false) => name.to_owned(),
        (true, true) if rule.name.starts_with("autogen-cronjob-") => format!("{name}-cronjobs"),
        (true, true) => format!("{name}-controllers"),
        (false, _) => format!("{name}-{}", rule.name),
    };
    let mut annotations = policy.metadata.annotations.clone();
    annotations.remove(CONTROLLERS_ANNOTATION);
    annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    ValidatingPolicy {
        api_version: CelPolicyVersion::V1,
        kind: match policy.kind {
            PolicyKind::ClusterPolicy => ValidatingPolicyKind::ValidatingPolicy,
            PolicyKind::Policy => ValidatingPolicyKind::NamespacedValidatingPolicy,
        },
        metadata: ObjectMeta {
            name: Some(name),
            namespace: policy.metadata.namespace.clone(),
            labels: policy.metadata.labels.clone(),
            annotations,
            ..ObjectMeta::default()
        },
        spec,
        status: None,
    }
}

fn compiled(policy: ValidatingPolicy, path: &str) -> Result<ValidatingPolicy, Vec<Obstacle>> {
    match CompiledValidatingPolicy::compile(&policy, &[], &mut Vec::new()) {
        Ok(_) => Ok(policy),
        Err(errors) => Err(errors
            .into_iter()
            .map(|error| {
                let reason = format!("Kyverno does not compile this: {}", error.message);
                Obstacle::new(path, reason)
            })
            .collect()),
    }
}
