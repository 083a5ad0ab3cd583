//! `portcullis explain`, `completions` and `man`.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot start a command should fail"
)]

mod program;

use std::fs;

use program::{Scratch, answer, check, fixture};

#[test]
fn explanations() {
    let ask = |name| ["explain", "policy.yaml", "resources.yaml", "--name", name];
    for (name, case, arguments) in [
        ("explain_pass", "explain", &ask("good")[..]),
        ("explain_fail", "explain", &ask("bad")),
        ("explain_unmatched", "explain", &ask("elsewhere")),
        ("explain_unknown_name", "explain", &ask("nobody")),
        (
            "explain_unknown_policy",
            "workspace",
            &["explain", "a/b", "portcullis.yaml"],
        ),
        (
            "explain_unknown_environment",
            "workspace",
            &[
                "explain",
                "best-practices/require-app-label",
                "portcullis.yaml",
                "-e",
                "prod",
            ],
        ),
        (
            "explain_workspace",
            "workspace",
            &[
                "explain",
                "best-practices/require-app-label",
                "policy-library/best-practices/require-app-label/tests/resources.yaml",
                "-e",
                "production",
            ],
        ),
    ] {
        check(name, case, arguments, "");
    }
}

#[test]
fn rules_of_every_kind() {
    let plain = &["explain", "policies.yaml", "resources.yaml"][..];
    let excepted = &[plain, &["--exceptions", "exceptions.yaml"][..]].concat();
    check("explain_kinds", "explain_kinds", plain, "");
    let images = &["explain", "images.yaml", "resources.yaml"];
    check("explain_images", "explain_kinds", images, "");
    let expressions = &["explain", "expressions.yaml", "resources.yaml"];
    check("explain_expressions", "explain_kinds", expressions, "");
    // Nothing of the first object is told of the second, which no rule is asked about.
    let each = &["explain", "expressions.yaml", "pod-and-config-map.yaml"];
    check("explain_expressions_of_each", "explain_kinds", each, "");
    let expressions = &[&expressions[..], &["--format", "json"]].concat();
    check("explain_expressions_json", "explain_kinds", expressions, "");
    check("explain_exceptions", "explain_kinds", excepted, "");
    for format in ["json", "yaml", "junit", "sarif", "markdown", "github"] {
        let arguments = [excepted.as_slice(), &["--format", format][..]].concat();
        let name = format!("explain_as_{format}");
        check(&name, "explain_kinds", &arguments, "");
    }
}

#[test]
fn completions_name_the_commands() {
    let folder = fixture("workspace");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let answer = answer(&folder, &["completions", shell], b"");
        assert!(answer.starts_with("exit code Some(0)"), "{answer}");
        assert!(answer.contains("verify"), "{answer}");
    }
    let answer = answer(&folder, &["completions", "tcsh"], b"");
    assert!(answer.starts_with("exit code Some(2)"), "{answer}");
}

#[test]
fn each_command_has_a_manual_page() {
    let scratch = Scratch::new("man");
    let answer = answer(&scratch.0, &["man", "--output", "pages"], b"");
    assert!(answer.starts_with("exit code Some(0)"), "{answer}");
    for name in ["portcullis", "portcullis-verify", "portcullis-jp-query"] {
        let path = scratch.0.join(format!("pages/{name}.1"));
        let page = fs::read_to_string(path).unwrap();
        assert!(page.contains(".SH NAME"), "{page}");
    }
    fs::write(scratch.0.join("file"), "").unwrap();
    check_refused(&scratch);
}

fn check_refused(scratch: &Scratch) {
    let answer = answer(&scratch.0, &["man", "--output", "file"], b"");
    assert!(answer.starts_with("exit code Some(2)"), "{answer}");
}
