//! What `apply` answers, over the folders of `fixtures`: exit code, data and talk.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot start a command should fail"
)]

mod program;

use std::fs;

use program::{Scratch, answer, check, fixture, snapshot};

#[test]
fn flags() {
    let apply = ["apply", "policy.yaml", "-r", "resource.yaml"];
    for (name, more) in [
        ("apply_unset", &[][..]),
        ("apply_set", &["--set", "allowed.data.team=blue"]),
        (
            "apply_set_twice",
            &["-s", "allowed.data.team=red,allowed.data.team=blue"],
        ),
        ("apply_set_without_value", &["--set", "allowed"]),
        (
            "apply_payload_missing",
            &["--git-branch=main", "--envoy-payload=a"],
        ),
        (
            "apply_payload_missing_compat",
            &["--envoy-payload=a", "--compat"],
        ),
    ] {
        check(name, "apply_set", &[&apply, more].concat(), "");
    }
    check(
        "apply_objects",
        "apply_objects",
        &["apply", "policies.yaml", "-r", "namespaces.yaml"],
        "",
    );
    let policy = fs::read_to_string(fixture("apply_set").join("policy.yaml")).unwrap();
    let from_stdin = [
        "apply",
        "-",
        "-r",
        "resource.yaml",
        "-s",
        "allowed.data.team=blue",
    ];
    check(
        "apply_policies_from_stdin",
        "apply_set",
        &from_stdin,
        &policy,
    );
    check(
        "apply_stdin_twice",
        "apply_set",
        &["apply", "-", "-r", "-"],
        &policy,
    );
}

#[test]
fn expressions_without_a_value_are_told_with_their_place() {
    let case = "expressions_without_value";
    let apply = ["apply", "policies.yaml", "-r", "pod.yaml"];
    check("apply_expressions_without_value", case, &apply, "");
    check("test_expressions_without_value", case, &["test", "."], "");
}

#[test]
fn files_beside_the_manifests() {
    let apply = ["apply", "policy.yaml", "-r", "widget.yaml"];
    for (name, more) in [
        ("apply_without_definition", &[][..]),
        ("apply_definition", &["--crd-paths", "definition.yaml"]),
        ("apply_definition", &["--crd-paths", "definitions.yaml"]),
        (
            "apply_wrong_definition",
            &["--crd-path", "wrong_definition.yaml"],
        ),
        ("apply_wrong_values", &["-f", "wrong_values.yaml"]),
        ("apply_wrong_user", &["-u", "wrong_user.yaml"]),
        (
            "apply_wrong_context",
            &["--context-file", "wrong_context.yaml"],
        ),
        (
            "apply_values_no_yaml",
            &["-f", "no_yaml.yaml", "-u", "gone.yaml"],
        ),
    ] {
        check(name, "apply_inputs", &[&apply, more].concat(), "");
    }
}

#[test]
fn flags_without_effect_offline() {
    let folder = fixture("apply_inputs");
    let apply = ["apply", "policy.yaml", "-r", "widget.yaml"];
    let plain = answer(&folder, &apply, b"");
    for more in [
        &["--concurrent", "4", "--batch-size=10"][..],
        &["--continue-on-error"],
        &["--continue-on-error=false", "--continue-on-fail"],
        &["--exceptions-within-policies"],
        &["--context-file", "context.yaml"],
    ] {
        assert_eq!(answer(&folder, &[&apply, more].concat(), b""), plain);
        assert_eq!(
            answer(&folder, &[&apply[..1], more, &apply[1..]].concat(), b""),
            plain
        );
    }
    let timed = answer(
        &folder,
        &[&apply[..], &["--show-performance"]].concat(),
        b"",
    );
    let took = timed.strip_prefix(&plain).unwrap_or_default();
    assert!(
        took.starts_with("1 rules applied to 1 objects in 0."),
        "{timed}"
    );
}

#[test]
fn places_and_refused_policies() {
    let apply = [
        "apply",
        "policies.yaml",
        "-r",
        "manifests.yaml",
        "-e",
        "exceptions.yaml",
    ];
    for (name, more) in [
        ("apply_places", &["refused.yaml", "--detailed-results"][..]),
        ("apply_places_compat", &["refused.yaml", "--compat"]),
        ("apply_places_table", &["-t"]),
        (
            "apply_places_table_compat",
            &["refused.yaml", "-t", "--compat"],
        ),
        ("apply_places_table_stdin", &["-t", "-i"]),
        ("apply_places_table_stdin_compat", &["-t", "-i", "--compat"]),
        ("apply_places_table_reports", &["-t", "-p"]),
        ("apply_places_json", &["--format", "json"]),
        ("apply_places_sarif", &["--format", "sarif"]),
        ("apply_places_github", &["--format", "github"]),
    ] {
        check(name, "apply_places", &[&apply, more].concat(), "");
    }
}

