//! Policies and exceptions from files.

use std::path::{Path, PathBuf};

use portcullis_api::policy_exception::PolicyException;
use portcullis_engine::{
    compile,
    compile::PolicySet,
    compile_options::{CompileError, CompileOptions},
    lint,
    load::{self, Loaded},
};
use portcullis_yaml::{Limits, Mode};

use super::{Overrides, read, yaml_files};

/// What was loaded, and what could not be.
#[derive(Debug, Default)]
pub struct LoadedPolicies {
    /// Policies, exceptions and what goes with them, in the order of the files.
    pub loaded: Vec<Loaded>,
    /// Files or documents that cannot be used, each with its path and the reason.
    pub errors: Vec<String>,
}

impl LoadedPolicies {
    /// The exceptions of `kyverno.io` among them.
    pub fn exceptions(&self) -> impl Iterator<Item = &PolicyException> {
        self.loaded.iter().filter_map(|loaded| match loaded {
            Loaded::Exception(exception) => Some(exception.as_ref()),
            _ => None,
        })
    }

    /// Compiles the policies that lint finds nothing wrong with, with the exceptions among them and
    /// further ones. A policy that is refused is among the errors.
    #[must_use]
    pub fn compile(
        &self,
        further: &LoadedPolicies,
        options: &CompileOptions,
    ) -> (PolicySet, Vec<CompileError>) {
        let exceptions: Vec<PolicyException> = self
            .exceptions()
            .chain(further.exceptions())
            .cloned()
            .collect();
        let mut refused = Vec::new();
        let usable: Vec<&Loaded> = self
            .loaded
            .iter()
            .filter(|loaded| {
                let faults = faults(loaded);
                refused.extend_from_slice(&faults);
                faults.is_empty()
            })
            .collect();
        let (set, errors) = compile(usable, &exceptions, options);
        refused.extend(errors);
        (set, refused)
    }
}

/// What lint refuses a policy for.
fn faults(loaded: &Loaded) -> Vec<CompileError> {
    let Loaded::Policy(policy) = loaded else {
        return Vec::new();
    };
    let findings = lint::check(policy).into_iter();
    findings
        .filter(|finding| finding.severity == lint::Severity::Error)
        .map(|finding| CompileError {
            kind: "Policy".to_owned(),
            policy: policy.metadata.name.clone().unwrap_or_default(),
            path: finding.path,
            message: format!("{}; {}", finding.message, finding.remedy),
        })
        .collect()
}

/// Loads what files and folders hold.
#[must_use]
pub fn load(paths: &[PathBuf], overrides: &Overrides) -> LoadedPolicies {
    let mut all = LoadedPolicies::default();
    for path in paths {
        let files = if overrides.contains_key(path) {
            Ok(vec![path.clone()])
        } else {
            yaml_files(path)
        };
        match files {
            Ok(files) => files
                .iter()
                .for_each(|file| load_file(file, overrides, &mut all)),
            Err(error) => all.errors.push(error),
        }
    }
    all
}

/// A file with a field that no policy has is refused as a whole, as Kyverno refuses it.
fn load_file(path: &Path, overrides: &Overrides, all: &mut LoadedPolicies) {
    let text = match read(path, overrides) {
        Ok(text) => text,
        Err(error) => return all.errors.push(error),
    };
    let mut found = Vec::new();
    for document in portcullis_yaml::documents(&text) {
        let value = match document.read(Mode::Lenient, &Limits::default()) {
            Ok(value) if value.is_null() => continue,
            Ok(value) => value,
            Err(error) => {
                return all.errors.push(format!(
                    "{}:{}:{}: {}",
                    path.display(),
                    error.line,
                    error.column,
                    error.message
                ));
            }
        };
        let (loaded, errors) = load::load(&value);
        let refused = errors.iter().any(|error| error.refuses_file);
        for error in errors {
            all.errors
                .push(format!("{}:{}: {error}", path.display(), document.line));
        }
        if refused {
            return;
        }
        found.extend(loaded);
    }
    all.loaded.extend(found);
}
