//! Bad input: every command says what is wrong, where, and what to do, and still reads the rest.
//!
//! Each case spoils one file of the workspace `fixtures/bad_input`, which has nothing wrong with it,
//! and runs the commands that read the file.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot start a command should fail"
)]

mod program;

use std::{fs, path::Path};

use program::{Scratch, answer, check, fixture, snapshot};

const POLICY: &str = "policy-library/labels/require-app/policy.yaml";
const SUITE: &str = "policy-library/labels/require-app/tests/kyverno-test.yaml";
const ENVIRONMENT: &str = "environments/dev/environment.yaml";
const MANIFEST: &str = "manifests/pod.yaml";

const TEST: &str = "test policy-library";
const APPLY: &str = "apply policy-library/labels/require-app/policy.yaml \
                     policy-library/labels/require-owner/policy.yaml --resource manifests/pod.yaml --resource manifests/more.yaml";
const ALL: &[&str] = &[TEST, APPLY, "validate", "verify", "render dev"];
const OF_MANIFESTS: &[&str] = &[APPLY, "validate manifests/pod.yaml manifests/more.yaml"];
const OF_SUITES: &[&str] = &[TEST, "verify"];

/// What a file is made of.
enum Bad<'a> {
    Missing,
    Folder,
    Bytes(&'a [u8]),
    /// The file with one text in another's place.
    With(&'a str, &'a str),
}

fn spoil(file: &Path, bad: &Bad<'_>) {
    match bad {
        Bad::With(old, new) => {
            let text = fs::read_to_string(file).unwrap();
            assert!(text.contains(old), "{text}");
            fs::write(file, text.replacen(old, new, 1)).unwrap();
        }
        Bad::Bytes(bytes) => fs::write(file, bytes).unwrap(),
        Bad::Missing => fs::remove_file(file).unwrap(),
        Bad::Folder => {
            fs::remove_file(file).unwrap();
            fs::create_dir(file).unwrap();
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, target).unwrap();
        }
    }
}

/// What the commands answer about the workspace with one file spoilt.
fn case(name: &str, file: &str, bad: &Bad<'_>, commands: &[&str]) {
    let scratch = Scratch::new(name);
    copy(&fixture("bad_input"), &scratch.0);
    spoil(&scratch.0.join(file), bad);
    let mut text = String::new();
    for command in commands {
        let arguments: Vec<&str> = command.split_whitespace().collect();
        let answer = answer(&scratch.0, &arguments, b"");
        assert!(!answer.contains("panicked"), "{answer}");
        text += &format!("$ portcullis {}\n{answer}\n", arguments.join(" "));
    }
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert!(longest < Some(1_000), "{name}: a line is {longest:?} long");
    let here = scratch.0.display().to_string();
    assert!(!text.contains(&here), "{name}: paths start here\n{text}");
    snapshot(&format!("bad_{name}"), &text);
}

/// Nine levels of nine aliases each: 387,420,489 values.
fn bomb() -> String {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let items = vec![format!("*a{}", level - 1); 9].join(", ");
        text += &format!("a{level}: &a{level} [{items}]\n");
    }
    text
}

fn deep() -> String {
    format!("a: {}{}\n", "[".repeat(10_000), "]".repeat(10_000))
}

/// A ConfigMap of ten megabytes, which is a lot but nothing wrong.
fn large() -> String {
    let mut text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: large}\ndata:\n".to_owned();
    for line in 0..200_000 {
        text += &format!("  key-{line}: \"{:->36}\"\n", line);
    }
    text
}

#[test]
fn nothing_is_wrong_with_the_workspace() {
    case("nothing", POLICY, &Bad::With("The label", "The label"), ALL);
}

