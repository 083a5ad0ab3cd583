//! Policies of `kyverno.io` as ValidatingPolicies, each rule tried beside its translation.
//!
//! A translation is offered where both decide alike on every input: the objects of the policy's own
//! tests, variations of these, and objects such as the pattern describes. Passing and not applying are
//! the same decision, as are failing and an error that denies the request.

mod dice;
mod inputs;
mod nodes;
mod pods;
mod proof;
mod vocabulary;

use std::path::{Path, PathBuf};

use portcullis_api::{cluster_policy::Policy, validating_policy::ValidatingPolicy};
use portcullis_engine::{
    CompileError,
    load::{self, Loaded},
    translate::{
        Obstacle,
        validating::{self, TranslatedRule},
    },
};
use portcullis_yaml::{Limits, Mode};
use rayon::prelude::*;
use serde_json::Value;

pub use self::proof::Difference;
use self::{dice::Dice, inputs::Inputs, proof::Proof};
use crate::{
    diagnostic::{Diagnostic, Place},
    offline::{
        Overrides,
        policies::{self, LoadedPolicies},
        read,
        requests::Surroundings,
        source::World,
        yaml_files,
    },
    suite::inputs::catalogue,
};

/// How rules are tried.
#[derive(Clone, Debug)]
pub struct MigrationOptions {
    /// How many inputs each rule and its translation are asked.
    pub inputs: usize,
    /// What the inputs are drawn with; the same seed gives the same.
    pub seed: u64,
    /// Files and folders of further objects to try.
    pub resources: Vec<PathBuf>,
}

/// A rule, and what became of it.
#[derive(Clone, Debug)]
pub struct MigratedRule {
    /// The policy.
    pub policy: String,
    /// The rule; a derived one has its derived name.
    pub rule: String,
    /// The ValidatingPolicy, where it was proven equal.
    pub translated: Option<ValidatingPolicy>,
    /// How many inputs were tried.
    pub inputs: usize,
    /// How many of these both refused.
    pub refused: usize,
    /// What stands in the way, each at its place.
    pub obstacles: Vec<Diagnostic>,
}

/// What became of policies.
#[derive(Debug, Default)]
pub struct Migration {
    /// Every rule, derived ones after the one they come from; of each policy those that do not validate
    /// are the last.
    pub rules: Vec<MigratedRule>,
    /// Files and documents that cannot be used.
    pub faults: Vec<Diagnostic>,
}

/// Translates the policies of files and folders.
#[must_use]
pub fn migrate(paths: &[PathBuf], options: &MigrationOptions) -> Migration {
    let mut migration = Migration::default();
    let mut files = Vec::new();
    for path in paths {
        match yaml_files(path) {
            Ok(found) if path.is_dir() => {
                files.extend(found.into_iter().filter(|one| has_policy(one)))
            }
            Ok(found) => files.extend(found),
            Err(fault) => migration.faults.push(fault),
        }
    }
    let mut further = Vec::new();
    for path in &options.resources {
        further.extend(inputs::objects_below(path));
    }
    let world = World {
        catalogue: catalogue(),
        ..World::default()
    };
    let of_files: Vec<Migration> = files
        .par_iter()
        .map(|file| of_file(file, &further, &world, options))
        .collect();
    for found in of_files {
        migration.rules.extend(found.rules);
        migration.faults.extend(found.faults);
    }
    migration
}

/// Whether a file of a folder holds a ClusterPolicy or Policy.
fn has_policy(file: &Path) -> bool {
    let Ok(file) = read(file, &Overrides::new()) else {
        return false;
    };
    let is_policy = |value: &Value| {
        let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
        load::is_known(value)
            && text("apiVersion").starts_with("kyverno.io/")
            && ["ClusterPolicy", "Policy"].contains(&text("kind"))
    };
    portcullis_yaml::documents(&file.text)
        .filter_map(|document| document.read(Mode::Lenient, &Limits::default()).ok())
        .any(|value| is_policy(&value))
}

fn of_file(file: &Path, further: &[Value], world: &World, options: &MigrationOptions) -> Migration {
    let mut loaded = policies::load(&[file.to_path_buf()], &Overrides::new());
    let mut objects = further.to_vec();
    // A file that is named without its folder is in this one.
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    objects.extend(inputs::objects_below(folder.unwrap_or(Path::new("."))));
    let mut surroundings = Surroundings::default();
    surroundings.add_namespaces(&objects);
    let mut rules = Vec::new();
    for one in &loaded.loaded {
        let Loaded::Policy(policy) = one else {
            continue;
        };
        for rule in validating::rules(policy, &world.catalogue) {
            let trial = Trial {
                policy,
                rule: &rule,
                objects: &objects,
                surroundings: &surroundings,
                world,
                options,
            };
            let mut migrated = trial.migrated(&loaded);
            if rule.policy.is_err() {
                migrated.tell_once(&mut rules);
            }
            rules.push(migrated);
        }
        rules.extend(others(policy, &loaded));
    }
    Migration {
        rules,
        faults: std::mem::take(&mut loaded.errors),
    }
}

