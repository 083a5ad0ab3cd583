//! `mutate`: one kind of patch, operations that exist, anchors of a patch, and targets where
//! existing resources are to be changed.

use portcullis_api::cluster_policy::{ForEachMutation, Mutation, Policy};
use portcullis_yaml::{Limits, Mode};
use serde_json::Value;

use super::finding::Findings;
use super::variables::replaced;
use super::{anchors, conditions, labels};
use crate::context::has_variable;

const OPERATIONS: &[&str] = &["add", "remove", "replace", "move", "copy", "test"];

pub(super) fn check(policy: &Policy, mutation: &Mutation, path: &str, findings: &mut Findings) {
    check_bodies(mutation, path, findings);
    check_targets(policy, mutation, path, findings);
    check_foreach(
        mutation.foreach.as_deref(),
        &format!("{path}/foreach"),
        findings,
    );
    if let Some(patch) = &mutation.patch_strategic_merge {
        let path = format!("{path}/patchStrategicMerge");
        anchors::check_patch(patch, &path, findings);
        labels::check(patch, &path, findings);
    }
    if let Some(patch) = mutation
        .patches_json6902
        .as_deref()
        .filter(|patch| !patch.is_empty())
    {
        check_json_patch(patch, &format!("{path}/patchesJson6902"), findings);
    }
}

fn check_bodies(mutation: &Mutation, path: &str, findings: &mut Findings) {
    let bodies = [
        mutation
            .foreach
            .as_ref()
            .is_some_and(|list| !list.is_empty()),
        mutation.patch_strategic_merge.is_some(),
        mutation
            .patches_json6902
            .as_ref()
            .is_some_and(|patch| !patch.is_empty()),
    ];
    if bodies.iter().filter(|is_there| **is_there).count() > 1 {
        findings.error(
            path,
            "the rule has more than one kind of patch",
            "keep one of `foreach`, `patchStrategicMerge`, `patchesJson6902`",
        );
    }
}

fn check_targets(policy: &Policy, mutation: &Mutation, path: &str, findings: &mut Findings) {
    let of_policy = policy.spec.mutate_existing_on_policy_update;
    let existing = mutation.mutate_existing_on_policy_update.or(of_policy);
    if existing == Some(true) && mutation.targets.is_empty() {
        findings.error(
            path,
            "`mutateExistingOnPolicyUpdate` is on, and there are no targets",
            "write `targets`",
        );
    }
}

fn check_foreach(list: Option<&[ForEachMutation]>, path: &str, findings: &mut Findings) {
    let mut open: Vec<(&[ForEachMutation], String)> = Vec::new();
    open.extend(list.map(|list| (list, path.to_owned())));
    while let Some((list, path)) = open.pop() {
        for (index, foreach) in list.iter().enumerate() {
            let path = format!("{path}/{index}");
            if let Some(preconditions) = &foreach.preconditions {
                let path = format!("{path}/preconditions");
                conditions::check_operators(preconditions, &path, findings);
            }
            if let Some(patch) = &foreach.patch_strategic_merge {
                labels::check(patch, &format!("{path}/patchStrategicMerge"), findings);
            }
            let inner = foreach.foreach.as_deref();
            open.extend(inner.map(|inner| (inner, format!("{path}/foreach"))));
        }
    }
}

fn check_json_patch(patch: &str, path: &str, findings: &mut Findings) {
    let read = |text: &str| portcullis_yaml::read(text, Mode::Lenient, &Limits::default());
    // A patch that cannot be read with its variables in it says nothing about its paths.
    if let Ok(Value::Array(operations)) = read(patch) {
        let in_path = |operation: &Value| {
            operation
                .get("path")
                .and_then(Value::as_str)
                .is_some_and(has_variable)
        };
        if operations.iter().any(in_path) {
            findings.error(path, "a variable stands in a path", "write the path itself");
        }
    }
    let Ok(Value::Array(operations)) = read(&replaced(patch, "variable")) else {
        findings.error(
            path,
            "the patch is not a list of operations",
            "write each operation under `- `",
        );
        return;
    };
    for operation in &operations {
        check_operation(operation, path, findings);
    }
}

fn check_operation(operation: &Value, path: &str, findings: &mut Findings) {
    let text = |key: &str| {
        operation
            .get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let kind = text("op");
    if !OPERATIONS.contains(&kind) {
        findings.error(
            path,
            format!("`{kind}` is not an operation"),
            "write `add`, `remove`, `replace`, `move`, `copy` or `test`",
        );
    }
    if !text("path").starts_with('/') {
        findings.error(
            path,
            format!("the path `{}` does not start with `/`", text("path")),
            "write the path as a JSON pointer",
        );
    }
    if matches!(kind, "add" | "replace" | "test") && operation.get("value").is_none() {
        findings.error(path, format!("`{kind}` has no value"), "write `value`");
    }
}
