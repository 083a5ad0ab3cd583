//! An environment: `environments/<name>/environment.yaml` and the exceptions beside it.

use std::path::PathBuf;

use portcullis_api::environment::Environment as EnvironmentFile;
use portcullis_schema::nearest;
use portcullis_yaml::PathSegment;
use serde_json::Value;

use crate::{
    diagnostic::{Diagnostic, Place, SourceFile},
    files::{self, Loaded},
    folders::{Walk, is_yaml},
    library::{Library, LibraryPolicy},
    schema_check::DocumentSchema,
    workspace::{Workspace, folders},
};

/// One environment.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The folder's name.
    pub name: String,
    /// The folder.
    pub folder: PathBuf,
    /// `environment.yaml`.
    pub file: Loaded<EnvironmentFile>,
    /// The files in `exceptions/`, by name.
    pub exceptions: Vec<SourceFile>,
}

impl Environment {
    /// The Kubernetes version that holds here.
    #[must_use]
    pub fn kubernetes_version<'e>(&'e self, workspace: &'e Workspace) -> &'e str {
        let version = self.file.value.spec.kubernetes_version.as_deref();
        version.unwrap_or_else(|| workspace.kubernetes_version())
    }

    /// The value of a parameter that is given here, with its place.
    #[must_use]
    pub fn value_of(&self, policy: &LibraryPolicy, name: &str) -> Option<(&Value, Place)> {
        let spec = &self.file.value.spec;
        let key = policy.key();
        let own = spec
            .policies
            .get(&key)
            .and_then(|settings| settings.values.get(name));
        if let Some(value) = own {
            let path = ["spec", "policies", &key, "values", name].map(PathSegment::Key);
            return Some((value, self.file.place(&path)));
        }
        let value = spec.values.get(name)?;
        Some((
            value,
            self.file
                .place(&["spec", "values", name].map(PathSegment::Key)),
        ))
    }
}

/// Reads every environment of a workspace, in the order that the workspace gives or by name.
#[must_use]
pub fn load_all(workspace: &Workspace) -> (Vec<Environment>, Vec<Diagnostic>) {
    let root = workspace.environments();
    let found = match folders(&root, &workspace.shown(&root)) {
        Ok(found) => found,
        Err(fault) => return (Vec::new(), vec![fault]),
    };
    let order = workspace
        .file
        .value
        .spec
        .environments
        .as_ref()
        .and_then(|spec| spec.order.clone());
    let mut environments = Vec::new();
    let mut faults = Vec::new();
    for (name, folder) in in_order(workspace, found, order.as_deref(), &mut faults) {
        let path = folder.join("environment.yaml");
        match files::load(&path, &workspace.shown(&path), "environment.json") {
            Err(found) => faults.extend(found),
            Ok(file) => {
                let exceptions = read_exceptions(workspace, &folder, &mut faults);
                environments.push(Environment {
                    name,
                    folder,
                    file,
                    exceptions,
                });
            }
        }
    }
    (
        environments,
        faults.into_iter().map(Diagnostic::unusable).collect(),
    )
}

fn in_order(
    workspace: &Workspace,
    mut found: Vec<(String, PathBuf)>,
    order: Option<&[String]>,
    faults: &mut Vec<Diagnostic>,
) -> Vec<(String, PathBuf)> {
    for (index, name) in order.into_iter().flatten().enumerate() {
        if !found.iter().any(|(folder, _)| folder == name) {
            let path = ["spec", "environments", "order"].map(PathSegment::Key);
            let path: Vec<_> = path
                .into_iter()
                .chain([PathSegment::Index(index)])
                .collect();
            let fault = Diagnostic::error(format!("there is no environment `{name}`"))
                .at(workspace.file.place(&path), "no folder of this name");
            faults.push(fault);
        }
    }
    let position = |name: &str| {
        let position = order.and_then(|order| order.iter().position(|listed| listed == name));
        position.unwrap_or(usize::MAX)
    };
    found.sort_by_key(|(name, _)| (position(name), name.clone()));
    found
}

fn read_exceptions(
    workspace: &Workspace,
    folder: &std::path::Path,
    faults: &mut Vec<Diagnostic>,
) -> Vec<SourceFile> {
    let folder = folder.join("exceptions");
    if folder.symlink_metadata().is_err() {
        return Vec::new();
    }
    let mut walk = Walk::new(&is_yaml);
    walk.enter(&folder);
    faults.extend(walk.faults);
    let mut files = Vec::new();
    for path in walk.files {
        match files::read_text(&path, &workspace.shown(&path)) {
            Ok(file) => files.push(file),
            Err(fault) => faults.push(fault),
        }
    }
    files
}

