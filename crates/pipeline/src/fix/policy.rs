//! Older forms of ClusterPolicy and Policy, in passes: each finds its forms in what the passes before
//! it left.

mod action;
mod matching;

use serde_json::Value;

use super::{
    change::{Change, Wrapping},
    form::{ByHand, Form, elements, has},
};

/// Looks for one kind of older form.
type Pass = fn(&Value) -> Vec<Form>;

/// The passes, in order.
pub(super) const PASSES: &[Pass] = &[
    action::spellings,
    action::moves,
    removed_fields,
    generate_existing,
    mutate_existing,
    |policy| webhook(policy, "failurePolicy", "failurePolicy"),
    |policy| webhook(policy, "webhookTimeoutSeconds", "timeoutSeconds"),
    matching::names,
    matching::inline_blocks,
    condition_lists,
    image,
    predicate_type,
];

/// Whether a document is a policy that the passes know.
pub(super) fn is_policy(document: &Value) -> bool {
    let text = |key| document.get(key).and_then(Value::as_str);
    matches!(
        text("apiVersion"),
        Some("kyverno.io/v1" | "kyverno.io/v2beta1")
    ) && matches!(text("kind"), Some("ClusterPolicy" | "Policy"))
}

/// The rules of a policy that have a body of a name.
fn rules_with<'v>(
    policy: &'v Value,
    body: &'static str,
) -> impl Iterator<Item = (String, &'v Value)> {
    let rules = elements(policy, "/spec/rules");
    rules.filter_map(move |(pointer, rule)| Some((format!("{pointer}/{body}"), rule.get(body)?)))
}

fn removed_fields(policy: &Value) -> Vec<Form> {
    let Some(spec) = policy.get("spec") else {
        return Vec::new();
    };
    let mut forms = Vec::new();
    if has(spec, "schemaValidation") {
        forms.push(Form::new(
            "/spec/schemaValidation",
            "`spec.schemaValidation` has no effect and goes",
            vec![Change::Remove {
                at: "/spec/schemaValidation".to_owned(),
            }],
        ));
    }
    let removed = "generateExistingOnPolicyUpdate";
    if has(spec, removed) && !has(spec, "generateExisting") {
        forms.push(Form::new(
            &format!("/spec/{removed}"),
            format!("`spec.{removed}`, which is refused, becomes `generateExisting`"),
            vec![Change::Rename {
                map: "/spec".to_owned(),
                from: removed.to_owned(),
                to: "generateExisting",
            }],
        ));
    }
    forms
}

fn generate_existing(policy: &Value) -> Vec<Form> {
    to_rules(policy, "generateExisting", "generate")
}

fn mutate_existing(policy: &Value) -> Vec<Form> {
    to_rules(policy, "mutateExistingOnPolicyUpdate", "mutate")
}

/// A field of the policy goes to each rule that has no such field of its own.
fn to_rules(policy: &Value, field: &'static str, body: &'static str) -> Vec<Form> {
    let from = format!("/spec/{field}");
    if policy.pointer(&from).is_none_or(Value::is_null) {
        return Vec::new();
    }
    let bodies = rules_with(policy, body).filter(|(_, body)| !has(body, field));
    let mut changes: Vec<Change> = bodies
        .map(|(map, _)| Change::Copy {
            map,
            key: field,
            from: from.clone(),
        })
        .collect();
    changes.push(Change::Remove { at: from.clone() });
    let message = format!("`spec.{field}` moves to the rules, `{body}.{field}`");
    vec![Form::new(&from, message, changes)]
}

fn webhook(policy: &Value, old: &'static str, new: &'static str) -> Vec<Form> {
    let from = format!("/spec/{old}");
    if policy.pointer(&from).is_none_or(Value::is_null) {
        return Vec::new();
    }
    let map = "webhookConfiguration";
    let place = from.clone();
    let changes = match policy.pointer("/spec/webhookConfiguration") {
        None => vec![Change::Nest {
            at: from,
            map,
            inner: new,
        }],
        Some(webhook) if has(webhook, new) => Vec::new(),
        Some(_) => vec![
            Change::Copy {
                map: format!("/spec/{map}"),
                key: new,
                from: from.clone(),
            },
            Change::Remove { at: from },
        ],
    };
    vec![Form::new(
        &place,
        format!("`spec.{old}` moves to `spec.{map}.{new}`"),
        changes,
    )]
}

