//! Commands: the steps of `.ci/run`, each of which has a recipe in `justfile` and a job in the workflow.

use portcullis_yaml::{Limits, Mode};

use super::{none, read, root, tracked};

#[test]
fn the_lists_of_steps_agree() {
    let gate = read(".ci/run");
    let steps = gate.lines().filter_map(|line| line.strip_prefix("step_"));
    let steps: Vec<&str> = steps.filter_map(|line| line.strip_suffix("() {")).collect();
    assert!(steps.contains(&"test"), "{steps:?}");
    let (recipes, workflow) = (read("justfile"), read(".github/workflows/ci.yml"));
    let mut problems = Vec::new();
    for step in &steps {
        if !recipes.contains(&format!("\n{step}:\n    .ci/run {step}\n")) {
            problems.push(format!(
                "justfile has no recipe `{step}` that runs `.ci/run {step}`"
            ));
        }
        if !workflow.contains(&format!("          - {step}\n")) {
            problems.push(format!("no job of ci.yml runs `.ci/run {step}`"));
        }
    }
    let called = recipes
        .lines()
        .filter_map(|line| line.strip_prefix("    .ci/run "));
    let unknown = called.filter(|step| !steps.contains(step));
    problems.extend(unknown.map(|step| format!("justfile runs `{step}`, which .ci/run has not")));
    none(&problems, "every step is in all three");
}

#[test]
fn actions_are_pinned() {
    let unpinned: Vec<String> = workflows()
        .iter()
        .flat_map(|(_, text)| text.lines())
        .filter_map(|line| line.split_once("uses: "))
        .filter(|(_, action)| !is_pinned(action))
        .map(|(_, action)| format!("{action} is a name that can be moved"))
        .collect();
    none(&unpinned, "pin it by its commit");
}

#[test]
fn workflows_run_what_is_here() {
    let is_folder = |word: &&str| {
        ["xtask/", ".ci/", ".github/", "charts/"]
            .iter()
            .any(|folder| word.starts_with(folder))
    };
    let mut problems = Vec::new();
    let mut count = 0;
    for (name, text) in workflows() {
        if let Err(error) = portcullis_yaml::read(&text, Mode::Strict, &Limits::default()) {
            problems.push(format!("{name}: {error:?}"));
        }
        let text = text.replace("$GITHUB_ACTION_PATH/", "");
        for word in text.split([' ', '"', '\'', '\n']).filter(is_folder) {
            count += 1;
            if !root().join(word).exists() {
                problems.push(format!("{name}: `{word}` is not there"));
            }
        }
    }
    assert!(count > 5, "{count}");
    none(&problems, "run what the repository has");
}

/// The workflows and the action, by their paths.
fn workflows() -> Vec<(String, String)> {
    let names = tracked().into_iter();
    let names = names.filter(|name| name.starts_with(".github/workflows/") || name == "action.yml");
    names.map(|name| (name.clone(), read(&name))).collect()
}

/// `owner/name@<40 hexadecimal digits>`, with the tag as a comment.
fn is_pinned(action: &str) -> bool {
    let commit = action.split_once('@').map(|(_, rest)| rest);
    let commit = commit
        .and_then(|rest| rest.split(' ').next())
        .unwrap_or_default();
    commit.len() == 40 && commit.chars().all(|digit| digit.is_ascii_hexdigit())
}
