//! What each command answers, over the folders of `fixtures`: exit code, data and talk.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot start a command should fail"
)]

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Runs a command in a folder, and writes what it answered as text.
fn answer(folder: &Path, arguments: &[&str], input: &[u8]) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads no input closes it; that is not what is tested.
    child.stdin.take().unwrap().write_all(input).ok();
    let output = child.wait_with_output().unwrap();
    format!(
        "exit code {:?}\n--- stdout\n{}--- stderr\n{}",
        output.status.code(),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn fixture(case: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(case)
}

fn check(name: &str, case: &str, arguments: &[&str], input: &str) {
    let answer = answer(&fixture(case), arguments, input.as_bytes());
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!(name, answer);
    });
}

/// A folder that does not outlive its test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let name = format!("portcullis-cli-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Scratch(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn suites() {
    for (name, arguments) in [
        ("test", &["test"][..]),
        (
            "test_strict",
            &["test", "owners", "--strict", "--fail-only"],
        ),
        ("test_compat", &["test", "--compat"]),
        (
            "test_compat_fail_only",
            &["test", "--compat", "--fail-only", "--detailed-results"],
        ),
        (
            "test_selector",
            &[
                "test",
                "owners",
                "-t",
                "policy=require-*,resource=orp?an",
                "-o",
                "json",
            ],
        ),
        ("test_selector_unknown", &["test", "-t", "kind=Pod"]),
        ("test_as_yaml", &["test", "owners", "-o", "yaml"]),
        (
            "test_as_markdown",
            &["test", "owners", "-o", "markdown", "--detailed-results"],
        ),
        ("test_as_junit", &["test", "owners", "-o", "junit"]),
        ("test_none_compat", &["test", "--compat", "-f", "none.yaml"]),
        (
            "test_none_required",
            &["test", "--require-tests", "-f", "none.yaml"],
        ),
    ] {
        check(name, "suites", arguments, "");
    }
}

#[test]
fn workspaces() {
    for (name, case, arguments) in [
        ("render", "workspace", &["render", "production"][..]),
        (
            "render_unknown_environment",
            "workspace",
            &["render", "prod"],
        ),
        ("render_template_error", "template_error", &["render"]),
        ("validate_workspace", "workspace", &["validate"]),
        ("validate_wrong_yaml", "wrong_yaml", &["validate"]),
        ("validate_unknown_field", "unknown_field", &["validate"]),
        ("validate_wrong_value", "wrong_value", &["validate"]),
        ("validate_policy_field", "policy_field", &["validate"]),
        (
            "new_policy_bad_name",
            "workspace",
            &["new", "policy", "One"],
        ),
        (
            "new_policy_there_already",
            "workspace",
            &["new", "policy", "best-practices/require-app-label"],
        ),
        (
            "new_exception_refused",
            "workspace",
            &[
                "new",
                "exception",
                "x",
                "-e",
                "nowhere",
                "-p",
                "a/b",
                "--expires",
                "2027-13-01",
            ],
        ),
        (
            "validate_with_own_definitions",
            "definitions",
            &["validate", "--strict", "widget.yaml"],
        ),
        ("unknown_command", "workspace", &["frobnicate"]),
    ] {
        check(name, case, arguments, "");
    }
}

#[test]
fn manifests() {
    let folder = "manifests";
    check("manifests", folder, &["validate", "."], "");
    check("manifests_missing", folder, &["validate", "gone.yaml"], "");
    check(
        "manifests_strict",
        folder,
        &["validate", "--strict", "bad.yaml"],
        "",
    );
    check(
        "manifests_version",
        folder,
        &["validate", "--kubernetes-version", "1.2", "."],
        "",
    );
    check(
        "manifests_input",
        folder,
        &["validate", "-"],
        "kind: Pod\napiVersion: v1\nspec: 3\n",
    );
    for format in ["json", "yaml", "junit", "sarif", "markdown", "github"] {
        let arguments = ["validate", "--format", format, "bad.yaml"];
        check(&format!("manifests_{format}"), folder, &arguments, "");
    }
}

