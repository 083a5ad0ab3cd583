//! Replays `quantity`: parsing and printing, comparison, arithmetic, 64-bit results, and
//! Kyverno's own arithmetic (`kyverno_*`).

use portcullis_values::{
    arithmetic::{ArithmeticError, Operand},
    gofloat::format_v,
    quantity::Quantity,
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
    let operation = input["op"].as_str().unwrap_or_default();
    let quantity = |name: &str| {
        Quantity::parse(input[name].as_str().unwrap_or_default()).map_err(|e| e.to_string())
    };
    let scale = input["scale"].as_i64().and_then(|n| i32::try_from(n).ok());
    let scale = scale.unwrap_or_default();
    if let Some(name) = operation.strip_prefix("kyverno_") {
        return kyverno(name, input);
    }
    Ok(match operation {
        "parse" => described(&quantity("a")?),
        "cmp" => json!(quantity("a")?.cmp(&quantity("b")?) as i8),
        "add" => json!(quantity("a")?.add(&quantity("b")?).to_string()),
        "sub" => json!(quantity("a")?.subtract(&quantity("b")?).to_string()),
        "neg" => json!(quantity("a")?.negate().to_string()),
        "scaled" => json!(quantity("a")?.scaled(scale).to_string()),
        "round_up" => {
            let (rounded, exact) = quantity("a")?.round_up(scale);
            json!({ "string": rounded.to_string(), "exact": exact })
        }
        other => return Err(format!("unknown operation `{other}`")),
    })
}

fn described(quantity: &Quantity) -> Value {
    json!({
        "string": quantity.to_string(),
        "canonical": quantity.canonical(),
        "format": quantity.format().name(),
        "value": quantity.scaled(0).to_string(),
        "milliValue": quantity.scaled(-3).to_string(),
        "float": format_v(quantity.to_f64()),
        "sign": quantity.sign(),
        "dec": quantity.to_decimal(),
    })
}

fn kyverno(name: &str, input: &Value) -> Result<Value, String> {
    let operand = |side: &str| match &input[side] {
        Value::String(text) => Operand::parse(text).ok_or_else(|| format!("bad operand {text}")),
        number => number
            .as_f64()
            .map(Operand::Number)
            .ok_or_else(|| format!("bad operand {number}")),
    };
    let operation: fn(&Operand, &Operand) -> Result<Operand, ArithmeticError> = match name {
        "add" => Operand::add,
        "subtract" => Operand::subtract,
        "multiply" => Operand::multiply,
        "divide" => Operand::divide,
        "modulo" => Operand::modulo,
        other => return Err(format!("unknown operation `{other}`")),
    };
    match operation(&operand("a")?, &operand("b")?).map_err(|e| e.to_string())? {
        Operand::Number(number) => Ok(json!(number)),
        other => Ok(json!(other.to_string())),
    }
}
