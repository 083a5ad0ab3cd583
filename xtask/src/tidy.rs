//! The tidy test: what holds for the whole repository and no compiler checks.
//!
//! Each room has one subject; a test collects every problem and tells them together.

mod commands;
mod containers;
mod crates;
mod documents;
mod files;
mod modules;
mod release;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The folder of the repository.
pub(super) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("xtask is in a folder").to_owned()
}

/// The files that git tracks or would track, and that are there, by their path from the root.
pub(super) fn tracked() -> Vec<String> {
    let listed = output(
        "git",
        &["ls-files", "--cached", "--others", "--exclude-standard"],
    );
    let there = listed.lines().filter(|name| root().join(name).is_file());
    there.map(str::to_owned).collect()
}

/// The text of a file, by its path from the root.
pub(super) fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What a program writes, run in the root.
pub(super) fn output(program: &str, arguments: &[&str]) -> String {
    let done = Command::new(program)
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let talk = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{program} {arguments:?}: {talk}");
    String::from_utf8(done.stdout).expect("UTF-8")
}

/// Fails with every problem, one a line.
pub(super) fn none(problems: &[String], remedy: &str) {
    assert!(
        problems.is_empty(),
        "{}\n{} problem(s); {remedy}",
        problems.join("\n"),
        problems.len()
    );
}
