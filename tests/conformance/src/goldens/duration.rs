//! Replays `duration`: `s` or `ns`, and with `round` the two roundings.

use portcullis_values::{duration::GoDuration, gofloat::format_v};
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
    let parse = |name: &str| {
        GoDuration::parse(input[name].as_str().unwrap_or_default()).map_err(|e| e.to_string())
    };
    if let Some(nanoseconds) = input["ns"].as_i64() {
        return Ok(described(GoDuration(nanoseconds)));
    }
    let duration = parse("s")?;
    if input["round"].is_null() {
        let mut out = described(duration);
        out["ns"] = json!(duration.nanoseconds());
        return Ok(out);
    }
    let unit = parse("round")?;
    Ok(json!({
        "round": duration.round(unit).to_string(),
        "truncate": duration.truncate(unit).to_string(),
    }))
}

fn described(duration: GoDuration) -> Value {
    json!({ "string": duration.to_string(), "seconds": format_v(duration.seconds()) })
}
