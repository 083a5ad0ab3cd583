//! Replays `cel`: what expressions give, of which type, at which step they end, and what they cost.

mod world;

use std::collections::BTreeSet;

use portcullis_cel::{
    declaration::type_of,
    environment::{Environment, KubernetesVersion},
    error::Stage,
    host::Offline,
    library::kyverno::RESOURCE,
    program::Options,
    types::Type,
    value::{Bytes, Value},
};
use portcullis_values::{duration::GoDuration, gotime};
use serde_json::{Value as Json, json};

use super::answer::same_json;
use world::{Nothing, Table};

/// The environments and variables of the table.
#[derive(Debug)]
pub struct Replay {
    kubernetes: Environment,
    kyverno: Environment,
    variables: Json,
    /// Expressions whose lists Go gives in any order.
    unordered: BTreeSet<String>,
}

impl Replay {
    /// Reads the variables that stand beside the cases.
    ///
    /// # Errors
    /// A variable's type is not known.
    pub fn new(table: &Json) -> Result<Replay, String> {
        let version = KubernetesVersion::new(1, 36);
        let mut kubernetes = Environment::kubernetes(version);
        let mut kyverno = Environment::kyverno()
            .library(&RESOURCE)
            .admission()
            .exceptions()
            .variable("variables", Type::message("kyverno.variables"));
        for (name, written) in table["declared"]["k8s"].as_object().into_iter().flatten() {
            let written = written.as_str().unwrap_or_default();
            let of = type_of(written).ok_or_else(|| format!("{name}: unknown type {written}"))?;
            kubernetes = kubernetes.variable(name, of.clone());
            if name.starts_with('v') && name != "variables" {
                kyverno = kyverno.variable(name, of);
            }
        }
        Ok(Replay {
            kubernetes: kubernetes.build(),
            kyverno: kyverno.build(),
            variables: table["vars"].clone(),
            unordered: unordered(table),
        })
    }

    /// Replays a case: whether what it gives is right, whether the cost is, and, where compiling
    /// it ends in an error, whether that has the words of cel-go.
    pub fn check(&self, case: &Json) -> [Option<Result<(), String>>; 3] {
        let found = self.evaluate(case);
        let answers = match case["nondeterministic"].as_array() {
            Some(answers) => answers.iter().collect(),
            None => vec![case],
        };
        let expression = case["in"]["expr"].as_str().unwrap_or_default();
        let is_unordered = self.unordered.contains(expression);
        let agrees = |part: fn(&Json) -> Json| {
            let right = answers.iter().any(|answer| {
                let (told, found) = (part(&told(answer)), part(&found));
                same_json(&told, &found)
                    || is_unordered && same_json(&in_one_order(&told), &in_one_order(&found))
            });
            match right {
                true => Ok(()),
                false => Err(format!("expected {}, found {found}", told(case))),
            }
        };
        let is_refused = case["stage"] == "compile";
        // Where Go's code panics, what was counted is lost.
        let error = case["error"].as_str().unwrap_or_default();
        let is_counted = !error.starts_with("internal error");
        [
            Some(agrees(|told| {
                let mut told = told.clone();
                told.as_object_mut().map(|told| told.remove("cost"));
                told.as_object_mut().map(|told| told.remove("error"));
                told
            })),
            is_counted.then(|| agrees(|told| told["cost"].clone())),
            is_refused.then(|| agrees(|told| told["error"].clone())),
        ]
    }

    /// What a case gives, in the form of the table.
    fn evaluate(&self, case: &Json) -> Json {
        let environment = match case["in"]["env"].as_str() {
            Some("kyverno") => &self.kyverno,
            _ => &self.kubernetes,
        };
        let text = case["in"]["expr"].as_str().unwrap_or_default();
        let checked = match environment.compile(text) {
            Ok(checked) => checked,
            Err(error) => return json!({"stage": "compile", "error": error.to_string()}),
        };
        let type_name = type_name(checked.result_type());
        let program = match environment.program(&checked) {
            Ok(program) => program,
            Err(error) => {
                let stage = match error.stage {
                    Stage::Compile => "compile",
                    Stage::Program => "program",
                };
                return json!({"stage": stage, "checked": type_name, "error": error.to_string()});
            }
        };
        let options = Options {
            host: &Nothing,
            cost_limit: None,
        };
        let outcome = program.evaluate(&Table(&self.variables), options);
        let mut told = match outcome.result {
            Ok(value) => shown(&value),
            Err(error) => json!({"stage": "eval", "error": error.to_string()}),
        };
        told["checked"] = type_name.into();
        told["cost"] = outcome.cost.into();
        told
    }
}

/// What a case says, with times in one zone and without what Go's handles hold.
fn told(case: &Json) -> Json {
    match case.get("out") {
        Some(out) => in_one_zone(out),
        None => {
            let mut told = case.clone();
            told.as_object_mut().map(|told| told.remove("in"));
            told
        }
    }
}