#[test]
fn of_very_many_results_the_manifest_is_told() {
    let folder = fixture("apply_places");
    let manifests = fs::read_to_string(folder.join("manifests.yaml")).unwrap();
    let many = manifests.repeat(400);
    let told = answer(
        &folder,
        &["apply", "policies.yaml", "-r", "-"],
        many.as_bytes(),
    );
    assert!(told.contains("  --> standard input:5:1\n"), "{told:.2000}");
    assert!(!told.contains("  --> standard input:12:"), "{told:.2000}");
}

#[test]
fn policy_reports() {
    let apply = [
        "apply",
        "policies.yaml",
        "in_namespace.yaml",
        "-r",
        "manifests.yaml",
    ];
    let exceptions = ["-e", "exceptions.yaml"];
    for (name, more) in [
        ("apply_policy_report", &["-p"][..]),
        (
            "apply_policy_report_compat",
            &["-p", "--compat", "--output-format", "json"],
        ),
        (
            "apply_policy_report_wgpolicyk8s",
            &["-p", "--report-api", "wgpolicyk8s.io"],
        ),
        (
            "apply_policy_report_audit_warn",
            &["--policy-report", "--audit-warn"],
        ),
    ] {
        let arguments = [&apply[..], &exceptions, more].concat();
        let told = answer(&fixture("apply_places"), &arguments, b"");
        let (times, lines): (Vec<&str>, Vec<&str>) =
            told.lines().partition(|line| line.contains("seconds"));
        assert_eq!(times.len(), 9, "{told}");
        snapshot(name, &lines.join("\n"));
    }
    let refused = ["-p", "--format", "json"];
    let told = answer(
        &fixture("apply_places"),
        &[&apply[..], &refused].concat(),
        b"",
    );
    assert!(told.contains("cannot be used with"), "{told}");
}

#[test]
fn exceptions_of_policies_in_cel() {
    let arguments = [
        "apply",
        "policy.yaml",
        "-r",
        "resources.yaml",
        "-e",
        "exceptions.yaml",
    ];
    for (name, more) in [
        ("apply_cel_exceptions", &[][..]),
        (
            "apply_cel_exceptions_table",
            &["--table", "--detailed-results"],
        ),
    ] {
        check(name, "cel_exceptions", &[&arguments[..], more].concat(), "");
    }
}

#[test]
fn generated_exceptions_hold() {
    let folder = fixture("apply_places");
    let apply = [
        "apply",
        "policies.yaml",
        "in_namespace.yaml",
        "-r",
        "manifests.yaml",
    ];
    let generate = [
        &apply[..],
        &["--generate-exceptions", "--generated-exception-ttl", "24h"],
    ];
    check("apply_exceptions", "apply_places", &generate.concat(), "");
    let told = answer(&folder, &generate.concat(), b"");
    let (_, exceptions) = told.split_once("--- stdout\n").unwrap();
    let (exceptions, _) = exceptions.split_once("--- stderr\n").unwrap();
    let scratch = Scratch::new("exceptions");
    let file = scratch.0.join("exceptions.yaml");
    fs::write(&file, exceptions).unwrap();
    let with = |more: &[&str]| answer(&folder, &[&apply, more].concat(), b"");
    let excepted = with(&["-e", file.to_str().unwrap()]);
    assert!(
        excepted.contains("pass: 2, fail: 0, warn: 0, error: 0, skip: 7"),
        "{excepted}"
    );
    // The same among the manifests.
    let among = ["-r", file.to_str().unwrap(), "--exceptions-with-resources"];
    assert!(with(&among).contains("fail: 0, warn: 0, error: 0, skip: 7"));
    assert!(
        with(&among[..2]).contains("fail: 7, "),
        "{}",
        with(&among[..2])
    );
    let wrong = with(&[
        "--generate-exceptions",
        "--generated-exception-ttl",
        "a day",
    ]);
    assert!(wrong.contains("write it as `720h`"), "{wrong}");
}

