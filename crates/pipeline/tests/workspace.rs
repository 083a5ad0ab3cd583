//! This repository is itself a workspace: its library renders for every environment.
#![allow(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use std::{collections::BTreeSet, path::Path, sync::Arc};

use portcullis_engine::CompileOptions;
use portcullis_pipeline::{
    environment, library,
    offline::policies::{self, LoadedPolicies},
    readme, render,
    suite::row::Judged,
    verify,
    workspace::Workspace,
};

fn repository() -> Workspace {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap();
    Workspace::load(&root, Path::new("")).unwrap()
}

#[test]
fn every_environment_renders() {
    let workspace = repository();
    let (library, faults) = library::load(&workspace);
    assert!(faults.is_empty(), "{faults:#?}");
    let (environments, faults) = environment::load_all(&workspace);
    assert!(faults.is_empty(), "{faults:#?}");
    assert_eq!(environments.len(), 3);
    for environment in &environments {
        let (bundle, faults) = render::render(&workspace, &library, environment);
        assert!(faults.is_empty(), "{}: {faults:#?}", environment.name);
        assert!(bundle.policies.len() >= 40);
        let (again, _) = render::render(&workspace, &library, environment);
        assert_eq!(bundle.to_yaml(), again.to_yaml());
    }
}

#[test]
fn the_readmes_are_current() {
    let workspace = repository();
    let (library, _) = library::load(&workspace);
    let (outdated, faults) = readme::outdated(&workspace, &library);
    assert!(faults.is_empty(), "{faults:#?}");
    let paths: Vec<_> = outdated.iter().map(|(path, _)| path).collect();
    assert!(
        paths.is_empty(),
        "run `portcullis render --readmes`: {paths:?}"
    );
}

#[test]
fn the_gate_passes() {
    // 1 January 2026: the repository's exceptions hold then.
    let progress = Arc::default();
    let report = verify::run(&repository(), 1_767_225_600 * 1_000_000_000, &progress);
    let order = ["defaults", "dev", "staging", "production"];
    let place = |name: &String| order.iter().position(|one| one == name);
    for run in &report.suites {
        assert!(
            run.renderings.is_sorted_by_key(place),
            "{:?}",
            run.renderings
        );
    }
    let firsts = report
        .suites
        .chunk_by(|one, next| one.policy == next.policy);
    for runs in firsts {
        assert_eq!(runs[0].renderings[0], "defaults", "{}", runs[0].policy);
    }
    let rendered: usize = report.environments.iter().map(|(_, count)| count).sum();
    let tested: BTreeSet<&str> = report
        .suites
        .iter()
        .map(|run| run.policy.as_str())
        .collect();
    let policies = rendered + tested.len();
    assert_eq!(progress.counts(), (policies, policies));
    let mut failures: Vec<String> = report
        .findings
        .iter()
        .map(|finding| {
            let place = finding.place.as_ref().map(|place| place.label());
            format!("{}: {}", place.unwrap_or_default(), finding.message)
        })
        .collect();
    for run in report.suites.iter().filter(|run| !run.is_green()) {
        let name = format!("{} ({})", run.policy, run.renderings.join(", "));
        for outcome in &run.outcomes {
            failures.extend(
                outcome
                    .errors
                    .iter()
                    .map(|error| format!("{name}: {}", error.message)),
            );
            let rows = outcome.rows.iter().filter(|row| row.judged == Judged::Fail);
            failures.extend(rows.map(|row| {
                format!(
                    "{name}: {} {}: {}: {}",
                    row.rule, row.resource, row.reason, row.message
                )
            }));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(report.suites.len() >= 40);
}

#[test]
fn a_policy_that_fails_lint_is_refused_by_name() {
    let text = "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: twice}\nspec:\n  rules:\n    - &rule\n      name: same\n      match: {any: [{resources: {kinds: [Pod]}}]}\n      validate: {message: twins, pattern: {spec: {hostPID: false}}}\n    - *rule\n";
    let path = std::path::PathBuf::from("twice.yaml");
    let overrides = [(path.clone(), text.to_owned())].into_iter().collect();
    let loaded = policies::load(&[path], &overrides);
    assert!(loaded.errors.is_empty(), "{:?}", loaded.errors);
    let (set, refused) = loaded.compile(&LoadedPolicies::default(), &CompileOptions::default());
    assert_eq!(set.policies().len(), 0);
    assert!(refused.iter().all(|error| error.policy == "twice") && !refused.is_empty());
}
