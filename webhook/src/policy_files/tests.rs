//! A folder that is written again and again: what is served of it, and what is said.

use std::fs;

use super::*;

fn policy(name: &str, expression: &str) -> String {
    format!(
        "---
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {{name: {name}}}
spec:
  matchConstraints: {{resourceRules: [{{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}}]}}
  validations: [{{expression: \"{expression}\"}}]
"
    )
}

fn good(name: &str) -> String {
    policy(name, "true")
}

fn bad(name: &str) -> String {
    policy(name, "tru(")
}

/// One of the other kinds, with an expression that does not compile.
const OLD: &str = "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: one}
spec:
  rules:
    - name: r
      match: {any: [{resources: {kinds: [Pod]}}]}
      validate: {cel: {expressions: [{expression: 'tru('}]}}
";

const EXCEPTION: &str = "---
apiVersion: policies.kyverno.io/v1
kind: PolicyException
metadata: {name: e, namespace: apps}
spec: {policyRefs: [{name: one, kind: ValidatingPolicy}]}
";

/// What is in the folder: names and texts; what there is below a name that ends in `/` is a folder.
type Files<'f> = &'f [(&'f str, &'f str)];

/// Writes the folder anew, and gives the names of what is read of it, and what is said.
fn read(files: &mut PolicyFiles, folder: &std::path::Path, texts: Files<'_>) -> (String, String) {
    if folder.exists() {
        fs::remove_dir_all(folder).unwrap();
    }
    for (name, text) in texts {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let reading = files.read();
    let documents = files.good.values().flatten();
    let mut names: Vec<String> = documents.map(|one| one.id().1).collect();
    names.sort();
    let below = format!("{}/", folder.display());
    (
        names.join(" "),
        reading.problems.join("\n").replace(&below, ""),
    )
}

#[test]
fn a_mistake_opens_no_hole() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("policies");
    let both = format!("{}{}", good("one"), good("two"));
    let broken = format!("{}{}", good("one"), bad("two"));
    let (one, two, three) = (good("one"), good("two"), good("three"));
    let first = format!("{one}{three}");
    let excepted = format!("{both}{EXCEPTION}");
    let old = OLD.replace("tru(", "true");
    let steps: &[(&str, Files<'_>, &str, &str)] = &[
        ("whole", &[("a.yaml", &both)], "one two", ""),
        ("no YAML", &[("a.yaml", "a: [")], "one two", "a.yaml:2:1: "),
        (
            "does not compile",
            &[("a.yaml", &broken)],
            "one two",
            "a.yaml:14:18: ",
        ),
        ("taken away", &[("a.yaml", &one)], "one", ""),
        (
            "others go on",
            &[("a.yaml", "a: ["), ("b.yaml", &three)],
            "one three",
            "a.yaml",
        ),
        ("mended", &[("a.yaml", &both)], "one two", ""),
        (
            "moved, with a mistake",
            &[("a.yaml", &one), ("b.yaml", &bad("two"))],
            "one two",
            "b.yaml:7:",
        ),
        (
            "moved to a file that is no YAML",
            &[("b.yaml", "a: [")],
            "one two",
            "b.yaml:2:1: ",
        ),
        ("moved", &[("b.yaml", &both)], "one two", ""),
        ("taken away", &[("b.yaml", &two)], "two", ""),
        (
            "with an exception",
            &[("a.yaml", &excepted)],
            "apps/e one two",
            "",
        ),
        (
            "the folder is away",
            &[],
            "apps/e one two",
            "policies: No such file",
        ),
        (
            "an exception may go at any time",
            &[("a.yaml", &both), ("b.yaml", "a: [")],
            "one two",
            "b.yaml",
        ),
        (
            "another kind of the same name",
            &[("a.yaml", &both), ("b.yaml", &old)],
            "one one two",
            "",
        ),
        (
            "of which one is broken",
            &[("a.yaml", &first), ("b.yaml", OLD)],
            "one one three two",
            "b.yaml:8:39: ",
        ),
    ];
    let mut files = PolicyFiles::new(vec![folder.clone()]);
    for (step, texts, served, problem) in steps {
        let (names, told) = read(&mut files, &folder, texts);
        assert_eq!(names, *served, "{step}: {told}");
        assert_eq!(told.is_empty(), problem.is_empty(), "{step}: {told}");
        assert!(told.contains(problem), "{step}: {told}");
        assert!(!files.have_changed(), "{step}");
    }
}

/// What was never whole says what can be used of it, and where the rest is wrong.
#[test]
fn mistakes_have_their_place() {
    let items = "apiVersion: v1\nkind: List\nitems:\n";
    let item = |text: &str| {
        let lines = text.trim_start_matches("---\n").lines();
        let lines = lines.enumerate().map(|(number, line)| match number {
            0 => format!("  - {line}\n"),
            _ => format!("    {line}\n"),
        });
        lines.collect::<String>()
    };
    let list = format!("{items}{}{}", item(&good("one")), item(&bad("two")));
    let misspelt = good("one").replace("validations:", "validation:");
    let typo = good("one").replace("ValidatingPolicy", "ValidatingPolcy");
    for (text, used, told) in [
        (
            format!("{}{}", good("one"), bad("two")),
            "one",
            "p.yaml:14:18: ValidatingPolicy `two`, `spec.validations[0].expression`: ",
        ),
        (
            list,
            "one",
            "p.yaml:15:22: ValidatingPolicy `two`, `spec.validations[0].expression`: ",
        ),
        (misspelt, "", "p.yaml:7:3: `spec.validation`: unknown field"),
        (
            typo,
            "",
            "p.yaml:2:1: `policies.kyverno.io/v1 ValidatingPolcy` is not a policy kind",
        ),
        (
            format!("{}---\na: [\n", good("one")),
            "one",
            "p.yaml:10:1: ",
        ),
        (
            "kind: ConfigMap\n".to_owned(),
            "",
            "p.yaml:1:1: expected an object with `apiVersion` and `kind`",
        ),
        (OLD.to_owned(), "", "p.yaml:8:39: ClusterPolicy `one`, "),
        (
            OLD.replace("Pod]}}", "Pod]}}, {}"),
            "",
            "p.yaml:7:50: policy `one`, `/spec/rules/0/match/any/1`: ",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let mut files = PolicyFiles::new(vec![folder.path().to_owned()]);
        let (names, said) = read(&mut files, folder.path(), &[("p.yaml", &text)]);
        assert_eq!(names, used, "{text}{said}");
        assert!(said.starts_with(told), "{text}{said}");
    }
}
