//! Replays every corpus that a folder holds.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use crate::{
    apply_results, cel_types, generated_policies, goldens, pod_security, score::Score, suites,
};

/// The folder of pods that a level and version of the Pod Security Standards passes or fails.
const POD_SECURITY: &str = "pod-security";

/// The table of rules derived from policies, which reads the corpora.
const AUTOGEN: &str = "autogen";

/// The table of CEL expressions, whose variables stand beside its cases.
const CEL: &str = "cel";

/// The corpora and tables that can be asked for by name.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let tables = goldens::TABLES.iter().map(|table| table.name);
    let others = [
        AUTOGEN,
        CEL,
        goldens::cel_spec::NAME,
        apply_results::NAME,
        cel_types::NAME,
        POD_SECURITY,
        generated_policies::NAME,
    ];
    let names = tables.chain(others).chain(suites::CORPORA.iter().copied());
    names.collect()
}

/// Whether a score is of the corpus or table of that name.
#[must_use]
pub fn is_of(score: &str, name: &str) -> bool {
    let rest = score.strip_prefix(name);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ':']))
}

/// Replays what is there, in a stable order; `only` is one of [`names`].
///
/// # Errors
/// Where a table cannot be read, or nothing has the name.
pub fn all(corpora: &Path, only: Option<&str>) -> Result<Vec<Score>, String> {
    if let Some(only) = only.filter(|only| !names().contains(only)) {
        let names = names().join(", ");
        return Err(format!(
            "no corpus or table is called `{only}`; there are {names}"
        ));
    }
    let wanted = |name: &str| only.is_none_or(|only| name == only);
    let mut scores = Vec::new();
    for table in goldens::TABLES {
        let path = corpora.join("goldens").join(format!("{}.json", table.name));
        if wanted(table.name) && path.is_file() {
            scores.push(replay_table(table, &path)?);
        }
    }
    if wanted(AUTOGEN) {
        scores.extend(replay_autogen(corpora)?);
    }
    let expressions = corpora.join("goldens").join(format!("{CEL}.json"));
    if wanted(CEL) && expressions.is_file() {
        scores.extend(replay_cel(&read(&expressions)?)?);
    }
    let specification = corpora
        .join("goldens")
        .join(format!("{}.json", goldens::cel_spec::NAME));
    if wanted(goldens::cel_spec::NAME) && specification.is_file() {
        scores.extend(goldens::cel_spec::replay(&read(&specification)?));
    }
    let answers = corpora
        .join("goldens")
        .join(format!("{}.jsonl", apply_results::NAME));
    if wanted(apply_results::NAME) && answers.is_file() {
        scores.extend(apply_results::replay(corpora, &read_text(&answers)?)?);
    }
    let pods = corpora.join(POD_SECURITY);
    if wanted(POD_SECURITY) && pods.is_dir() {
        let mut score = Score::new(POD_SECURITY);
        for (pod, outcome) in pod_security::replay(&pods) {
            score.count(|| pod, outcome);
        }
        scores.push(score);
    }
    if wanted(generated_policies::NAME) {
        scores.extend(generated_policies::replay(corpora));
    }
    if wanted(cel_types::NAME) {
        scores.push(cel_types::replay(corpora));
    }
    for corpus in suites::CORPORA {
        if wanted(corpus) && corpora.join(corpus).is_dir() {
            scores.extend(suites::replay(corpora, corpus));
        }
    }
    Ok(scores)
}

/// The table `cel` is scored by what expressions give, by what that costs, and by the words in
/// which they are refused.
fn replay_cel(table: &Value) -> Result<[Score; 3], String> {
    let replay = goldens::cel::Replay::new(table)?;
    let names = ["", " cost", " error text"];
    let mut scores = names.map(|part| Score::new(format!("{CEL}{part}")));
    for case in goldens::cases(table) {
        let named = || format!("{} in {}", case["in"]["expr"], case["in"]["env"]);
        for (score, outcome) in scores.iter_mut().zip(replay.check(case)) {
            if let Some(outcome) = outcome {
                score.count(named, outcome);
            }
        }
    }
    Ok(scores)
}

/// The table `autogen` reads the corpora, and is scored by the kind of policy.
fn replay_autogen(corpora: &Path) -> Result<impl Iterator<Item = Score>, String> {
    let path = corpora.join("goldens").join(format!("{AUTOGEN}.json"));
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    if path.is_file() && corpora.join("policies").is_dir() {
        for case in goldens::cases(&read(&path)?) {
            let name = format!("{AUTOGEN} {}", goldens::autogen::kind(case));
            let score = scores
                .entry(name)
                .or_insert_with_key(|name| Score::new(name.as_str()));
            let named = || case["in"]["path"].to_string();
            score.count(named, goldens::autogen::check_in(corpora, case));
        }
    }
    Ok(scores.into_values())
}

fn read(path: &Path) -> Result<Value, String> {
    serde_json::from_str(&read_text(path)?).map_err(|error| format!("{}: {error}", path.display()))
}

fn read_text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn replay_table(table: &goldens::GoldenTable, path: &Path) -> Result<Score, String> {
    let mut score = Score::new(table.name);
    for case in goldens::cases(&read(path)?) {
        let name = || case.get("in").map_or_else(String::new, Value::to_string);
        score.count(name, (table.check)(case));
    }
    Ok(score)
}
