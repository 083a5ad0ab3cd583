//! Compares what was found with a case's `out` or `error`.
//!
//! Numbers are compared as JSON values (5 equals 5.0). Where the oracle gives an error, any error
//! is right: its words are not compared. Of a case marked `nondeterministic`, each listed answer
//! is right; an `unrepresentable` one accepts any value.

use serde_json::Value;

/// Compares one answer with its case.
///
/// # Errors
/// The difference, as text.
pub fn compare(case: &Value, found: Result<Value, String>) -> Result<(), String> {
    if let Some(answers) = case["nondeterministic"].as_array() {
        return match answers.iter().any(|answer| agrees(answer, &found)) {
            true => Ok(()),
            false => Err(format!("expected one of {answers:?}, found {found:?}")),
        };
    }
    match agrees(case, &found) {
        true => Ok(()),
        false => Err(difference(case, &found)),
    }
}

/// Whether two JSON values are equal when every number is read as a float.
#[must_use]
pub fn same_json(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || left.as_f64() == right.as_f64()
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same_json(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, l)| right.get(key).is_some_and(|r| same_json(l, r)))
        }
        _ => left == right,
    }
}

fn agrees(answer: &Value, found: &Result<Value, String>) -> bool {
    match found {
        Ok(_) if answer["unrepresentable"] == true => true,
        Ok(found) => answer.get("out").is_some_and(|out| same_json(out, found)),
        Err(_) => answer.get("error").is_some(),
    }
}

fn difference(case: &Value, found: &Result<Value, String>) -> String {
    let expected = match case.get("out") {
        Some(out) => out.to_string(),
        None => format!("error {}", case["error"]),
    };
    match found {
        Ok(found) => format!("{}: expected {expected}, found {found}", case["in"]),
        Err(error) => format!("{}: expected {expected}, found error {error}", case["in"]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers() {
        let number = json!({"in": 1, "out": 5});
        assert!(compare(&number, Ok(json!(5.0))).is_ok());
        assert!(compare(&number, Ok(json!(6))).is_err());
        assert!(compare(&number, Err("wrong".to_owned())).is_err());
        let error = json!({"in": 1, "error": "text"});
        assert!(compare(&error, Err("other text".to_owned())).is_ok());
        assert!(compare(&error, Ok(json!(null))).is_err());
        let either = json!({"in": 1, "nondeterministic": [{"out": 1}, {"error": "text"}]});
        assert!(compare(&either, Ok(json!(1))).is_ok());
        assert!(compare(&either, Ok(json!(2))).is_err());
    }
}
