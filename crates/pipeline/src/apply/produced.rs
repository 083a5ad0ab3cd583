//! The objects that come out of applying: changed, or made.

use std::{fmt, sync::Arc};

use portcullis_engine::{
    CompiledPolicy, PolicySet,
    response::{EngineResponse, RuleType},
};
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
    /// Those, and every object that no rule changed where a policy is there to change objects: what
    /// is written then takes the place of what was given.
    Changeable,
    /// Those, and every object that no rule changed.
    All,
}

impl Keep {
    /// What is kept of the objects that a set of policies is applied to.
    pub(super) fn of(self, set: &PolicySet) -> Keep {
        match self {
            Keep::Changeable if set.policies().iter().any(changes_objects) => Keep::All,
            Keep::Changeable => Keep::Produced,
            other => other,
        }
    }
}

fn changes_objects(policy: &CompiledPolicy) -> bool {
    match policy {
        CompiledPolicy::ClusterPolicy(policy) => policy
            .rules()
            .iter()
            .any(|rule| rule.rule_type() == RuleType::Mutation),
        CompiledPolicy::Mutating(_) | CompiledPolicy::MutatingAdmission(_) => true,
        _ => false,
    }
}

/// How a kept object is written. It is done where the object is at hand, on all threads: a text
/// takes a fraction of an object's memory.
#[derive(Clone, Copy)]
pub struct Writer(pub fn(&Value) -> String);

impl Default for Writer {
    /// Writes JSON.
    fn default() -> Writer {
        Writer(Value::to_string)
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Writer")
    }
}

/// An object that came out of applying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Produced {
    /// What became of it.
    pub produced_as: ProducedAs,
    /// The policies that did it, in their order.
    pub policies: Vec<Arc<str>>,
    /// The object that they were applied to, as `namespace/Kind/name`.
    pub resource: Arc<str>,
    /// The name of the object that came out, where it has one.
    pub name: Option<String>,
    /// The object that came out, as the options have it written.
    pub text: String,
}

/// What responses to one object produced: the object as it is after all of them, or unchanged where
/// everything is kept; then targets, then what was made. `key` gives the key of a response's policy.
pub(super) fn of(
    (keep, writer): (Keep, Writer),
    object: &Value,
    responses: &[EngineResponse],
    resource: impl Fn() -> Arc<str>,
    mut key: impl FnMut(&EngineResponse) -> Arc<str>,
) -> Vec<Produced> {
    let one = |produced_as, policies, object: &Value| Produced {
        produced_as,
        policies,
        resource: resource(),
        name: name(object),
        text: (writer.0)(object),
    };
    let mut produced = Vec::new();
    let changed = responses.iter().filter(|one| one.changes_object);
    let last = changed.clone().find(|one| one.is_last_change);
    if let Some(last) = last.and_then(|one| one.patched.as_deref()) {
        let policies = changed.map(&mut key).collect();
        produced.push(one(ProducedAs::Mutated, policies, last));
    } else if keep == Keep::All {
        produced.push(one(ProducedAs::Unchanged, Vec::new(), object));
    }
    for response in responses {
        for rule in &response.rules {
            let Some(detail) = &rule.detail else { continue };
            let targets = detail.patched_target.iter();
            let targets = targets.map(|object| (ProducedAs::Target, object));
            let made = detail.generated.iter();
            let made = made.map(|object| (ProducedAs::Generated, object));
            for (produced_as, object) in targets.chain(made) {
                produced.push(one(produced_as, vec![key(response)], object));
            }
        }
    }
    produced
}

fn name(object: &Value) -> Option<String> {
    let name = object.pointer("/metadata/name")?.as_str()?;
    Some(name.to_owned())
}
