//! The resources that an environment's exceptions are tried on.
//!
//! These are the resources of the suites of the environment's policies, rendered for it, and the
//! manifests in its folder `resources/`. A policy is asked in the world of its own suite: with the
//! values, users and objects of the cluster that the suite gives it.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde_json::Value;

use crate::{
    diagnostic::Diagnostic,
    files,
    library::Library,
    offline::{objects, yaml_files},
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
    worlds: BTreeMap<String, Vec<Inputs>>,
    plain: Vec<Inputs>,
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
        let worlds: Vec<(String, Vec<Inputs>)> = bundle
            .policies
            .par_iter()
            .map(|policy| (policy.key.clone(), worlds(library, policy)))
            .collect();
        let of_suites = worlds.iter().flat_map(|(_, worlds)| worlds);
        objects.extend(of_suites.flat_map(|world| world.objects.iter().cloned()));
        objects.extend_from_slice(further);
        let at_hand = AtHand {
            objects,
            worlds: worlds.into_iter().collect(),
            plain: vec![plain],
        };
        (at_hand, faults)
    }

    /// The worlds in which a policy is asked: one for each test of its suite, or an empty one.
    pub(super) fn worlds(&self, policy: &str) -> &[Inputs] {
        let own = self.worlds.get(policy);
        own.filter(|worlds| !worlds.is_empty())
            .unwrap_or(&self.plain)
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

/// What the tests of a policy's suite name, rendered for the environment.
fn worlds(library: &Library, policy: &RenderedPolicy) -> Vec<Inputs> {
    let Some(written) = library.policies.get(&policy.key) else {
        return Vec::new();
    };
    let overrides = renderings::overrides(written, policy);
    let (Some(path), Ok(overrides)) = (written.suite(), overrides) else {
        return Vec::new();
    };
    let path = suite::inputs::normal(&path);
    let folder = path.parent().unwrap_or(&written.folder);
    let tests = suite::tests(&path, &overrides).into_iter();
    tests
        .map(|test| Inputs::load(folder, &test, &overrides, Default::default()))
        .collect()
}
