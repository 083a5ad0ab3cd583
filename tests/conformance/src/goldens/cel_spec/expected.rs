//! What the tests write as JSON of protocol buffers: types, values, bindings.

use std::{collections::BTreeMap, sync::Arc};

use portcullis_cel::{
    environment::Environment,
    error::{EvalError, Evaluated},
    function::{Library, Overload},
    host::Offline,
    program::{Options, Variables},
    types::Type,
    value::{Bytes, Key, Value as Cel},
};
use serde_json::{Value, json};

/// A type.
pub(super) fn type_of(json: &Value) -> Type {
    let Some((kind, of)) = json.as_object().and_then(|fields| fields.iter().next()) else {
        return Type::Dyn;
    };
    match (kind.as_str(), of.as_str().unwrap_or_default()) {
        ("primitive", "BOOL") => Type::Bool,
        ("primitive", "INT64") => Type::Int,
        ("primitive", "UINT64") => Type::UInt,
        ("primitive", "DOUBLE") => Type::Double,
        ("primitive", "STRING") => Type::String,
        ("primitive", "BYTES") => Type::Bytes,
        ("wellKnown", "DURATION") | ("messageType", "google.protobuf.Duration") => Type::Duration,
        ("wellKnown", "TIMESTAMP") | ("messageType", "google.protobuf.Timestamp") => {
            Type::Timestamp
        }
        ("wellKnown", _) => Type::Any,
        ("wrapper", name) => Type::Wrapper(Arc::new(type_of(&json!({"primitive": name})))),
        ("null", _) => Type::Null,
        ("listType", _) => Type::list(type_of(&of["elemType"])),
        ("mapType", _) => Type::map(type_of(&of["keyType"]), type_of(&of["valueType"])),
        ("type", _) => Type::of(type_of(of)),
        ("typeParam", name) => Type::Param(name.into()),
        ("messageType", name) => Type::message(name),
        ("abstractType", _) => {
            let inner = of["parameterTypes"].as_array().into_iter().flatten();
            let name = of["name"].as_str().unwrap_or_default();
            Type::Opaque(name.into(), inner.map(type_of).collect())
        }
        _ => Type::Dyn,
    }
}

/// A function that a test declares, which is checked and not evaluated.
pub(super) fn function(name: &str, json: &Value) -> Option<&'static Library> {
    let overloads = json["overloads"].as_array()?.iter().map(|overload| {
        let parameters = overload["params"].as_array().into_iter().flatten();
        let parameters: Vec<String> = parameters.map(|of| type_of(of).to_string()).collect();
        let result = type_of(&overload["resultType"]);
        let signature = format!("{name}({}) -> {result}", parameters.join(", "));
        let id = overload["overloadId"].as_str().unwrap_or_default();
        Overload::new(
            Box::leak(id.into()),
            Box::leak(signature.into_boxed_str()),
            |_, _| Err(EvalError::no_such_overload().into()),
        )
    });
    Some(Box::leak(Box::new(Library {
        name: "declared",
        overloads: Box::leak(overloads.collect()),
        macros: &[],
        variables: &[],
    })))
}

/// The answer of a test, as values are shown. A test without one expects `true`.
pub(super) fn answer(test: &Value) -> Value {
    let wanted = test
        .get("value")
        .or_else(|| test["typedResult"].get("result"));
    match wanted {
        Some(wanted) => super::shown(&value(wanted)),
        None => json!({"type": "bool", "value": true}),
    }
}

/// A value.
fn value(json: &Value) -> Cel<'static> {
    let Some((kind, of)) = json.as_object().and_then(|fields| fields.iter().next()) else {
        return Cel::Null;
    };
    let text = || of.as_str().unwrap_or_default();
    match kind.as_str() {
        "boolValue" => Cel::Bool(of == true),
        "int64Value" => text().parse().map_or(Cel::Null, Cel::Int),
        "uint64Value" => text().parse().map_or(Cel::Null, Cel::UInt),
        "doubleValue" => match of.as_f64() {
            Some(number) => Cel::Double(number),
            None => text().parse().map_or(Cel::Null, Cel::Double),
        },
        "stringValue" => Cel::from(text().to_owned()),
        "bytesValue" => Cel::Bytes(Bytes::from(bytes(text()))),
        "typeValue" => Cel::Type(Arc::new(Type::opaque(text()))),
        "listValue" => {
            let items = of["values"].as_array().into_iter().flatten();
            Cel::List(items.map(value).collect())
        }
        "mapValue" => {
            let entries = of["entries"].as_array().into_iter().flatten();
            let entry =
                |entry: &Value| Some((Key::of(&value(&entry["key"]))?, value(&entry["value"])));
            Cel::Map(entries.filter_map(entry).collect())
        }
        "objectValue" => object(of),
        _ => Cel::Null,
    }
}

/// A duration or a timestamp.
fn object(of: &Value) -> Cel<'static> {
    let function = match of["@type"].as_str().unwrap_or_default() {
        of if of.ends_with("Duration") => "duration",
        _ => "timestamp",
    };
    let environment = Environment::builder().build();
    let made = || {
        let text = format!("{function}({})", of["value"]);
        let checked = environment.compile(&text).ok()?;
        let program = Box::leak(Box::new(environment.program(&checked).ok()?));
        let options = Options {
            host: &Offline,
            cost_limit: None,
        };
        program.evaluate(&(), options).result.ok()
    };
    made().unwrap_or(Cel::Null)
}

/// Bytes in base64.
fn bytes(text: &str) -> Vec<u8> {
    let digit = |letter: u8| match letter {
        b'A'..=b'Z' => u32::from(letter - b'A'),
        b'a'..=b'z' => u32::from(letter - b'a') + 26,
        b'0'..=b'9' => u32::from(letter - b'0') + 52,
        b'+' => 62,
        _ => 63,
    };
    let digits: Vec<u32> = text
        .bytes()
        .filter(|letter| *letter != b'=')
        .map(digit)
        .collect();
    let mut bytes = Vec::new();
    for group in digits.chunks(4) {
        let number = (0..4).fold(0, |number, at| {
            number << 6 | group.get(at).copied().unwrap_or(0)
        });
        bytes.extend(
            number
                .to_be_bytes()
                .into_iter()
                .skip(1)
                .take(group.len() - 1),
        );
    }
    bytes
}

/// The variables of a test.
pub(super) struct Bindings(BTreeMap<String, Option<Cel<'static>>>);

impl Bindings {
    /// The variables; one that is an error or unknown has no value.
    pub(super) fn new(json: &Value) -> Bindings {
        let bound = |binding: &Value| binding.get("value").map(value);
        let bindings = json.as_object().into_iter().flatten();
        Bindings(
            bindings
                .map(|(name, binding)| (name.clone(), bound(binding)))
                .collect(),
        )
    }
}

impl<'a> Variables<'a> for Bindings {
    fn get(&self, name: &str) -> Option<Evaluated<'a>> {
        self.0.get(name).map(|value| match value {
            Some(value) => Ok(value.clone()),
            None => Err(EvalError::new("the binding is an error").into()),
        })
    }
}
