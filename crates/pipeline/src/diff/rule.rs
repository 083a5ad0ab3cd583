//! Two rules of one name: what of them changed.

use portcullis_api::cluster_policy::{
    AnyAllConditions, CelRule, Conditions, FailureAction, ForEachValidation, PolicySpec, Rule,
    Validation,
};
use serde_json::Value;

use super::{Direction, Told, conditions, filters, images, overrides, pattern, pod_security};

/// Everything that changed between two rules, each with the policy that it stands in.
pub(super) fn changes(old: (&PolicySpec, &Rule), new: (&PolicySpec, &Rule)) -> Vec<Told> {
    let ((old_spec, before), (new_spec, after)) = (old, new);
    let mut told = Vec::new();
    if before.r#match != after.r#match {
        let direction = filters::matched(&before.r#match, &after.r#match);
        told.push(resized("match", direction, "widened", "narrowed"));
    }
    if before.exclude != after.exclude {
        let direction = filters::excluded(before.exclude.as_ref(), after.exclude.as_ref());
        told.push(resized("exclude", direction, "shrunk", "grown"));
    }
    if before.preconditions != after.preconditions {
        let (old, new) = (before.preconditions.as_ref(), after.preconditions.as_ref());
        told.push(changed("preconditions", conditions::direction(old, new)));
    }
    let (old, new) = (&before.cel_preconditions, &after.cel_preconditions);
    if old != new {
        let direction = Direction::of_lists(old, new, Direction::Looser);
        told.push(changed("celPreconditions", direction));
    }
    let others = [
        ("context", before.context != after.context),
        ("mutate", before.mutate != after.mutate),
        ("generate", before.generate != after.generate),
        (
            "imageExtractors",
            before.image_extractors != after.image_extractors,
        ),
    ];
    let others = others.into_iter().filter(|(_, differs)| *differs);
    told.extend(others.map(|(field, _)| changed(field, Direction::Unclear)));
    if before.verify_images != after.verify_images {
        let (old, new) = (&before.verify_images, &after.verify_images);
        told.extend(images::changes((old_spec, old), (new_spec, new)));
    }
    match (&before.validate, &after.validate) {
        (Some(_), None) => told.push(changed("validate", Direction::Looser)),
        (None, Some(_)) => told.push(changed("validate", Direction::Stricter)),
        _ => {}
    }
    if let (Some(old), Some(new)) = (&before.validate, &after.validate) {
        let action = action((old_spec, old), (new_spec, new));
        let is_enforced = enforces((old_spec, old));
        let checks = action.into_iter().chain(validation(old, new, is_enforced));
        told.extend(
            checks.map(|(field, said, direction)| (format!("validate/{field}"), said, direction)),
        );
    }
    told
}

fn changed(field: &str, direction: Direction) -> Told {
    (field.to_owned(), format!("`{field}` changed"), direction)
}

fn resized(field: &str, direction: Direction, stricter: &str, looser: &str) -> Told {
    let word = direction.choose([looser, stricter, "changed"]);
    (field.to_owned(), format!("`{field}` {word}"), direction)
}

/// `Audit` or `Enforce`, wherever it is written.
fn action(old: (&PolicySpec, &Validation), new: (&PolicySpec, &Validation)) -> Option<Told> {
    let word = |enforces| if enforces { "Enforce" } else { "Audit" };
    let (before, after) = (enforces(old), enforces(new));
    let direction = match (before, after) {
        (false, true) => Direction::Stricter,
        (true, false) => Direction::Looser,
        _ => return None,
    };
    let said = format!("failure action {} → {}", word(before), word(after));
    Some(("failureAction".to_owned(), said, direction))
}

/// Whether a rule denies, save where an override says otherwise.
pub(super) fn enforces((spec, validation): (&PolicySpec, &Validation)) -> bool {
    let action = validation.failure_action.or(spec.validation_failure_action);
    action.is_some_and(FailureAction::is_enforce)
}

