//! Replays `cel`: what expressions give, of which type, at which step they end, and what they cost.

use std::net::IpAddr;

use portcullis_cel::{
    declaration::type_of,
    environment::{Environment, KubernetesVersion},
    error::{EvalError, Evaluated, Stage},
    host::{Host, HttpRequest, Offline, ResourceRef},
    library::kyverno::RESOURCE,
    program::{Options, Variables},
    types::Type,
    value::{Bytes, Timestamp, Value},
};
use portcullis_values::{duration::GoDuration, gotime};
use serde_json::{Value as Json, json};

use super::answer::same_json;

/// The environments and variables of the table.
#[derive(Debug)]
pub struct Replay {
    kubernetes: Environment,
    kyverno: Environment,
    variables: Json,
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
        let agrees = |part: fn(&Json) -> Json| {
            let right = answers
                .iter()
                .any(|answer| same_json(&part(&told(answer)), &part(&found)));
            match right {
                true => Ok(()),
                false => Err(format!("expected {}, found {found}", told(case))),
            }
        };
        let is_refused = case["stage"] == "compile";
        [
            Some(agrees(|told| {
                let mut told = told.clone();
                told.as_object_mut().map(|told| told.remove("cost"));
                told.as_object_mut().map(|told| told.remove("error"));
                told
            })),
            Some(agrees(|told| told["cost"].clone())),
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

/// What a case says, with times in one zone.
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

/// The variables of the table.
struct Table<'t>(&'t Json);

impl<'t> Variables<'t> for Table<'t> {
    fn get(&self, name: &str) -> Option<Evaluated<'t>> {
        let json = self.0.get(name)?;
        let value = match name {
            "vu" => json.as_u64().map(Value::UInt),
            "vby" => json
                .as_str()
                .map(|text| Value::Bytes(Bytes::Borrowed(text.as_bytes()))),
            "vts" => json.as_str().and_then(timestamp),
            "vdu" => json.as_str().and_then(|text| {
                let duration = GoDuration::parse(text).ok()?;
                Some(Value::Duration(duration.nanoseconds()))
            }),
            "vos" => Some(Value::Optional(Some(Value::from(json).into()))),
            _ => Some(Value::from(json)),
        };
        Some(value.ok_or_else(|| EvalError::new(format!("{name} is not of its type")).into()))
    }
}

fn timestamp(text: &str) -> Option<Value<'static>> {
    let time = gotime::parse(gotime::RFC3339_NANO, text).ok()?;
    Some(Value::Timestamp(Timestamp {
        seconds: time.unix_seconds(),
        nanos: time.nanosecond(),
    }))
}

/// A world in which nothing exists, as the table was computed with.
#[derive(Debug)]
struct Nothing;

impl Host for Nothing {
    fn now(&self) -> Timestamp {
        Offline.now()
    }

    fn random(&self) -> u64 {
        Offline.random()
    }

    fn get(&self, _at: &ResourceRef<'_>) -> Result<Option<Json>, String> {
        Ok(None)
    }

    fn list(&self, at: &ResourceRef<'_>, _labels: &[(String, String)]) -> Result<Json, String> {
        Err(format!("{} resource not found", at.resource))
    }

    fn post(&self, at: &ResourceRef<'_>, object: &Json) -> Result<Json, String> {
        Offline.post(at, object)
    }

    fn resource_of(&self, api_version: &str, kind: &str) -> Result<[String; 3], String> {
        Offline.resource_of(api_version, kind)
    }

    fn http(&self, request: &HttpRequest<'_>) -> Result<Json, String> {
        Offline.http(request)
    }

    fn global(&self, _name: &str, _projection: Option<&str>) -> Result<Option<Json>, String> {
        Ok(None)
    }

    fn image_metadata(&self, image: &str) -> Result<Json, String> {
        Offline.image_metadata(image)
    }

    fn generate(&self, namespace: Option<&str>, objects: &[Json]) -> Result<bool, String> {
        Offline.generate(namespace, objects)
    }

    fn lookup_host(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        Offline.lookup_host(name)
    }

    fn authorize(&self, attributes: &Json) -> Result<(bool, String), String> {
        Offline.authorize(attributes)
    }
}