/// The older list of conditions, all of which must hold.
fn condition_lists(policy: &Value) -> Vec<Form> {
    let mut places = Vec::new();
    for (rule, _) in elements(policy, "/spec/rules") {
        places.push(format!("{rule}/preconditions"));
        places.push(format!("{rule}/validate/deny/conditions"));
        let targets = elements(policy, &format!("{rule}/mutate/targets"));
        places.extend(targets.map(|(target, _)| format!("{target}/preconditions")));
        let mut waiting = vec![format!("{rule}/validate/foreach")];
        while let Some(list) = waiting.pop() {
            for (element, _) in elements(policy, &list) {
                places.push(format!("{element}/deny/conditions"));
                waiting.push(format!("{element}/foreach"));
            }
        }
    }
    places.retain(|place| {
        let list = policy.pointer(place).and_then(Value::as_array);
        list.is_some_and(|list| !list.is_empty())
    });
    let form = |at: String| {
        Form::new(
            &at.clone(),
            "the list of conditions, all of which must hold, becomes `all`",
            vec![Change::Wrap {
                at,
                into: Wrapping::All,
            }],
        )
    };
    places.into_iter().map(form).collect()
}

fn image(policy: &Value) -> Vec<Form> {
    entries(policy)
        .filter(|(_, entry)| has(entry, "image") && !has(entry, "imageReferences"))
        .map(|(map, _)| {
            Form::new(
                &format!("{map}/image"),
                "`image` becomes `imageReferences`",
                to_list(&map, "image", "imageReferences"),
            )
        })
        .collect()
}

fn predicate_type(policy: &Value) -> Vec<Form> {
    let attestations =
        entries(policy).flat_map(|(entry, _)| elements(policy, &format!("{entry}/attestations")));
    attestations
        .filter(|(_, one)| has(one, "predicateType") && !has(one, "type"))
        .map(|(map, _)| {
            let from = "predicateType".to_owned();
            let to = "type";
            Form::new(
                &format!("{map}/predicateType"),
                "`predicateType` becomes `type`",
                vec![Change::Rename { map, from, to }],
            )
        })
        .collect()
}

/// The entries of `verifyImages` of every rule.
fn entries(policy: &Value) -> impl Iterator<Item = (String, &Value)> {
    let rules = elements(policy, "/spec/rules");
    rules.flat_map(|(rule, _)| elements(policy, &format!("{rule}/verifyImages")))
}

/// `one: x` becomes `many: [x]`.
pub(super) fn to_list(map: &str, one: &str, many: &'static str) -> Vec<Change> {
    vec![
        Change::Wrap {
            at: format!("{map}/{one}"),
            into: Wrapping::List,
        },
        Change::Rename {
            map: map.to_owned(),
            from: one.to_owned(),
            to: many,
        },
    ]
}

/// Older forms whose successor says something else in some cases.
pub(super) fn by_hand(policy: &Value) -> Vec<ByHand> {
    let mut found = Vec::new();
    for (pointer, entry) in entries(policy) {
        let older = [
            "key",
            "roots",
            "subject",
            "issuer",
            "additionalExtensions",
            "annotations",
        ];
        found.extend(
            older
                .into_iter()
                .filter(|field| has(entry, field))
                .map(|field| ByHand {
                    place: format!("{pointer}/{field}"),
                    message: format!("`{field}` is an older form of an attestor"),
                    help: "write an entry of `attestors`, and test it with `verifications`"
                        .to_owned(),
                }),
        );
    }
    let mut waiting = vec![(String::new(), policy)];
    while let Some((pointer, value)) = waiting.pop() {
        match value {
            Value::Array(list) => {
                let list = list.iter().enumerate();
                waiting.extend(list.map(|(index, one)| (format!("{pointer}/{index}"), one)));
            }
            Value::Object(map) => {
                found.extend(operator(&pointer, value));
                waiting.extend(map.iter().map(|(key, one)| {
                    let key = key.replace('~', "~0").replace('/', "~1");
                    (format!("{pointer}/{key}"), one)
                }));
            }
            _ => {}
        }
    }
    found.sort_by(|one, other| one.place.cmp(&other.place));
    found
}

/// A condition with a deprecated operator. A selector's `In` has no `value`, but `values`.
fn operator(pointer: &str, condition: &Value) -> Option<ByHand> {
    let operator = condition.get("operator")?.as_str()?;
    if !has(condition, "key") || has(condition, "values") {
        return None;
    }
    let help = match operator {
        "In" => {
            "write `AllIn`, or `AnyIn` where one key suffices: they read wildcards, which `In` does not in lists"
        }
        "NotIn" => {
            "write `AnyNotIn`, or `AllNotIn` where no key may be there: they read wildcards, which `NotIn` does not in lists"
        }
        _ if operator.starts_with("Duration") => {
            "write the operator without `Duration`: it reads durations, and numbers and quantities too"
        }
        _ => return None,
    };
    Some(ByHand {
        place: format!("{pointer}/operator"),
        message: format!("the operator `{operator}` is deprecated"),
        help: help.to_owned(),
    })
}
