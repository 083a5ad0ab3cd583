//! What `new` starts: files of a workspace, a policy with its test, an environment, an exception.
//!
//! Each function returns the files with their text and writes nothing. What is started passes
//! `verify` as it is.

use std::path::{Path, PathBuf};

use portcullis_api::schemas::schema_documents;

use crate::workspace;

/// The folder of the editor's schemas in a workspace.
pub const SCHEMAS: &str = "schemas";

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Where, relative to the workspace's root.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
}

/// The kind of a policy that is started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PolicyKind {
    /// Patterns and JMESPath, of `kyverno.io`.
    #[default]
    ClusterPolicy,
    /// CEL, of `policies.kyverno.io`.
    ValidatingPolicy,
}

impl PolicyKind {
    fn policy(self) -> &'static str {
        match self {
            PolicyKind::ClusterPolicy => include_str!("scaffold/cluster-policy.yaml"),
            PolicyKind::ValidatingPolicy => include_str!("scaffold/validating-policy.yaml"),
        }
    }

    /// How a row of a suite says what it is about, beside the policy's name.
    fn row(self) -> &'static str {
        match self {
            PolicyKind::ClusterPolicy => "rule: label",
            PolicyKind::ValidatingPolicy => "isValidatingPolicy: true",
        }
    }
}

/// Why nothing can be started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScaffoldError {
    /// The name cannot name a Kubernetes object.
    #[error(
        "`{0}` cannot be a name: write lower-case letters, digits and `-`, from a letter to a letter or digit, 63 at most"
    )]
    Name(String),
    /// A policy is named with its set.
    #[error(
        "`{0}` names no policy: write `<set>/<policy>`, such as `best-practices/require-labels`"
    )]
    PolicyKey(String),
}

/// The files of a workspace with one policy and one environment.
#[must_use]
pub fn workspace() -> Vec<NewFile> {
    let (library, environments) = ("policy-library", "environments");
    let schemas = |folder: &str, depth| schema_root(Some(SCHEMAS), Path::new(folder), depth);
    let (set, name) = ("best-practices", "require-app-label");
    let kind = PolicyKind::default();
    let policy = policy_files(library, (set, name), kind, &schemas(library, 2));
    let root = schemas(environments, 1);
    let environment = environment_files(environments, "production", &[set], &root);
    let file = NewFile {
        path: PathBuf::from(workspace::FILE),
        text: include_str!("scaffold/portcullis.yaml")
            .replace("@newest@", portcullis_schema::NEWEST)
            .replace("@schemas@", SCHEMAS),
    };
    [file]
        .into_iter()
        .chain(policy)
        .chain(environment)
        .chain(schema_files())
        .collect()
}

/// The schemas that the files of a workspace name, for editors.
fn schema_files() -> Vec<NewFile> {
    const NAMES: [&str; 7] = [
        "workspace.json",
        "environment.json",
        "parameters.json",
        "test.json",
        "clusterpolicy-v1.json",
        "validatingpolicy.json",
        "policyexception-kyverno.json",
    ];
    let mut all = schema_documents();
    all.retain(|document| NAMES.contains(&document.file_name));
    all.into_iter()
        .map(|document| NewFile {
            path: Path::new(SCHEMAS).join(document.file_name),
            text: serde_json::to_string_pretty(&document.schema).unwrap_or_default() + "\n",
        })
        .collect()
}

/// The files of a policy `<set>/<policy>`; `schemas` is the path of the schema folder from the
/// workspace's root, if it has one.
///
/// # Errors
/// Where the name cannot be one.
pub fn policy(
    library: &str,
    key: &str,
    kind: PolicyKind,
    schemas: Option<&str>,
) -> Result<Vec<NewFile>, ScaffoldError> {
    let parts = key
        .split_once('/')
        .filter(|(_, policy)| !policy.contains('/'));
    let (set, name) = parts.ok_or_else(|| ScaffoldError::PolicyKey(key.to_owned()))?;
    check_name(set)?;
    check_name(name)?;
    let schemas = schema_root(schemas, Path::new(library), 2);
    Ok(policy_files(library, (set, name), kind, &schemas))
}

