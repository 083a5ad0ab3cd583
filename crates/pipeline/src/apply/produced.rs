//! The objects that come out of applying: changed, or made.

use std::sync::Arc;

use portcullis_engine::response::EngineResponse;
use serde_json::Value;

/// What became of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProducedAs {
    /// The object that policies were applied to, which none changed.
    Unchanged,
    /// The object that policies were applied to, as they changed it.
    Mutated,
    /// An existing object that a rule changed because of it.
    Target,
    /// An object that a rule made because of it.
    Generated,
}

/// Which objects are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// None.
    #[default]
    Nothing,
    /// Those that rules changed or made.
    Produced,
    /// Those, and every object that no rule changed.
    All,
}

/// An object that came out of applying.
#[derive(Clone, Debug, PartialEq)]
pub struct Produced {
    /// What became of it.
    pub produced_as: ProducedAs,
    /// The policies that did it, in their order.
    pub policies: Vec<Arc<str>>,
    /// The object that they were applied to, as `namespace/Kind/name`.
    pub resource: Arc<str>,
    /// The object that came out.
    pub object: Arc<Value>,
}

/// What responses to one object produced: the object as it is after all of them, or unchanged where
/// everything is kept; then targets, then what was made. `key` gives the key of a response's policy.
pub(super) fn of(
    keep: Keep,
    object: &Value,
    responses: &[EngineResponse],
    resource: impl Fn() -> Arc<str>,
    mut key: impl FnMut(&EngineResponse) -> Arc<str>,
) -> Vec<Produced> {
    let mut produced = Vec::new();
    let changed = responses.iter().filter(|one| one.patched.is_some());
    let last = changed.clone().find(|one| one.is_last_change);
    if let Some(last) = last.and_then(|one| one.patched.clone()) {
        produced.push(Produced {
            produced_as: ProducedAs::Mutated,
            policies: changed.map(&mut key).collect(),
            resource: resource(),
            object: last,
        });
    } else if keep == Keep::All {
        produced.push(Produced {
            produced_as: ProducedAs::Unchanged,
            policies: Vec::new(),
            resource: resource(),
            object: Arc::new(object.clone()),
        });
    }
    for response in responses {
        for rule in &response.rules {
            let Some(detail) = &rule.detail else { continue };
            let targets = detail.patched_target.iter();
            let targets = targets.map(|object| (ProducedAs::Target, object));
            let made = detail.generated.iter();
            let made = made.map(|object| (ProducedAs::Generated, object));
            for (produced_as, object) in targets.chain(made) {
                produced.push(Produced {
                    produced_as,
                    policies: vec![key(response)],
                    resource: resource(),
                    object: Arc::new(object.clone()),
                });
            }
        }
    }
    produced
}
