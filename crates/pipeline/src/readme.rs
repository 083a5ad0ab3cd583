//! The README of a library policy, made from its annotations and its parameters.

use std::path::PathBuf;

use serde_json::Value;

use crate::{
    diagnostic::{Diagnostic, Place, SourceFile},
    library::{Library, LibraryPolicy},
    render::{self, RenderedPolicy},
    renderings::DEFAULTS,
    workspace::Workspace,
};

/// The file's name.
pub const FILE: &str = "README.md";

/// The READMEs that are missing or do not say what the policies say, each with the right text; and
/// why a policy does not render with its defaults.
#[must_use]
pub fn outdated(
    workspace: &Workspace,
    library: &Library,
) -> (Vec<(PathBuf, String)>, Vec<Diagnostic>) {
    let mut outdated = (Vec::new(), Vec::new());
    for policy in library.policies.values() {
        match render::render_policy(workspace, policy, None) {
            Ok(rendered) => {
                let path = policy.folder.join(FILE);
                let text = readme(policy, &rendered);
                if std::fs::read_to_string(&path).ok().as_ref() != Some(&text) {
                    outdated.0.push((path, text));
                }
            }
            Err(fault) => outdated.1.push(fault.rendered_for([DEFAULTS])),
        }
    }
    outdated
}

/// An error for each README that does not say what its policy says, and a warning for each that is
/// missing.
#[must_use]
pub fn check(workspace: &Workspace, library: &Library) -> Vec<Diagnostic> {
    let (outdated, mut found) = outdated(workspace, library);
    found.extend(outdated.iter().map(|(path, wanted)| {
        let shown = workspace.shown(path);
        let fault = match std::fs::read_to_string(path) {
            Ok(text) => stale(SourceFile::new(shown, text), wanted),
            Err(_) => Diagnostic::warning("the policy has no README").at(
                Place::whole(SourceFile::new(shown, "")),
                "expected this file",
            ),
        };
        fault.help("`portcullis render --readmes` writes it, from annotations and parameters")
    }));
    found
}

/// A README that is out of date, at its first line that is not as it should be.
fn stale(file: SourceFile, wanted: &str) -> Diagnostic {
    let lines = file.text.lines().map(Some).chain(std::iter::repeat(None));
    let wanted = wanted.lines().map(Some).chain(std::iter::once(None));
    let mut pairs = lines.zip(wanted).enumerate();
    let differs = pairs.find(|(_, (found, wanted))| found != wanted);
    let (number, label) = match differs {
        Some((number, (_, Some(wanted)))) if !wanted.is_empty() => {
            (number, format!("expected `{wanted}`"))
        }
        Some((number, _)) => (number, "expected no such line".to_owned()),
        None => (0, "other line breaks are expected".to_owned()),
    };
    let place = Place {
        span: file.line(number + 1),
        file,
    };
    Diagnostic::error("the README does not say what the policy says").at(place, label)
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
