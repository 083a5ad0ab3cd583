//! The policy library: `<set>/<policy>/policy.yaml`, with `params.yaml` and `tests/` beside it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use portcullis_api::parameters::Parameters;
use portcullis_yaml::PathSegment;
use serde_json::{Map, Value};

use crate::{
    diagnostic::{Diagnostic, Place, SourceFile},
    files::{self, Loaded},
    template,
    workspace::{Workspace, folders},
};

/// The template of a policy, in its folder.
pub const TEMPLATE: &str = "policy.yaml";

/// Variables that every template has without declaring them.
pub const BUILT_IN: &[&str] = &["action", "environment", "kubernetes_version"];

/// One policy of the library.
#[derive(Clone, Debug)]
pub struct LibraryPolicy {
    /// The set, which is a folder of the library.
    pub set: String,
    /// The policy, which is a folder of the set.
    pub name: String,
    /// The policy's folder.
    pub folder: PathBuf,
    /// `policy.yaml`.
    pub template: SourceFile,
    /// `params.yaml`, if there is one.
    pub parameters: Option<Loaded<Parameters>>,
}

impl LibraryPolicy {
    /// `<set>/<policy>`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.set, self.name)
    }

    /// The template's path.
    #[must_use]
    pub fn template_path(&self) -> PathBuf {
        self.folder.join(TEMPLATE)
    }

    /// The suite's path, if there is one.
    #[must_use]
    pub fn suite(&self) -> Option<PathBuf> {
        let path = self.folder.join("tests/kyverno-test.yaml");
        path.is_file().then_some(path)
    }

    /// Whether a parameter is declared.
    #[must_use]
    pub fn declares(&self, name: &str) -> bool {
        let parameters = self.parameters.as_ref();
        parameters.is_some_and(|file| file.value.spec.parameters.contains_key(name))
    }

    /// The defaults of the parameters.
    #[must_use]
    pub fn defaults(&self) -> Map<String, Value> {
        let parameters = self
            .parameters
            .iter()
            .flat_map(|file| &file.value.spec.parameters);
        parameters
            .filter_map(|(name, parameter)| Some((name.clone(), parameter.default.clone()?)))
            .collect()
    }

    /// The place of a parameter's declaration.
    #[must_use]
    pub fn declaration(&self, name: &str) -> Option<Place> {
        let path = [
            PathSegment::Key("spec"),
            PathSegment::Key("parameters"),
            PathSegment::Key(name),
        ];
        Some(self.parameters.as_ref()?.key_place(&path))
    }
}

/// The library's policies by `<set>/<policy>`.
#[derive(Clone, Debug, Default)]
pub struct Library {
    /// The policies.
    pub policies: BTreeMap<String, LibraryPolicy>,
    /// The sets, in order.
    pub sets: Vec<String>,
}

/// Reads the library of a workspace, with every fault in it.
#[must_use]
pub fn load(workspace: &Workspace) -> (Library, Vec<Diagnostic>) {
    let mut library = Library::default();
    let mut faults = Vec::new();
    let root = workspace.library();
    let sets = match folders(&root, &workspace.shown(&root)) {
        Ok(sets) => sets,
        Err(fault) => return (library, vec![fault]),
    };
    for (set, folder) in sets {
        match folders(&folder, &workspace.shown(&folder)) {
            Err(fault) => faults.push(fault),
            Ok(policies) => {
                for (name, folder) in policies {
                    match read_policy(workspace, &set, &name, &folder) {
                        Ok(policy) => drop(library.policies.insert(policy.key(), policy)),
                        Err(found) => faults.extend(found),
                    }
                }
            }
        }
        library.sets.push(set);
    }
    for policy in library.policies.values() {
        faults.extend(check_parameters(policy));
    }
    (
        library,
        faults.into_iter().map(Diagnostic::unusable).collect(),
    )
}

fn read_policy(
    workspace: &Workspace,
    set: &str,
    name: &str,
    folder: &Path,
) -> Result<LibraryPolicy, Vec<Diagnostic>> {
    let path = folder.join(TEMPLATE);
    let template = files::read_text(&path, &workspace.shown(&path)).map_err(|fault| {
        vec![fault.help("a folder of a policy set holds `policy.yaml`, the template of one policy")]
    })?;
    let params = folder.join("params.yaml");
    let parameters = if params.is_file() {
        Some(files::load(
            &params,
            &workspace.shown(&params),
            "parameters.json",
        )?)
    } else {
        None
    };
    Ok(LibraryPolicy {
        set: set.to_owned(),
        name: name.to_owned(),
        folder: folder.to_path_buf(),
        template,
        parameters,
    })
}

/// A parameter that the template never reads, that hides a built-in variable, or whose default is
/// not as it declares, is an error.
fn check_parameters(policy: &LibraryPolicy) -> Vec<Diagnostic> {
    let Some(file) = &policy.parameters else {
        return Vec::new();
    };
    // A syntax error is reported when the template is rendered.
    let read = template::variables(&policy.template.text).ok();
    let mut faults = Vec::new();
    for (name, parameter) in &file.value.spec.parameters {
        let Some(place) = policy.declaration(name) else {
            continue;
        };
        if BUILT_IN.contains(&name.as_str()) {
            faults.push(
                Diagnostic::error(format!("the parameter `{name}` hides the variable of the same name that every template has"))
                    .at(place, "choose another name"),
            );
        } else if read.as_ref().is_some_and(|read| !read.contains(name)) {
            faults.push(
                Diagnostic::error(format!("the parameter `{name}` is never read"))
                    .at(
                        place,
                        format!("{} does not use it", policy.template.path.display()),
                    )
                    .help(format!(
                        "write `<% {name} %>` in the template, or remove the parameter"
                    )),
            );
        } else if let Some(default) = &parameter.default {
            let schema = crate::schema_check::DocumentSchema::compile(&parameter.to_json_schema());
            for fault in schema.iter().flat_map(|schema| schema.faults(default)) {
                faults.push(
                    Diagnostic::error(format!(
                        "the default of `{name}` is not as the parameter declares: {}",
                        fault.message
                    ))
                    .at(place.clone(), fault.message),
                );
            }
        }
    }
    faults
}
