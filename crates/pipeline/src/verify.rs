//! The whole gate: render every environment, check against the schemas, compile, run every suite.
//!
//! A policy's suite runs once for its defaults and once for each different rendering that an
//! environment makes of it.

use std::sync::Arc;

use portcullis_engine::exceptions::Nanoseconds;
use rayon::prelude::*;

use crate::{
    diagnostic::{self, Diagnostic, Place, Severity},
    exception_ledger, failing_cases,
    library::{self, Library, LibraryPolicy},
    policy_check, policy_set,
    progress::Progress,
    readme,
    render::{self, Bundle},
    renderings,
    suite::{self, Judgement, SuiteOptions},
    suite_run::SuiteRun,
    workspace::Workspace,
};

/// What the gate found.
#[derive(Clone, Debug, Default)]
pub struct VerifyReport {
    /// Each environment with the number of its policies.
    pub environments: Vec<(String, usize)>,
    /// Policies and exceptions that were checked against schemas and compiled.
    pub checked: usize,
    /// Faults of files, templates, schemas and policies.
    pub findings: Vec<Diagnostic>,
    /// The suites.
    pub suites: Vec<SuiteRun>,
}

impl VerifyReport {
    /// Whether everything holds.
    #[must_use]
    pub fn is_green(&self) -> bool {
        let is_error = |finding: &Diagnostic| finding.severity == Severity::Error;
        !self.findings.iter().any(is_error) && self.suites.iter().all(SuiteRun::is_green)
    }
}

/// Runs the gate on a workspace; `now` decides which exceptions have expired. Progress counts
/// policies: each rendered one, and each with a suite.
#[must_use]
pub fn run(workspace: &Workspace, now: Nanoseconds, progress: &Arc<Progress>) -> VerifyReport {
    let mut report = VerifyReport::default();
    let (library, faults) = library::load(workspace);
    report.findings.extend(faults);
    let (bundles, faults) = render::render_all(workspace, &library);
    report.findings.extend(faults);
    let counts = bundles
        .iter()
        .map(|bundle| (bundle.environment.clone(), bundle.policies.len()));
    report.environments = counts.collect();
    progress.expect(report.environments.iter().map(|(_, count)| count).sum());
    let mut catalogues = policy_check::Catalogues::default();
    for bundle in &bundles {
        let catalogue = catalogues.of(workspace, bundle, &mut report.findings);
        let checked: Vec<Vec<Diagnostic>> = bundle
            .policies
            .par_iter()
            .map(|policy| {
                let found = policy_check::check(policy, &catalogue);
                progress.advance(1);
                found
            })
            .collect();
        report.checked += checked.len() + bundle.exceptions.len();
        let found = checked.into_iter().flatten();
        let named = found.map(|one| one.rendered_for([&bundle.environment]));
        report.findings.extend(named);
        report.findings.extend(policy_set::check(bundle));
        let ledger = exception_ledger::of(workspace, &library, (bundle, &catalogue), &[], now);
        report.findings.extend(ledger.findings);
    }
    report.findings.extend(readme::check(workspace, &library));
    let options = SuiteOptions {
        judgement: judgement(workspace),
        progress: Arc::clone(progress),
        ..SuiteOptions::default()
    };
    report.suites = run_suites(
        workspace,
        &library,
        &bundles,
        &options,
        &mut report.findings,
    );
    report.findings.extend(failing_cases::check(&report.suites));
    diagnostic::merge(&mut report.findings);
    report
}

/// Runs the suites of some of a workspace's policies: for the defaults, and for each different
/// rendering of an environment. Findings are about these policies or about environments.
#[must_use]
pub fn run_suites_of(
    workspace: &Workspace,
    options: &SuiteOptions,
    chosen: &dyn Fn(&LibraryPolicy) -> bool,
) -> (Vec<SuiteRun>, Vec<Diagnostic>) {
    let (mut library, mut findings) = library::load(workspace);
    let (bundles, faults) = render::render_all(workspace, &library);
    findings.extend(faults);
    library.policies.retain(|_, policy| chosen(policy));
    let suites = run_suites(workspace, &library, &bundles, options, &mut findings);
    diagnostic::merge(&mut findings);
    (suites, findings)
}

fn run_suites(
    workspace: &Workspace,
    library: &Library,
    bundles: &[Bundle],
    options: &SuiteOptions,
    findings: &mut Vec<Diagnostic>,
) -> Vec<SuiteRun> {
    let policies: Vec<&LibraryPolicy> = library.policies.values().collect();
    options.progress.expect(policies.len());
    let runs: Vec<Result<Vec<SuiteRun>, Diagnostic>> = policies
        .par_iter()
        .map(|policy| {
            let run = run_suite(workspace, policy, bundles, options);
            options.progress.advance(1);
            run
        })
        .collect();
    let mut suites = Vec::new();
    for run in runs {
        match run {
            Ok(run) => suites.extend(run),
            Err(fault) => findings.push(fault),
        }
    }
    suites
}

/// Runs a policy's suite for its defaults and for each different rendering.
fn run_suite(
    workspace: &Workspace,
    policy: &LibraryPolicy,
    bundles: &[Bundle],
    options: &SuiteOptions,
) -> Result<Vec<SuiteRun>, Diagnostic> {
    let Some(path) = policy.suite() else {
        return Err(
            Diagnostic::error(format!("`{}` has no suite", policy.key())).at(
                Place::whole(policy.template.clone()),
                "a policy is tested by tests/kyverno-test.yaml",
            ),
        );
    };
    let runs = renderings::of(workspace, policy, bundles)?.into_iter();
    let runs = runs.map(|rendering| {
        let options = SuiteOptions {
            overrides: rendering.overrides,
            ..options.clone()
        };
        SuiteRun {
            policy: policy.key(),
            rendered: Some(rendering.policy),
            renderings: rendering.names,
            outcomes: suite::run_file(&suite::inputs::normal(&path), &options),
        }
    });
    Ok(runs.collect())
}

fn judgement(workspace: &Workspace) -> Judgement {
    if workspace.file.value.spec.strict_tests() {
        Judgement::Strict
    } else {
        Judgement::Lenient
    }
}
