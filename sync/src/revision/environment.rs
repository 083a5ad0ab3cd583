//! The objects of an environment of a workspace, behind the gate that `portcullis verify` is.

use std::{fs, path::Path, sync::Arc};

use portcullis_pipeline::{
    diagnostic::{Diagnostic, Place, Severity, SourceFile},
    environment, library,
    render::{self, Bundle},
    suite::{SuiteOutcome, row::Judged},
    verify::{self, VerifyReport},
    workspace::Workspace,
};

use super::{Found, manifests, slashed};
use crate::source::Checkout;

/// Verifies the workspace, and renders the environment.
pub(super) fn read(
    checkout: &Checkout,
    name: &str,
    now: i128,
) -> Result<Vec<Found>, Vec<Diagnostic>> {
    let shown = Path::new(&checkout.path);
    let workspace = Workspace::load(&checkout.folder.path().join(shown), shown)?;
    let (environments, faults) = environment::load_all(&workspace);
    let Some(environment) = environments.iter().find(|one| one.name == name) else {
        let names: Vec<&str> = environments.iter().map(|one| one.name.as_str()).collect();
        let missing = Diagnostic::error(format!("there is no environment `{name}`"))
            .help(format!("the workspace has: {}", names.join(", ")));
        return Err(std::iter::once(missing).chain(faults).collect());
    };
    let report = verify::run(&workspace, now, &Arc::default());
    if !report.is_green() {
        return Err(stopping(report));
    }
    let (library, _) = library::load(&workspace);
    let (bundle, faults) = render::render(&workspace, &library, environment);
    if faults.iter().any(|fault| fault.severity == Severity::Error) {
        return Err(faults);
    }
    objects(&bundle)
}

fn objects(bundle: &Bundle) -> Result<Vec<Found>, Vec<Diagnostic>> {
    let policies = bundle.policies.iter().map(|policy| {
        let place = policy.pointer_place("", false);
        let (line, _) = place.file.line_column(place.span.start);
        Found {
            object: policy.document.value.clone(),
            path: slashed(&place.file.path),
            line,
        }
    });
    let mut found: Vec<Found> = policies.collect();
    let mut faults = Vec::new();
    for file in &bundle.exceptions {
        match manifests::objects(file) {
            Ok(objects) => found.extend(objects),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        Ok(found)
    } else {
        Err(faults)
    }
}

/// What of a report stops a revision.
fn stopping(report: VerifyReport) -> Vec<Diagnostic> {
    let is_error = |finding: &Diagnostic| finding.severity == Severity::Error;
    let findings = report.findings.into_iter().filter(is_error);
    // A README that does not say what its policy says is rarely what was meant to be told.
    let (readmes, mut found): (Vec<_>, Vec<_>) = findings.partition(is_about_readme);
    for outcome in report.suites.iter().flat_map(|run| &run.outcomes) {
        found.extend(outcome.errors.iter().cloned());
        found.extend(failures(outcome));
    }
    found.extend(readmes);
    found
}

fn is_about_readme(finding: &Diagnostic) -> bool {
    let place = finding.place.as_ref();
    place.is_some_and(|place| place.file.path.ends_with("README.md"))
}

/// The cases of a suite that fail, at their lines.
fn failures(outcome: &SuiteOutcome) -> Vec<Diagnostic> {
    let failed = outcome.rows.iter().filter(|row| row.judged == Judged::Fail);
    let mut failed = failed.peekable();
    if failed.peek().is_none() {
        return Vec::new();
    }
    let text = fs::read_to_string(&outcome.file).unwrap_or_default();
    let file = SourceFile::new(&outcome.file, text);
    let told = failed.map(|row| {
        let place = Place {
            span: file.line(row.line),
            file: file.clone(),
        };
        let case = [&row.policy, &row.rule, &row.resource]
            .map(String::as_str)
            .join(" ");
        let what = format!("suite `{}`: {case}: {}", outcome.name, row.reason);
        Diagnostic::error(what).at(place, row.message.clone())
    });
    told.collect()
}
