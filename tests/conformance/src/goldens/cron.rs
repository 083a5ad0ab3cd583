//! Replays `cron`: the next three times of a schedule, in the dialect that the case names.

use portcullis_values::{
    cron::{Expression, Standard},
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
    let from = parse(RFC3339, text("from")).map_err(|e| e.to_string())?;
    match text("parser") {
        "robfig" => {
            let schedule = Standard::parse(text("spec")).map_err(|e| e.to_string())?;
            Ok(times(&from, |time| schedule.next(time)))
        }
        "cronexpr" => {
            let schedule = Expression::parse(text("spec")).map_err(|e| e.to_string())?;
            Ok(times(&from, |time| schedule.next(time)))
        }
        other => Err(format!("unknown dialect `{other}`")),
    }
}

/// Up to three times; a null stands where there is no further one.
fn times(from: &GoTime, next: impl Fn(&GoTime) -> Option<GoTime>) -> Value {
    let mut times = Vec::new();
    let mut from = from.clone();
    for _ in 0..3 {
        let Some(time) = next(&from) else {
            times.push(Value::Null);
            break;
        };
        times.push(json!(time.to_string()));
        from = time;
    }
    Value::Array(times)
}
