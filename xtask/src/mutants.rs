//! `cargo xtask mutants`: whether the suites of the library notice a policy that is wrong.
//!
//! Every rule of every rendering is removed, and every leaf of it turned into its opposite, one at
//! a time. A mutant that leaves its suite green survives: the suite lacks a case, or the mutant
//! means the same, which `xtask/survivors.yaml` explains.

mod edits;

use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::{Path, PathBuf},
};

use portcullis_pipeline::{
    diagnostic::Diagnostic,
    library::{self, LibraryPolicy},
    render,
    renderings::{self, Rendering},
    suite::{self, Judgement, SuiteOptions, SuiteOutcome},
    workspace::Workspace,
};
use portcullis_yaml::{Limits, Mode};
use rayon::prelude::*;
use serde_json::Value;

use self::edits::Edit;

/// A mutant that its suite does not notice: policy, pointer, what was done.
type Survivor = (String, String, String);

/// Runs every mutant, and says which survive.
///
/// # Errors
/// Where a policy does not render, a survivor is not explained, or an explanation has no survivor.
pub(crate) fn run(root: &Path) -> io::Result<()> {
    let mutants = mutants(root)?;
    let fates: Vec<Fate> = mutants.par_iter().map(Mutant::fate).collect();
    let of_fate = |wanted: Fate| {
        let fates = mutants.iter().zip(&fates);
        let found = fates.filter(|(_, fate)| **fate == wanted);
        found.map(|(mutant, _)| mutant).collect::<Vec<&Mutant>>()
    };
    let survivors = of_fate(Fate::Survives);
    let explained = explained(&root.join("xtask/survivors.yaml"))?;
    let found: BTreeSet<&Survivor> = survivors.iter().map(|mutant| &mutant.named).collect();
    let mut output = io::stdout().lock();
    let mut unexplained = 0;
    for mutant in survivors
        .iter()
        .filter(|mutant| !explained.contains(&mutant.named))
    {
        let (policy, pointer, what) = &mutant.named;
        unexplained += 1;
        writeln!(
            output,
            "survives: {policy} ({}) {pointer}: {what}",
            mutant.renderings
        )?;
    }
    let gone: Vec<&Survivor> = explained
        .iter()
        .filter(|one| !found.contains(one))
        .collect();
    for (policy, pointer, what) in &gone {
        writeln!(
            output,
            "explained, but does not survive: {policy} {pointer}: {what}"
        )?;
    }
    writeln!(
        output,
        "mutants: {}, that cannot be loaded: {}, survivors: {}, of them unexplained: {unexplained}",
        mutants.len(),
        of_fate(Fate::Unusable).len(),
        survivors.len()
    )?;
    if unexplained > 0 || !gone.is_empty() {
        return Err(io::Error::other(
            "add a case to the suite, or explain the mutant in xtask/survivors.yaml",
        ));
    }
    Ok(())
}

/// What became of a mutant.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Noticed,
    Survives,
    Unusable,
}

/// One mutant, ready to be tested.
struct Mutant {
    suite: PathBuf,
    options: SuiteOptions,
    named: Survivor,
    /// The renderings that it is a mutant of.
    renderings: String,
}

impl Mutant {
    /// Whether every row of the suite still passes. A mutant that cannot be loaded does not
    /// survive, but shows nothing of the suite.
    fn fate(&self) -> Fate {
        let outcomes = suite::run_file(&self.suite, &self.options);
        if outcomes.iter().all(SuiteOutcome::is_green) {
            Fate::Survives
        } else if outcomes.iter().all(|outcome| outcome.failed() == 0) {
            Fate::Unusable
        } else {
            Fate::Noticed
        }
    }
}

fn mutants(root: &Path) -> io::Result<Vec<Mutant>> {
    let workspace = Workspace::load(root, root).map_err(failed)?;
    let (library, mut faults) = library::load(&workspace);
    let (bundles, more) = render::render_all(&workspace, &library);
    faults.extend(more);
    if !faults.is_empty() {
        return Err(failed(faults));
    }
    let mut mutants = Vec::new();
    for policy in library.policies.values() {
        let renderings = renderings::of(&workspace, policy, &bundles);
        let defaults = render::render_policy(&workspace, policy, None);
        let defaults = defaults
            .map_err(|fault| failed(vec![fault]))?
            .document
            .value;
        for rendering in renderings.map_err(|fault| failed(vec![fault]))? {
            mutants.extend(of_rendering(policy, &rendering, &defaults));
        }
    }
    Ok(mutants)
}

/// What an environment excludes is its own business: the policy's suite does not know of it.
fn of_rendering(policy: &LibraryPolicy, rendering: &Rendering, defaults: &Value) -> Vec<Mutant> {
    let document = &rendering.policy.document.value;
    let template = suite::inputs::normal(&policy.template_path());
    let suite = policy.suite().unwrap_or_default();
    let edits = edits::of(document).into_iter();
    let edits = edits.filter(|edit| {
        !edit.pointer.contains("/exclude") || defaults.pointer(&edit.pointer).is_some()
    });
    let mutant = |edit: Edit| {
        let mut overrides = rendering.overrides.clone();
        overrides.insert(template.clone(), edit.apply(document).to_string());
        Mutant {
            suite: suite::inputs::normal(&suite),
            options: SuiteOptions {
                judgement: Judgement::Strict,
                overrides,
                ..SuiteOptions::default()
            },
            named: (policy.key(), edit.pointer, edit.what),
            renderings: rendering.names.join(", "),
        }
    };
    edits.map(mutant).collect()
}

/// Survivors that someone explained: `policy`, `pointer`, `what`, and a `reason`.
fn explained(path: &Path) -> io::Result<BTreeSet<Survivor>> {
    let text = std::fs::read_to_string(path)?;
    let list = portcullis_yaml::read(&text, Mode::Strict, &Limits::default())
        .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
    let entries = list.as_array().into_iter().flatten();
    let survivors = entries.map(|entry| {
        let text = |key: &str| {
            let value = entry.get(key).and_then(Value::as_str);
            value.map(str::to_owned).ok_or_else(|| {
                io::Error::other(format!("{}: {entry} has no text `{key}`", path.display()))
            })
        };
        text("reason")?;
        Ok((text("policy")?, text("pointer")?, text("what")?))
    });
    survivors.collect()
}

fn failed(faults: Vec<Diagnostic>) -> io::Error {
    let faults: Vec<String> = faults.into_iter().map(|fault| fault.message).collect();
    io::Error::other(faults.join("; "))
}
