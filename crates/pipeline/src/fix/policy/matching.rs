//! Older forms of `match` and `exclude`.

use serde_json::Value;

use super::to_list;
use crate::fix::{
    change::{Change, Wrapping},
    form::{Form, elements, has},
};

/// The `match` and `exclude` blocks of every rule.
fn blocks(policy: &Value) -> impl Iterator<Item = (String, &Value)> {
    let rules = elements(policy, "/spec/rules");
    rules.flat_map(|(pointer, rule)| {
        ["match", "exclude"]
            .into_iter()
            .filter_map(move |name| Some((format!("{pointer}/{name}"), rule.get(name)?)))
    })
}

/// `resources.name` becomes `names`.
pub(in crate::fix) fn names(policy: &Value) -> Vec<Form> {
    let mut forms = Vec::new();
    for (block, _) in blocks(policy) {
        let lists = ["any", "all"].map(|list| format!("{block}/{list}"));
        let filters = lists.iter().flat_map(|list| elements(policy, list));
        let filters = filters.map(|(filter, _)| filter).chain([block.clone()]);
        for map in filters.map(|filter| format!("{filter}/resources")) {
            let Some(resources) = policy.pointer(&map) else {
                continue;
            };
            let name = resources.get("name").and_then(Value::as_str);
            if name.is_some_and(|name| !name.is_empty()) && !has(resources, "names") {
                let changes = to_list(&map, "name", "names");
                let place = format!("{map}/name");
                forms.push(Form::new(&place, "`name` becomes `names`", changes));
            }
        }
    }
    forms
}

/// Filters that stand in the block itself become an element of `any`.
pub(in crate::fix) fn inline_blocks(policy: &Value) -> Vec<Form> {
    let is_inline = |block: &Value| {
        let fields = ["resources", "roles", "clusterRoles", "subjects"];
        fields.iter().any(|field| has(block, field)) && !has(block, "any") && !has(block, "all")
    };
    blocks(policy)
        .filter(|(_, block)| is_inline(block))
        .map(|(at, _)| {
            let name = at.rsplit('/').next().unwrap_or_default();
            let message = format!("what `{name}` says goes under `any`");
            let into = Wrapping::AnyOf;
            Form::new(&at.clone(), message, vec![Change::Wrap { at, into }])
        })
        .collect()
}
