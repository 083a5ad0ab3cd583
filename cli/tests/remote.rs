//! Policies, manifests and suites of repositories, in `apply` and `test`.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot start a command should fail"
)]

mod program;

use std::{fs, path::Path, process::Command};

use program::{Scratch, answer, check, fixture, snapshot};

#[test]
fn repositories() {
    let file = "https://localhost/kyverno-test.yaml";
    check("remote_test_file", "suites", &["test", file], "");
    let scratch = Scratch::new("remote");
    let store = scratch.0.join("store");
    let suite = store.join("owners/suite");
    fs::create_dir_all(&suite).unwrap();
    for file in ["policy.yaml", "resources.yaml", "kyverno-test.yaml"] {
        fs::copy(fixture("suites/owners").join(file), suite.join(file)).unwrap();
    }
    fs::write(store.join("owners/notes.txt"), "notes").unwrap();
    git(&store, &["init", "-q", "-b", "main"]);
    git(&store, &["add", "-A"]);
    git(&store, &["commit", "-q", "-m", "one"]);
    let url = format!("file://{}", store.display());
    let (policy, resources) = (
        format!("{url}//owners/suite/policy.yaml"),
        format!("{url}//owners/suite/resources.yaml?ref=main"),
    );
    let suites = format!("{url}//owners");
    let whole = format!("{url}//owners?ref=gone");
    for (name, arguments) in [
        (
            "remote_apply",
            &["apply", &policy, "-r", &resources, "--detailed-results"][..],
        ),
        (
            "remote_apply_branch",
            &["apply", &suites, "-r", &resources, "-b", "main"],
        ),
        (
            "remote_apply_unknown",
            &["apply", &whole, "-r", "missing.yaml,ssh://host/o/r"],
        ),
        ("remote_test", &["test", &suites, "-b", "main"]),
        (
            "remote_test_compat",
            &["test", &suites, "--compat", "-b", "gone"],
        ),
        ("remote_test_watch", &["test", &suites, "--watch"]),
    ] {
        let answer = answer(&scratch.0, arguments, b"");
        let folder = store.display().to_string();
        let answer = answer.replace(&folder, "/store");
        snapshot(
            name,
            &answer.replace(folder.trim_start_matches('/'), "store"),
        );
    }
}

/// A system without certificates, as an image that has nothing: what is on this machine is read all the
/// same.
#[test]
fn a_system_without_certificates() {
    let scratch = Scratch::new("no-certificates");
    let store = scratch.0.join("store");
    fs::create_dir_all(&store).unwrap();
    fs::copy(
        fixture("suites/owners/policy.yaml"),
        store.join("policy.yaml"),
    )
    .unwrap();
    git(&store, &["init", "-q", "-b", "main"]);
    git(&store, &["add", "-A"]);
    git(&store, &["commit", "-q", "-m", "one"]);
    let resources = fixture("suites/owners/resources.yaml");
    let said = |policy: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
        command.args(["apply", policy, "-r"]).arg(&resources);
        for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
            command.env(name, scratch.0.join("none"));
        }
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), told)
    };
    let (code, told) = said(&format!("file://{}//policy.yaml", store.display()));
    assert!(matches!(code, Some(0 | 1)), "{code:?} {told}");
    let (code, told) = said("https://127.0.0.1:1/o/r.git//policy.yaml");
    assert_eq!(code, Some(2), "{told}");
    assert!(
        told.contains("name a file of them by SSL_CERT_FILE"),
        "{told}"
    );
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=test", "-c", "user.email=test@example.com"]);
    command.args(["-c", "commit.gpgsign=false"]).args(arguments);
    assert!(command.current_dir(folder).status().unwrap().success());
}
