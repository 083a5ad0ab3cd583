//! What each command answers, over the folders of `fixtures`: exit code, data and talk.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot start a command should fail"
)]

mod program;

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use program::{Scratch, answer, check, fixture};

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
        (
            "test_selector_none",
            &["test", "owners", "-t", "policy=nope"],
        ),
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
fn rows_of_suites() {
    check("test_suite_rows", "suite_rows", &["test"], "");
    let compat = &["test", "--compat"];
    check("test_suite_rows_compat", "suite_rows", compat, "");
}

#[test]
fn generation() {
    for (name, arguments) in [
        ("test_generation", &["test", "--detailed-results"][..]),
        (
            "test_generation_compat",
            &["test", "--compat", "--detailed-results"],
        ),
        (
            "apply_generation",
            &["apply", "policy.yaml", "-r", "resources.yaml,registry.yaml"],
        ),
    ] {
        check(name, "generation", arguments, "");
    }
}

#[test]
fn rules_that_set_each_other_off_are_told_and_evaluated() {
    let apply = ["apply", "policy.yaml", "-r", "resources.yaml"];
    let compat = [&apply[..], &["--compat"]].concat();
    for (name, arguments) in [
        ("test_generation_loop", &["test"][..]),
        ("test_generation_loop_compat", &["test", "--compat"]),
        ("apply_generation_loop", &apply),
        ("apply_generation_loop_compat", &compat),
    ] {
        check(name, "generation_loop", arguments, "");
    }
}

#[test]
fn expressions_ask_services_and_namespaces() {
    let arguments = &["test", "--detailed-results"];
    check("test_cel_world", "cel_world", arguments, "");
}

#[test]
fn payloads() {
    let apply = ["apply", "policies.yaml", "-e", "exception.yaml"];
    for (name, arguments) in [
        ("test_payloads", vec!["test", "--detailed-results"]),
        ("test_payloads_compat", vec!["test", "--compat"]),
        (
            "apply_payloads",
            [&apply[..], &["--json", "good.json,bad.yaml"]].concat(),
        ),
        (
            "apply_payloads_compat",
            [
                &apply[..],
                &["--json", "good.json", "--json", "bad.yaml", "--compat"],
            ]
            .concat(),
        ),
        (
            "apply_payloads_beside",
            [&apply[..], &["--json", "good.json", "-r", "pod.yaml"]].concat(),
        ),
        (
            "apply_payloads_no_json",
            [&apply[..], &["--json", "broken.json"]].concat(),
        ),
        (
            "apply_json_of_resource",
            [
                &apply[..],
                &["-r", "pod.yaml", "--table", "--detailed-results"],
            ]
            .concat(),
        ),
    ] {
        check(name, "payloads", &arguments, "");
    }
}

#[test]
fn requests_of_proxies() {
    let apply = ["apply", "policies.yaml"];
    let envoy = "anonymous.json,guest.json,admin.json,forged.json,page.json";
    let http = "shop.json,bank.json,empty.json,tool.json";
    for (name, arguments) in [
        ("test_proxies", vec!["test", "--detailed-results"]),
        ("test_proxies_compat", vec!["test", "--compat"]),
        (
            "apply_proxies",
            [
                &apply[..],
                &["--envoy-payload", envoy, "--http-payload", http],
            ]
            .concat(),
        ),
        (
            "apply_proxies_unknown_field",
            [&apply[..], &["--envoy-payload", "unknown.json"]].concat(),
        ),
    ] {
        check(name, "proxies", &arguments, "");
    }
}

#[test]
fn a_policy_with_rules_of_several_kinds() {
    check("test_mixed_rules", "mixed_rules", &["test"], "");
    let compat = &["test", "--compat"];
    check("test_mixed_rules_compat", "mixed_rules", compat, "");
}

