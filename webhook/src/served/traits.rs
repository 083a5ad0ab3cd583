//! What is told of policies by how they are written.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Debug,
    hash::{DefaultHasher, Hash, Hasher},
};

use portcullis_api::metadata::ObjectMeta;
use portcullis_engine::load::Loaded;
use serde::Serialize;

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

/// What expressions ask the world by, and what comes after it.
const QUESTIONS: [(&str, char); 5] = [
    ("resource", '.'),
    ("http", '.'),
    ("globalContext", '.'),
    ("image", '('),
    ("parseImageReference", '('),
];

/// Whether a text, as JSON has it, has a word before a sign, with space between or without.
fn has((word, sign): (&str, char), json: &str) -> bool {
    json.match_indices(word).any(|(at, word)| {
        let mut rest = json.get(at + word.len()..).unwrap_or_default();
        let spaces = [" ", "\\n", "\\t", "\\r"];
        while let Some(after) = spaces.iter().find_map(|space| rest.strip_prefix(space)) {
            rest = after;
        }
        rest.starts_with(sign)
    })
}

/// A policy as it is written.
struct Written {
    kind: String,
    key: String,
    /// Its `spec`, as JSON.
    spec: String,
}

impl Written {
    fn of(kind: &impl Debug, metadata: &ObjectMeta, spec: &impl Serialize) -> Option<Written> {
        Some(Written {
            kind: format!("{kind:?}"),
            key: metadata.key(),
            spec: serde_json::to_string(spec).ok()?,
        })
    }

    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.spec.hash(&mut hasher);
        hasher.finish()
    }
}

impl Traits {
    pub(super) fn of(loaded: &[Loaded]) -> Traits {
        let mut traits = Traits::default();
        for loaded in loaded {
            let Some(written) = written(loaded) else {
                continue;
            };
            if has_conditions(loaded) {
                traits.own.insert(written.key.clone());
            }
            if asks(loaded, &written.spec) {
                traits.asking.insert(written.key.clone());
            }
            let fingerprint = written.fingerprint();
            let id = (written.kind, written.key);
            traits.fingerprints.insert(id, fingerprint);
        }
        traits
    }
}

/// A policy of any kind; none of what is no policy.
fn written(loaded: &Loaded) -> Option<Written> {
    match loaded {
        Loaded::Policy(of) => Written::of(&of.kind, &of.metadata, &of.spec),
        Loaded::Validating(of) => Written::of(&of.kind, &of.metadata, &of.spec),
        Loaded::Mutating(of) => Written::of(&of.kind, &of.metadata, &of.spec),
        Loaded::ImageValidating(of) => Written::of(&of.kind, &of.metadata, &of.spec),
        Loaded::Generating(of) => Written::of(&of.kind, &of.metadata, &of.spec),
        Loaded::Deleting(of) => Written::of(&of.kind, &of.metadata, &of.spec),
        Loaded::Cleanup(of) => Written::of(&of.kind, &of.metadata, &of.spec),
        Loaded::ValidatingAdmission(of) => Written::of(&of.kind, &of.metadata, &of.spec),
        Loaded::MutatingAdmission(of) => Written::of(&of.kind, &of.metadata, &of.spec),
        Loaded::Exception(_) | Loaded::CelException(_) | Loaded::Binding(_) => None,
    }
}

/// Whether the API server is to test conditions of the policy.
fn has_conditions(loaded: &Loaded) -> bool {
    let Loaded::Policy(policy) = loaded else {
        return false;
    };
    let webhook = policy.spec.webhook_configuration.as_ref();
    webhook.is_some_and(|webhook| !webhook.match_conditions.is_empty())
}

fn asks(loaded: &Loaded, spec: &str) -> bool {
    match loaded {
        Loaded::Policy(_) => spec.contains("\"targets\"") || spec.contains("\"verifyImages\""),
        Loaded::ValidatingAdmission(policy) => policy.spec.param_kind.is_some(),
        Loaded::MutatingAdmission(policy) => policy.spec.param_kind.is_some(),
        Loaded::ImageValidating(_) => true,
        _ => QUESTIONS.into_iter().any(|question| has(question, spec)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_asks_the_world_is_seen_however_it_is_spaced() {
        for (text, wanted) in [
            (r#"{"e":"resource.Get('v1', 'pods', 'a', 'b')"}"#, true),
            (r#"{"e":"resource \n\t. Get('v1')"}"#, true),
            (r#"{"e":"image  ('a').tag()"}"#, true),
            (r#"{"resourceRules":[],"image":"a"}"#, false),
            (r#"{"e":"object.image == resources"}"#, false),
        ] {
            let found = QUESTIONS.into_iter().any(|question| has(question, text));
            assert_eq!(found, wanted, "{text}");
        }
    }
}
