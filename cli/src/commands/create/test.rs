//! `create test`: a suite that `portcullis test` runs.

use std::path::{Component, Path, PathBuf};

use portcullis_api::{
    metadata::ObjectMeta,
    test_file::{Test, TestResult},
};

use super::{CLI_API_VERSION, Output, pairs::filled};

/// Create a test suite.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis create test -n labels -p policy.yaml -r pods.yaml --pass require-labels,app,good-pod,Pod --fail require-labels,app,bad-pod,Pod -o kyverno-test.yaml"
)]
pub struct Args {
    /// The suite's name.
    #[arg(short, long, default_value = "test-name")]
    name: String,
    /// Files of policies.
    #[arg(short, long, value_name = "FILE", value_delimiter = ',')]
    policy: Vec<PathBuf>,
    /// Files of resources.
    #[arg(short, long, value_name = "FILE", value_delimiter = ',')]
    resource: Vec<PathBuf>,
    /// File of values for variables.
    #[arg(short = 'f', long, value_name = "FILE")]
    values: Option<PathBuf>,
    /// A resource that should pass a rule; without a rule, every rule of the policy. The resource
    /// may be followed by its namespace. May be given more than once, as `--fail` and `--skip`.
    #[arg(long, value_name = "POLICY,RULE,RESOURCE,KIND", value_parser = case)]
    pass: Vec<Case>,
    /// A resource that should fail a rule.
    #[arg(long, value_name = "POLICY,RULE,RESOURCE,KIND", value_parser = case)]
    fail: Vec<Case>,
    /// A resource that a rule should skip.
    #[arg(long, value_name = "POLICY,RULE,RESOURCE,KIND", value_parser = case)]
    skip: Vec<Case>,
    #[command(flatten)]
    pub(super) output: Output,
}

/// What is wanted of a resource.
#[derive(Clone, Debug)]
struct Case {
    policy: String,
    rule: Option<String>,
    resource: String,
    kind: String,
}

/// Reads `POLICY,RULE,RESOURCE,KIND` or `POLICY,RULE,RESOURCE,NAMESPACE,KIND`.
fn case(text: &str) -> Result<Case, String> {
    let parts: Vec<Option<String>> = text.split(',').map(filled).collect();
    let case = match parts.as_slice() {
        [Some(policy), rule, Some(resource), Some(kind)] => {
            Some((policy, rule, resource, &None, kind))
        }
        [Some(policy), rule, Some(resource), namespace, Some(kind)] => {
            Some((policy, rule, resource, namespace, kind))
        }
        _ => None,
    };
    let case = case.map(|(policy, rule, resource, namespace, kind)| Case {
        policy: policy.clone(),
        rule: rule.clone(),
        resource: match namespace {
            Some(namespace) => format!("{namespace}/{resource}"),
            None => resource.clone(),
        },
        kind: kind.clone(),
    });
    case.ok_or_else(|| format!("`{text}` is no POLICY,RULE,RESOURCE,KIND; only RULE may be empty"))
}

impl Args {
    /// The suite.
    pub(super) fn suite(&self) -> Test {
        let folder = self.output.file.as_deref().and_then(Path::parent);
        let folder = folder.unwrap_or(Path::new(""));
        let paths = |paths: &[PathBuf]| paths.iter().map(|path| seen_from(folder, path)).collect();
        Test {
            api_version: Some(CLI_API_VERSION.to_owned()),
            kind: Some("Test".to_owned()),
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                ..ObjectMeta::default()
            },
            policies: paths(&self.policy),
            resources: paths(&self.resource),
            variables: self.values.as_ref().map(|path| seen_from(folder, path)),
            results: self.results(),
            ..Test::default()
        }
    }

    /// A result for each case; cases that differ by the resource only share one.
    fn results(&self) -> Vec<TestResult> {
        let wanted = [
            ("pass", &self.pass),
            ("fail", &self.fail),
            ("skip", &self.skip),
        ];
        let mut results: Vec<TestResult> = Vec::new();
        for (word, cases) in wanted {
            for case in cases {
                let found = results.iter_mut().find(|result| {
                    result.policy == case.policy
                        && result.rule == case.rule
                        && result.kind.as_ref() == Some(&case.kind)
                        && result.result.as_deref() == Some(word)
                });
                match found.and_then(|result| result.resources.as_mut()) {
                    Some(resources) => resources.push(case.resource.clone()),
                    None => results.push(result(case, word)),
                }
            }
        }
        results
    }
}

fn result(case: &Case, word: &str) -> TestResult {
    TestResult {
        policy: case.policy.clone(),
        rule: case.rule.clone(),
        kind: Some(case.kind.clone()),
        resources: Some(vec![case.resource.clone()]),
        result: Some(word.to_owned()),
        ..TestResult::default()
    }
}

/// A path as a file in a folder names it; as it is where nothing is there, so that a path that is
/// meant from that folder stays.
fn seen_from(folder: &Path, path: &Path) -> String {
    let seen = path.is_relative().then(|| relative(folder, path)).flatten();
    let seen = seen.unwrap_or_else(|| path.to_path_buf());
    seen.display().to_string()
}

fn relative(folder: &Path, path: &Path) -> Option<PathBuf> {
    let plain = |path: &Path| -> Vec<PathBuf> {
        let parts = path.components().filter(|part| *part != Component::CurDir);
        parts.map(|part| PathBuf::from(part.as_os_str())).collect()
    };
    if folder.as_os_str().is_empty() || !path.exists() {
        return None;
    }
    let (from, to) = if folder.is_absolute() {
        (
            plain(folder),
            plain(&std::env::current_dir().ok()?.join(path)),
        )
    } else {
        (plain(folder), plain(path))
    };
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other);
    let shared = shared.count();
    let up = from.get(shared..)?;
    // A way up through `..` cannot be told without the file system.
    if up.iter().any(|part| part == Path::new("..")) {
        return std::path::absolute(path).ok();
    }
    let down = to.get(shared..)?.iter().cloned();
    Some(up.iter().map(|_| PathBuf::from("..")).chain(down).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_the_folder_of_the_suite() {
        for (folder, path, wanted) in [
            ("", "src/lib.rs", "src/lib.rs"),
            ("tests", "src/lib.rs", "../src/lib.rs"),
            ("./tests/deep", "./src/lib.rs", "../../src/lib.rs"),
            ("src", "src/lib.rs", "lib.rs"),
            ("tests", "gone.yaml", "gone.yaml"),
        ] {
            assert_eq!(seen_from(Path::new(folder), Path::new(path)), wanted);
        }
    }

    #[test]
    fn a_case_has_four_or_five_parts() {
        assert_eq!(case("p,,web,Pod").unwrap().rule, None);
        assert_eq!(case("p,r,web,shop,Pod").unwrap().resource, "shop/web");
        for wrong in [
            "",
            "p,r,web",
            ",r,web,Pod",
            "p,r,,Pod",
            "p,r,web,shop,",
            "a,b,c,d,e,f",
        ] {
            assert!(case(wrong).is_err(), "{wrong}");
        }
    }
}
