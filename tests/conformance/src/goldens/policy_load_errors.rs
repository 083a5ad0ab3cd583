//! `policy_load_errors`: files that hold a policy kind and do not load.
//!
//! `in` is `{corpus, path}`; the file is read from the folder that the environment variable
//! `PORTCULLIS_CORPORA` names, and a case is left out when there is none, or no such file in it. The
//! words of the error are not compared.

use std::path::PathBuf;

use portcullis_engine::load::load;
use portcullis_yaml::{Limits, Mode, documents};
use serde_json::Value;

/// Replays one case.
///
/// # Errors
/// The file loads.
pub fn check(case: &Value) -> Result<(), String> {
    let text = |pointer: &str| case.pointer(pointer).and_then(Value::as_str);
    let (corpus, path) = (text("/in/corpus"), text("/in/path"));
    let Some(corpora) = std::env::var_os("PORTCULLIS_CORPORA") else {
        return Ok(());
    };
    let folder = match corpus {
        Some("kyverno/test/cli") => "kyverno-test/cli",
        Some(other) => other,
        None => return Err("the case has no corpus".to_owned()),
    };
    let file = PathBuf::from(corpora)
        .join(folder)
        .join(path.ok_or("the case has no path")?);
    let Ok(content) = std::fs::read_to_string(&file) else {
        return Ok(());
    };
    let mut refused = false;
    for document in documents(&content) {
        match document.read(Mode::Strict, &Limits::default()) {
            Ok(Value::Null) => {}
            Ok(value) => refused |= !load(&value).1.is_empty(),
            Err(_) => refused = true,
        }
    }
    if refused {
        return Ok(());
    }
    Err(format!(
        "{} loads, expected {:?}",
        file.display(),
        case.get("error")
    ))
}
