//! A rendered policy against its schema, what lint says of it, whether its kinds are served, whether the
//! engine can use it, and whether its expressions fit the kinds that it matches.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use portcullis_api::cluster_policy::Policy;
use portcullis_engine::{CompileError, CompileOptions, compile, lint, load};
use portcullis_schema::Catalogue;
use serde_json::Value;

use crate::{
    cel_findings, custom_resources,
    diagnostic::{Diagnostic, Place, SourceFile},
    offline::places,
    render::{self, Bundle, RenderedPolicy},
    unserved_kinds, unserved_resources,
    workspace::Workspace,
};

/// The kinds of a Kubernetes version, and those of the workspace's CustomResourceDefinitions; a
/// version that is not built in counts as the newest.
#[must_use]
pub fn catalogue(workspace: &Workspace, version: &str) -> (Arc<Catalogue>, Vec<Diagnostic>) {
    let newest = || portcullis_schema::builtin(portcullis_schema::NEWEST);
    let mut catalogue = portcullis_schema::builtin(version)
        .or_else(newest)
        .unwrap_or_default();
    let mut faults = Vec::new();
    for path in &workspace.file.value.spec.crds {
        let added = custom_resources::add_all(&mut catalogue, &workspace.root.join(path), |file| {
            let below = file.strip_prefix(&workspace.root).unwrap_or(file);
            workspace.shown_root.join(below)
        });
        faults.extend(added);
    }
    (Arc::new(catalogue), faults)
}

/// The kinds of each Kubernetes version that an environment has, read once.
#[derive(Debug, Default)]
pub struct Catalogues(BTreeMap<String, Arc<Catalogue>>);

impl Catalogues {
    /// The kinds of an environment's version; faults of definitions are told for the first one.
    pub fn of(
        &mut self,
        workspace: &Workspace,
        bundle: &Bundle,
        findings: &mut Vec<Diagnostic>,
    ) -> Arc<Catalogue> {
        let version = bundle.kubernetes_version.clone();
        let is_first = self.0.is_empty();
        let read = self.0.entry(version).or_insert_with_key(|version| {
            let (catalogue, faults) = catalogue(workspace, version);
            findings.extend(faults.into_iter().filter(|_| is_first));
            catalogue
        });
        Arc::clone(read)
    }
}

/// What is wrong with a rendered policy.
#[must_use]
pub fn check(policy: &RenderedPolicy, catalogue: &Arc<Catalogue>) -> Vec<Diagnostic> {
    let mut found = render::schema_faults(policy);
    if !found.is_empty() {
        return found;
    }
    let at = |pointer: &str| policy.pointer_place(pointer, false);
    let (loaded, errors) = load::load(&policy.document.value);
    for error in errors {
        let place = at(&places::pointer(&error.path));
        let fault = Diagnostic::error(error.to_string()).at(place, error.message);
        found.push(fault.unusable());
    }
    let mut told = Vec::new();
    for loaded in &loaded {
        let load::Loaded::Policy(policy) = loaded else {
            continue;
        };
        let (findings, mistakes) = of_policy(policy, catalogue, &at);
        found.extend(findings);
        told.extend(mistakes);
    }
    found.extend(of_cel(&policy.document.value, catalogue, &at));
    let (_, mut errors) = compile(&loaded, &[], &CompileOptions::default());
    errors.retain(|error| !told.contains(&(places::pointer(&error.path), error.message.clone())));
    match errors.is_empty() {
        true => found.extend(mistyped(policy, &loaded, catalogue)),
        false => {
            let told = cel_findings::written(&errors);
            let refused = told.flat_map(|error| refused(policy, error));
            found.extend(refused.map(Diagnostic::unusable));
        }
    }
    found
}

/// What lint says of a policy, and the kinds that nobody serves; and the pointers and messages of the
/// former.
fn of_policy(
    policy: &Policy,
    catalogue: &Catalogue,
    at: &dyn Fn(&str) -> Place,
) -> (Vec<Diagnostic>, Vec<(String, String)>) {
    let mut found = Vec::new();
    let mut told = Vec::new();
    for finding in lint::check(policy) {
        told.push((finding.path.clone(), finding.message.clone()));
        found.push(of_lint(finding, at));
    }
    for kind in unserved_kinds::of_policy(policy, catalogue) {
        if !told.iter().any(|(pointer, _)| *pointer == kind.pointer) {
            let finding = Diagnostic::warning(kind.message);
            let finding = finding.at(at(&kind.pointer), "no object is of this kind");
            found.push(finding.help(kind.help));
        }
    }
    (found, told)
}

/// What else is wrong with a policy that the engine can use, which stands in a document of a file.
#[must_use]
pub fn advice(
    file: &SourceFile,
    index: usize,
    value: &Value,
    catalogue: &Catalogue,
) -> Vec<Diagnostic> {
    let at = |pointer: &str| places::in_document(file, index, pointer, false);
    let (loaded, _) = load::load(value);
    let policies = loaded.iter().filter_map(|loaded| match loaded {
        load::Loaded::Policy(policy) => Some(policy),
        _ => None,
    });
    let found = policies.flat_map(|policy| of_policy(policy, catalogue, &at).0);
    found.chain(of_cel(value, catalogue, &at)).collect()
}

/// What Kyverno's webhook refuses of a policy in CEL, and resources that nobody serves.
fn of_cel(value: &Value, catalogue: &Catalogue, at: &dyn Fn(&str) -> Place) -> Vec<Diagnostic> {
    let unserved = unserved_resources::of_document(value, catalogue).into_iter();
    let unserved = unserved.map(|one| {
        let finding = Diagnostic::warning(one.message.clone());
        finding.at(at(&one.pointer), one.message).help(one.help)
    });
    let refused = lint::check_cel_policy(value).into_iter();
    unserved
        .chain(refused.map(|finding| of_lint(finding, at)))
        .collect()
}

fn of_lint(found: lint::Finding, at: &dyn Fn(&str) -> Place) -> Diagnostic {
    let finding = match found.severity {
        lint::Severity::Error => Diagnostic::error(found.message.clone()).unusable(),
        lint::Severity::Warning => Diagnostic::warning(found.message.clone()),
    };
    finding
        .at(at(&found.path), found.message)
        .help(found.remedy)
}

fn mistyped(
    policy: &RenderedPolicy,
    loaded: &[load::Loaded],
    catalogue: &Arc<Catalogue>,
) -> Vec<Diagnostic> {
    let text = (policy.rendered.text.as_str(), &policy.document);
    let place = |span: Range<usize>| -> Place { policy.span_place(span) };
    let loaded = loaded.iter();
    loaded
        .flat_map(|loaded| cel_findings::of_types(loaded, catalogue, text, &place))
        .collect()
}

/// A mistake of an expression where it stands, and anything else at its path.
fn refused(policy: &RenderedPolicy, error: &CompileError) -> Vec<Diagnostic> {
    let text = (policy.rendered.text.as_str(), &policy.document);
    let place = |span: Range<usize>| -> Place { policy.span_place(span) };
    let found = cel_findings::of_refusal(&error.path, &error.message, text, &place);
    if !found.is_empty() {
        return found;
    }
    let place = policy.pointer_place(&places::pointer(&error.path), false);
    let message = format!("{}: {}", error.path, error.message);
    vec![Diagnostic::error(message).at(place, error.message.clone())]
}
