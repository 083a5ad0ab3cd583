//! The hooks of `.pre-commit-hooks.yaml`, each as git's own hook in a scratch repository.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

use std::{
    collections::BTreeMap, env, fs, os::unix::fs::PermissionsExt, path::Path, process::Command,
};

const HOOKS: &str = include_str!("../../.pre-commit-hooks.yaml");

/// A change that each hook refuses: the hook, the file, what stands there, what is put in its place.
const REFUSED: &[(&str, &str, &str, &str)] = &[
    (
        "portcullis-verify",
        "policy-library/best-practices/require-app-label/tests/kyverno-test.yaml",
        "result: fail",
        "result: pass",
    ),
    (
        "portcullis-validate",
        "manifest.yaml",
        "kind: ConfigMap",
        "kind: ConfigMap\nsurprise: true",
    ),
];

#[test]
fn each_hook_lets_a_good_commit_pass_and_stops_a_bad_one() {
    let entries = entries();
    let tried = REFUSED.iter().map(|(id, ..)| (*id).to_owned());
    assert!(tried.eq(entries.keys().rev().cloned()), "{entries:?}");
    for (id, file, good, bad) in REFUSED {
        let name = format!("portcullis-hook-{id}-{}", std::process::id());
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        let program = env!("CARGO_BIN_EXE_portcullis");
        let new = Command::new(program)
            .current_dir(&folder)
            .args(["new", "workspace", "."])
            .output();
        assert!(new.unwrap().status.success());
        let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
        fs::write(folder.join("manifest.yaml"), manifest).unwrap();
        assert!(git(&folder, &["init", "-q", "."]).0);
        install(&folder, &entries[*id], file);
        assert!(git(&folder, &["add", "-A"]).0);
        let (is_done, said) = commit(&folder);
        assert!(is_done, "{id}: {said}");
        let text = fs::read_to_string(folder.join(file)).unwrap();
        assert!(text.contains(good), "{text}");
        fs::write(folder.join(file), text.replace(good, bad)).unwrap();
        assert!(git(&folder, &["add", "-A"]).0);
        let (is_done, said) = commit(&folder);
        assert!(!is_done, "{id}: {said}");
        assert!(
            said.contains(file.rsplit('/').next().unwrap()),
            "{id}: {said}"
        );
        fs::remove_dir_all(&folder).unwrap();
    }
}

/// The command of each hook by its id, with whether it is given the changed files.
fn entries() -> BTreeMap<String, (String, bool)> {
    let mut found = BTreeMap::new();
    for hook in HOOKS.split("\n- ").skip(1) {
        let value = |key: &str| {
            let mut lines = hook.lines().map(str::trim);
            lines.find_map(|line| line.strip_prefix(&format!("{key}: ")).map(str::to_owned))
        };
        let takes_files = value("pass_filenames").as_deref() != Some("false");
        found.insert(value("id").unwrap(), (value("entry").unwrap(), takes_files));
    }
    found
}

/// Puts the command where git runs it before a commit, as pre-commit does.
fn install(folder: &Path, (entry, takes_files): &(String, bool), file: &str) {
    let program = Path::new(env!("CARGO_BIN_EXE_portcullis"));
    let paths = program.parent().unwrap().display();
    let files = if *takes_files { file } else { "" };
    let script = format!("#!/bin/sh\nPATH=\"{paths}:$PATH\" exec {entry} {files}\n");
    let hook = folder.join(".git/hooks/pre-commit");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, script).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
}

fn commit(folder: &Path) -> (bool, String) {
    let author = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    git(
        folder,
        &[&author[..], &["commit", "-q", "-m", "change"]].concat(),
    )
}

fn git(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let done = Command::new("git")
        .current_dir(folder)
        .args(arguments)
        .output();
    let done = done.unwrap();
    let said = [done.stdout, done.stderr].concat();
    (
        done.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}
