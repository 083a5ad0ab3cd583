//! Pods of the Pod Security Standards, laid out as `<level>/<version>/{pass,fail}/<name>.yaml`.
//!
//! Each pod is judged by a rule `podSecurity: {level, version}` and by the standard itself; both must
//! decide as the folder says.

use std::{
    fs,
    path::{Path, PathBuf},
};

use portcullis_api::cluster_policy::PodSecurity;
use portcullis_engine::pod_security::{
    CompiledPodSecurity, Dialect, Level, Pod, PodSecurityOutcome, Standard, Version, evaluate,
};
use portcullis_yaml::{Limits, Mode};
use serde_json::{Value, json};

/// Decides every pod below a folder; the name of a case is its path below it.
#[must_use]
pub fn replay(corpus_dir: &Path) -> Vec<(String, Result<(), String>)> {
    let mut cases = Vec::new();
    for (level, folder) in folders(corpus_dir) {
        for (version, folder) in folders(&folder) {
            for (verdict, folder) in folders(&folder) {
                for (name, file) in entries(&folder) {
                    let case = format!("{level}/{version}/{verdict}/{name}");
                    cases.push((case, decide(&level, &version, &verdict, &file)));
                }
            }
        }
    }
    cases
}

fn decide(level: &str, version: &str, verdict: &str, file: &Path) -> Result<(), String> {
    let expected = match verdict {
        "pass" => true,
        "fail" => false,
        other => return Err(format!("folder `{other}` is neither `pass` nor `fail`")),
    };
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    let object = portcullis_yaml::read(&text, Mode::Lenient, &Limits::default())
        .map_err(|error| error.to_string())?;
    let broken = by_standard(level, version, &object)?;
    if broken.is_empty() != expected {
        return Err(format!("expected {verdict}, the standard finds {broken:?}"));
    }
    match (by_rule(level, version, &object)?, expected) {
        (PodSecurityOutcome::Pass, true) | (PodSecurityOutcome::Fail(_), false) => Ok(()),
        (PodSecurityOutcome::Fail(failure), true) => Err(failure.message(verdict)),
        (outcome, _) => Err(format!("expected {verdict}, the rule finds {outcome:?}")),
    }
}

fn by_standard(level: &str, version: &str, object: &Value) -> Result<Vec<&'static str>, String> {
    let level = Level::parse(level).ok_or_else(|| format!("unknown level `{level}`"))?;
    let version = Version::parse(version).ok_or_else(|| format!("unknown version `{version}`"))?;
    let pod = Pod::new(object).map_err(|error| error.to_string())?;
    let results = Standard::new(level, version).evaluate(&pod);
    Ok(results.into_iter().map(|result| result.id).collect())
}

fn by_rule(level: &str, version: &str, object: &Value) -> Result<PodSecurityOutcome, String> {
    let rule: PodSecurity = serde_json::from_value(json!({"level": level, "version": version}))
        .map_err(|error| error.to_string())?;
    let rule =
        CompiledPodSecurity::compile(&rule, "rule", Dialect::Standard).map_err(|errors| {
            errors
                .iter()
                .map(|error| format!("{error}\n"))
                .collect::<String>()
        })?;
    let kind = object
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default();
    evaluate(&rule, &[], object, kind, &|_| None).map_err(|error| error.to_string())
}

fn folders(folder: &Path) -> impl Iterator<Item = (String, PathBuf)> {
    entries(folder)
        .into_iter()
        .filter(|(_, path)| path.is_dir())
}

/// By name.
fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut entries: Vec<_> = entries
        .map(|entry| {
            (
                entry.file_name().to_string_lossy().into_owned(),
                entry.path(),
            )
        })
        .collect();
    entries.sort_unstable();
    entries
}
