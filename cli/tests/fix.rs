//! `portcullis fix`: what becomes of older forms, and that a policy then says what it said before; and
//! `portcullis compile` and `migrate policy`, which make policies of other kinds.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at what it does not expect"
)]

mod program;

use std::{fs, path::Path};

use program::{Scratch, answer, check, fixture};

#[test]
fn patches() {
    for (name, arguments) in [
        ("fix_policy", ["fix", "policy", "policies.yaml"]),
        ("fix_template", ["fix", "policy", "library"]),
        ("fix_test", ["fix", "test", "suite"]),
        ("fix_nothing", ["fix", "policy", "other.yaml"]),
        ("fix_missing", ["fix", "policy", "missing.yaml"]),
    ] {
        check(name, "fix", &arguments, "");
    }
}

#[test]
fn policies_of_other_kinds() {
    for (name, arguments) in [
        ("compile_native", ["compile", "policies.yaml", "--to=vap"]),
        (
            "compile_native_mutation",
            ["compile", "policies.yaml", "--to=map"],
        ),
        (
            "compile_native_refused",
            ["compile", "refused.yaml", "--to=vap"],
        ),
        (
            "compile_native_unasked",
            ["compile", "refused.yaml", "--all"],
        ),
    ] {
        check(name, "native", &arguments, "");
    }
    for (name, arguments) in [
        (
            "migrate_policy",
            ["migrate", "policy", "policies.yaml", "--inputs=500"],
        ),
        (
            "migrate_policy_unknown_kind",
            ["migrate", "policy", "conditions.yaml", "--seed=7"],
        ),
        (
            "migrate_policy_pod_security",
            ["migrate", "policy", "pod-security.yaml", "--inputs=500"],
        ),
        (
            "migrate_policy_missing",
            ["migrate", "policy", "missing.yaml", "--inputs=1"],
        ),
    ] {
        check(name, "migration", &arguments, "");
    }
}

/// Copies the fixture to a folder of its own.
fn copy(name: &str) -> Scratch {
    fn folder(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let (from, name) = entry
                .map(|entry| (entry.path(), entry.file_name()))
                .unwrap();
            if from.is_dir() {
                folder(&from, &to.join(name));
            } else {
                fs::copy(&from, to.join(name)).unwrap();
            }
        }
    }
    let scratch = Scratch::new(name);
    folder(&fixture("fix"), &scratch.0);
    scratch
}

#[test]
fn verdicts_stay_and_a_second_run_changes_nothing() {
    let scratch = copy("fix-verdicts");
    let run = |arguments: &[&str]| answer(&scratch.0, arguments, b"");
    let verdicts = || {
        let arguments = [
            "apply",
            "policies.yaml",
            "-r",
            "suite/pods.yaml",
            "--format",
        ];
        let json = run(&[&arguments[..], &["json"]].concat());
        let objects = run(&[
            "apply",
            "policies.yaml",
            "-r",
            "suite/pods.yaml",
            "--compat",
        ]);
        (json, objects)
    };
    let before = verdicts();
    assert!(before.0.contains("\"result\": \"fail\""), "{}", before.0);
    assert!(before.0.contains("older-forms"), "{}", before.0);
    let saved = run(&["fix", "policy", ".", "--save"]);
    assert!(saved.contains("made new in 2 files"), "{saved}");
    assert_eq!(verdicts(), before);
    let texts = || {
        ["policies.yaml", "library/policy.yaml", "other.yaml"]
            .map(|file| fs::read_to_string(scratch.0.join(file)).unwrap())
    };
    let once = texts();
    let again = run(&["fix", "policy", ".", "--save"]);
    assert!(again.contains("nothing was changed"), "{again}");
    assert_eq!(texts(), once);
}

#[test]
fn a_suite_with_something_left_is_written_when_forced() {
    let scratch = copy("fix-suite");
    let run = |arguments: &[&str]| answer(&scratch.0, arguments, b"");
    let text = || fs::read_to_string(scratch.0.join("suite/kyverno-test.yaml")).unwrap();
    let before = text();
    assert!(run(&["fix", "test", ".", "--save"]).contains("not written"));
    assert_eq!(text(), before);
    assert!(run(&["fix", "test", ".", "--save", "--force"]).contains("made new in 1 file"));
    assert!(
        text().starts_with("# The suite of the first days.\napiVersion:"),
        "{}",
        text()
    );
}

/// The policies and suites of the repository are in the newest form.
#[test]
fn the_library_is_left_alone() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for what in ["policy", "test"] {
        let answer = answer(root, &["fix", what, "policy-library"], b"");
        assert!(answer.contains("--- stdout\n--- stderr"), "{answer}");
    }
}
