//! A rule and its translation, asked the same questions.

use portcullis_api::{
    cluster_policy::{FailurePolicy, Policy},
    validating_policy::ValidatingPolicy,
};
use portcullis_engine::{
    CompileError, CompileOptions, PolicySet, compile, evaluate, load::Loaded, record::Silent,
    request::Operation, response::RuleStatus,
};
use serde_json::Value;

use super::nodes;
use crate::offline::{
    requests::{Surroundings, request},
    source::{OfflineSource, World},
};

/// Two policies that should decide alike.
pub(super) struct Proof<'w> {
    old: PolicySet,
    new: PolicySet,
    world: &'w World,
    surroundings: &'w Surroundings,
    ignores_errors: bool,
    operations: Vec<Operation>,
}

/// An input on which they do not.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The object.
    pub object: Value,
    /// What is done to it.
    pub operation: Operation,
    /// What the rule says of it.
    pub old: String,
    /// What the ValidatingPolicy says of it.
    pub new: String,
}

/// What one side says: whether the request is refused, and in words.
type Answer = (bool, String);

impl<'w> Proof<'w> {
    /// # Errors
    /// What does not compile.
    pub(super) fn new(
        alone: &Policy,
        translated: &ValidatingPolicy,
        world: &'w World,
        surroundings: &'w Surroundings,
    ) -> Result<Proof<'w>, Vec<CompileError>> {
        let options = CompileOptions::default();
        let old = Loaded::Policy(Box::new(alone.clone()));
        let new = Loaded::Validating(Box::new(translated.clone()));
        let (old, mut errors) = compile([&old], &[], &options);
        let (new, found) = compile([&new], &[], &options);
        errors.extend(found);
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Proof {
            old,
            new,
            world,
            surroundings,
            ignores_errors: translated.spec.failure_policy == Some(FailurePolicy::Ignore),
            operations: operations(alone),
        })
    }

    /// Whether both refuse, or how they differ.
    pub(super) fn ask(&self, object: &Value, number: usize) -> Result<bool, Difference> {
        // Creation decides most; the other operations are asked of every fifth input.
        let operations = match number % 5 {
            0 => self.operations.as_slice(),
            _ => &[Operation::Create],
        };
        let mut refused = false;
        for operation in operations {
            let (old, new) = self.answers(object, *operation);
            if old.0 != new.0 {
                return Err(self.smallest(Difference {
                    object: object.clone(),
                    operation: *operation,
                    old: old.1,
                    new: new.1,
                }));
            }
            refused |= old.0;
        }
        Ok(refused)
    }

    fn answers(&self, object: &Value, operation: Operation) -> (Answer, Answer) {
        let request = request(object, operation, &self.world.catalogue, self.surroundings);
        let source = OfflineSource::new(self.world);
        let answer = |set: &PolicySet| -> Answer {
            let responses = evaluate(set, &request, &source, &mut Silent);
            let mut rules = responses.iter().flat_map(|response| &response.rules);
            let refuses = |status: RuleStatus| match status {
                RuleStatus::Fail => true,
                RuleStatus::Error => !self.ignores_errors,
                _ => false,
            };
            match rules.find(|rule| refuses(rule.status)) {
                Some(rule) => (true, format!("{}: {}", rule.status.as_str(), rule.message)),
                None => (false, "allowed".to_owned()),
            }
        };
        (answer(&self.old), answer(&self.new))
    }

    /// The same difference on a smaller object.
    fn smallest(&self, mut found: Difference) -> Difference {
        let mut shrinks = true;
        while shrinks {
            shrinks = false;
            let mut pointers = Vec::new();
            nodes::collect(&found.object, &mut String::new(), &mut pointers);
            for pointer in pointers {
                let mut smaller = found.object.clone();
                nodes::remove(&mut smaller, &pointer);
                if smaller == found.object {
                    continue;
                }
                let (old, new) = self.answers(&smaller, found.operation);
                if old.0 != new.0 {
                    (found.object, found.old, found.new) = (smaller, old.1, new.1);
                    shrinks = true;
                    break;
                }
            }
        }
        found
    }
}

/// An update of an object that failed before passes a rule that enforces, which is a matter of both
/// objects and not compared.
fn operations(alone: &Policy) -> Vec<Operation> {
    let mut operations = vec![Operation::Create, Operation::Delete];
    let excuses = alone.spec.rules.iter().any(|rule| {
        let validation = rule.validate.as_ref();
        validation.is_some_and(|one| {
            one.allow_existing_violations != Some(false)
                && one
                    .failure_action
                    .or(alone.spec.validation_failure_action)
                    .is_some_and(|action| action.is_enforce())
        })
    });
    if !excuses {
        operations.push(Operation::Update);
    }
    operations
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::suite::inputs::catalogue;

    #[test]
    fn a_wrong_translation_is_found_with_the_smallest_object() {
        let policy = json!({
            "apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "old"},
            "spec": {"rules": [{
                "name": "team",
                "match": {"any": [{"resources": {"kinds": ["ConfigMap"]}}]},
                "validate": {"pattern": {"data": {"team": "?*"}}},
            }]},
        });
        let translated = |expression: &str| {
            let policy = json!({
                "apiVersion": "policies.kyverno.io/v1", "kind": "ValidatingPolicy",
                "metadata": {"name": "new"},
                "spec": {
                    "matchConstraints": {"resourceRules": [{
                        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
                        "resources": ["configmaps"],
                    }]},
                    "validations": [{"expression": expression}],
                },
            });
            serde_json::from_value(policy).unwrap()
        };
        let world = World {
            catalogue: catalogue(),
            ..World::default()
        };
        let surroundings = Surroundings::default();
        let alone = serde_json::from_value(policy).unwrap();
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "b"},
            "data": {"team": "", "other": "x"},
        });
        for (expression, expected) in [
            (
                "has(object.data) && has(object.data.team) && object.data.team != ''",
                None,
            ),
            (
                "has(object.data) && has(object.data.team)",
                Some(json!({"team": ""})),
            ),
        ] {
            let proof = Proof::new(&alone, &translated(expression), &world, &surroundings).unwrap();
            let found = proof.ask(&object, 0);
            match expected {
                None => assert!(found.unwrap(), "{expression}: both refuse"),
                Some(data) => assert_eq!(
                    found.unwrap_err().object,
                    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}, "data": data}),
                    "{expression}"
                ),
            }
        }
    }
}
