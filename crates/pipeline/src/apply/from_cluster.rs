//! Objects of a cluster: each page is evaluated and dropped before more are asked for, so that no
//! more than a few pages are held, however many objects there are.

use std::{
    cell::OnceCell,
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use portcullis_engine::{CompileError, PolicySet, matching::KindSelector};
use serde_json::Value;

use super::{
    options::ApplyOptions,
    outcome::ApplyReport,
    subject::{PolicyKeys, Subject, apply_object},
};
use crate::{
    diagnostic::{Diagnostic, Severity},
    live::LivePage,
    offline::{policies::LoadedPolicies, source::OfflineSource},
};

/// How many objects a thread takes at a time.
const CHUNK: usize = 16;

/// Applies policies to the objects of the kinds that they are about. The answers stand in the order
/// of the cluster's kinds and pages, whatever the order in which they come.
pub(super) fn apply(set: &PolicySet, options: &ApplyOptions) -> ApplyReport {
    let mut whole = ApplyReport::default();
    let Some(live) = &options.world.live else {
        return whole;
    };
    let mut parts = Vec::new();
    let errors = live.objects(
        &|kind, resource| set.is_about(kind, resource),
        &mut |page: LivePage| {
            options.progress.expect(page.expected);
            let done = apply_page(set, &page, options);
            options.progress.advance(page.objects.len());
            let numbered = done.into_iter().enumerate();
            parts.extend(numbered.map(|(chunk, part)| ((page.order, chunk), part)));
        },
    );
    parts.sort_unstable_by_key(|(order, _)| *order);
    for (_, part) in parts {
        whole.join(part);
    }
    whole.errors.extend(errors);
    whole
}

/// A warning for each kind that a rule names and the cluster does not serve: nothing of it is checked.
pub(super) fn unserved(
    set: &PolicySet,
    loaded: &LoadedPolicies,
    options: &ApplyOptions,
) -> Vec<Diagnostic> {
    let Some(live) = options.world.live.as_ref().filter(|_| options.from_cluster) else {
        return Vec::new();
    };
    let served = live.kinds();
    let is_served = |selector: &KindSelector| {
        let mut served = served.iter();
        served.any(|kind| selector.matches(kind, selector.subresource.as_str(), false))
    };
    let mut missing: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for policy in set.policies() {
        for rule in policy.rules() {
            let kinds = rule.matcher().kinds();
            let literal = kinds.filter(|selector| selector.kind.is_literal());
            for selector in literal.filter(|selector| !is_served(selector)) {
                let key = (policy.info().key(), shown(selector));
                let rules = missing.entry(key).or_default();
                rules.push(rule.name().to_owned());
            }
        }
    }
    let told = missing.into_iter().map(|((policy, kind), rules)| {
        let rules = rules.join("`, `");
        let message = format!("the cluster serves no kind `{kind}`, which rule `{rules}` is about");
        let warning = loaded.refusal(
            &LoadedPolicies::default(),
            &CompileError {
                kind: "Policy".to_owned(),
                policy,
                path: "spec.rules".to_owned(),
                message,
            },
        );
        Diagnostic {
            severity: Severity::Warning,
            ..warning
        }
    });
    told.collect()
}

/// The kind as a policy writes it.
fn shown(selector: &KindSelector) -> String {
    let parts = [&selector.group, &selector.version, &selector.kind];
    let parts = parts.map(|part| part.as_str());
    let written = parts.into_iter().filter(|part| *part != "*");
    written.collect::<Vec<_>>().join("/")
}

fn apply_page(set: &PolicySet, page: &LivePage, options: &ApplyOptions) -> Vec<ApplyReport> {
    let done: Mutex<Vec<(usize, ApplyReport)>> = Mutex::default();
    rayon::in_place_scope(|scope| {
        for (number, chunk) in page.objects.chunks(CHUNK).enumerate() {
            let done = &done;
            scope.spawn(move |_| {
                let part = apply_chunk(set, chunk, options);
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                done.push((number, part));
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, part)| part).collect()
}

fn apply_chunk(set: &PolicySet, objects: &[Value], options: &ApplyOptions) -> ApplyReport {
    let source = OfflineSource::new(&options.world);
    let mut report = ApplyReport::default();
    let mut policies = PolicyKeys::default();
    let file: Arc<str> = "".into();
    for object in objects {
        let subject = Subject {
            object,
            name: OnceCell::new(),
            file: &file,
            offset: 0,
            item: None,
        };
        apply_object(set, &subject, &source, options, &mut policies, &mut report);
    }
    report
}
