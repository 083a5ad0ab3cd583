//! Policies and bindings written in CEL: whether the second is weaker.

use serde_json::Value;

/// Where what is matched stands in a policy, and in a binding.
const MATCHES: [&str; 2] = ["/spec/matchConstraints", "/spec/matchResources"];

/// What is weaker, in a few words each.
pub(super) fn looser(before: &Value, after: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut tell = |is_looser: bool, what: &str| {
        if is_looser {
            found.push(what.to_owned());
        }
    };
    tell(
        denies(before) && !denies(after),
        "`Deny` is no action any more",
    );
    let both = |pointer: &str| (before.pointer(pointer), after.pointer(pointer));
    for at in MATCHES {
        let both = |name: &str| both(&format!("{at}/{name}"));
        let (old, new) = both("resourceRules");
        tell(is_fewer(old, new), "`resourceRules` narrowed");
        let (old, new) = both("excludeResourceRules");
        tell(is_more(old, new), "`excludeResourceRules` grown");
        for selector in ["namespaceSelector", "objectSelector"] {
            let (old, new) = both(selector);
            tell(selects_less(old, new), &format!("`{selector}` narrowed"));
        }
    }
    let (old, new) = both("/spec/matchConditions");
    tell(is_more(old, new), "`matchConditions` grown");
    let (old, new) = both("/spec/validations");
    tell(is_fewer_expressions(old, new), "a validation removed");
    let ignores = |policy: Option<&Value>| policy.is_some_and(|policy| policy == "Ignore");
    let (old, new) = both("/spec/failurePolicy");
    tell(
        !ignores(old) && ignores(new),
        "denial when nobody answers: off",
    );
    for part in ["admission", "background"] {
        let is_off = |flag: Option<&Value>| flag == Some(&Value::Bool(false));
        let (old, new) = both(&format!("/spec/evaluation/{part}/enabled"));
        tell(
            !is_off(old) && is_off(new),
            &format!("evaluation in {part}: off"),
        );
    }
    found
}

/// Without a word, a policy denies; a native policy has its actions in its binding.
fn denies(object: &Value) -> bool {
    match object.pointer("/spec/validationActions") {
        Some(Value::Array(actions)) => actions.iter().any(|action| action == "Deny"),
        _ => true,
    }
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Whether the second list has none but items of the first, and not all of them; or where an item's
/// lists have.
fn is_fewer(before: Option<&Value>, after: Option<&Value>) -> bool {
    let (before, after) = (list(before), list(after));
    // No list is about nothing, or about all that the policy is about.
    let has_room = !before.is_empty() && !after.is_empty();
    let covers = |wide: &Value, narrow: &Value| wide == narrow || is_within(narrow, wide);
    let all_within = after
        .iter()
        .all(|narrow| before.iter().any(|wide| covers(wide, narrow)));
    let all_kept = before
        .iter()
        .all(|one| after.iter().any(|wide| covers(wide, one)));
    has_room && all_within && !all_kept
}

/// Whether all lists of a rule are within those of another.
fn is_within(narrow: &Value, wide: &Value) -> bool {
    let names = ["apiGroups", "apiVersions", "operations", "resources"];
    let part = |rule: &Value, name: &str| list(rule.get(name)).to_vec();
    let lists = names.iter().all(|name| {
        let wide = part(wide, name);
        let is_any = wide.iter().any(|item| item == "*");
        is_any || part(narrow, name).iter().all(|item| wide.contains(item))
    });
    let names = list(wide.get("resourceNames"));
    let few = list(narrow.get("resourceNames"));
    lists && (names.is_empty() || !few.is_empty() && few.iter().all(|item| names.contains(item)))
}

fn is_more(before: Option<&Value>, after: Option<&Value>) -> bool {
    let before = list(before);
    list(after).iter().any(|item| !before.contains(item))
        && before.iter().all(|item| list(after).contains(item))
}

/// A selector of which one more requirement is there.
fn selects_less(before: Option<&Value>, after: Option<&Value>) -> bool {
    let requirements = |selector: Option<&Value>| -> Vec<Value> {
        let part = |name: &str| selector.and_then(|selector| selector.get(name));
        let labels = part("matchLabels")
            .and_then(Value::as_object)
            .into_iter()
            .flatten();
        let labels =
            labels.map(|(name, value)| Value::from(vec![name.clone().into(), value.clone()]));
        labels
            .chain(list(part("matchExpressions")).iter().cloned())
            .collect()
    };
    let (before, after) = (requirements(before), requirements(after));
    after.len() > before.len() && before.iter().all(|one| after.contains(one))
}

fn is_fewer_expressions(before: Option<&Value>, after: Option<&Value>) -> bool {
    let expressions = |rules| -> Vec<&Value> {
        let rules = list(rules).iter();
        rules.filter_map(|rule| rule.get("expression")).collect()
    };
    let (before, after) = (expressions(before), expressions(after));
    after.len() < before.len() && after.iter().all(|one| before.contains(one))
}