/// What an environment says that the library does not know: sets, policies and parameters.
#[must_use]
pub fn check(environment: &Environment, library: &Library) -> Vec<Diagnostic> {
    let spec = &environment.file.value.spec;
    let mut faults = Vec::new();
    for (index, set) in spec.sets.iter().enumerate() {
        if !library.sets.contains(set) {
            let path = [
                PathSegment::Key("spec"),
                PathSegment::Key("sets"),
                PathSegment::Index(index),
            ];
            let near = nearest(set, library.sets.iter().map(String::as_str));
            let fault = Diagnostic::error(format!("the library has no set `{set}`"));
            faults.push(suggest(
                fault.at(environment.file.place(&path), "not a set of the library"),
                near,
            ));
        }
    }
    for (key, settings) in &spec.policies {
        let path = ["spec", "policies", key.as_str()].map(PathSegment::Key);
        let Some(policy) = library.policies.get(key) else {
            let near = nearest(key, library.policies.keys().map(String::as_str));
            let fault = Diagnostic::error(format!("the library has no policy `{key}`"));
            faults.push(suggest(
                fault.at(
                    environment.file.key_place(&path),
                    "not a policy of the library",
                ),
                near,
            ));
            continue;
        };
        for name in settings.values.keys().filter(|name| !policy.declares(name)) {
            let path = ["spec", "policies", key, "values", name].map(PathSegment::Key);
            faults.push(unused(
                environment,
                &path,
                name,
                &format!("`{key}`"),
                [policy].into_iter(),
            ));
        }
    }
    let enabled = || {
        library
            .policies
            .values()
            .filter(|policy| spec.enables(&policy.set, &policy.name))
    };
    for name in spec.values.keys() {
        if !enabled().any(|policy| policy.declares(name)) {
            let path = ["spec", "values", name].map(PathSegment::Key);
            faults.push(unused(
                environment,
                &path,
                name,
                "any policy of this environment",
                enabled(),
            ));
        }
    }
    faults
}

fn unused<'p>(
    environment: &Environment,
    path: &[PathSegment<'_>],
    name: &str,
    of: &str,
    policies: impl Iterator<Item = &'p LibraryPolicy>,
) -> Diagnostic {
    let names: Vec<&str> = policies
        .flat_map(|policy| policy.parameters.iter())
        .flat_map(|file| file.value.spec.parameters.keys().map(String::as_str))
        .collect();
    let fault = Diagnostic::error(format!("the value `{name}` is not used")).at(
        environment.file.key_place(path),
        format!("not a parameter of {of}"),
    );
    suggest(fault, nearest(name, names))
}

fn suggest(fault: Diagnostic, near: Option<&str>) -> Diagnostic {
    match near {
        Some(near) => fault.help(format!("did you mean `{near}`?")),
        None => fault,
    }
}

/// Whether each value is as its parameter declares, and each parameter without a default has one.
#[must_use]
pub fn check_values(environment: &Environment, policy: &LibraryPolicy) -> Vec<Diagnostic> {
    let mut faults = Vec::new();
    let parameters = policy
        .parameters
        .iter()
        .flat_map(|file| &file.value.spec.parameters);
    for (name, parameter) in parameters {
        let declared = policy
            .declaration(name)
            .map(|place| place.label())
            .unwrap_or_default();
        let Some((value, place)) = environment.value_of(policy, name) else {
            if parameter.default.is_none() {
                let fault =
                    Diagnostic::error(format!("`{}` needs a value for `{name}`", policy.key()))
                        .at(
                            environment.file.place(&["spec"].map(PathSegment::Key)),
                            "no value in this environment",
                        )
                        .help(format!(
                            "write it under spec.values, or under spec.policies.{}.values",
                            policy.key()
                        ))
                        .help(format!(
                            "the parameter is declared in {declared}, without a default"
                        ));
                faults.push(fault);
            }
            continue;
        };
        let schema = DocumentSchema::compile(&parameter.to_json_schema());
        for fault in schema.iter().flat_map(|schema| schema.faults(value)) {
            let diagnostic = Diagnostic::error(format!("the value of `{name}`: {}", fault.message))
                .at(place.clone(), fault.message)
                .help(format!(
                    "parameter `{name}` of {} ({declared})",
                    policy.key()
                ));
            faults.push(match fault.help {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            });
        }
    }
    faults
}
