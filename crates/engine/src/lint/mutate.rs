//! `mutate`: one kind of patch, anchors of a patch, and targets where existing resources are to be
//! changed.

use portcullis_api::cluster_policy::{ForEachMutation, Mutation, MutationTarget, Policy};

use super::finding::Findings;
use super::generate_target::{own_namespace, refuse_namespace, text};
use super::{anchors, conditions, json_patch, labels};

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
        let path = format!("{path}/patchesJson6902");
        json_patch::check_paths(patch, &path, findings);
        json_patch::check(patch, &path, findings);
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
    for (index, target) in mutation.targets.iter().enumerate() {
        check_target(policy, target, &format!("{path}/targets/{index}"), findings);
    }
}

fn check_target(policy: &Policy, target: &MutationTarget, path: &str, findings: &mut Findings) {
    for (field, value) in [("apiVersion", &target.api_version), ("kind", &target.kind)] {
        if text(value).is_empty() {
            findings.warning(
                path,
                format!("the target has no `{field}`"),
                format!("write `{field}`"),
            );
        }
    }
    let namespace = text(&target.namespace);
    if let Some(own) = own_namespace(policy)
        && !namespace.is_empty()
        && namespace != own
    {
        refuse_namespace(&format!("{path}/namespace"), own, findings);
    }
    if let Some(preconditions) = &target.preconditions {
        let path = format!("{path}/preconditions");
        findings.warnings(|found| conditions::check(preconditions, &path, found));
    }
}

fn check_foreach(list: Option<&[ForEachMutation]>, path: &str, findings: &mut Findings) {
    let mut open: Vec<(&[ForEachMutation], String, bool)> = Vec::new();
    open.extend(list.map(|list| (list, path.to_owned(), true)));
    while let Some((list, path, is_outer)) = open.pop() {
        for (index, foreach) in list.iter().enumerate() {
            let path = format!("{path}/{index}");
            match is_outer {
                true => check_shape(foreach, &path, findings),
                false => findings.warnings(|found| check_shape(foreach, &path, found)),
            }
            check_parts(foreach, &path, is_outer, findings);
            let inner = foreach.foreach.as_deref();
            open.extend(inner.map(|inner| (inner, format!("{path}/foreach"), false)));
        }
    }
}

fn check_shape(foreach: &ForEachMutation, path: &str, findings: &mut Findings) {
    let bodies = [
        foreach
            .foreach
            .as_ref()
            .is_some_and(|list| !list.is_empty()),
        foreach.patch_strategic_merge.is_some(),
        !text(&foreach.patches_json6902).is_empty(),
    ];
    if bodies.iter().filter(|is_there| **is_there).count() != 1 {
        findings.error(
            path,
            "the foreach does not have exactly one patch",
            "write one of `patchStrategicMerge`, `patchesJson6902`, `foreach`",
        );
    }
    let stands_alone = foreach.context.is_empty() && foreach.preconditions.is_none();
    if foreach.foreach.is_some() && !stands_alone {
        findings.error(
            path,
            "a foreach with another one inside has `context` or `preconditions`",
            "move them into the inner one",
        );
    }
    if text(&foreach.list).is_empty() {
        findings.warning(
            path,
            "the foreach has no list",
            "write `list: request.object...`",
        );
    }
}

/// Kyverno looks at operators and labels only; the rest shows when the rule runs.
fn check_parts(foreach: &ForEachMutation, path: &str, is_outer: bool, findings: &mut Findings) {
    if let Some(preconditions) = &foreach.preconditions {
        let path = format!("{path}/preconditions");
        conditions::check_operators(
            preconditions,
            &path,
            conditions::Operators::of_loop(is_outer),
            findings,
        );
    }
    if let Some(patch) = &foreach.patch_strategic_merge {
        let path = format!("{path}/patchStrategicMerge");
        findings.warnings(|found| anchors::check_patch(patch, &path, found));
        labels::check(patch, &path, findings);
    }
    let patch = text(&foreach.patches_json6902);
    if !patch.is_empty() {
        let path = format!("{path}/patchesJson6902");
        json_patch::check_element(patch, &path, findings);
    }
}
