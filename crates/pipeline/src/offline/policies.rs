//! Policies and exceptions from files.

mod loops;

use std::{
    collections::BTreeMap,
    ops::Range,
    path::{Path, PathBuf},
};

use portcullis_api::policy_exception::PolicyException;
use portcullis_engine::{
    compile,
    compile::PolicySet,
    compile_options::{CompileError, CompileOptions},
    lint,
    load::{self, Loaded},
};
use portcullis_yaml::{Limits, Mode};
use rayon::prelude::*;
use serde_json::Value;

use super::{Overrides, objects::text, places, read, yaml_files};
use crate::{
    cel_findings,
    diagnostic::{Diagnostic, Place, SourceFile},
    template::first_tag,
};

/// What was loaded, and what could not be.
#[derive(Debug, Default)]
pub struct LoadedPolicies {
    /// Policies, exceptions and what goes with them, in the order of the files.
    pub loaded: Vec<Loaded>,
    /// Files or documents that cannot be used, each with its place and the reason.
    pub errors: Vec<Diagnostic>,
    /// The file of each policy and which of its documents it is, by the policy's name; of an
    /// exception, by `PolicyException` and its key.
    origins: BTreeMap<String, (SourceFile, usize)>,
}

impl LoadedPolicies {
    /// The exceptions of `kyverno.io` among them.
    pub fn exceptions(&self) -> impl Iterator<Item = &PolicyException> {
        self.loaded.iter().filter_map(|loaded| match loaded {
            Loaded::Exception(exception) => Some(exception.as_ref()),
            _ => None,
        })
    }

    /// How many exceptions there are among them, of both groups.
    #[must_use]
    pub fn exception_count(&self) -> usize {
        let exceptions = self
            .loaded
            .iter()
            .filter(|loaded| matches!(loaded, Loaded::Exception(_) | Loaded::CelException(_)));
        exceptions.count()
    }

    /// Whether a rule of theirs copies, changes or reads objects that exist.
    #[must_use]
    pub fn uses_existing(&self) -> bool {
        let reads = |spec: Result<String, serde_json::Error>| {
            spec.is_ok_and(|spec| spec.contains("resource."))
        };
        let asks = |loaded: &Loaded| match loaded {
            Loaded::Validating(policy) => reads(serde_json::to_string(&policy.spec)),
            Loaded::Deleting(policy) => reads(serde_json::to_string(&policy.spec)),
            Loaded::Mutating(policy) => reads(serde_json::to_string(&policy.spec)),
            Loaded::Generating(policy) => reads(serde_json::to_string(&policy.spec)),
            Loaded::ImageValidating(policy) => reads(serde_json::to_string(&policy.spec)),
            _ => false,
        };
        // Rules may name Secrets that registries are asked with.
        let signs_in = |loaded: &Loaded| match loaded {
            Loaded::Policy(policy) => serde_json::to_string(&policy.spec)
                .is_ok_and(|spec| spec.contains("imageRegistryCredentials")),
            _ => false,
        };
        let mut loaded = self.loaded.iter();
        if loaded.any(|loaded| asks(loaded) || signs_in(loaded)) {
            return true;
        }
        let policies = self.loaded.iter().filter_map(|loaded| match loaded {
            Loaded::Policy(policy) => Some(policy),
            _ => None,
        });
        let mut rules = policies.flat_map(|policy| &policy.spec.rules);
        rules.any(|rule| {
            let copies = rule.generate.as_ref().is_some_and(|generate| {
                let mut loops = generate.foreach.iter().flatten();
                generate.clone.is_some()
                    || generate.clone_list.is_some()
                    || loops.any(|one| one.clone.is_some() || one.clone_list.is_some())
            });
            let mutate = rule.mutate.as_ref();
            copies || mutate.is_some_and(|mutate| !mutate.targets.is_empty())
        })
    }

    /// A policy or exception that is refused, at the place that it is refused for.
    #[must_use]
    pub fn refusal(&self, further: &LoadedPolicies, error: &CompileError) -> Diagnostic {
        let subject = subject(error);
        let message = format!("{subject}: {}: {}", error.path, error.message);
        let diagnostic = Diagnostic::error(message);
        match self.origin(further, error) {
            Some((file, document)) => diagnostic.at(
                places::in_document(file, *document, &places::pointer(&error.path), false),
                error.message.clone(),
            ),
            None => diagnostic,
        }
    }