#[test]
fn objects_go_to_files_and_pipes() {
    let apply = ["apply", "policies.yaml", "-r", "namespaces.yaml"];
    check(
        "apply_pipe",
        "apply_objects",
        &[&apply[..], &["-i"]].concat(),
        "",
    );
    for format in ["junit", "markdown"] {
        let apply = [
            "apply",
            "policies.yaml",
            "-r",
            "manifests.yaml",
            "--format",
            format,
        ];
        check(&format!("apply_as_{format}"), "apply_places", &apply, "");
    }
    check(
        "apply_pipe_violations",
        "apply_places",
        &["apply", "policies.yaml", "-r", "manifests.yaml", "-i"],
        "",
    );
    let scratch = Scratch::new("apply-objects");
    for name in ["policies.yaml", "namespaces.yaml"] {
        fs::copy(fixture("apply_objects").join(name), scratch.0.join(name)).unwrap();
    }
    fs::create_dir(scratch.0.join("folder")).unwrap();
    let told = |output: &str| answer(&scratch.0, &[&apply[..], &["-o", output]].concat(), b"");
    let (file, folder) = (told("all.yaml"), told("folder"));
    assert_eq!(file, folder, "what is written is not printed");
    let mut text = file;
    let written = [
        "all.yaml",
        "folder/shop-mutated.yaml",
        "folder/deny-by-default-generated.yaml",
    ];
    for name in written {
        let content = fs::read_to_string(scratch.0.join(name)).unwrap();
        text.push_str(&format!("--- {name}\n{content}"));
    }
    snapshot("apply_written", &text);
    let other = "apiVersion: v1\nkind: Service\nmetadata:\n  name: left-alone\n";
    fs::write(scratch.0.join("other.yaml"), other).unwrap();
    let apply = [
        "apply",
        "policies.yaml",
        "-r",
        "other.yaml",
        "-o",
        "others.yaml",
    ];
    answer(&scratch.0, &apply, b"");
    let written = fs::read_to_string(scratch.0.join("others.yaml")).unwrap();
    assert!(written.contains("name: left-alone"), "{written}");
    for (output, written) in [
        ("made/all.yaml", "made/all.yaml"),
        ("made/all.yml", "made/all.yml"),
        ("made/folder", "made/folder/shop-mutated.yaml"),
        ("made/all.json/", "made/all.json/shop-mutated.yaml"),
    ] {
        told(output);
        let written = scratch.0.join(written);
        assert!(written.is_file(), "{output}");
    }
    let blocked = told("policies.yaml/all.yaml");
    assert!(blocked.starts_with("exit code Some(2)"), "{blocked}");
    assert!(
        blocked.contains("name a file or a folder that can be written to"),
        "{blocked}"
    );
}

#[test]
fn a_folder_of_policies_may_hold_what_is_for_other_programs() {
    let scratch = Scratch::new("apply-folder");
    let folder = scratch.0.join("policies");
    fs::create_dir(&folder).unwrap();
    for (from, to) in [
        ("policy.yaml", "policies/policy.yaml"),
        ("resource.yaml", "resource.yaml"),
    ] {
        fs::copy(fixture("apply_set").join(from), scratch.0.join(to)).unwrap();
    }
    let package = "name: policy\nversion: 1.0.0\nannotations:\n  kyverno/category: Other\n";
    let kustomization = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
    let unnamed = "metadata: {name: p}\nspec: {rules: []}\n";
    for (name, text, is_told) in [
        ("artifacthub-pkg.yml", package, false),
        ("kustomization.yaml", kustomization, false),
        ("unnamed.yaml", unnamed, true),
    ] {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        for (given, is_told) in [
            ("policies".to_owned(), is_told),
            (format!("policies/{name}"), true),
        ] {
            let set = ["-s", "allowed.data.team=blue"];
            let apply = ["apply", &given, "-r", "resource.yaml"];
            let told = answer(&scratch.0, &[&apply[..], &set].concat(), b"");
            assert_eq!(
                told.starts_with("exit code Some(2)"),
                is_told,
                "{given}: {told}"
            );
        }
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn kyvernos_words_for_a_failure_are_those_of_its_count() {
    let scratch = Scratch::new("apply-audit");
    let policy = |action: &str| {
        format!(
            "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: p}}\nspec:\n  rules:\n  - name: r\n    \
             match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}\n    validate: {{failureAction: {action}, message: m, deny: {{}}}}\n"
        )
    };
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b}]}\n";
    fs::write(scratch.0.join("pod.yaml"), pod).unwrap();
    for (action, flag, words, code) in [
        ("Audit", None, "default/Pod/a failed:", 1),
        (
            "Audit",
            Some("--audit-warn"),
            "default/Pod/a failed as audit warning:",
            0,
        ),
        ("Enforce", Some("--audit-warn"), "default/Pod/a failed:", 1),
    ] {
        fs::write(scratch.0.join("policy.yaml"), policy(action)).unwrap();
        let apply = ["apply", "policy.yaml", "-r", "pod.yaml", "--compat"];
        let flags: Vec<&str> = apply.into_iter().chain(flag).collect();
        let told = answer(&scratch.0, &flags, b"");
        assert!(told.contains(words), "{action} {flag:?}: {told}");
        let code = format!("exit code Some({code})");
        assert!(told.starts_with(&code), "{action} {flag:?}: {told}");
    }
}

#[test]
fn existing_objects_are_changed_because_of_others() {
    check(
        "apply_targets",
        "apply_objects",
        &[
            "apply",
            "targets.yaml",
            "-r",
            "namespaces.yaml",
            "--target-resource",
            "config-maps.yaml",
        ],
        "",
    );
}

/// The API server leaves out of a `PodList` what its items are.
#[test]
fn items_of_a_list_are_objects() {
    let list = b"apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n  spec: {containers: [{image: b}]}\n";
    let policy = "policy-library/labels/require-app/policy.yaml";
    for (arguments, wanted) in [
        (&["apply", policy, "-r", "-"][..], "fail: 1"),
        (
            &["validate", "-"],
            "Pod/a/spec/containers/0: the required field `name` is missing",
        ),
    ] {
        let told = answer(&fixture("bad_input"), arguments, list);
        assert!(told.contains(wanted), "{told}");
    }
}
