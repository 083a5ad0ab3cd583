//! The policies of two states of an environment.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_api::{
    cluster_policy::{ApplyRules, FailurePolicy, Policy, PolicySpec, Rule},
    read::read,
};
use portcullis_engine::autogen::{CONTROLLERS_ANNOTATION, pod_controllers};
use portcullis_values::json_pointer;
use serde_json::Value;

use super::{Change, Difference, Direction, Kind, Subject, cel, overrides, rule};
use crate::render::{Bundle, RenderedPolicy};

/// The policies that differ, by name.
pub(super) fn differences(before: Option<&Bundle>, after: Option<&Bundle>) -> Vec<Difference> {
    let (old, new) = (by_key(before), by_key(after));
    let keys: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    let differences = keys.into_iter().filter_map(|key| {
        let (kind, changes) = match (old.get(key), new.get(key)) {
            (Some(old), Some(new)) => (Kind::Changed, compare(old, new)),
            (None, Some(new)) => (Kind::Added, vec![whole(new, Kind::Added)]),
            (Some(old), None) => (Kind::Removed, vec![whole(old, Kind::Removed)]),
            (None, None) => return None,
        };
        let difference = Difference {
            subject: Subject::Policy,
            name: key.to_owned(),
            kind,
            changes,
        };
        (!difference.changes.is_empty()).then_some(difference)
    });
    differences.collect()
}

fn by_key(bundle: Option<&Bundle>) -> BTreeMap<&str, &RenderedPolicy> {
    let policies = bundle.into_iter().flat_map(|bundle| &bundle.policies);
    policies
        .map(|policy| (policy.key.as_str(), policy))
        .collect()
}

/// A policy that only one state has.
fn whole(rendered: &RenderedPolicy, kind: Kind) -> Change {
    let direction = match typed(rendered) {
        Some(policy) => policy
            .spec
            .rules
            .iter()
            .map(refuses)
            .fold(Direction::Neither, Direction::and),
        None if cel::refuses(text(&rendered.document.value, "kind")) => Direction::Stricter,
        None => Direction::Unclear,
    };
    Change {
        what: format!("policy {}", kind.word()),
        direction: turned(direction, kind),
        place: Some(rendered.pointer_place("", false)),
        is_reach: false,
    }
}

/// A rule that comes makes it stricter where it refuses; one that changes or makes resources may not.
fn refuses(rule: &Rule) -> Direction {
    if rule.validate.is_some() || !rule.verify_images.is_empty() {
        Direction::Stricter
    } else {
        Direction::Unclear
    }
}

fn turned(direction: Direction, kind: Kind) -> Direction {
    match kind {
        Kind::Removed => direction.flipped(),
        Kind::Added | Kind::Changed => direction,
    }
}

fn typed(rendered: &RenderedPolicy) -> Option<Policy> {
    read(&rendered.document.value).ok()
}

fn compare(old: &RenderedPolicy, new: &RenderedPolicy) -> Vec<Change> {
    let (before, after) = (&old.document.value, &new.document.value);
    if before == after {
        return Vec::new();
    }
    let mut changes = match (typed(old), typed(new)) {
        (Some(before), Some(after)) => spec(&before.spec, &after.spec, old, new),
        (None, None) if is_cel(before, after) => cel_spec(before, after, new),
        _ => vec![Change {
            what: "policy changed".to_owned(),
            direction: Direction::Unclear,
            place: Some(new.pointer_place("", false)),
            is_reach: true,
        }],
    };
    if before.get("metadata") != after.get("metadata") {
        let metadata = change("metadata changed", Direction::Neither, new, "/metadata");
        let told = std::iter::once(metadata).chain(controllers(before, after, new));
        changes.splice(0..0, told);
    }
    if changes.is_empty() {
        changes.push(change("policy changed", Direction::Unclear, new, "/spec"));
    }
    changes
}

/// Whether both are written in CEL, and of one kind.
fn is_cel(before: &Value, after: &Value) -> bool {
    let kind = |policy| text(policy, "kind");
    kind(before) == kind(after)
        && [before, after].map(|policy| cel::is_version(text(policy, "apiVersion"))) == [true; 2]
}

fn text<'v>(policy: &'v Value, field: &str) -> &'v str {
    policy
        .get(field)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn cel_spec(before: &Value, after: &Value, new: &RenderedPolicy) -> Vec<Change> {
    let told = cel::changes(before, after).into_iter();
    let mut changes: Vec<Change> = told
        .map(|told| Change {
            is_reach: told.is_reach,
            ..change(&told.what, told.direction, new, &told.pointer)
        })
        .collect();
    changes.sort_by_key(|change| change.place.as_ref().map(|place| place.span.start));
    changes
}

fn change(what: &str, direction: Direction, policy: &RenderedPolicy, pointer: &str) -> Change {
    Change {
        what: what.to_owned(),
        direction,
        place: Some(policy.pointer_place(pointer, true)),
        is_reach: false,
    }
}

