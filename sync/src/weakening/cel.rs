//! Policies and bindings written in CEL: whether the second is weaker.

mod matched;

use serde_json::Value;

/// What is weaker, in a few words each.
pub(super) fn looser(before: &Value, after: &Value) -> Vec<String> {
    let both = |pointer: &str| (before.pointer(pointer), after.pointer(pointer));
    let told = [
        (
            denies(before) && !denies(after),
            "`Deny` is no action any more",
        ),
        (
            gets(both("/spec/failurePolicy"), "Ignore"),
            "denial when nobody answers: off",
        ),
        (has_fewer(both("/spec/validations")), "a validation removed"),
        (
            has_new(both("/spec/matchConditions")),
            "`matchConditions` grown",
        ),
        (has_new_name(before, after), "it binds another policy"),
        (
            gets(both("/spec/paramRef/parameterNotFoundAction"), "Allow"),
            "without parameters it lets through",
        ),
        (
            gets(both("/spec/evaluation/mode"), "JSON"),
            "evaluation of Kubernetes objects: off",
        ),
        (
            drops(both("/spec/autogen/podControllers/controllers")),
            "controllers of autogen removed",
        ),
        (
            has_fewer(both("/spec/matchImageReferences")),
            "an image reference removed",
        ),
    ];
    let flags = [
        (
            "evaluation/admission/enabled",
            "evaluation in admission: off",
        ),
        (
            "evaluation/background/enabled",
            "evaluation in background: off",
        ),
        ("validationConfigurations/required", "`required` turned off"),
        (
            "validationConfigurations/verifyDigest",
            "`verifyDigest` turned off",
        ),
    ];
    let flags = flags.map(|(field, what)| {
        let is_off = |flag: Option<&Value>| flag == Some(&Value::Bool(false));
        let (old, new) = both(&format!("/spec/{field}"));
        (!is_off(old) && is_off(new), what)
    });
    let told = told.into_iter().chain(flags);
    let told = told.filter(|(is_looser, _)| *is_looser);
    let told = told.map(|(_, what)| what.to_owned());
    told.chain(matched::narrower(before, after)).collect()
}

pub(super) type Both<'a> = (Option<&'a Value>, Option<&'a Value>);

/// Without a word, a policy denies; a native policy has its actions in its binding.
fn denies(object: &Value) -> bool {
    match object.pointer("/spec/validationActions") {
        Some(Value::Array(actions)) => actions.iter().any(|action| action == "Deny"),
        _ => true,
    }
}

fn gets((before, after): Both<'_>, word: &str) -> bool {
    let is = |value: Option<&Value>| value.is_some_and(|value| value == word);
    !is(before) && is(after)
}

fn has_new_name(before: &Value, after: &Value) -> bool {
    let name = |object: &Value| object.pointer("/spec/policyName").cloned();
    name(before) != name(after)
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

/// Whether one is gone, and nothing stands in its place.
fn has_fewer((before, after): Both<'_>) -> bool {
    let (before, after) = (expressions(list(before)), expressions(list(after)));
    after.len() < before.len()
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
