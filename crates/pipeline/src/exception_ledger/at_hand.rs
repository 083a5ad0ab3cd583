//! The resources that an environment's exceptions are tried on.
//!
//! These are the resources of the suites of the environment's policies, rendered for it, and the
//! manifests in its folder `resources/`. A policy is asked in the world of its own suite: with the
//! values, users and objects of the cluster that the suite gives it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use portcullis_api::test_file::Test;
use portcullis_engine::request::NumberModel;
use portcullis_schema::Catalogue;
use rayon::prelude::*;
use serde_json::Value;

use crate::{
    diagnostic::Diagnostic,
    files,
    library::Library,
    offline::{self, Overrides, objects, yaml_files},
    render::{Bundle, RenderedPolicy},
    renderings,
    suite::{self, inputs::Inputs},
    workspace::Workspace,
};

/// The folder of manifests beside `environment.yaml`.
pub const FOLDER: &str = "resources";

/// What is at hand in an environment.
pub(super) struct AtHand {
    /// The resources.
    pub(super) objects: Vec<Value>,
    suites: BTreeMap<String, Suite>,
}

impl AtHand {
    /// Reads what is at hand, and tells which manifests of the environment cannot be read. What is
    /// wrong with a suite is for the suite to tell.
    pub(super) fn of(
        workspace: &Workspace,
        library: &Library,
        bundle: &Bundle,
        further: &[Value],
    ) -> (AtHand, Vec<Diagnostic>) {
        let plain = Inputs::without_files();
        let (mut objects, faults) = manifests(workspace, bundle, &plain);
        let suites = bundle.policies.par_iter();
        let suites: Vec<Suite> = suites
            .filter_map(|policy| Suite::of(library, policy))
            .collect();
        let of_suites: Vec<Vec<Value>> = suites
            .par_iter()
            .map(|suite| suite.objects(&plain.world.catalogue))
            .collect();
        objects.extend(of_suites.into_iter().flatten());
        objects.extend_from_slice(further);
        let at_hand = AtHand {
            objects,
            suites: suites
                .into_iter()
                .map(|suite| (suite.policy.clone(), suite))
                .collect(),
        };
        (at_hand, faults)
    }

    /// The worlds in which a policy is asked: one for each test of its suite, or an empty one.
    pub(super) fn worlds(&self, policy: &str) -> Vec<Inputs> {
        let worlds = self.suites.get(policy).map(Suite::worlds);
        let worlds = worlds.filter(|worlds| !worlds.is_empty());
        worlds.unwrap_or_else(|| vec![Inputs::without_files()])
    }
}

/// A policy's suite, rendered for the environment.
struct Suite {
    policy: String,
    folder: PathBuf,
    tests: Vec<Test>,
    overrides: Overrides,
}

impl Suite {
    fn of(library: &Library, policy: &RenderedPolicy) -> Option<Suite> {
        let written = library.policies.get(&policy.key)?;
        let overrides = renderings::overrides(written, policy).ok()?;
        let path = suite::inputs::normal(&written.suite()?);
        Some(Suite {
            policy: policy.key.clone(),
            folder: path.parent()?.to_path_buf(),
            tests: suite::tests(&path, &overrides),
            overrides,
        })
    }

    fn objects(&self, catalogue: &Catalogue) -> Vec<Value> {
        let names: BTreeSet<&String> = self.tests.iter().flat_map(|test| &test.resources).collect();
        let files = names.iter().filter_map(|name| {
            offline::read(
                &suite::inputs::normal(&self.folder.join(name)),
                &self.overrides,
            )
            .ok()
        });
        files
            .flat_map(|file| objects::read(&file, catalogue).0)
            .collect()
    }

    fn worlds(&self) -> Vec<Inputs> {
        let numbers = NumberModel::default();
        let tests = self.tests.iter();
        tests
            .map(|test| Inputs::load(&self.folder, test, &self.overrides, numbers))
            .collect()
    }
}

/// The environment's own manifests.
fn manifests(
    workspace: &Workspace,
    bundle: &Bundle,
    plain: &Inputs,
) -> (Vec<Value>, Vec<Diagnostic>) {
    let folder = workspace
        .environments()
        .join(&bundle.environment)
        .join(FOLDER);
    let mut found = (Vec::new(), Vec::new());
    if !folder.exists() {
        return found;
    }
    for path in yaml_files(&folder).unwrap_or_else(|fault| {
        found.1.push(fault);
        Vec::new()
    }) {
        match files::read_text(&path, &workspace.shown(&path)) {
            Ok(file) => {
                let (objects, faults) = objects::read(&file, &plain.world.catalogue);
                found.0.extend(objects);
                found.1.extend(faults);
            }
            Err(fault) => found.1.push(fault),
        }
    }
    found
}