    /// As [`LoadedPolicies::refusal`], with each mistake of an expression under its own word.
    #[must_use]
    pub fn refusals(&self, further: &LoadedPolicies, errors: &[CompileError]) -> Vec<Diagnostic> {
        let errors = cel_findings::written(errors);
        errors
            .flat_map(|error| self.mistakes(further, error))
            .collect()
    }

    fn mistakes(&self, further: &LoadedPolicies, error: &CompileError) -> Vec<Diagnostic> {
        let found = self.origin(further, error).and_then(|(file, index)| {
            let raw = portcullis_yaml::documents(&file.text).nth(*index)?;
            let document = raw.read_document(Mode::Lenient, &Limits::default()).ok()?;
            let place = |span: Range<usize>| Place {
                file: file.clone(),
                span: span.start + raw.offset..span.end + raw.offset,
            };
            let text = (raw.text.as_ref(), &document);
            let found = cel_findings::of_refusal(&error.path, &error.message, text, &place);
            (!found.is_empty()).then_some(found)
        });
        let Some(found) = found else {
            return vec![self.refusal(further, error)];
        };
        let subject = subject(error);
        let found = found.into_iter();
        found
            .map(|found| Diagnostic {
                message: format!("{subject}: {}", found.message),
                ..found
            })
            .collect()
    }

    /// Adds what a document holds.
    fn add(&mut self, file: &SourceFile, index: usize, loaded: Vec<Loaded>) {
        for loaded in loaded {
            if let Some(origin) = origin(&loaded) {
                self.origins.insert(origin, (file.clone(), index));
            }
            self.loaded.push(loaded);
        }
    }

    /// The file of a refused policy or exception, and which of its documents it is.
    fn origin<'l>(
        &'l self,
        further: &'l LoadedPolicies,
        error: &CompileError,
    ) -> Option<&'l (SourceFile, usize)> {
        let name = match error.kind == EXCEPTION {
            true => exception_origin(&error.policy),
            false => {
                let mut parts = error.policy.rsplit('/');
                parts.next().unwrap_or_default().to_owned()
            }
        };
        let of_further = || further.origins.get(&name);
        self.origins.get(&name).or_else(of_further)
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
        let checked: Vec<(&Loaded, Vec<CompileError>)> = self
            .loaded
            .par_iter()
            .map(|loaded| (loaded, faults(loaded)))
            .collect();
        let mut refused = Vec::new();
        let mut usable = Vec::new();
        for (loaded, faults) in checked {
            if faults.is_empty() {
                usable.push(loaded);
            }
            refused.extend(faults);
        }
        let further = further.loaded.iter();
        let usable = usable
            .into_iter()
            .chain(further.filter(|one| is_cel_exception(one)));
        let (set, errors) = compile(usable, &exceptions, options);
        refused.extend(errors);
        (set, refused)
    }
}

/// The kind of exceptions.
pub(crate) const EXCEPTION: &str = "PolicyException";

/// Under what the file of a policy or exception is kept; nobody asks for that of a binding.
fn origin(loaded: &Loaded) -> Option<String> {
    let metadata = loaded.metadata();
    match loaded {
        Loaded::Binding(_) => None,
        Loaded::Exception(_) | Loaded::CelException(_) => Some(exception_origin(&metadata.key())),
        _ => Some(metadata.name.clone().unwrap_or_default()),
    }
}

fn subject(error: &CompileError) -> String {
    let word = match error.kind == EXCEPTION {
        true => "exception",
        false => "policy",
    };
    format!("{word} {}", error.policy)
}

/// Under what an exception's file is kept; its key is `name` or `namespace/name`.
fn exception_origin(key: &str) -> String {
    format!("{EXCEPTION} {key}")
}

fn is_cel_exception(loaded: &Loaded) -> bool {
    matches!(loaded, Loaded::CelException(_))
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

/// Loads what files and folders hold. Of a folder, what is no manifest is passed over.
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
                .for_each(|file| load_file(file, file != path, overrides, &mut all)),
            Err(error) => all.errors.push(error),
        }
    }
    all
}

