//! Replays every corpus that a folder holds.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;

use crate::{goldens, pod_security, score::Score, suites};

/// The folder of pods that a level and version of the Pod Security Standards passes or fails.
const POD_SECURITY: &str = "pod-security";

/// Replays what is there, in a stable order; `only` keeps what has this in its name.
///
/// # Errors
/// Where a table cannot be read.
pub fn all(corpora: &Path, only: Option<&str>) -> Result<Vec<Score>, String> {
    let wanted = |name: &str| only.is_none_or(|only| name.contains(only));
    let mut scores = Vec::new();
    for table in goldens::TABLES {
        let path = corpora.join("goldens").join(format!("{}.json", table.name));
        if wanted(table.name) && path.is_file() {
            scores.push(replay_table(table, &path)?);
        }
    }
    scores.extend(replay_autogen(corpora, &wanted)?);
    let pods = corpora.join(POD_SECURITY);
    if wanted(POD_SECURITY) && pods.is_dir() {
        let mut score = Score::new(POD_SECURITY);
        for (pod, outcome) in pod_security::replay(&pods) {
            score.count(|| pod, outcome);
        }
        scores.push(score);
    }
    for corpus in suites::CORPORA {
        if wanted(corpus) && corpora.join(corpus).is_dir() {
            scores.extend(suites::replay(corpora, corpus));
        }
    }
    Ok(scores)
}

/// The table `autogen` reads the corpora, and is scored by the kind of policy.
fn replay_autogen(
    corpora: &Path,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<impl Iterator<Item = Score>, String> {
    let path = corpora.join("goldens/autogen.json");
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    if path.is_file() && corpora.join("policies").is_dir() {
        for case in goldens::cases(&read(&path)?) {
            let name = format!("autogen {}", goldens::autogen::kind(case));
            if wanted(&name) {
                let score = scores
                    .entry(name)
                    .or_insert_with_key(|name| Score::new(name.as_str()));
                let named = || case["in"]["path"].to_string();
                score.count(named, goldens::autogen::check_in(corpora, case));
            }
        }
    }
    Ok(scores.into_values())
}

fn read(path: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

fn replay_table(table: &goldens::GoldenTable, path: &Path) -> Result<Score, String> {
    let mut score = Score::new(table.name);
    for case in goldens::cases(&read(path)?) {
        let name = || case.get("in").map_or_else(String::new, Value::to_string);
        score.count(name, (table.check)(case));
    }
    Ok(score)
}
