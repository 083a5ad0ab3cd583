//! Replays every corpus that a folder holds.

use std::path::Path;

use serde_json::Value;

use crate::{goldens, pod_security, score::Score};

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
    let pods = corpora.join(POD_SECURITY);
    if wanted(POD_SECURITY) && pods.is_dir() {
        let mut score = Score::new(POD_SECURITY);
        for (pod, outcome) in pod_security::replay(&pods) {
            score.count(|| pod, outcome);
        }
        scores.push(score);
    }
    Ok(scores)
}

fn replay_table(table: &goldens::GoldenTable, path: &Path) -> Result<Score, String> {
    let read = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| read(&error))?;
    let document: Value = serde_json::from_str(&text).map_err(|error| read(&error))?;
    let mut score = Score::new(table.name);
    for case in goldens::cases(&document) {
        let name = || case.get("in").map_or_else(String::new, Value::to_string);
        score.count(name, (table.check)(case));
    }
    Ok(score)
}