/// The controllers that rules are derived for.
fn controllers(before: &Value, after: &Value, new: &RenderedPolicy) -> Option<Change> {
    let name = json_pointer::escape(CONTROLLERS_ANNOTATION);
    let pointer = format!("/metadata/annotations/{name}");
    let wanted = |policy: &Value| -> Vec<&str> {
        let listed = policy.pointer(&pointer).and_then(Value::as_str);
        let is_wanted =
            |name: &&str| listed.is_none_or(|list| list.split(',').any(|one| one == *name));
        pod_controllers().filter(is_wanted).collect()
    };
    let direction = Direction::of_lists(&wanted(before), &wanted(after), Direction::Stricter);
    let what = "controllers of autogen changed";
    (direction != Direction::Neither).then(|| change(what, direction, new, &pointer))
}

fn spec(
    before: &PolicySpec,
    after: &PolicySpec,
    old: &RenderedPolicy,
    new: &RenderedPolicy,
) -> Vec<Change> {
    let mut changes = settings(before, after, new);
    for (index, rule) in after.rules.iter().enumerate() {
        let pointer = format!("/spec/rules/{index}");
        let Some(former) = before.rules.iter().find(|one| one.name == rule.name) else {
            let what = format!("rule `{}` added", rule.name);
            changes.push(change(&what, refuses(rule), new, &pointer));
            continue;
        };
        let told = rule::changes((before, former), (after, rule));
        changes.extend(told.into_iter().map(|(field, said, direction)| {
            let what = format!("rule `{}`: {said}", rule.name);
            Change {
                is_reach: matches!(field.as_str(), "match" | "exclude"),
                ..change(&what, direction, new, &format!("{pointer}/{field}"))
            }
        }));
    }
    for (index, rule) in before.rules.iter().enumerate() {
        if !after.rules.iter().any(|one| one.name == rule.name) {
            let what = format!("rule `{}` removed", rule.name);
            let direction = refuses(rule).flipped();
            changes.push(change(
                &what,
                direction,
                old,
                &format!("/spec/rules/{index}"),
            ));
        }
    }
    changes
}

/// What holds for the policy as a whole. The failure action is told with the rules that it reaches.
fn settings(before: &PolicySpec, after: &PolicySpec, new: &RenderedPolicy) -> Vec<Change> {
    let runs = |flag: Option<bool>| flag.unwrap_or(true);
    let lets_pass = |spec: &PolicySpec| {
        let webhook = spec.webhook_configuration.as_ref();
        let policy = webhook.and_then(|webhook| webhook.failure_policy);
        policy.or(spec.failure_policy) == Some(FailurePolicy::Ignore)
    };
    let all_apply = |spec: &PolicySpec| spec.apply_rules != Some(ApplyRules::One);
    let flags = [
        (
            "admission",
            "admission requests",
            runs(before.admission),
            runs(after.admission),
        ),
        (
            "background",
            "background scans",
            runs(before.background),
            runs(after.background),
        ),
        (
            "failurePolicy",
            "denial when nobody answers",
            !lets_pass(before),
            !lets_pass(after),
        ),
        (
            "applyRules",
            "every rule, not only the first",
            all_apply(before),
            all_apply(after),
        ),
    ];
    let told = flags
        .into_iter()
        .filter_map(|(field, name, before, after)| {
            let (word, direction) = match (before, after) {
                (false, true) => ("on", Direction::Stricter),
                (true, false) => ("off", Direction::Looser),
                _ => return None,
            };
            Some(change(
                &format!("{name}: {word}"),
                direction,
                new,
                &format!("/spec/{field}"),
            ))
        });
    let conditions = |spec: &PolicySpec| {
        let webhook = spec.webhook_configuration.clone();
        webhook.unwrap_or_default().match_conditions
    };
    let asked = Direction::of_lists(&conditions(before), &conditions(after), Direction::Looser);
    let asked = (asked != Direction::Neither).then(|| Change {
        is_reach: true,
        ..change(
            "`webhookConfiguration.matchConditions` changed",
            asked,
            new,
            "/spec/webhookConfiguration/matchConditions",
        )
    });
    told.chain(overridden(before, after, new))
        .chain(asked)
        .collect()
}

fn overridden(before: &PolicySpec, after: &PolicySpec, new: &RenderedPolicy) -> Option<Change> {
    let field = "validationFailureActionOverrides";
    let [old, now] = [before, after].map(|spec| &spec.validation_failure_action_overrides);
    let mut checks = before
        .rules
        .iter()
        .filter_map(|rule| rule.validate.as_ref());
    let is_enforced = checks.any(|check| rule::enforces((before, check)));
    (old != now).then(|| {
        let direction = overrides::direction(old, now, is_enforced);
        let what = format!("`{field}` changed");
        change(&what, direction, new, &format!("/spec/{field}"))
    })
}