/// The files of an environment that takes in these sets.
///
/// # Errors
/// Where the name cannot be one.
pub fn environment(
    folder: &str,
    name: &str,
    sets: &[&str],
    schemas: Option<&str>,
) -> Result<Vec<NewFile>, ScaffoldError> {
    check_name(name)?;
    Ok(environment_files(
        folder,
        name,
        sets,
        &schema_root(schemas, Path::new(folder), 1),
    ))
}

/// The file of an exception from a policy in an environment.
///
/// # Errors
/// Where the name cannot be one.
pub fn exception(
    folder: &str,
    environment: &str,
    name: &str,
    policy: &str,
    expires: &str,
    schemas: Option<&str>,
) -> Result<Vec<NewFile>, ScaffoldError> {
    check_name(name)?;
    let schemas = schema_root(schemas, Path::new(folder), 2);
    let policy = policy.rsplit('/').next().unwrap_or(policy);
    let text = include_str!("scaffold/exception.yaml")
        .replace("@name@", name)
        .replace("@policy@", policy)
        .replace("@expires@", expires)
        .replace("@schemas@", &schemas);
    let text = with_schema(&text, &schemas);
    let path = Path::new(folder)
        .join(environment)
        .join("exceptions")
        .join(format!("{name}.yaml"));
    Ok(vec![NewFile { path, text }])
}

fn policy_files(
    library: &str,
    (set, name): (&str, &str),
    kind: PolicyKind,
    schemas: &str,
) -> Vec<NewFile> {
    let folder = Path::new(library).join(set).join(name);
    let fill = |text: &str| {
        let text = text.replace("@name@", name).replace("@row@", kind.row());
        text.replace("@schemas@", schemas)
    };
    let file = |path: &str, text: &str| NewFile {
        path: folder.join(path),
        text: with_schema(&fill(text), schemas),
    };
    vec![
        file("policy.yaml", kind.policy()),
        file("params.yaml", include_str!("scaffold/params.yaml")),
        file(
            "tests/kyverno-test.yaml",
            &include_str!("scaffold/kyverno-test.yaml").replace("@schemas@", "../@schemas@"),
        ),
        file(
            "tests/resources.yaml",
            include_str!("scaffold/resources.yaml"),
        ),
    ]
}

fn environment_files(folder: &str, name: &str, sets: &[&str], schemas: &str) -> Vec<NewFile> {
    let text = include_str!("scaffold/environment.yaml")
        .replace("@name@", name)
        .replace("@sets@", &sets.join(", "))
        .replace("@schemas@", schemas);
    vec![NewFile {
        path: Path::new(folder).join(name).join("environment.yaml"),
        text: with_schema(&text, schemas),
    }]
}

/// Leaves out the editor's schema line where the workspace has no schemas.
fn with_schema(text: &str, schemas: &str) -> String {
    match text.split_once('\n') {
        Some((first, rest)) if schemas.is_empty() && first.contains("$schema=") => rest.to_owned(),
        _ => text.to_owned(),
    }
}

/// The way from a file `depth` folders below `folder` to the schemas.
fn schema_root(schemas: Option<&str>, folder: &Path, depth: usize) -> String {
    match schemas {
        Some(schemas) => format!(
            "{}{schemas}",
            "../".repeat(folder.components().count() + depth)
        ),
        None => String::new(),
    }
}

fn check_name(name: &str) -> Result<(), ScaffoldError> {
    let lower = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    let fits = name.len() <= 63
        && name.starts_with(|character: char| character.is_ascii_lowercase())
        && name.ends_with(lower)
        && name
            .chars()
            .all(|character| lower(character) || character == '-');
    if fits {
        Ok(())
    } else {
        Err(ScaffoldError::Name(name.to_owned()))
    }
}
