//! What is told of a policy by how it is written.

use std::hash::{DefaultHasher, Hash, Hasher};

use portcullis_engine::load::Loaded;

/// What is told of a policy by how it is written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Traits {
    /// Whether it may ask the world in ways that its compiled form does not tell.
    pub(super) asks: bool,
    /// What tells its versions apart.
    pub(super) fingerprint: u64,
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

impl Traits {
    /// Those of a policy; none of what is no policy.
    pub(super) fn of(loaded: &Loaded) -> Traits {
        let Some(spec) = spec(loaded) else {
            return Traits::default();
        };
        let mut hasher = DefaultHasher::new();
        spec.hash(&mut hasher);
        Traits {
            asks: asks(loaded, &spec),
            fingerprint: hasher.finish(),
        }
    }
}

/// The `spec` of a policy of any kind, as JSON.
fn spec(loaded: &Loaded) -> Option<String> {
    match loaded {
        Loaded::Policy(of) => serde_json::to_string(&of.spec),
        Loaded::Validating(of) => serde_json::to_string(&of.spec),
        Loaded::Mutating(of) => serde_json::to_string(&of.spec),
        Loaded::ImageValidating(of) => serde_json::to_string(&of.spec),
        Loaded::Generating(of) => serde_json::to_string(&of.spec),
        Loaded::Deleting(of) => serde_json::to_string(&of.spec),
        Loaded::Cleanup(of) => serde_json::to_string(&of.spec),
        Loaded::ValidatingAdmission(of) => serde_json::to_string(&of.spec),
        Loaded::MutatingAdmission(of) => serde_json::to_string(&of.spec),
        Loaded::Exception(_) | Loaded::CelException(_) | Loaded::Binding(_) => return None,
    }
    .ok()
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
