//! Documents: what can be named has its test and its entry, and references say what the code says.

use portcullis_cli::command_line::definition;
use portcullis_engine::pod_security::CHECKS;
use portcullis_jmespath::FUNCTIONS;

use super::{none, read, root, tracked};
use crate::reference;

#[test]
fn references_are_the_generated_ones() {
    if std::env::var_os("UPDATE").is_some() {
        reference::write(&root()).expect("references are written");
    }
    let changed = reference::changed(&root());
    none(&changed, "run `cargo xtask reference`");
}

#[test]
fn every_control_is_registered_and_tested() {
    let folder = "crates/engine/src/pod_security/controls/";
    let files: Vec<String> = tracked()
        .into_iter()
        .filter(|name| name.starts_with(folder) && !name.ends_with("/case.rs"))
        .collect();
    let registry = read("crates/engine/src/pod_security/registry.rs");
    let mut problems = Vec::new();
    for file in &files {
        let name = file.trim_start_matches(folder).trim_end_matches(".rs");
        if !registry.contains(&format!("controls::{name}::CHECK,")) {
            problems.push(format!("{file} is not in the registry"));
        }
    }
    for check in CHECKS {
        for pod in ["pass", "fail"] {
            let name = format!("crates/engine/tests/pod_security/{}/{pod}.yaml", check.id);
            if !root().join(&name).is_file() {
                problems.push(format!("{name} is missing"));
            }
        }
    }
    none(
        &problems,
        "a control is one file, one entry, one passing and one failing pod",
    );
}

#[test]
fn every_function_is_tested() {
    let tests: String = ["evaluate", "functions"]
        .map(|name| read(&format!("crates/jmespath/tests/{name}.rs")))
        .concat();
    let untested: Vec<String> = FUNCTIONS
        .iter()
        .filter(|function| !calls(&tests, function.name))
        .map(|function| format!("{} is in no test of crates/jmespath/tests", function.name))
        .collect();
    none(&untested, "add a row to the table of its family");
}

#[test]
fn every_command_is_tested() {
    let tests: Vec<String> = tracked()
        .into_iter()
        .filter(|name| name.starts_with("cli/tests/") && name.ends_with(".rs"))
        .map(|name| read(&name))
        .collect();
    let definition = definition();
    let mut problems = Vec::new();
    for command in definition.get_subcommands() {
        let name = command.get_name();
        let argument = format!("[\"{name}\"");
        if !tests.iter().any(|text| text.contains(&argument)) {
            problems.push(format!("`{name}` is run by no test of cli/tests"));
        }
    }
    none(&problems, "add a snapshot");
}

/// Whether a text calls the function: its name, not the end of a longer one, before a bracket.
fn calls(text: &str, function: &str) -> bool {
    let call = format!("{function}(");
    text.match_indices(&call).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        before.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_')
    })
}
