//! The README of a library policy, made from its annotations and its parameters.

use std::path::PathBuf;

use serde_json::Value;

use crate::{
    diagnostic::{Diagnostic, Place, SourceFile},
    library::{Library, LibraryPolicy},
    render::{self, RenderedPolicy},
    workspace::Workspace,
};

/// The file's name.
pub const FILE: &str = "README.md";

/// The READMEs that are missing or do not say what the policies say, each with the right text.
///
/// # Errors
/// Where a policy does not render with its defaults.
pub fn outdated(
    workspace: &Workspace,
    library: &Library,
) -> Result<Vec<(PathBuf, String)>, Diagnostic> {
    let mut outdated = Vec::new();
    for policy in library.policies.values() {
        let rendered = render::render_policy(workspace, policy, None)?;
        let path = policy.folder.join(FILE);
        let text = readme(policy, &rendered);
        if std::fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            outdated.push((path, text));
        }
    }
    Ok(outdated)
}

/// A warning for each README that is there and out of date.
#[must_use]
pub fn check(workspace: &Workspace, library: &Library) -> Vec<Diagnostic> {
    let outdated = outdated(workspace, library).unwrap_or_default();
    let there = outdated.into_iter().filter(|(path, _)| path.is_file());
    let warning = |(path, _): (PathBuf, String)| {
        let file = SourceFile::new(workspace.shown(&path), "");
        Diagnostic::warning("the README does not say what the policy says")
            .at(Place::whole(file), "made from annotations and parameters")
            .help("write it anew with `portcullis render --readmes`")
    };
    there.map(warning).collect()
}

/// The README's text; `rendered` is the policy with its defaults.
#[must_use]
pub fn readme(policy: &LibraryPolicy, rendered: &RenderedPolicy) -> String {
    let metadata = rendered.document.value.get("metadata");
    let annotation = |name: &str| {
        let key = format!("policies.kyverno.io/{name}");
        let annotations = metadata.and_then(|metadata| metadata.get("annotations"));
        annotations
            .and_then(|all| all.get(&key))
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let title = match annotation("title") {
        "" => policy.name.as_str(),
        title => title,
    };
    let mut text = format!("# {title}\n\n{}\n\n", annotation("description").trim());
    text.push_str(&format!(
        "| category | severity | subject |\n|---|---|---|\n| {} | {} | {} |\n\n",
        annotation("category"),
        annotation("severity"),
        annotation("subject"),
    ));
    text.push_str(&rules(&rendered.document.value));
    text.push_str(&parameters(policy));
    text
}

fn rules(document: &Value) -> String {
    let rules = document.pointer("/spec/rules").and_then(Value::as_array);
    rules
        .into_iter()
        .flatten()
        .fold("## Rules\n\n".to_owned(), |mut text, rule| {
            let field = |pointer: &str| {
                rule.pointer(pointer)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            let says = match field("/validate/message").trim() {
                "" => String::new(),
                message => format!(": {message}"),
            };
            text.push_str(&format!("- `{}`{says}\n", field("/name")));
            text
        })
}

fn parameters(policy: &LibraryPolicy) -> String {
    let Some(file) = &policy.parameters else {
        return String::new();
    };
    let head = "\n## Parameters\n\n| name | type | default | meaning |\n|---|---|---|---|\n";
    file.value
        .spec
        .parameters
        .iter()
        .fold(head.to_owned(), |mut text, (name, parameter)| {
            let kind = serde_json::to_value(parameter.r#type).unwrap_or_default();
            let default = parameter
                .default
                .as_ref()
                .map_or("none".to_owned(), |default| format!("`{default}`"));
            text.push_str(&format!(
                "| `{name}` | {} | {} | {} |\n",
                kind.as_str().unwrap_or_default(),
                default.replace('|', "\\|"),
                parameter.description.as_deref().unwrap_or_default(),
            ));
            text
        })
}
