//! Policies from files as those that the API server evaluates itself.

use std::path::PathBuf;

use portcullis_api::{
    admission_policy::AdmissionPolicyBinding, cel_policy_exception::CelPolicyException,
    policy_exception::PolicyException,
};
use portcullis_engine::{
    CompileError,
    load::Loaded,
    translate::{
        Obstacle,
        native::{self, NativeOptions, NativePolicy},
    },
};
use portcullis_schema::{Catalogue, NEWEST, builtin};
use serde::Serialize;
use serde_json::Value;

use crate::{
    custom_resources,
    diagnostic::Diagnostic,
    files,
    offline::{Overrides, policies},
};

/// The two kinds of native policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NativeKind {
    /// ValidatingAdmissionPolicy.
    Validating,
    /// MutatingAdmissionPolicy.
    Mutating,
}

/// What is translated.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choice {
    /// The kind of native policies; both where none is given.
    pub kind: Option<NativeKind>,
    /// Whether policies are translated, too, that do not ask for it.
    pub all: bool,
}

/// The native policies, and what stands in the way of others.
#[derive(Debug, Default)]
pub struct NativePolicies {
    /// Each policy, followed by its binding.
    pub objects: Vec<Value>,
    /// How many policies were looked at.
    pub policies: usize,
    /// How many have a native one.
    pub translated: usize,
    /// Each thing that cannot be translated, at its place.
    pub obstacles: Vec<Diagnostic>,
    /// Files and documents that cannot be used.
    pub faults: Vec<Diagnostic>,
}

/// Translates the policies of files and folders, with the exceptions that stand there, too. The kinds
/// are those of Kubernetes, and those that `crds` define.
#[must_use]
pub fn compile(paths: &[PathBuf], crds: &[PathBuf], choice: Choice) -> NativePolicies {
    let mut loaded = policies::load(paths, &Overrides::new());
    let (catalogue, faults) = catalogue(crds);
    let exceptions: Vec<&PolicyException> = loaded.exceptions().collect();
    let cel_exceptions: Vec<&CelPolicyException> = loaded
        .loaded
        .iter()
        .filter_map(|one| match one {
            Loaded::CelException(exception) => Some(exception.as_ref()),
            _ => None,
        })
        .collect();
    let options = NativeOptions {
        all: choice.all,
        exceptions: &exceptions,
        cel_exceptions: &cel_exceptions,
        catalogue: &catalogue,
    };
    let mut found = NativePolicies::default();
    for one in loaded.loaded.iter().filter(|one| is_wanted(one, choice)) {
        let Some(native) = native::of(one, &options) else {
            continue;
        };
        found.policies += 1;
        match native {
            Ok(native) => {
                found.translated += 1;
                found.objects.extend(objects(&native));
            }
            Err(obstacles) => {
                let nowhere = policies::LoadedPolicies::default();
                let errors = obstacles
                    .into_iter()
                    .map(|obstacle| as_error(one, obstacle));
                let obstacles = errors.flat_map(|error| obstacle(&loaded, &nowhere, error));
                found.obstacles.extend(obstacles);
            }
        }
    }
    drop(exceptions);
    found.faults = std::mem::take(&mut loaded.errors);
    found.faults.extend(faults);
    found
}

/// An obstacle at its place; what the API server does not compile with each mistake under its own word.
fn obstacle(
    loaded: &policies::LoadedPolicies,
    nowhere: &policies::LoadedPolicies,
    error: CompileError,
) -> Vec<Diagnostic> {
    let Some((reason, mistakes)) = error.message.split_once(":\n") else {
        return vec![loaded.refusal(nowhere, &error)];
    };
    let reason = reason.to_owned();
    let error = CompileError {
        message: mistakes.to_owned(),
        ..error
    };
    let found = loaded.refusals(nowhere, &[error]).into_iter();
    found.map(|one| one.help(&reason)).collect()
}

fn is_wanted(loaded: &Loaded, choice: Choice) -> bool {
    match (loaded, choice.kind) {
        (Loaded::Mutating(_), Some(NativeKind::Validating)) => false,
        (Loaded::Mutating(_), _) | (_, None | Some(NativeKind::Validating)) => true,
        (_, Some(NativeKind::Mutating)) => false,
    }
}

fn as_error(loaded: &Loaded, obstacle: Obstacle) -> CompileError {
    let (kind, metadata) = match loaded {
        Loaded::Policy(policy) => ("ClusterPolicy", Some(&policy.metadata)),
        Loaded::Validating(policy) => ("ValidatingPolicy", Some(&policy.metadata)),
        Loaded::Mutating(policy) => ("MutatingPolicy", Some(&policy.metadata)),
        _ => ("", None),
    };
    CompileError {
        kind: kind.to_owned(),
        policy: metadata
            .and_then(|metadata| metadata.name.clone())
            .unwrap_or_default(),
        path: match obstacle.path.as_str() {
            "" => "metadata.name".to_owned(),
            _ => obstacle.path,
        },
        message: obstacle.reason,
    }
}

fn objects(native: &NativePolicy) -> [Value; 2] {
    let (policy, binding): (Value, &AdmissionPolicyBinding) = match native {
        NativePolicy::Validating(policy, binding) => (value(policy.as_ref()), binding),
        NativePolicy::Mutating(policy, binding) => (value(policy.as_ref()), binding),
    };
    [policy, value(binding)]
}

/// Types of the API have nothing that JSON has not.
fn value(object: &impl Serialize) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}

/// The kinds of the newest Kubernetes that is built in, and those that the files define.
fn catalogue(crds: &[PathBuf]) -> (Catalogue, Vec<Diagnostic>) {
    let mut catalogue = builtin(NEWEST).unwrap_or_default();
    let add = |path: &PathBuf| custom_resources::add_all(&mut catalogue, path, files::shown);
    let faults = crds.iter().flat_map(add).collect();
    (catalogue, faults)
}