#[test]
fn cleanup() {
    for (name, arguments) in [
        (
            "test_cleanup",
            &["test", "--strict", "--detailed-results"][..],
        ),
        (
            "apply_cleanup",
            &["apply", "policy.yaml", "-r", "resources.yaml"],
        ),
        (
            "apply_cleanup_compat",
            &["apply", "policy.yaml", "-r", "resources.yaml", "--compat"],
        ),
        (
            "apply_cleanup_refused",
            &["apply", "refused.yaml", "-r", "resources.yaml"],
        ),
    ] {
        check(name, "cleanup", arguments, "");
    }
}

#[test]
fn workspaces() {
    for (name, case, arguments) in [
        ("render", "workspace", &["render", "production"][..]),
        (
            "render_unknown_environment",
            "workspace",
            &["render", "--env", "prod"],
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
fn failures_show_the_rule_the_pattern_and_the_resource() {
    check("failing_test", "failing", &["test"], "");
    check("failing_verify", "failing", &["verify"], "");
    check("failing_patterns", "failing_patterns", &["test"], "");
    let apply = &["apply", "policy.yaml", "-r", "resources.yaml"];
    check("failing_patterns_apply", "failing_patterns", apply, "");
    check("together_verify", "together", &["verify"], "");
}

#[test]
fn exceptions() {
    for (name, arguments) in [
        ("exceptions", &["exceptions"][..]),
        ("exceptions_json", &["exceptions", "--format", "json"]),
        (
            "exceptions_markdown",
            &["exceptions", "--format", "markdown"],
        ),
        ("exceptions_live", &["exceptions", "-r", "live"]),
        (
            "exceptions_unknown_environment",
            &["exceptions", "--env", "prod"],
        ),
        ("exceptions_verify", &["verify"]),
    ] {
        check(name, "exceptions", arguments, "");
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
    let policies = &["validate", "policies.yaml"];
    check("manifests_policies", "policy_manifests", policies, "");
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
    let pod = fs::read_to_string(fixture(folder).join("good.yaml")).unwrap();
    let typed = ["jp", "query", "-i", "good.yaml"];
    for (name, arguments, input) in [
        ("jp_input_from_stdin", &["jp", "query", "kind"][..], &*pod),
        (
            "jp_input_from_dash",
            &["jp", "query", "-i", "-", "kind"],
            &*pod,
        ),
        ("jp_expression_from_stdin", &typed, "\n metadata.name\n"),
        ("jp_wrong_expression_from_stdin", &typed, "\n a.[[\n"),
        ("jp_parse_from_stdin", &["jp", "parse"], "a\n"),
        ("jp_parse_nothing", &["jp", "parse"], "\n"),
    ] {
        check(name, folder, arguments, input);
    }
}

const FORMATS: [&str; 6] = ["json", "yaml", "junit", "sarif", "markdown", "github"];

#[test]
fn answers_in_every_format() {
    let folder = "manifests";
    let query = &["jp", "query", "-i", "good.yaml", "kind", "spec || `1`"][..];
    for (name, arguments) in [
        ("jp_query", query),
        ("jp_parse", &["jp", "parse", "a.b"]),
        ("jp_function", &["jp", "function", "split", "add"]),
    ] {
        for format in FORMATS {
            let arguments = [arguments, &["--format", format][..]].concat();
            check(&format!("{name}_as_{format}"), folder, &arguments, "");
        }
    }
    let query = &["jp", "query", "-i", "good.yaml", "kind", "gone.x", "a.[["][..];
    let parse = &["jp", "parse", "a.b", "a.[["][..];
    let unread = &["jp", "query", "-i", "no.yaml", "kind"][..];
    for format in FORMATS {
        for (name, arguments) in [("query", query), ("parse", parse), ("unread", unread)] {
            let arguments = [arguments, &["--format", format][..]].concat();
            check(
                &format!("jp_{name}_fails_as_{format}"),
                folder,
                &arguments,
                "",
            );
        }
    }
    let ask = |arguments: &[&str]| answer(&fixture(folder), arguments, b"");
    assert_eq!(
        ask(&["jp", "parse", "a", "--format", "table"]),
        ask(&["jp", "parse", "a"])
    );
    for (arguments, wanted) in [
        (&["version"][..], "Version: "),
        (&["version", "--format", "table"], "Version: "),
        (&["version", "-o", "json"], "{\n  \"commit\": \""),
        (&["version", "--output", "yaml"], "commit: "),
        (
            &["version", "--format", "markdown"],
            "| Fact | Value |\n|---|---|\n",
        ),
        (
            &["version", "--format", "junit"],
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"portcullis version\"",
        ),
        (
            &["version", "--format", "sarif"],
            "{\n  \"$schema\": \"https://json.schemastore.org/sarif-2.1.0.json\",",
        ),
        (
            &["version", "--format", "github"],
            "::notice title=portcullis::Version: ",
        ),
    ] {
        let told = ask(arguments);
        let start = format!("exit code Some(0)\n--- stdout\n{wanted}");
        assert!(told.starts_with(&start), "{arguments:?}\n{told}");
        assert!(told.contains(env!("CARGO_PKG_VERSION")), "{told}");
    }
}

#[test]
fn the_version_names_the_commit() {
    let told = answer(&fixture("manifests"), &["version"], b"");
    let fact = |name: &str| {
        told.lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap()
    };
    let (commit, time) = (fact("Commit: "), fact("Commit time: "));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut git = Command::new("git");
    let asked = git.args(["rev-parse", "HEAD"]).current_dir(&root).output();
    if root.join(".git").exists() && asked.is_ok_and(|answer| answer.status.success()) {
        assert!(
            commit.len() == 40 && commit.chars().all(|one| one.is_ascii_hexdigit()),
            "{told}"
        );
        assert!(time.len() == 20 && time.ends_with('Z'), "{told}");
    } else {
        assert_eq!((commit, time), ("unknown", "unknown"));
    }
}

#[test]
fn what_is_started_is_valid() {
    let scratch = Scratch::new("new");
    for arguments in [
        &["new", "workspace", "."][..],
        &["new", "policy", "best-practices/require-owner"],
        &[
            "new",
            "policy",
            "best-practices/require-team",
            "--kind=ValidatingPolicy",
        ],
        &["new", "environment", "canary"],
        &["validate"],
        &["verify"],
        &[
            "new",
            "exception",
            "legacy",
            "--environment=canary",
            "--policy=best-practices/require-owner",
            "--expires=2099-06-30",
        ],
    ] {
        let answer = answer(&scratch.0, arguments, b"");
        assert!(
            answer.starts_with("exit code Some(0)"),
            "{arguments:?}\n{answer}"
        );
    }
    // Editors find the schema of each file.
    let policy = "policy-library/best-practices/require-owner";
    for file in [
        "portcullis.yaml",
        "environments/canary/environment.yaml",
        "environments/canary/exceptions/legacy.yaml",
        &format!("{policy}/policy.yaml"),
        &format!("{policy}/params.yaml"),
        &format!("{policy}/tests/kyverno-test.yaml"),
        "policy-library/best-practices/require-team/policy.yaml",
    ] {
        let path = scratch.0.join(file);
        let text = fs::read_to_string(&path).unwrap();
        let line = text.lines().next().unwrap();
        let schema = line
            .strip_prefix("# yaml-language-server: $schema=")
            .unwrap();
        assert!(
            path.parent().unwrap().join(schema).is_file(),
            "{file}: {line}"
        );
    }
}

#[test]
fn an_empty_folder_is_no_gate() {
    let scratch = Scratch::new("empty");
    fs::create_dir(scratch.0.join("none")).unwrap();
    let copy = |name: &str| fs::copy(fixture("apply_set").join(name), scratch.0.join(name));
    copy("policy.yaml").unwrap();
    copy("resource.yaml").unwrap();
    for (arguments, code, wanted) in [
        (
            &["apply", "none", "-r", "resource.yaml"][..],
            2,
            "no policy in",
        ),
        (&["apply", "none", "-r", "resource.yaml", "--compat"], 0, ""),
        (
            &["apply", "policy.yaml", "-r", "none"],
            2,
            "no manifest in this folder",
        ),
        (&["validate", "none"], 2, "no manifest in this folder"),
        (&["validate", "resource.yaml", ".", "."], 0, "valid: 3"),
    ] {
        let answer = answer(&scratch.0, arguments, b"");
        let start = format!("exit code Some({code})");
        assert!(answer.starts_with(&start), "{arguments:?}\n{answer}");
        assert!(answer.contains(wanted), "{arguments:?}\n{answer}");
    }
}

#[test]
fn an_edited_or_missing_readme_is_noticed() {
    let scratch = Scratch::new("readme");
    let check = |arguments: &[&str], code: i32, wanted: &str| {
        let answer = answer(&scratch.0, arguments, b"");
        let start = format!("exit code Some({code})");
        assert!(answer.starts_with(&start), "{arguments:?}\n{answer}");
        assert!(answer.contains(wanted), "{arguments:?}\n{answer}");
    };
    let policy = scratch
        .0
        .join("policy-library/best-practices/require-app-label");
    let readme = policy.join("README.md");
    check(&["new", "workspace", "."], 0, "README.md");
    check(&["verify"], 0, "failed: 0");
    let text = fs::read_to_string(&readme).unwrap();
    fs::write(&readme, text.replace("| `label` |", "| `lable` |")).unwrap();
    check(&["verify"], 1, "README.md:17:1");
    check(&["verify"], 1, "expected `| `label` | string");
    check(&["verify"], 1, "render --readmes");
    fs::remove_file(&readme).unwrap();
    check(&["verify"], 0, "warning: the policy has no README");
    // A policy that does not render keeps no other from its README.
    check(&["new", "policy", "best-practices/a-broken-one"], 0, "");
    let broken = policy.with_file_name("a-broken-one").join("policy.yaml");
    fs::write(broken, "kind: <% nothing %>\n").unwrap();
    check(&["render", "--readmes"], 2, "does not render");
    assert_eq!(fs::read_to_string(&readme).unwrap(), text);
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

#[test]
fn a_saved_file_and_a_new_suite_run() {
    let scratch = Scratch::new("watch");
    let watched = scratch.0.join("watched");
    let copy = |suite: &str, to: &Path| {
        fs::create_dir_all(to).unwrap();
        for file in fs::read_dir(fixture("suites").join(suite)).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    };
    copy("owners", &watched.join("owners"));
    copy("refused", &watched.join("refused"));
    let mut child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(["test", "--watch", "--fail-only"])
        .current_dir(&watched)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (sender, lines) = mpsc::channel();
    let output = BufReader::new(child.stdout.take().unwrap());
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            sender.send(line).ok();
        }
    });
    let counts = || loop {
        let line = lines.recv_timeout(Duration::from_secs(60)).unwrap();
        if line.starts_with("suites: ") {
            return line;
        }
    };
    let first = counts();
    let resources = watched.join("owners/resources.yaml");
    let text = fs::read_to_string(&resources).unwrap();
    let owned = text.replace("name: orphan", "name: orphan\n  labels: {owner: shop}");
    fs::write(&resources, owned).unwrap();
    let second = counts();
    copy("owners", &scratch.0.join("new"));
    fs::rename(scratch.0.join("new"), watched.join("new")).unwrap();
    let third = counts();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(first, "suites: 2, passed: 2, failed: 2");
    assert_eq!(second, "suites: 1, passed: 3, failed: 0");
    assert_eq!(third, "suites: 1, passed: 2, failed: 1");
}
