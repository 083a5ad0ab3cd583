//! A rule that its own objects trigger, again and again.
//!
//! A generated object may trigger the rule that made it as long as this comes to an end: when it
//! makes what is there already. A chain that still makes new objects after some rounds has none.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::generate::CompiledGenerate;
use super::CompiledRule;
use crate::context::{RequestView, Store};
use crate::evaluation::Evaluation;
use crate::generate::ObjectRef;
use crate::record::{Recorder, Silent};
use crate::request::{GroupVersionKind, GroupVersionResource, Operation, Request};

/// After how many rounds a chain has no end.
const MAX_ROUNDS: usize = 4;
/// How many objects of a round are looked at.
const MAX_WIDTH: usize = 64;

impl CompiledRule {
    /// Why what the rule makes has no end; none where it has one.
    pub(super) fn repetition<R: Recorder>(
        &self,
        generate: &CompiledGenerate,
        made: &[Value],
        evaluation: &Evaluation<'_, '_, R>,
    ) -> Option<String> {
        let trigger = evaluation.request().subject();
        let mut known: BTreeSet<ObjectRef> =
            made.iter().chain(trigger).map(ObjectRef::of).collect();
        let mut round: Vec<Value> = Vec::new();
        let mut cause = None;
        for _ in 0..MAX_ROUNDS {
            let mut next = Vec::new();
            let current = if cause.is_none() { made } else { &round };
            for object in current.iter().take(MAX_WIDTH) {
                let further = self.made_by(object, generate, evaluation).into_iter();
                for new in further.filter(|new| known.insert(ObjectRef::of(new))) {
                    cause.get_or_insert_with(|| (ObjectRef::of(object), ObjectRef::of(&new)));
                    next.push(new);
                }
            }
            if next.is_empty() {
                return None;
            }
            round = next;
        }
        let (object, new) = cause?;
        Some(format!(
            "{object}, which is generated, triggers the rule again to generate {new}, and so on without end; keep the rule from matching what it generates"
        ))
    }

    /// What the rule makes where an object of its own is the trigger.
    fn made_by<R: Recorder>(
        &self,
        object: &Value,
        generate: &CompiledGenerate,
        evaluation: &Evaluation<'_, '_, R>,
    ) -> Vec<Value> {
        let of = ObjectRef::of(object);
        let (group, version) = of.group_version();
        let before = evaluation.request();
        let request = Request {
            operation: Operation::Create,
            kind: GroupVersionKind {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: of.kind.clone(),
            },
            resource: GroupVersionResource::default(),
            subresource: "",
            name: &of.name,
            namespace: &of.namespace,
            object: Some(object),
            old_object: None,
            namespace_labels: before
                .namespace_labels
                .filter(|_| before.namespace == of.namespace),
            ..before.clone()
        };
        if !self.matcher.matches(&request) {
            return Vec::new();
        }
        let view = RequestView::new(&request);
        let store = Store::new();
        let mut silent = Silent;
        let source = evaluation.context().source();
        let Some(mut inner) =
            Evaluation::new(evaluation.policy(), &view, source, &store, &mut silent)
        else {
            return Vec::new();
        };
        inner.enter_rule(&self.name);
        inner.load_rule_values(None);
        inner.context().defer(&self.entries);
        if self.unmet_preconditions(&mut inner).is_some() {
            return Vec::new();
        }
        generate.evaluate(&mut inner).1
    }
}
