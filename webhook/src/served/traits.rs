//! What is told of policies by how they are written.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use portcullis_engine::load::Loaded;
use serde_json::Value;

/// What is told of policies by how they are written.
#[derive(Debug, Default)]
pub(super) struct Traits {
    /// Those with a webhook of their own.
    pub(super) own: BTreeSet<String>,
    /// Those that may ask the world in ways that their compiled form does not tell.
    pub(super) asking: BTreeSet<String>,
    /// What tells the versions of each apart, by kind and key.
    pub(super) fingerprints: BTreeMap<(String, String), u64>,
}

/// What expressions ask the world by.
const QUESTIONS: &[&str] = &[
    "resource.",
    "http.",
    "globalContext.",
    "image(",
    "parseImageReference(",
];

impl Traits {
    pub(super) fn of(loaded: &[Loaded]) -> Traits {
        let mut traits = Traits::default();
        for loaded in loaded {
            let Ok(written) = written(loaded) else {
                continue;
            };
            let text = |pointer: &str| {
                let text = written.pointer(pointer).and_then(Value::as_str);
                text.unwrap_or_default().to_owned()
            };
            let key = match text("/metadata/namespace").as_str() {
                "" => text("/metadata/name"),
                namespace => format!("{namespace}/{}", text("/metadata/name")),
            };
            let spec = written.get("spec").unwrap_or(&Value::Null);
            let text_of_spec = spec.to_string();
            let mut hasher = DefaultHasher::new();
            text_of_spec.hash(&mut hasher);
            let id = (text("/kind"), key.clone());
            traits.fingerprints.insert(id, hasher.finish());
            if matches!(loaded, Loaded::Policy(_)) {
                let conditions = spec.pointer("/webhookConfiguration/matchConditions");
                if conditions
                    .and_then(Value::as_array)
                    .is_some_and(|all| !all.is_empty())
                {
                    traits.own.insert(key.clone());
                }
            }
            if asks(loaded, spec, &text_of_spec) {
                traits.asking.insert(key);
            }
        }
        traits
    }
}

fn written(loaded: &Loaded) -> serde_json::Result<Value> {
    match loaded {
        Loaded::Policy(policy) => serde_json::to_value(policy),
        Loaded::Validating(policy) => serde_json::to_value(policy),
        Loaded::Mutating(policy) => serde_json::to_value(policy),
        Loaded::ImageValidating(policy) => serde_json::to_value(policy),
        Loaded::ValidatingAdmission(policy) => serde_json::to_value(policy),
        Loaded::MutatingAdmission(policy) => serde_json::to_value(policy),
        _ => Ok(Value::Null),
    }
}

fn asks(loaded: &Loaded, spec: &Value, text: &str) -> bool {
    match loaded {
        Loaded::Policy(_) => text.contains("\"targets\"") || text.contains("\"verifyImages\""),
        Loaded::ValidatingAdmission(_) | Loaded::MutatingAdmission(_) => {
            spec.get("paramKind").is_some_and(|kind| !kind.is_null())
        }
        Loaded::ImageValidating(_) => true,
        _ => QUESTIONS.iter().any(|question| text.contains(question)),
    }
}