#[test]
fn expressions() {
    let pod = "kinds: [Pod]
      validate:
        failureAction: Enforce
        message: The label app must be set.
        pattern: {metadata: {labels: {app: \"?*\"}}}";
    let deployment = |expression: &str| {
        format!(
            "kinds: [Deployment]
      validate:
        failureAction: Enforce
        message: The label app must be set.
        cel:
          expressions:
            - expression: >-
                {expression}"
        )
    };
    for (name, expression) in [
        (
            "expression_field",
            "has(object.spec) &&\n                object.spec.replcas > 1",
        ),
        (
            "expression_function",
            "object.metadata.name.startWith('a') &&\n                object.metadata.name != b",
        ),
    ] {
        case(
            name,
            POLICY,
            &Bad::With(pod, &deployment(expression)),
            &[TEST, APPLY, "verify"],
        );
    }
}

#[test]
fn policies() {
    let pattern = "pattern: {metadata: {labels: {app: \"?*\"}}}";
    let deny = |key: &str| {
        format!("deny: {{conditions: {{all: [{{key: \"{key}\", operator: Equals, value: web}}]}}}}")
    };
    for (name, bad) in [
        ("policy_missing", Bad::Missing),
        ("policy_folder", Bad::Folder),
        ("policy_bytes", Bad::Bytes(b"a: \xff\n")),
        ("policy_bomb", Bad::Bytes(bomb().as_bytes())),
        ("policy_deep", Bad::Bytes(deep().as_bytes())),
        ("policy_yaml", Bad::With("  rules:", " rules: [")),
        (
            "policy_field",
            Bad::With("  rules:", "  backgrund: true\n  rules:"),
        ),
        (
            "policy_kind",
            Bad::With("kind: ClusterPolicy", "kind: ClusterPolcy"),
        ),
        ("policy_template", Bad::With("app must", "<% nope %> must")),
        ("policy_tag", Bad::With("app must", "{% if %} must")),
        (
            "policy_lint",
            Bad::With(
                "    - name: label",
                "    - name: label\n      preconditions: {all: [{key: a, operator: Same, value: b}]}",
            ),
        ),
    ] {
        case(name, POLICY, &bad, ALL);
    }
    // Machines read of a policy that is not applied, too.
    let formats = ["junit", "github", "json"].map(|format| format!("{APPLY} --format {format}"));
    case(
        "policy_formats",
        POLICY,
        &Bad::With("kind: ClusterPolicy", "kind: ClusterPolcy"),
        &formats.each_ref().map(String::as_str),
    );
    let second = format!("{pattern}\n---\n# one more\nkind: ClusterPolicy");
    let commands = &["validate", "verify"];
    case(
        "policy_second",
        POLICY,
        &Bad::With(pattern, &second),
        commands,
    );
    for (name, key) in [
        ("policy_variable", "{{ nope }}"),
        ("policy_label", "{{ request.object.metadata.labels.nope }}"),
        ("policy_regex", "{{ regex_match('(', 'a') }}"),
        ("policy_expression", "{{ request.object.[ }}"),
    ] {
        case(
            name,
            POLICY,
            &Bad::With(pattern, &deny(key)),
            &[TEST, APPLY, "validate"],
        );
    }
}

#[test]
fn manifests() {
    for (name, bad) in [
        ("manifest_missing", Bad::Missing),
        ("manifest_folder", Bad::Folder),
        ("manifest_bytes", Bad::Bytes(b"a: \xff\n")),
        ("manifest_bomb", Bad::Bytes(bomb().as_bytes())),
        ("manifest_deep", Bad::Bytes(deep().as_bytes())),
        ("manifest_large", Bad::Bytes(large().as_bytes())),
        ("manifest_yaml", Bad::With("spec:", "spec: [")),
        ("manifest_field", Bad::With("image:", "imag:")),
        ("manifest_kind", Bad::With("kind: Pod", "kind: Podd")),
        ("manifest_text", Bad::Bytes(b"just words\n")),
        ("manifest_no_kind", Bad::Bytes(b"---\n---\nname: web\n")),
    ] {
        case(name, MANIFEST, &bad, OF_MANIFESTS);
    }
}

/// Files that are read beside manifests, and commands that read one manifest.
#[test]
fn files_beside() {
    let flag =
        |flag: &str| format!("apply {POLICY} --resource manifests/more.yaml {flag} {MANIFEST}");
    let apply = [
        "--target-resource",
        "--crd-paths",
        "--values-file",
        "--exception",
    ]
    .map(flag);
    let validate = format!("validate manifests/more.yaml --crd-paths {MANIFEST}");
    let both = format!("validate manifests/more.yaml {MANIFEST}");
    let explain = format!("explain {POLICY} {MANIFEST}");
    let query = format!("jp query --input {MANIFEST} kind");
    let compile = format!("compile {POLICY} --crds {MANIFEST}");
    let mut commands: Vec<&str> = apply.iter().map(String::as_str).collect();
    commands.extend([validate.as_str(), &both, &explain, &query, &compile]);
    for (name, bad) in [
        ("beside_nothing", Bad::With("spec:", "spec:")),
        ("beside_missing", Bad::Missing),
        (
            "beside_bytes",
            Bad::Bytes(b"kind: Pod\nmetadata: {name: a\xff}\n"),
        ),
        ("beside_yaml", Bad::With("spec:", "spec: [")),
        ("beside_words", Bad::Bytes(b"just words\n")),
    ] {
        case(name, MANIFEST, &bad, &commands);
    }
}

#[test]
fn standard_input_that_is_no_text() {
    let mut text = String::new();
    let apply = format!("apply {POLICY} --resource - --resource manifests/pod.yaml");
    for command in [&apply, "validate -", "jp query kind"] {
        let arguments: Vec<&str> = command.split_whitespace().collect();
        let bytes = b"kind: Pod\nname: \xff\n";
        let answer = answer(&fixture("bad_input"), &arguments, bytes);
        text += &format!("$ portcullis {command}\n{answer}\n");
    }
    // A program that failed has written nothing, and the pipe goes on.
    let apply = format!("apply {POLICY} --resource -");
    let arguments: Vec<&str> = apply.split_whitespace().collect();
    let answer = answer(&fixture("bad_input"), &arguments, b"");
    text += &format!("$ portcullis {apply}\n{answer}\n");
    snapshot("bad_standard_input", &text);
}

/// A pipe would be waited for without an end; a socket, which cannot be read either, does not hang a
/// test that fails.
#[cfg(unix)]
#[test]
fn what_is_no_file_is_left_out_of_folders() {
    let scratch = Scratch::new("socket");
    copy(&fixture("bad_input"), &scratch.0);
    for folder in ["manifests", "policies"] {
        fs::create_dir_all(scratch.0.join(folder)).unwrap();
        let socket = scratch.0.join(folder).join("socket.yaml");
        std::os::unix::net::UnixListener::bind(socket).unwrap();
    }
    fs::copy(
        scratch.0.join(POLICY),
        scratch.0.join("policies/policy.yaml"),
    )
    .unwrap();
    for command in ["apply policies --resource manifests", "validate manifests"] {
        let arguments: Vec<&str> = command.split_whitespace().collect();
        let answer = answer(&scratch.0, &arguments, b"");
        assert!(!answer.contains("socket"), "{answer}");
    }
}

#[test]
fn suites() {
    for (name, bad) in [
        ("suite_folder", Bad::Folder),
        ("suite_bytes", Bad::Bytes(b"a: \xff\n")),
        ("suite_bomb", Bad::Bytes(bomb().as_bytes())),
        ("suite_deep", Bad::Bytes(deep().as_bytes())),
        ("suite_yaml", Bad::With("results:", "results: [")),
        ("suite_field", Bad::With("results:", "result: []\nresults:")),
        ("suite_policy", Bad::With("../policy.yaml", "../polcy.yaml")),
        (
            "suite_resource",
            Bad::With("resources.yaml", "resource.yaml"),
        ),
        ("suite_result", Bad::With("result: fail", "result: failed")),
        ("suite_rule", Bad::With("rule: label", "rule: lable")),
    ] {
        case(name, SUITE, &bad, OF_SUITES);
    }
}

/// What `render` cannot use, no other command of a workspace can.
#[test]
fn environments() {
    let commands = &["render dev", "validate", "verify", "exceptions"];
    for (name, bad) in [
        ("environment_type", Bad::With("sets: [labels]", "sets: 5")),
        (
            "environment_set",
            Bad::With("sets: [labels]", "sets: [lables]"),
        ),
    ] {
        case(name, ENVIRONMENT, &bad, commands);
    }
    let exceptions = "environments/dev/exceptions";
    case(
        "environment_exceptions",
        exceptions,
        &Bad::Bytes(b"kind: A\n"),
        commands,
    );
}

#[test]
fn exceptions_are_read_in_folders_too() {
    let scratch = Scratch::new("folders");
    copy(&fixture("bad_input"), &scratch.0);
    let folder = scratch.0.join("environments/dev/exceptions/team");
    fs::create_dir_all(&folder).unwrap();
    let exception = "apiVersion: kyverno.io/v2\nkind: PolicyException\nmetadata: {name: web}\n";
    fs::write(folder.join("web.yaml"), exception).unwrap();
    let answer = answer(&scratch.0, &["render", "dev"], b"");
    assert!(
        answer.contains("# environments/dev/exceptions/team/web.yaml"),
        "{answer}"
    );
}

#[test]
fn names_and_numbers_that_lead_nowhere() {
    for (name, arguments) in [
        ("bad_path_test", &["test", "gone"][..]),
        (
            "bad_path_apply_policy",
            &["apply", "gone.yaml", "-r", MANIFEST],
        ),
        (
            "bad_path_apply_resource",
            &["apply", POLICY, "-r", "gone.yaml"],
        ),
        ("bad_path_validate", &["validate", "gone.yaml"]),
        ("bad_path_verify", &["verify", "--workspace", "gone"]),
        ("bad_path_render", &["render", "gone"]),
        (
            "bad_number",
            &["apply", POLICY, "--cluster", "--concurrent", "0"],
        ),
    ] {
        check(name, "bad_input", arguments, "");
    }
}

#[cfg(unix)]
#[test]
fn a_loop_of_folders_ends() {
    let scratch = Scratch::new("loop");
    copy(&fixture("bad_input"), &scratch.0);
    for (folder, above) in [
        ("manifests", "manifests"),
        ("policy-library/labels/require-app", "policy-library"),
    ] {
        let link = scratch.0.join(folder).join("again");
        std::os::unix::fs::symlink(scratch.0.join(above), link).unwrap();
    }
    for command in [
        TEST,
        APPLY,
        "validate manifests",
        "apply manifests -r policy-library",
    ] {
        let arguments: Vec<&str> = command.split_whitespace().collect();
        let answer = answer(&scratch.0, &arguments, b"");
        assert!(!answer.contains("again"), "{answer}");
    }
}

/// Ten folders, each with links to all of them: more ways through them than anybody can walk.
#[cfg(unix)]
#[test]
fn a_mesh_of_links_is_walked_once() {
    use std::os::unix::fs::symlink;
    let scratch = Scratch::new("mesh");
    copy(&fixture("bad_input"), &scratch.0);
    for folder in 0..10 {
        let folder = scratch.0.join(format!("mesh/{folder}"));
        fs::create_dir_all(&folder).unwrap();
        for other in 0..10 {
            symlink(format!("../{other}"), folder.join(format!("to-{other}"))).unwrap();
        }
    }
    let last = scratch.0.join("mesh/9");
    fs::copy(scratch.0.join(POLICY), last.join("policy.yaml")).unwrap();
    symlink("nowhere", last.join("more.yaml")).unwrap();
    for (command, wanted) in [
        ("test mesh", "no tests found"),
        (
            "apply mesh --resource manifests/pod.yaml",
            "more.yaml: no such file or folder",
        ),
    ] {
        let arguments: Vec<&str> = command.split_whitespace().collect();
        let answer = answer(&scratch.0, &arguments, b"");
        assert!(answer.contains(wanted), "{answer}");
        // A link that leads nowhere keeps no other policy from being applied.
        let is_applied = answer.contains("Applying 1 policy rule(s) to 1 resource(s)");
        assert!(is_applied || command.starts_with("test"), "{answer}");
    }
}

#[test]
fn no_cluster_answers() {
    let migrate = ["migrate", "--resource=widgets.example.com"];
    let migrate = |rest: &[&'static str]| [&migrate[..], rest].concat();
    let apply = ["apply", "policy.yaml", "--request-timeout=5s"];
    let apply = |rest: &[&'static str]| [&apply[..], rest].concat();
    for (name, arguments) in [
        (
            "apply_cluster_nowhere",
            apply(&["--cluster", "--kubeconfig=kubeconfig.yaml"]),
        ),
        (
            "apply_beside_cluster_nowhere",
            apply(&["-r=policy.yaml", "--kubeconfig=kubeconfig.yaml"]),
        ),
        (
            "apply_cluster_less",
            apply(&["--kubeconfig=kubeconfig.yaml"]),
        ),
        (
            "apply_namespace_of_no_cluster",
            apply(&["-r=policy.yaml", "--namespace=shop"]),
        ),
        (
            "migrate_nowhere",
            migrate(&["--kubeconfig=kubeconfig.yaml"]),
        ),
        (
            "migrate_no_kubeconfig",
            migrate(&["--kubeconfig=none.yaml"]),
        ),
        (
            "migrate_unknown_context",
            migrate(&["--kubeconfig=kubeconfig.yaml", "--context=other"]),
        ),
        ("migrate_no_time", migrate(&["--request-timeout=0s"])),
        (
            "sync_status_nowhere",
            vec!["sync", "status", "--kubeconfig=kubeconfig.yaml"],
        ),
    ] {
        check(name, "cluster", &arguments, "");
    }
}

#[test]
fn no_revision_to_sync() {
    let url = "https://localhost/owner/policies";
    let sync = ["sync"];
    for (name, arguments) in [
        ("sync_nothing", &[][..]),
        ("sync_no_repository", &["--once"]),
        ("sync_no_part", &["--plan", url]),
        ("sync_once_and_plan", &["--plan", "--once", url]),
        (
            "sync_of_a_file",
            &[
                "--plan",
                "https://localhost/a.yaml",
                "--path=.",
                "--kubeconfig=kubeconfig.yaml",
            ],
        ),
        (
            "sync_out_of_the_tree",
            &[
                "--plan",
                url,
                "--path=a/../../b",
                "--kubeconfig=kubeconfig.yaml",
            ],
        ),
    ] {
        check(name, "cluster", &[&sync[..], arguments].concat(), "");
    }
}

/// A failed check whose answer nobody reads must not look like a success.
#[cfg(unix)]
#[test]
fn an_answer_that_is_not_read_is_no_success() {
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(["apply", POLICY, "--resource", MANIFEST])
        .current_dir(fixture("bad_input"))
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(141));
}
