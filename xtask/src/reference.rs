//! `cargo xtask reference`: writes the pages of `docs/` that list what the code defines: the command
//! line, the functions of CEL and JMESPath and the Pod Security checks.

mod cel;

use std::{fmt::Write, fs, io, path::Path};

use portcullis_cli::{command_line::definition, output::reference as cli_reference};
use portcullis_engine::pod_security::CHECKS;
use portcullis_jmespath::FUNCTIONS;

/// Writes the pages into `docs/` below the root, and names those that changed.
///
/// # Errors
/// Where a page cannot be written.
pub(crate) fn write(root: &Path) -> io::Result<Vec<String>> {
    let names = changed(root);
    for (name, text) in pages() {
        if names.iter().any(|changed| changed == name) {
            fs::write(root.join(name), text)?;
        }
    }
    Ok(names)
}

/// The pages that are not what the code says.
pub(crate) fn changed(root: &Path) -> Vec<String> {
    let differs =
        |name: &str, text: &String| fs::read_to_string(root.join(name)).ok().as_ref() != Some(text);
    let pages = pages().into_iter();
    pages
        .filter(|(name, text)| differs(name, text))
        .map(|(name, _)| name.to_owned())
        .collect()
}

fn pages() -> [(&'static str, String); 4] {
    [
        ("docs/cli.md", command_line()),
        ("docs/cel.md", cel::page()),
        ("docs/jmespath.md", functions()),
        ("docs/pod-security.md", checks()),
    ]
}

/// The help of every command, as the program prints it.
fn command_line() -> String {
    let head = "# The command line\n\nWritten by `cargo xtask reference`.\n";
    format!("{head}{}", cli_reference::whole(definition()))
}

fn functions() -> String {
    let mut text = "# The functions of JMESPath\n\nWritten by `cargo xtask reference`. \
        `portcullis jp function NAME` tells the same of one.\n\n\
        | signature | gives | from |\n|---|---|---|\n"
        .to_owned();
    for function in FUNCTIONS {
        let signature = function.signature().replace('|', "\\|");
        let from = if function.standard {
            "JMESPath"
        } else {
            "Kyverno"
        };
        writeln!(text, "| `{signature}` | {} | {from} |", function.note).ok();
    }
    text
}

fn checks() -> String {
    let mut text =
        "# The checks of the Pod Security Standards\n\nWritten by `cargo xtask reference`. \
        A check holds from its first version on; a further version changes what it allows.\n\n\
        | check | level | versions |\n|---|---|---|\n"
            .to_owned();
    for check in CHECKS {
        let versions: Vec<String> = check
            .revisions
            .iter()
            .map(|revision| revision.since.to_string())
            .collect();
        writeln!(
            text,
            "| `{}` | {} | {} |",
            check.id,
            check.level,
            versions.join(", ")
        )
        .ok();
    }
    text
}
