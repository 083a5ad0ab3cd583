//! `portcullis diff`: two folders, two revisions, and what goes wrong on the way.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot start a command should fail"
)]

mod program;

use std::{fs, path::Path, process::Command};

use program::{Scratch, answer, check, fixture};

#[test]
fn folders() {
    let fails = ["diff", "before", "after", "--fail-on", "looser", "-e"];
    let fails = |environment| [&fails[..], &[environment]].concat();
    for (name, arguments) in [
        ("diff", &["diff", "before", "after"][..]),
        ("diff_same", &["diff", "before", "before"]),
        (
            "diff_json",
            &["diff", "before", "after", "--format", "json"],
        ),
        (
            "diff_markdown",
            &["diff", "before", "after", "--format", "markdown"],
        ),
        ("diff_fails", &fails("production")),
        ("diff_unknown_environment", &fails("prod")),
        ("diff_no_workspace", &["diff", "before", "gone"]),
    ] {
        check(name, "diff", arguments, "");
    }
}

#[test]
fn revisions() {
    let scratch = Scratch::new("diff");
    copy(&fixture("diff/before"), &scratch.0.join("shop"));
    git(&scratch.0, &["init", "-q"]);
    commit(&scratch.0, "one");
    fs::remove_dir_all(scratch.0.join("shop")).unwrap();
    copy(&fixture("diff/after"), &scratch.0.join("shop"));
    for (arguments, code, wanted) in [
        (&["diff"][..], 0, "failure action Audit → Enforce"),
        (
            &["diff", "HEAD..HEAD", "--fail-on", "change"],
            0,
            "no difference",
        ),
        (
            &["diff", "HEAD", "--fail-on", "change"],
            1,
            "production: 1 added, 2 removed, 4 changed",
        ),
        (
            &["diff", "HEAD"],
            0,
            "HEAD:/policy-library/pods/require-owner/policy.yaml:1:1",
        ),
        (&["diff", "gone..HEAD"], 2, "git knows no revision `gone`"),
        (
            &["diff", "--", "--help..HEAD"],
            2,
            "git knows no revision `--help`",
        ),
    ] {
        expect(&scratch.0.join("shop"), arguments, code, wanted);
    }
    commit(&scratch.0, "two");
    let shop = scratch.0.join("shop");
    expect(&shop, &["diff"], 0, "production: no difference");
    expect(
        &shop,
        &["diff", "HEAD~1.."],
        0,
        "rule `memory`: `exclude` grown",
    );
    expect(
        &shop,
        &["diff", "HEAD..HEAD~1"],
        0,
        "rule `memory`: `exclude` shrunk",
    );
    fs::rename(&shop, scratch.0.join("moved")).unwrap();
    let moved = scratch.0.join("moved");
    expect(&moved, &["diff"], 2, "has no `moved/portcullis.yaml`");
}

#[test]
fn without_a_repository_git_says_so() {
    let scratch = Scratch::new("diff-none");
    copy(&fixture("diff/before"), &scratch.0);
    expect(&scratch.0, &["diff"], 2, "not a git repository");
}

fn expect(folder: &Path, arguments: &[&str], code: i32, wanted: &str) {
    let answer = answer(folder, arguments, b"");
    let start = format!("exit code Some({code})");
    assert!(answer.starts_with(&start), "{arguments:?}\n{answer}");
    assert!(answer.contains(wanted), "{arguments:?}\n{answer}");
}

fn commit(folder: &Path, message: &str) {
    git(folder, &["add", "-A"]);
    let author = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    git(
        folder,
        &[&author[..], &["commit", "-q", "-m", message]].concat(),
    );
}

fn git(folder: &Path, arguments: &[&str]) {
    let done = Command::new("git")
        .current_dir(folder)
        .args(arguments)
        .status();
    assert!(done.unwrap().success(), "git {arguments:?}");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