/// Expressions that gave the same lists in several orders: they go through a map, whose order is
/// random in Go. The few answers of the table are not all there can be.
fn unordered(table: &Json) -> BTreeSet<String> {
    let cases = table["cases"].as_array().into_iter().flatten();
    let unordered = cases.filter(|case| {
        let answers = case["nondeterministic"].as_array();
        answers.is_some_and(|answers| {
            let mut answers = answers.iter().map(|answer| in_one_order(&told(answer)));
            let first = answers.next();
            answers.all(|answer| Some(answer) == first)
        })
    });
    let expressions = unordered.filter_map(|case| case["in"]["expr"].as_str());
    expressions.map(str::to_owned).collect()
}

/// The value with the items of each list in one order.
fn in_one_order(value: &Json) -> Json {
    match value {
        Json::Array(items) => {
            let mut items: Vec<Json> = items.iter().map(in_one_order).collect();
            items.sort_by_key(ToString::to_string);
            items.into()
        }
        Json::Object(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|(name, field)| (name.clone(), in_one_order(field)));
            fields.collect::<serde_json::Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

fn in_one_zone(value: &Json) -> Json {
    match value {
        Json::Array(items) => items.iter().map(in_one_zone).collect(),
        Json::Object(fields) if value["type"] == "google.protobuf.Timestamp" => {
            let mut fields = fields.clone();
            let time = value["value"].as_str().unwrap_or_default();
            if let Ok(time) = gotime::parse(gotime::RFC3339_NANO, time) {
                fields.insert(
                    "value".to_owned(),
                    time.utc().format(gotime::RFC3339_NANO).into(),
                );
            }
            fields.into()
        }
        // The handle of a library: Go shows the struct behind it, of which only the type counts.
        Json::Object(fields) if value["value"].is_object() && value["value"]["type"].is_null() => {
            let mut fields = fields.clone();
            fields.insert("value".to_owned(), value["type"].clone());
            fields.into()
        }
        Json::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, field)| (name.clone(), in_one_zone(field)));
            fields.collect::<serde_json::Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// The type as cel-go's `String` has it.
fn type_name(of: &Type) -> String {
    match of {
        Type::List(element) => format!("list({})", type_name(element)),
        Type::Map(key, value) => format!("map({}, {})", type_name(key), type_name(value)),
        Type::Type(of) => format!("type({})", type_name(of)),
        Type::Wrapper(of) => format!("wrapper({})", type_name(of)),
        Type::Opaque(name, inner) if !inner.is_empty() => {
            let inner: Vec<String> = inner.iter().map(type_name).collect();
            format!("{name}({})", inner.join(", "))
        }
        other => other.runtime_name().to_owned(),
    }
}

/// A value as the table shows it.
pub(super) fn shown(value: &Value<'_>) -> Json {
    let held = match value {
        Value::Null => Json::Null,
        Value::Bool(flag) => json!(flag),
        Value::Int(number) => json!(number),
        Value::UInt(number) => json!(number),
        Value::Double(number) if number.is_nan() => json!("NaN"),
        Value::Double(number) if number.is_infinite() => match *number > 0.0 {
            true => json!("Infinity"),
            false => json!("-Infinity"),
        },
        Value::Double(number) => json!(number),
        Value::String(text) => json!(text.as_str()),
        Value::Bytes(bytes) => json!(base64_of(bytes)),
        Value::List(list) => list.iter().map(|item| shown(&item)).collect(),
        Value::Map(map) => {
            let mut entries: Vec<Json> = map
                .iter()
                .map(|(key, value)| json!([shown(&key.to_value()), shown(&value)]))
                .collect();
            entries.sort_by_key(|entry| entry[0]["value"].to_string());
            entries.into()
        }
        Value::Duration(nanos) => json!(go_duration(*nanos)),
        Value::Optional(held) => held.as_deref().map_or(Json::Null, shown),
        other => json!(other.to_string()),
    };
    let name = match value {
        Value::Optional(_) => "optional_type".to_owned(),
        other => other.runtime_type(),
    };
    json!({"type": name, "value": held})
}

fn go_duration(nanos: i64) -> String {
    let text = format!("{nanos}ns");
    GoDuration::parse(&text).map_or(text, |duration| duration.to_string())
}

fn base64_of(bytes: &[u8]) -> String {
    use portcullis_cel::{function::Call, library::ext::ENCODERS};
    let encode = ENCODERS
        .overloads
        .iter()
        .find(|overload| overload.id == "base64_encode_bytes");
    let bytes = [Value::Bytes(Bytes::Borrowed(bytes))];
    let encoded = encode.map(|encode| (encode.implementation)(&Call { host: &Offline }, &bytes));
    match encoded {
        Some(Ok(text)) => text.to_string(),
        _ => String::new(),
    }
}
