//! Asks a program about a case.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
};

use serde_json::Value;

use crate::{
    answer::Answer,
    case::{Case, Command, policy_file, read},
};

/// The two programs.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    pub(crate) kyverno: PathBuf,
    pub(crate) portcullis: PathBuf,
}

impl Programs {
    /// Kyverno's answer to a case, and that of Portcullis.
    pub(crate) fn ask(&self, command: Command, case: &Case) -> io::Result<(Answer, Answer)> {
        let folder = tempfile::tempdir()?;
        case.write(folder.path())?;
        let kyverno = process::Command::new(&self.kyverno);
        let portcullis = process::Command::new(&self.portcullis);
        let theirs = ask(kyverno, &[], command, case, folder.path(), "theirs.yaml")?;
        let ours = ask(
            portcullis,
            &["--compat"],
            command,
            case,
            folder.path(),
            "ours.yaml",
        )?;
        Ok((theirs, ours))
    }
}

/// Runs a program in the folder of a case.
fn ask(
    mut program: process::Command,
    flags: &[&str],
    command: Command,
    case: &Case,
    folder: &Path,
    objects: &str,
) -> io::Result<Answer> {
    program.current_dir(folder).env("HOME", folder);
    match command {
        // A file that does not load takes its folder with it in Kyverno, and so each one is named.
        Command::Apply => program
            .arg("apply")
            .args((0..case.policies.len()).map(policy_file))
            .args(["--resource", "objects.yaml", "-p", "-o", objects]),
        Command::ApplyJson => program
            .arg("apply")
            .args((0..case.policies.len()).map(policy_file))
            .args(["--json", "objects.yaml", "-p"]),
        Command::Test => program.args(["test", ".", "-o", "json"]),
    };
    let ran = program.args(flags).args(&case.arguments).output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (output, errors) = (text(&ran.stdout), text(&ran.stderr));
    let mut answer = Answer::default();
    if !matches!(ran.status.code(), Some(0..=2)) || is_panic(&errors) {
        answer.crash = Some(format!(
            "{:?} {}",
            ran.status.code(),
            errors.lines().take(12).collect::<Vec<_>>().join("\n")
        ));
        return Ok(answer);
    }
    // Kyverno answers nothing where a policy in CEL does not compile.
    if errors.starts_with("Error: ") && answer_is_nothing(command, &output) {
        let names = case.policies.iter().flat_map(|policy| read(policy));
        match &names.collect::<Vec<_>>()[..] {
            [policy] => answer.refused.extend(name(policy)),
            _ => answer.crash = Some(errors),
        }
        return Ok(answer);
    }
    match command {
        Command::Apply => {
            answer.take_reports(&output);
            let files = case.files.iter().map(|(_, text)| text);
            let given = case.objects.iter().chain(files);
            let given: Vec<_> = given.flat_map(|object| read(object)).collect();
            answer.take_objects(
                &fs::read_to_string(folder.join(objects)).unwrap_or_default(),
                &given,
            );
        }
        Command::ApplyJson => answer.take_reports(&output),
        Command::Test => answer.take_table(&output),
    }
    answer.take_refusals(&output, &errors);
    Ok(answer)
}

/// Whether `apply` printed no report.
fn answer_is_nothing(command: Command, output: &str) -> bool {
    command != Command::Test && !output.contains("apiVersion: openreports.io/")
}

fn name(policy: &Value) -> Option<String> {
    let name = policy.pointer("/metadata/name")?.as_str()?;
    Some(name.to_owned())
}

/// Whether a program died; a Go program exits with 2 then, a Rust program with 101.
fn is_panic(errors: &str) -> bool {
    ["panic: ", "fatal error: ", "goroutine 1 "]
        .iter()
        .any(|word| errors.contains(word))
}