#[test]
fn expressions() {
    let folder = "manifests";
    let query = |expression| ["jp", "query", "-i", "good.yaml", expression];
    check("jp_query", folder, &query("spec.containers[].image"), "");
    check("jp_syntax_error", folder, &query("spec.[["), "");
    check("jp_unknown_key", folder, &query("spec.gone"), "");
    check("jp_parse", folder, &["jp", "parse", "a.b"], "");
    check("jp_function", folder, &["jp", "function", "split"], "");
    check(
        "jp_function_unknown",
        folder,
        &["jp", "function", "splat"],
        "",
    );
    check("jp_no_expression", folder, &["jp", "query"], "");
}

/// Bad input ends with a message and an exit code of the table, never with a crash.
#[test]
fn hostile_input() {
    let scratch = Scratch::new("hostile");
    let bomb = (1..10).fold(
        "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(),
        |text, level| {
            let before = level - 1;
            let items = format!("*a{before}, ").repeat(9);
            format!(
                "{text}a{level}: &a{level} [{}]\n",
                items.trim_end_matches(", ")
            )
        },
    );
    let deep = format!("a: {}{}\n", "[".repeat(10_000), "]".repeat(10_000));
    for (input, wanted) in [
        (bomb.as_bytes(), "<stdin>:"),
        (deep.as_bytes(), "<stdin>:"),
        (b"a: \xff\n", "UTF-8"),
    ] {
        let answer = answer(&scratch.0, &["validate", "-"], input);
        let code = answer.lines().next().unwrap_or_default();
        assert!(
            ["exit code Some(1)", "exit code Some(2)"].contains(&code),
            "{answer}"
        );
        assert!(answer.contains(wanted), "{answer}");
    }
    let nowhere = answer(&scratch.0, &["validate"], b"");
    assert!(nowhere.contains("no `portcullis.yaml`"), "{nowhere}");
}

#[cfg(unix)]
#[test]
fn a_loop_of_folders_ends() {
    let scratch = Scratch::new("loop");
    fs::copy(fixture("manifests/good.yaml"), scratch.0.join("good.yaml")).unwrap();
    std::os::unix::fs::symlink(&scratch.0, scratch.0.join("again")).unwrap();
    let answer = answer(&scratch.0, &["validate", "."], b"");
    assert!(answer.contains("files: 1, valid: 1"), "{answer}");
}

#[test]
fn what_is_started_is_valid() {
    let scratch = Scratch::new("new");
    for arguments in [
        &["new", "workspace", "."][..],
        &["new", "policy", "best-practices/require-owner"],
        &["new", "environment", "canary"],
        &["validate"],
        &["verify"],
    ] {
        let answer = answer(&scratch.0, arguments, b"");
        assert!(
            answer.starts_with("exit code Some(0)"),
            "{arguments:?}\n{answer}"
        );
    }
}

#[test]
fn version() {
    let answer = answer(&fixture("workspace"), &["version"], b"");
    assert!(answer.contains(env!("CARGO_PKG_VERSION")), "{answer}");
}

#[test]
fn help_starts_with_an_example() {
    let mut commands = Vec::new();
    for command in portcullis_cli::command_line::definition().get_subcommands() {
        let name = command.get_name().to_owned();
        let below = command.get_subcommands().map(clap::Command::get_name);
        commands.extend(below.map(|below| vec![name.clone(), below.to_owned()]));
        commands.push(vec![name]);
    }
    for command in commands {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let answer = answer(
            &fixture("workspace"),
            &[&words, &["--help"][..]].concat(),
            b"",
        );
        let (example, _) = answer.split_once("\n\n").unwrap();
        assert!(example.contains("--- stdout\nExample:\n"), "{answer}");
        let wanted = format!("  portcullis {}", command.join(" "));
        assert!(example.contains(&wanted), "{answer}");
    }
}
