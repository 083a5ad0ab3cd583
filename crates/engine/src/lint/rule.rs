//! A rule: it does exactly one thing, and each of its parts is looked at by its own check.

use portcullis_api::cluster_policy::{
    ContextEntry, Mutation, Policy, PolicyKind, Rule, Validation,
};

use super::finding::Findings;
use super::{
    conditions, context, failure_action_overrides, generate, image_extractors, kinds,
    match_resources, mutate, reach, validate, variables, verify_images,
};

pub(super) fn check(policy: &Policy, rule: &Rule, path: &str, findings: &mut Findings) {
    check_type(rule, path, findings);
    image_extractors::check(rule, path, findings);
    verify_images::check(policy, rule, path, findings);
    match_resources::check(policy, rule, path, findings);
    kinds::check(policy, rule, path, findings);
    context::check(&rule.context, path, findings);
    check_inner_contexts(rule, path, findings);
    if let Some(preconditions) = &rule.preconditions {
        conditions::check(preconditions, &format!("{path}/preconditions"), findings);
    }
    if let Some(validation) = rule.validate.as_ref().filter(|body| !is_empty(body)) {
        let path = format!("{path}/validate");
        validate::check(validation, &path, findings);
        if policy.kind == PolicyKind::ClusterPolicy {
            let path = format!("{path}/failureActionOverrides");
            failure_action_overrides::check(&validation.failure_action_overrides, &path, findings);
        }
    }
    check_cel(rule, path, findings);
    if let Some(mutation) = &rule.mutate {
        mutate::check(policy, mutation, &format!("{path}/mutate"), findings);
    }
    generate::check(policy, rule, path, findings);
    variables::check(policy, rule, path, findings);
    reach::check(rule, path, findings);
}

/// Those of targets, and of loops with the ones inside them.
fn check_inner_contexts(rule: &Rule, path: &str, findings: &mut Findings) {
    let mutation = rule.mutate.iter();
    let targets = mutation.flat_map(|body| body.targets.iter().enumerate());
    for (index, target) in targets {
        let path = format!("{path}/mutate/targets/{index}");
        context::check(&target.context, &path, findings);
    }
    let validation = rule.validate.as_ref().and_then(|it| it.foreach.as_deref());
    let validation = (validation, format!("{path}/validate/foreach"));
    check_loop_contexts(validation, findings, |each| {
        (&each.context, each.foreach.as_deref())
    });
    let mutation = rule.mutate.as_ref().and_then(|it| it.foreach.as_deref());
    let mutation = (mutation, format!("{path}/mutate/foreach"));
    check_loop_contexts(mutation, findings, |each| {
        (&each.context, each.foreach.as_deref())
    });
    let generation = rule.generate.as_ref().and_then(|it| it.foreach.as_deref());
    let generation = (generation, format!("{path}/generate/foreach"));
    check_loop_contexts(generation, findings, |each| (&each.context, None));
}

/// Those of loops, each of which `parts` takes into its context and the loops inside it.
fn check_loop_contexts<T>(
    loops: (Option<&[T]>, String),
    findings: &mut Findings,
    parts: impl Fn(&T) -> (&[ContextEntry], Option<&[T]>),
) {
    let mut open = vec![loops];
    while let Some((list, path)) = open.pop() {
        for (index, each) in list.into_iter().flatten().enumerate() {
            let path = format!("{path}/{index}");
            let (entries, inner) = parts(each);
            context::check(entries, &path, findings);
            open.push((inner, format!("{path}/foreach")));
        }
    }
}

fn is_empty(validation: &Validation) -> bool {
    *validation == Validation::default()
}

fn check_type(rule: &Rule, path: &str, findings: &mut Findings) {
    let validates = rule.validate.as_ref().is_some_and(|body| !is_empty(body));
    let nothing = Mutation {
        patches_json6902: Some(String::new()),
        ..Mutation::default()
    };
    let mutates = rule
        .mutate
        .as_ref()
        .is_some_and(|body| *body != Mutation::default() && *body != nothing);
    let generates = rule
        .generate
        .as_ref()
        .is_some_and(|body| *body != Default::default());
    let count = [
        validates,
        mutates,
        generates,
        !rule.verify_images.is_empty(),
    ]
    .iter()
    .filter(|does| **does)
    .count();
    match count {
        0 => findings.error(
            path,
            "the rule does nothing",
            "give it one of `validate`, `mutate`, `generate`, `verifyImages`",
        ),
        1 => {}
        _ => findings.error(
            path,
            "the rule does more than one thing",
            "let each rule have one of `validate`, `mutate`, `generate`, `verifyImages`",
        ),
    }
}

fn check_cel(rule: &Rule, path: &str, findings: &mut Findings) {
    let has_cel = rule
        .validate
        .as_ref()
        .is_some_and(|body| body.cel.is_some());
    if !rule.cel_preconditions.is_empty() && !has_cel {
        findings.error(
            format!("{path}/celPreconditions"),
            "`celPreconditions` stands without `validate.cel`",
            "write `preconditions`, or use `validate.cel`",
        );
    }
    if has_cel && !rule.context.is_empty() {
        findings.error(
            format!("{path}/context"),
            "CEL expressions do not read the context",
            "use `validate.cel.variables`",
        );
    }
}