/// Adds the exceptions among the manifests of a file; other documents are left out.
pub fn add_exceptions(file: &SourceFile, all: &mut LoadedPolicies) {
    for (index, document) in portcullis_yaml::documents(&file.text).enumerate() {
        // Most manifests are not read twice for it.
        if !document.text.contains("PolicyException") {
            continue;
        }
        let value = document.read(Mode::Lenient, &Limits::default());
        let is_exception = |value: &Value| text(value, "/kind") == "PolicyException";
        if let Some(value) = value.ok().filter(is_exception) {
            let (loaded, _) = load_document(file, index, &value, &mut all.errors);
            all.loaded.extend(loaded);
        }
    }
}

/// What keeps the policy of a document from being used.
#[must_use]
pub fn unusable(file: &SourceFile, index: usize, document: &Value) -> Vec<Diagnostic> {
    let mut policies = LoadedPolicies::default();
    let (loaded, _) = load_document(file, index, document, &mut policies.errors);
    policies.add(file, index, loaded);
    let none = LoadedPolicies::default();
    let (_, errors) = policies.compile(&none, &CompileOptions::default());
    let refusals = policies.refusals(&none, &errors).into_iter();
    let refusals = refusals.map(Diagnostic::unusable).collect::<Vec<_>>();
    policies.errors.into_iter().chain(refusals).collect()
}

/// A file with a field that no policy has is refused as a whole, as Kyverno refuses it. One that was found
/// in a folder may be for another program.
fn load_file(path: &Path, is_found: bool, overrides: &Overrides, all: &mut LoadedPolicies) {
    let file = match read(path, overrides) {
        Ok(file) => file,
        Err(error) => return all.errors.push(error),
    };
    if let Some(tag) = first_tag(&file.text) {
        return all.errors.push(not_rendered(file, tag));
    }
    let mut found = Vec::new();
    for (index, document) in portcullis_yaml::documents(&file.text).enumerate() {
        let value = match document.read(Mode::Lenient, &Limits::default()) {
            Ok(value) if value.is_null() || is_found && is_of_others(&value) => continue,
            Ok(value) => value,
            Err(error) => return all.errors.push(places::not_yaml(&file, &error)),
        };
        let (loaded, is_refused) = load_document(&file, index, &value, &mut all.errors);
        if is_refused {
            return;
        }
        found.push((index, loaded));
    }
    for (index, loaded) in found {
        all.add(&file, index, loaded);
    }
}

/// Whether a document tells another program something, such as Artifact Hub, Helm or kustomize: it has
/// nothing that a manifest has.
fn is_of_others(document: &Value) -> bool {
    let of_manifests = ["apiVersion", "kind", "metadata", "spec"];
    let has = |key: &&str| document.get(key).is_some();
    document.is_object() && !of_manifests.iter().any(has)
        || text(document, "/apiVersion").starts_with("kustomize.config.k8s.io/")
}

/// What a template would say is not what it says once it is rendered: neither verdict could be trusted.
fn not_rendered(file: SourceFile, tag: Range<usize>) -> Diagnostic {
    let error = Diagnostic::error("the file is a template, not a policy");
    let help =
        "render it first: `portcullis render ENVIRONMENT --output FOLDER`, then use that folder";
    let place = Place { file, span: tag };
    error
        .at(place, "a tag of the template")
        .help(help)
        .unusable()
}

/// What a document holds, and whether it refuses the whole file.
fn load_document(
    file: &SourceFile,
    index: usize,
    value: &Value,
    faults: &mut Vec<Diagnostic>,
) -> (Vec<Loaded>, bool) {
    let (loaded, errors) = load::load(value);
    let is_refused = errors.iter().any(|error| error.refuses_file);
    for error in errors {
        let pointer = match error.path.as_str() {
            "" | "." => "/kind".to_owned(),
            path => places::pointer(path),
        };
        let is_key = error.message.starts_with("unknown field");
        let place = places::in_document(file, index, &pointer, is_key);
        let diagnostic = Diagnostic::error(error.to_string()).at(place, error.message);
        faults.push(diagnostic.unusable());
    }
    (loaded, is_refused)
}