/// The rules of a policy that do something else than validate.
fn others<'p>(
    policy: &'p Policy,
    loaded: &'p LoadedPolicies,
) -> impl Iterator<Item = MigratedRule> + 'p {
    let rules = policy.spec.rules.iter().enumerate();
    let rules = rules.filter(|(_, rule)| rule.validate.is_none());
    rules.map(|(index, rule)| {
        let error = CompileError {
            kind: "ClusterPolicy".to_owned(),
            policy: policy.metadata.key(),
            path: format!("spec.rules[{index}]"),
            message: format!(
                "rule `{}` does not validate, and is not translated",
                rule.name
            ),
        };
        let refusal = loaded.refusal(&LoadedPolicies::default(), &error);
        MigratedRule {
            policy: policy.metadata.key(),
            rule: rule.name.clone(),
            translated: None,
            inputs: 0,
            refused: 0,
            obstacles: vec![refusal.help(
                "write it by hand as a MutatingPolicy, GeneratingPolicy or ImageValidatingPolicy",
            )],
        }
    })
}

impl MigratedRule {
    /// Takes away what stands at the same place in the way of the written rule that this one is derived
    /// from, and says so there.
    fn tell_once(&mut self, before: &mut [MigratedRule]) {
        let written = before.iter_mut().rev().find(|one| !is_derived(&one.rule));
        let Some(written) = written.filter(|_| is_derived(&self.rule)) else {
            return;
        };
        let place = |obstacle: &Diagnostic| obstacle.place.as_ref().map(Place::label);
        self.obstacles.retain(|obstacle| {
            let mut known = written.obstacles.iter_mut();
            let Some(known) = known.find(|known| place(known) == place(obstacle)) else {
                return true;
            };
            let derived = "so it is with the rules that are derived from it";
            if !known.help.iter().any(|help| help == derived) {
                known.help.push(derived.to_owned());
            }
            false
        });
    }
}

fn is_derived(rule: &str) -> bool {
    rule.starts_with("autogen-")
}

/// One rule to be tried.
struct Trial<'a> {
    policy: &'a Policy,
    rule: &'a TranslatedRule,
    objects: &'a [Value],
    surroundings: &'a Surroundings,
    world: &'a World,
    options: &'a MigrationOptions,
}

impl Trial<'_> {
    fn migrated(&self, loaded: &LoadedPolicies) -> MigratedRule {
        let mut migrated = MigratedRule {
            policy: self.policy.metadata.name.clone().unwrap_or_default(),
            rule: self.rule.rule.clone(),
            translated: None,
            inputs: 0,
            refused: 0,
            obstacles: Vec::new(),
        };
        let obstacles = match &self.rule.policy {
            Ok(translated) => match self.prove(translated, &mut migrated) {
                Ok(()) => {
                    migrated.translated = Some(translated.clone());
                    return migrated;
                }
                Err(obstacles) => obstacles,
            },
            Err(obstacles) => obstacles.clone(),
        };
        let nowhere = LoadedPolicies::default();
        let placed = obstacles.into_iter().map(|obstacle| {
            let (reason, help) = match obstacle.reason.split_once('\n') {
                Some((reason, help)) => (reason.to_owned(), Some(help.to_owned())),
                None => (obstacle.reason.clone(), None),
            };
            let error = CompileError {
                kind: "ClusterPolicy".to_owned(),
                policy: migrated.policy.clone(),
                path: obstacle.path,
                message: reason,
            };
            let placed = loaded.refusal(&nowhere, &error);
            help.into_iter()
                .flat_map(|help| help.lines().map(str::to_owned).collect::<Vec<_>>())
                .fold(placed, Diagnostic::help)
        });
        migrated.obstacles = placed.collect();
        migrated
    }

    fn prove(
        &self,
        translated: &ValidatingPolicy,
        counts: &mut MigratedRule,
    ) -> Result<(), Vec<Obstacle>> {
        let at = |reason: String| Obstacle {
            path: self.rule.path.clone(),
            reason,
        };
        let proof = Proof::new(&self.rule.alone, translated, self.world, self.surroundings);
        let proof = proof.map_err(|errors| {
            let text = |error: &CompileError| at(format!("`{}`: {}", error.path, error.message));
            errors.iter().map(text).collect::<Vec<_>>()
        })?;
        let written = serde_json::to_value(&self.rule.alone.spec).unwrap_or_default();
        let validation = written.pointer("/rules/0/validate").unwrap_or(&Value::Null);
        let patterns = validation.get("anyPattern").and_then(Value::as_array);
        let patterns = validation
            .get("pattern")
            .into_iter()
            .chain(patterns.into_iter().flatten());
        let inputs = Inputs::new(
            translated,
            &written,
            patterns.collect(),
            self.objects,
            &self.world.catalogue,
        );
        let mut dice = Dice::new(self.options.seed);
        // Of what is drawn, some is no input.
        for number in 0..self.options.inputs.saturating_mul(2) {
            if counts.inputs == self.options.inputs {
                break;
            }
            let Some(object) = inputs.make(number, &mut dice) else {
                continue;
            };
            match proof.ask(&object, number) {
                Ok(refused) => counts.refused += usize::from(refused),
                Err(difference) => return Err(vec![at(differs(&self.rule.rule, &difference))]),
            }
            counts.inputs += 1;
        }
        match counts.refused {
            0 => Err(vec![at(format!(
                "rule `{}`: none of {} inputs is refused, so that nothing is proven; `--resources` \
                 names objects to try",
                self.rule.rule, counts.inputs
            ))]),
            _ => Ok(()),
        }
    }
}

fn differs(rule: &str, difference: &Difference) -> String {
    format!(
        "rule `{rule}`: the translation decides otherwise\n{} of {}\nthe rule: {}\nthe ValidatingPolicy: {}",
        difference.operation.as_str(),
        difference.object,
        difference.old,
        difference.new
    )
}
