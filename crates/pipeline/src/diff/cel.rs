//! Two policies or bindings that are written in CEL: what of them changed.

mod matched;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Direction;

/// Kinds that refuse or report what they judge.
const REFUSING: &[&str] = &[
    "ValidatingPolicy",
    "NamespacedValidatingPolicy",
    "ImageValidatingPolicy",
    "NamespacedImageValidatingPolicy",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
];

/// Something that changed.
pub(super) struct Told {
    pub pointer: String,
    pub what: String,
    pub direction: Direction,
    /// Whether part of what was judged may not be any more.
    pub is_reach: bool,
}

/// Both values of a field.
type Both<'a> = (Option<&'a Value>, Option<&'a Value>);

/// Something of a policy that makes it looser when it changes in one way.
struct Aspect {
    /// Where it stands below `spec`.
    field: &'static str,
    /// What to say where it is looser, stricter, and some of both.
    said: [&'static str; 3],
    is_looser: fn(Both<'_>) -> bool,
}

const fn aspect(
    field: &'static str,
    said: [&'static str; 3],
    is_looser: fn(Both<'_>) -> bool,
) -> Aspect {
    Aspect {
        field,
        said,
        is_looser,
    }
}

const ASPECTS: &[Aspect] = &[
    aspect(
        "validationActions",
        [
            "`Deny` removed from `validationActions`",
            "`Deny` added to `validationActions`",
            "",
        ],
        |(before, after)| denies(before) && !denies(after),
    ),
    aspect(
        "failurePolicy",
        [
            "denial when nobody answers: off",
            "denial when nobody answers: on",
            "",
        ],
        |both| gets(both, "Ignore"),
    ),
    aspect(
        "matchConditions",
        [
            "`matchConditions` grown",
            "`matchConditions` shrunk",
            "`matchConditions` changed",
        ],
        has_new,
    ),
    aspect(
        "policyName",
        ["", "", "it binds another policy"],
        |(before, after)| before != after,
    ),
    aspect(
        "paramRef/parameterNotFoundAction",
        [
            "without parameters it lets through",
            "without parameters it refuses",
            "",
        ],
        |both| gets(both, "Allow"),
    ),
    aspect(
        "evaluation/mode",
        [
            "evaluation of Kubernetes objects: off",
            "evaluation of Kubernetes objects: on",
            "",
        ],
        |both| gets(both, "JSON"),
    ),
    aspect(
        "evaluation/admission/enabled",
        [
            "evaluation in admission: off",
            "evaluation in admission: on",
            "",
        ],
        turns_off,
    ),
    aspect(
        "evaluation/background/enabled",
        [
            "evaluation in background: off",
            "evaluation in background: on",
            "",
        ],
        turns_off,
    ),
    aspect(
        "autogen/podControllers/controllers",
        [
            "controllers of autogen removed",
            "controllers of autogen added",
            "controllers of autogen changed",
        ],
        drops,
    ),
    aspect(
        "matchImageReferences",
        [
            "an image reference removed",
            "an image reference added",
            "`matchImageReferences` changed",
        ],
        |(before, after)| has_new((after, before)),
    ),
    aspect(
        "validationConfigurations/required",
        ["`required` turned off", "`required` turned on", ""],
        turns_off,
    ),
    aspect(
        "validationConfigurations/verifyDigest",
        ["`verifyDigest` turned off", "`verifyDigest` turned on", ""],
        turns_off,
    ),
];

/// Fields whose changes make no difference where nothing is told of them.
const TOLD_IN_FULL: &[&str] = &[
    "auditAnnotations",
    "autogen",
    "failurePolicy",
    "matchConditions",
    "matchConstraints",
    "matchImageReferences",
    "matchResources",
];

/// Whether an object of this kind refuses or reports something.
pub(super) fn refuses(kind: &str) -> bool {
    REFUSING.contains(&kind)
}

/// Whether objects of this version are written in CEL.
pub(super) fn is_version(version: &str) -> bool {
    matches!(
        version.split_once('/'),
        Some(("policies.kyverno.io" | "admissionregistration.k8s.io", _))
    )
}

/// Everything that changed between two specifications.
pub(super) fn changes(before: &Value, after: &Value) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    for aspect in ASPECTS {
        let pointer = format!("/spec/{}", aspect.field);
        let (old, new) = (before.pointer(&pointer), after.pointer(&pointer));
        let directed = directed(
            |before, after| (aspect.is_looser)((before, after)),
            old,
            new,
        );
        told.extend(
            directed.map(|direction| told_of(&pointer, direction.choose(aspect.said), direction)),
        );
    }
    told.extend(validations(before, after));
    told.extend(matched::changes(before, after));
    let others = others(before, after, &told);
    told.extend(others);
    told
}

fn told_of(pointer: &str, what: &str, direction: Direction) -> Told {
    Told {
        pointer: pointer.to_owned(),
        what: what.to_owned(),
        direction,
        // What is looser in one way and stricter in another is about something else.
        is_reach: direction == Direction::Unclear,
    }
}

/// What a change does, of which it can be told whether it is looser; nothing where it is neither
/// looser nor stricter.
fn directed<T: Copy>(is_looser: impl Fn(T, T) -> bool, before: T, after: T) -> Option<Direction> {
    match (is_looser(before, after), is_looser(after, before)) {
        (true, true) => Some(Direction::Unclear),
        (true, false) => Some(Direction::Looser),
        (false, true) => Some(Direction::Stricter),
        (false, false) => None,
    }
}

/// What is asked. A text that differs may ask for more or for less.
fn validations(before: &Value, after: &Value) -> Option<Told> {
    let pointer = "/spec/validations";
    let (before, after) = (before.pointer(pointer), after.pointer(pointer));
    if before == after {
        return None;
    }
    let (old, new) = (expressions(list(before)), expressions(list(after)));
    let direction = Direction::of_lists(&old, &new, Direction::Stricter);
    let what = match direction {
        Direction::Looser => "a validation removed",
        Direction::Stricter => "a validation added",
        Direction::Neither => "messages of `validations` changed",
        Direction::Unclear => "`validations` changed",
    };
    Some(Told {
        is_reach: new.len() < old.len(),
        ..told_of(pointer, what, direction)
    })
}

/// The fields that differ, and of which nothing is told yet.
fn others(before: &Value, after: &Value, told: &[Told]) -> Vec<Told> {
    let none = Map::new();
    let [old, new] = [before, after].map(|policy| {
        let spec = policy.get("spec").and_then(Value::as_object);
        spec.unwrap_or(&none)
    });
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differing = names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name));
    let untold = differing.filter(|name| {
        let is_told = |one: &Told| one.pointer.split('/').nth(2) == Some(name);
        !told.iter().any(is_told)
    });
    let others = untold.map(|name| Told {
        pointer: format!("/spec/{name}"),
        what: format!("`{name}` changed"),
        direction: match TOLD_IN_FULL.contains(&name.as_str()) {
            true => Direction::Neither,
            false => Direction::Unclear,
        },
        is_reach: false,
    });
    others.collect()
}

/// Without a word, a policy denies; a native policy has its actions in its binding.
fn denies(actions: Option<&Value>) -> bool {
    match actions {
        Some(Value::Array(actions)) => actions.iter().any(|action| action == "Deny"),
        _ => true,
    }
}

fn gets((before, after): Both<'_>, word: &str) -> bool {
    let is = |value: Option<&Value>| value.is_some_and(|value| value == word);
    !is(before) && is(after)
}

fn turns_off((before, after): Both<'_>) -> bool {
    let is_off = |flag: Option<&Value>| flag == Some(&Value::Bool(false));
    !is_off(before) && is_off(after)
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The expressions of a list. One that is always true asks for nothing.
fn expressions(list: &[Value]) -> Vec<&str> {
    let written = list.iter().filter_map(|one| {
        let text = ["expression", "glob"].iter().find_map(|name| one.get(name));
        text?.as_str().map(str::trim)
    });
    written.filter(|text| *text != "true").collect()
}

/// Whether one is new: it may not hold where the others did.
fn has_new((before, after): Both<'_>) -> bool {
    let before = expressions(list(before));
    expressions(list(after))
        .iter()
        .any(|one| !before.contains(one))
}

/// Whether an item is gone of a list that has every one where it is not written.
fn drops((before, after): Both<'_>) -> bool {
    let Some(after) = after else {
        return false;
    };
    let has = |item: &Value| list(Some(after)).contains(item);
    before.is_none_or(|before| !list(Some(before)).iter().all(has))
}

#[cfg(test)]
mod tests;
