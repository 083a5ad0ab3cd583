//! A ClusterPolicy of one `validate.cel` rule as a ValidatingAdmissionPolicy.

use portcullis_api::{
    admission_policy::{AdmissionPolicyBindingSpec, ValidatingAdmissionPolicySpec},
    cel_expression::CelValidation,
    cel_policy::ValidationAction,
    cluster_policy::{CelRule, FailurePolicy, Policy, PolicyKind, Rule, Validation},
};

use super::{NativeOptions, NativePolicy, Origin, exceptions, selection, unshifted};
use crate::translate::Obstacle;

const RULE: &str = "spec.rules[0]";

pub(super) fn native(
    policy: &Policy,
    options: &NativeOptions<'_>,
) -> Result<NativePolicy, Vec<Obstacle>> {
    let (rule, validation, cel) = only_rule(policy).map_err(|obstacle| vec![obstacle])?;
    let name = policy.metadata.name.as_deref().unwrap_or_default();
    let mut obstacles = obstacles_of_policy(policy);
    obstacles.extend(obstacles_of_rule(rule, validation, cel, options));
    let mut constraints = selection::of_rule(rule, RULE, options.catalogue, &mut obstacles);
    let left_out = exceptions::left_out(name, &rule.name, options, &mut obstacles);
    selection::merge(&mut constraints, left_out);
    if !obstacles.is_empty() {
        return Err(obstacles);
    }
    let webhook = policy
        .spec
        .webhook_configuration
        .clone()
        .unwrap_or_default();
    let failure_policy = webhook.failure_policy.or(policy.spec.failure_policy);
    let mut match_conditions = webhook.match_conditions;
    let of_webhook = match_conditions.len();
    match_conditions.extend(rule.cel_preconditions.iter().cloned());
    let spec = ValidatingAdmissionPolicySpec {
        param_kind: cel.param_kind.clone(),
        match_constraints: Some(constraints),
        validations: validations(validation, cel),
        failure_policy: Some(failure_policy.unwrap_or(FailurePolicy::Fail)),
        audit_annotations: cel.audit_annotations.clone(),
        match_conditions,
        variables: cel.variables.clone(),
    };
    let binding = AdmissionPolicyBindingSpec {
        param_ref: cel.param_ref.clone(),
        validation_actions: actions(policy, validation),
        ..AdmissionPolicyBindingSpec::default()
    };
    origin(policy).validating(spec, binding, &|path| Some(written(path, of_webhook)))
}

/// Where an expression of the native policy is written.
fn written(path: &str, of_webhook: usize) -> String {
    let parts = [
        ("spec.validations", "validate.cel.expressions"),
        ("spec.variables", "validate.cel.variables"),
        ("spec.auditAnnotations", "validate.cel.auditAnnotations"),
    ];
    for (native, of_rule) in parts {
        if let Some(rest) = path.strip_prefix(native) {
            return format!("{RULE}.{of_rule}{rest}");
        }
    }
    match unshifted(path, of_webhook) {
        Some(path) => path.replace("spec.matchConditions", &format!("{RULE}.celPreconditions")),
        None => path.replace("spec.", "spec.webhookConfiguration."),
    }
}

fn origin(policy: &Policy) -> Origin<'_> {
    Origin {
        prefix: "cpol",
        api_version: "kyverno.io/v1",
        kind: "ClusterPolicy",
        metadata: &policy.metadata,
    }
}

fn only_rule(policy: &Policy) -> Result<(&Rule, &Validation, &CelRule), Obstacle> {
    let [rule] = policy.spec.rules.as_slice() else {
        let reason = format!(
            "a native policy is made of one rule, and here are {}",
            policy.spec.rules.len()
        );
        return Err(Obstacle::new("spec.rules", reason));
    };
    let validation = rule.validate.as_ref();
    match validation.and_then(|validation| Some((validation, validation.cel.as_ref()?))) {
        Some((validation, cel)) => Ok((rule, validation, cel)),
        None => Err(Obstacle::new(
            RULE,
            "a native policy is made of `validate.cel`, which this rule has not; \
             `migrate policy` translates other rules of validation",
        )),
    }
}

fn obstacles_of_policy(policy: &Policy) -> Vec<Obstacle> {
    let spec = &policy.spec;
    let mut obstacles = Vec::new();
    if policy.kind == PolicyKind::Policy {
        let reason = "native policies are about the whole cluster, a Policy about its namespace";
        obstacles.push(Obstacle::new("kind", reason));
    }
    if spec.admission == Some(false) {
        let reason =
            "the policy is not for admission requests, native policies are for nothing else";
        obstacles.push(Obstacle::new("spec.admission", reason));
    }
    if !spec.validation_failure_action_overrides.is_empty() {
        obstacles.push(Obstacle::new(
            "spec.validationFailureActionOverrides",
            OVERRIDES,
        ));
    }
    obstacles
}

const OVERRIDES: &str = "a binding has the same actions for every namespace";

fn obstacles_of_rule(
    rule: &Rule,
    validation: &Validation,
    cel: &CelRule,
    options: &NativeOptions<'_>,
) -> Vec<Obstacle> {
    let mut obstacles = Vec::new();
    let mut stopped = |path: &str, reason: &str| {
        obstacles.push(Obstacle::new(format!("{RULE}.{path}"), reason));
    };
    if cel.generate != Some(true) && !options.all {
        stopped(
            "validate.cel",
            "the rule does not ask for it with `generate: true`",
        );
    }
    if !validation.failure_action_overrides.is_empty() {
        stopped("validate.failureActionOverrides", OVERRIDES);
    }
    if !rule.context.is_empty() {
        stopped("context", "the API server loads no context");
    }
    if rule.preconditions.is_some() {
        stopped("preconditions", "they are no CEL; write `celPreconditions`");
    }
    obstacles
}

/// The expressions; what has no message of its own says what the rule says.
fn validations(validation: &Validation, cel: &CelRule) -> Vec<CelValidation> {
    let with_message = |written: &CelValidation| {
        let mut expression = written.clone();
        if expression.message.is_none() && expression.message_expression.is_none() {
            expression.message.clone_from(&validation.message);
        }
        expression
    };
    cel.expressions.iter().map(with_message).collect()
}

fn actions(policy: &Policy, validation: &Validation) -> Vec<ValidationAction> {
    let action = validation
        .failure_action
        .or(policy.spec.validation_failure_action);
    match action {
        Some(action) if action.is_enforce() => vec![ValidationAction::Deny],
        _ => vec![ValidationAction::Audit, ValidationAction::Warn],
    }
}