fn validation(before: &Validation, after: &Validation, is_enforced: bool) -> Vec<Told> {
    let overridden = (
        &before.failure_action_overrides,
        &after.failure_action_overrides,
    );
    let overridden = (overridden.0 != overridden.1).then(|| {
        let direction = overrides::direction(overridden.0, overridden.1, is_enforced);
        changed("failureActionOverrides", direction)
    });
    let message = before.message != after.message;
    let unclear = |field, differs: bool| differs.then(|| changed(field, Direction::Unclear));
    let told = [
        overridden,
        existing(before, after),
        message.then(|| changed("message", Direction::Neither)),
        check(
            "pattern",
            before.pattern.as_ref(),
            after.pattern.as_ref(),
            pattern::direction,
        ),
        check(
            "anyPattern",
            before.any_pattern.as_ref(),
            after.any_pattern.as_ref(),
            pattern::alternatives,
        ),
        check(
            "deny",
            before.deny.as_ref(),
            after.deny.as_ref(),
            |before, after| {
                conditions::direction(before.conditions.as_ref(), after.conditions.as_ref())
            },
        ),
        check(
            "foreach",
            before.foreach.as_deref(),
            after.foreach.as_deref(),
            loops,
        ),
        check(
            "podSecurity",
            before
                .pod_security
                .as_ref()
                .map(pod_security::plain)
                .as_ref(),
            after
                .pod_security
                .as_ref()
                .map(pod_security::plain)
                .as_ref(),
            pod_security::direction,
        ),
        pod_security::excluded(before.pod_security.as_ref(), after.pod_security.as_ref()),
        check("cel", before.cel.as_ref(), after.cel.as_ref(), expressions),
        unclear("manifests", before.manifests != after.manifests),
    ];
    told.into_iter().flatten().collect()
}

/// Whether an update of a resource that already fails is judged.
fn existing(before: &Validation, after: &Validation) -> Option<Told> {
    let lets_pass = |one: &Validation| one.allow_existing_violations.unwrap_or(true);
    let (word, direction) = match (lets_pass(before), lets_pass(after)) {
        (true, false) => ("judged", Direction::Stricter),
        (false, true) => ("let through", Direction::Looser),
        _ => return None,
    };
    let said = format!("updates of resources that already fail are {word}");
    Some(("allowExistingViolations".to_owned(), said, direction))
}

/// A part that a rule may have or not; a rule that has another part instead checks something else.
fn check<T: PartialEq + ?Sized>(
    field: &str,
    before: Option<&T>,
    after: Option<&T>,
    direction: impl Fn(&T, &T) -> Direction,
) -> Option<Told> {
    if before == after {
        return None;
    }
    let (said, direction) = match (before, after) {
        (Some(before), Some(after)) => ("changed", direction(before, after)),
        (None, _) => ("added", Direction::Unclear),
        (_, None) => ("removed", Direction::Unclear),
    };
    Some((field.to_owned(), format!("`{field}` {said}"), direction))
}

fn loops(before: &[ForEachValidation], after: &[ForEachValidation]) -> Direction {
    match Direction::of_lists(before, after, Direction::Stricter) {
        Direction::Unclear if before.len() == after.len() => before
            .iter()
            .zip(after)
            .map(|(before, after)| one_loop(before, after))
            .fold(Direction::Neither, Direction::and),
        told => told,
    }
}

fn one_loop(before: &ForEachValidation, after: &ForEachValidation) -> Direction {
    let same_list = before.list == after.list
        && before.element_scope == after.element_scope
        && before.context == after.context
        && before.foreach == after.foreach;
    if !same_list {
        return Direction::Unclear;
    }
    let block = |one: &Option<AnyAllConditions>| {
        let value = serde_json::to_value(one.as_ref()?).ok()?;
        Some(Conditions(value))
    };
    let deny = |one: &ForEachValidation| one.deny.as_ref().and_then(|deny| deny.conditions.clone());
    let part =
        |before: &Option<Value>, after: &Option<Value>, told: fn(&Value, &Value) -> Direction| {
            match (before, after) {
                (Some(before), Some(after)) => told(before, after),
                (None, None) => Direction::Neither,
                _ => Direction::Unclear,
            }
        };
    let (old, new) = (block(&before.preconditions), block(&after.preconditions));
    let denied = if before.deny.is_some() == after.deny.is_some() {
        conditions::direction(deny(before).as_ref(), deny(after).as_ref())
    } else {
        Direction::Unclear
    };
    conditions::direction(old.as_ref(), new.as_ref())
        .and(denied)
        .and(part(&before.pattern, &after.pattern, pattern::direction))
        .and(part(
            &before.any_pattern,
            &after.any_pattern,
            pattern::alternatives,
        ))
}

fn expressions(before: &CelRule, after: &CelRule) -> Direction {
    let expressions =
        Direction::of_lists(&before.expressions, &after.expressions, Direction::Stricter);
    let rest = |one: &CelRule| CelRule {
        expressions: Vec::new(),
        ..one.clone()
    };
    match rest(before) == rest(after) {
        true => expressions,
        false => expressions.and(Direction::Unclear),
    }
}
