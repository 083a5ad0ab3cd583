//! Exceptions as parts of the native policy: those of `kyverno.io` as resources that are left out,
//! those of `policies.kyverno.io` as conditions.

use portcullis_api::{
    cel_expression::MatchCondition, cel_policy_exception::CelPolicyException,
    match_constraints::NamedRule, policy_exception::PolicyException,
};
use portcullis_values::wildcard;

use super::{NativeOptions, selection};
use crate::translate::{Obstacle, cel_text};

/// The resource rules that the exceptions of a rule leave out.
pub(super) fn left_out(
    policy: &str,
    rule: &str,
    options: &NativeOptions<'_>,
    obstacles: &mut Vec<Obstacle>,
) -> Vec<NamedRule> {
    let mut rules = Vec::new();
    for exception in options.exceptions {
        let excepted = exception.spec.exceptions.iter();
        let mut names = excepted
            .filter(|one| one.policy_name == policy)
            .flat_map(|one| &one.rule_names);
        if !names.any(|name| wildcard::matches(name, rule)) {
            continue;
        }
        match left_out_by(exception, options) {
            Ok(found) => rules.extend(found),
            Err(reason) => {
                let name = exception.metadata.name.as_deref().unwrap_or_default();
                obstacles.push(Obstacle::new("", format!("exception `{name}`: {reason}")));
            }
        }
    }
    rules
}

fn left_out_by(
    exception: &PolicyException,
    options: &NativeOptions<'_>,
) -> Result<Vec<NamedRule>, String> {
    let spec = &exception.spec;
    if spec.exceptions.iter().any(|one| one.rule_names.len() != 1) {
        return Err("it must name one rule".to_owned());
    }
    if spec.conditions.is_some() {
        return Err("its `conditions` are no CEL".to_owned());
    }
    if !spec.pod_security.is_empty() {
        return Err("`podSecurity` is about a part of a rule".to_owned());
    }
    let filters = selection::filters(spec.r#match.any.as_deref(), spec.r#match.all.as_deref())?;
    let mut rules = Vec::new();
    for filter in filters {
        rules.extend(selection::excluded(filter, options.catalogue)?);
    }
    Ok(rules)
}

/// The conditions under which no exception of a CEL policy holds.
pub(super) fn conditions(
    kind: &str,
    policy: &str,
    exceptions: &[&CelPolicyException],
    obstacles: &mut Vec<Obstacle>,
) -> Vec<MatchCondition> {
    let mut conditions: Vec<MatchCondition> = Vec::new();
    for exception in exceptions {
        let mut references = exception.spec.policy_refs.iter();
        if !references.any(|one| one.kind == kind && one.name == policy) {
            continue;
        }
        match condition(exception) {
            Ok(condition) if conditions.iter().any(|one| one.name == condition.name) => {
                let name = exception.metadata.name.as_deref().unwrap_or_default();
                let name = format!("{name}.{}", condition.name);
                conditions.push(MatchCondition { name, ..condition });
            }
            Ok(condition) => conditions.push(condition),
            Err(reason) => {
                let name = exception.metadata.name.as_deref().unwrap_or_default();
                obstacles.push(Obstacle::new("", format!("exception `{name}`: {reason}")));
            }
        }
    }
    conditions
}

fn condition(exception: &CelPolicyException) -> Result<MatchCondition, String> {
    let spec = &exception.spec;
    if !spec.images.is_empty() || !spec.allowed_values.is_empty() {
        return Err(
            "the API server knows no `exceptions.allowedImages` and `allowedValues`".into(),
        );
    }
    if spec.expires_at.is_some() {
        return Err("it ends by itself (`expiresAt`), which a native policy cannot".to_owned());
    }
    let Some(first) = spec.match_conditions.first() else {
        return Err("it has no `matchConditions`: the policy would be about nothing".to_owned());
    };
    let conditions = spec.match_conditions.iter();
    let expressions: Vec<&str> = conditions.map(|one| one.expression.as_str()).collect();
    Ok(MatchCondition {
        name: first.name.clone(),
        expression: cel_text::unless_all(&expressions),
    })
}
