//! `portcullis create` and `docs`: what they write, and that the other commands read it.
#![expect(
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "a test stops at what it does not expect"
)]

mod program;

use std::fs;

use portcullis_yaml::{Limits, Mode};
use program::{Scratch, answer, check, fixture};

#[test]
fn documents() {
    let exception = ["create", "exception", "legacy"];
    let exception = |rest: &[&'static str]| [&exception[..], rest].concat();
    for (name, arguments) in [
        ("create_nothing", vec!["create"]),
        (
            "create_exception",
            exception(&[
                "--namespace=shop",
                "--policy-rules=require-owner,owner,autogen-owner",
                "--policy-rules=apps/limits,*",
                "--any=kind=Pod,kind=Deployment,name=legacy-*,namespace=shop,operation=create",
                "--any=kind=CronJob",
                "--background=false",
            ]),
        ),
        (
            "create_exception_without_derived_rules",
            exception(&[
                "--policy-rules=require-owner,owner",
                "--all=kind=apps/v1/Deployment",
            ]),
        ),
        (
            "create_exception_without_filter",
            exception(&["--policy-rules=require-owner,owner"]),
        ),
        (
            "create_exception_unknown_key",
            exception(&["--policy-rules=require-owner,owner", "--any=kinde=Pod"]),
        ),
        (
            "create_exception_without_rules",
            exception(&["--policy-rules=require-owner", "--any=kind=Pod"]),
        ),
        (
            "create_metrics_config",
            vec![
                "create",
                "metrics-config",
                "-i",
                "shop,pay",
                "-i=web",
                "-e",
                "kube-system",
            ],
        ),
        (
            "create_role",
            vec![
                "create",
                "role",
                "generate-quotas",
                "-g",
                "core,apps",
                "--resources=pods,pods/log",
                "--verbs=all",
                "--controllers=background-controller,cleanup-controller",
            ],
        ),
        (
            "create_test",
            vec![
                "create",
                "test",
                "-p=policy.yaml",
                "-r",
                "pods.yaml",
                "-f=values.yaml",
                "--pass=require-owner,owner,web,shop,Pod",
                "--pass=require-owner,owner,other,Pod",
                "--fail=require-owner,owner,orphan,Pod",
                "--skip=require-owner,,lost,Pod",
                "-n=owners",
            ],
        ),
        (
            "create_test_wrong_case",
            vec!["create", "test", "--pass", "require-owner,owner"],
        ),
        (
            "create_user_info",
            vec![
                "create",
                "user-info",
                "-u",
                "ann",
                "-r=shop:admin",
                "-c",
                "view,edit",
                "-g=dev",
            ],
        ),
        (
            "create_values",
            vec![
                "create",
                "values",
                "-g",
                "request.operation=UPDATE,mode=dev",
                "--rule=labels,app,tier=web,level=1",
                "--rule=labels,app,tier=api",
                "--resource=labels,web,tier=db",
                "-n=prod,env=prod,team=shop",
                "-n",
                "prod,env=live",
            ],
        ),
        (
            "create_values_wrong",
            vec!["create", "values", "--rule", "labels,app,tier"],
        ),
    ] {
        check(name, "create", &arguments, "");
    }
}

/// Runs `create` in a folder that holds the fixture, into a file.
fn create(scratch: &Scratch, arguments: &[&str], file: &str) {
    let arguments = [&["create"][..], arguments, &["-o", file]].concat();
    let said = answer(&scratch.0, &arguments, b"");
    let wanted = format!("exit code Some(0)\n--- stdout\n--- stderr\nwrote {file}\n");
    assert_eq!(said, wanted, "{arguments:?}");
}

fn scratch(name: &str) -> Scratch {
    let scratch = Scratch::new(name);
    for file in ["policy.yaml", "pods.yaml"] {
        fs::copy(fixture("create").join(file), scratch.0.join(file)).unwrap();
    }
    scratch
}

fn expect(scratch: &Scratch, arguments: &[&str], code: i32, wanted: &str) {
    let said = answer(&scratch.0, arguments, b"");
    assert!(
        said.starts_with(&format!("exit code Some({code})")),
        "{arguments:?}\n{said}"
    );
    assert!(said.contains(wanted), "{arguments:?}: no {wanted}\n{said}");
}

#[test]
fn a_created_suite_runs() {
    let scratch = scratch("create-test");
    let suite = |pass: &str, file: &str| {
        let pass = format!("--pass=require-owner,owner,{pass},shop,Pod");
        let fail = "--fail=require-owner,owner,orphan,shop,Pod";
        let inputs = ["test", "-p=policy.yaml", "-r=pods.yaml", "-f=values.yaml"];
        create(&scratch, &[&inputs[..], &[&pass, fail]].concat(), file);
    };
    create(
        &scratch,
        &["values", "-g", "request.operation=UPDATE"],
        "values.yaml",
    );
    suite("web", "suites/right/kyverno-test.yaml");
    suite("orphan", "suites/wrong/kyverno-test.yaml");
    expect(
        &scratch,
        &["test", "suites/right", "--strict"],
        0,
        "passed: 2, failed: 0",
    );
    expect(
        &scratch,
        &["test", "suites/wrong", "--strict"],
        1,
        "Want pass, got fail",
    );
}

#[test]
fn a_created_exception_excepts() {
    let scratch = scratch("create-exception");
    let name = [
        "exception",
        "legacy",
        "--namespace=shop",
        "--policy-rules=require-owner,owner",
    ];
    create(
        &scratch,
        &[&name[..], &["--any=kind=Pod,name=orphan"]].concat(),
        "exception.yaml",
    );
    let apply = ["apply", "policy.yaml", "-r", "pods.yaml"];
    expect(
        &scratch,
        &apply,
        1,
        "pass: 3, fail: 1, warn: 0, error: 0, skip: 0",
    );
    let apply = [&apply[..], &["-e", "exception.yaml"]].concat();
    expect(
        &scratch,
        &apply,
        0,
        "pass: 3, fail: 0, warn: 0, error: 0, skip: 1",
    );
}

#[test]
fn created_values_and_users_are_read() {
    let scratch = scratch("create-values");
    create(
        &scratch,
        &["values", "-g", "request.operation=UPDATE"],
        "values.yaml",
    );
    create(&scratch, &["user-info", "-u", "ann"], "user.yaml");
    let apply = [
        "apply",
        "policy.yaml",
        "-r",
        "pods.yaml",
        "-f",
        "values.yaml",
        "-u",
        "user.yaml",
    ];
    expect(
        &scratch,
        &apply,
        1,
        "pass: 1, fail: 3, warn: 0, error: 0, skip: 0",
    );
}

#[test]
fn created_objects_are_those_of_kubernetes() {
    let scratch = scratch("create-objects");
    create(
        &scratch,
        &["metrics-config", "-e", "kube-system"],
        "metrics.yaml",
    );
    let role = [
        "role",
        "quotas",
        "--api-groups=",
        "--resources=resourcequotas",
        "--verbs=get",
    ];
    create(&scratch, &role, "role.yaml");
    let files = ["validate", "metrics.yaml", "role.yaml", "--strict"];
    expect(&scratch, &files, 0, "valid: 2, invalid: 0");
    let text = fs::read_to_string(scratch.0.join("metrics.yaml")).unwrap();
    let object = portcullis_yaml::read(&text, Mode::Strict, &Limits::default()).unwrap();
    let namespaces = object
        .pointer("/data/namespaces")
        .unwrap()
        .as_str()
        .unwrap();
    let namespaces: serde_json::Value = serde_json::from_str(namespaces).unwrap();
    assert_eq!(
        namespaces,
        serde_json::json!({"include": [], "exclude": ["kube-system"]})
    );
}

#[test]
fn texts_stay_texts() {
    let scratch = scratch("create-texts");
    for text in [
        "yes",
        "on",
        "null",
        "~",
        "0755",
        "1e3",
        "1_000",
        "0x1f",
        "1:30",
        ".inf",
        "true",
        "",
        " ",
        "a: b",
        "a #b",
        "# a",
        "- a",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a",
        "{a",
        "[a",
        "'",
        "\"",
        "\\",
        "a\nb",
        "\t",
        "|",
        ">",
        "?",
        "2024-01-01",
        "=",
        "<<",
        "é",
        "\u{7f}",
        "{{ a }}",
    ] {
        let argument = format!("--ns-selector=prod,key={text}");
        create(&scratch, &["values", &argument], "values.yaml");
        let written = fs::read_to_string(scratch.0.join("values.yaml")).unwrap();
        for mode in [Mode::Lenient, Mode::Strict, Mode::V3] {
            let values = portcullis_yaml::read(&written, mode, &Limits::default()).unwrap();
            let found = values.pointer("/namespaceSelector/0/labels/key").unwrap();
            assert_eq!(found.as_str(), Some(text), "{written}");
        }
    }
}

#[test]
fn reference() {
    let scratch = Scratch::new("docs");
    let said = answer(&scratch.0, &["docs", "-o", "plain"], b"");
    assert!(said.starts_with("exit code Some(0)"), "{said}");
    let read = |path: &str| fs::read_to_string(scratch.0.join(path)).unwrap();
    let page = read("plain/portcullis_create_test.md");
    assert!(
        page.starts_with("# portcullis create test\n\n```text\nExample:"),
        "{page}"
    );
    let end = "- [portcullis create](portcullis_create.md)\n\nWritten by `portcullis docs`.\n";
    assert!(page.ends_with(end), "{page}");
    let above = read("plain/portcullis_create.md");
    assert!(
        above.contains("- [portcullis create test](portcullis_create_test.md): A test suite"),
        "{above}"
    );
    let website = [
        "docs",
        "-o",
        "web",
        "--website",
        "--autogenTag=false",
        "--noDate",
    ];
    answer(&scratch.0, &website, b"");
    let page = read("web/portcullis_create_test.md");
    assert!(
        page.starts_with("---\ntitle: portcullis create test\n---\n"),
        "{page}"
    );
    assert!(
        page.ends_with("- [portcullis create](../portcullis_create/)\n"),
        "{page}"
    );
    let website = [&website[..], &["--markdownLinks"]].concat();
    answer(&scratch.0, &website, b"");
    let page = read("web/portcullis_create_test.md");
    assert!(
        page.ends_with("- [portcullis create](portcullis_create.md)\n"),
        "{page}"
    );
    // The page of `docs/` holds the same help as the pages of a folder.
    let said = answer(&scratch.0, &["docs"], b"");
    let help = &page[page.find("```text").unwrap()..page.find("\nSee also").unwrap()];
    assert!(
        said.contains(&format!("## `portcullis create test`\n\n{help}")),
        "{said}"
    );
    expect(&scratch, &["docs", "--website"], 2, "--output <FOLDER>");
}
