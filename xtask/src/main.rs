//! `cargo xtask <command>`: generates the files that are made from code.

mod definitions;
mod kubernetes_schemas;
mod mutants;
mod reference;
mod schemas;
#[cfg(test)]
mod tidy;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask <command>

commands:
  schemas              write schemas/*.json from the types of the api crate
  definitions          write charts/portcullis/definitions/ from the types of the api crate
  reference            write the pages of docs/ that list commands, functions and checks
  mutants              change every policy of the library in every way that its suite should notice
  kubernetes-schemas   write schemas/kubernetes/*.json from Kubernetes' OpenAPI documents (needs Go)";

fn main() -> ExitCode {
    let command = std::env::args().nth(1).unwrap_or_default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let done = match command.as_str() {
        "schemas" => schemas::write(&schemas::folder()),
        "definitions" => definitions::write(&definitions::folder()),
        "reference" => reference::write(&root),
        "mutants" => mutants::run(&root).map(|()| Vec::new()),
        "kubernetes-schemas" => kubernetes_schemas::write(&schemas::folder()),
        _ => Err(io::Error::other(USAGE)),
    };
    report(done)
}

/// Names the files that changed, or says what went wrong.
fn report(done: io::Result<Vec<String>>) -> ExitCode {
    let (text, code) = match done {
        Ok(changed) if changed.is_empty() => ("nothing to change".to_owned(), ExitCode::SUCCESS),
        Ok(changed) => (format!("changed {}", changed.join(", ")), ExitCode::SUCCESS),
        Err(error) => (error.to_string(), ExitCode::from(2)),
    };
    match writeln!(io::stderr(), "{text}") {
        Ok(()) => code,
        Err(_) => ExitCode::from(2),
    }
}
