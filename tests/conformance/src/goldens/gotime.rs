//! Replays `gotime`: times read and written by a layout, rounded and added to.

use portcullis_values::{
    duration::GoDuration,
    gotime::{GoTime, RFC3339, parse},
};
use serde_json::{Value, json};

use super::answer::compare;

/// Replays one case.
///
/// # Errors
/// The difference between the answer and what was found.
pub fn check(case: &Value) -> Result<(), String> {
    compare(case, answer(&case["in"]))
}

fn answer(input: &Value) -> Result<Value, String> {
    let text = |name: &str| input[name].as_str().unwrap_or_default();
    let time = || parse(RFC3339, text("time")).map_err(|e| e.to_string());
    Ok(match text("op") {
        "format" => json!(time()?.format(text("layout"))),
        "parse" => described(&parse(text("layout"), text("value")).map_err(|e| e.to_string())?),
        "truncate" => {
            let (time, unit) = (time()?, GoDuration::parse(text("d")));
            let unit = unit.map_err(|e| e.to_string())?;
            json!({
                "truncate": time.truncate(unit).to_string(),
                "round": time.round(unit).to_string(),
                "add": time.add(unit).to_string(),
            })
        }
        other => return Err(format!("unknown operation `{other}`")),
    })
}

fn described(time: &GoTime) -> Value {
    json!({
        "rfc3339nano": time.to_string(),
        "zone": time.zone().name(),
        "offset": time.zone().offset(),
    })
}
