//! What must become of generated objects after something happened: created, updated, deleted, or
//! left alone.
//!
//! | what happened | with `synchronize` | without |
//! |---|---|---|
//! | the trigger is there, or changed, and the rule matches it | missing objects are created, others updated where they differ | missing objects are created |
//! | the policy was written | as above with `generateExisting`, else nothing | as above with `generateExisting`, else nothing |
//! | the policy's rule changed | objects are updated where they differ; missing ones are created with `generateExisting` | missing objects are created with `generateExisting` |
//! | the source of a copy changed | as for the trigger | nothing |
//! | a generated object was changed or deleted | as for the trigger | nothing |
//! | an element left the list of a `foreach` | what was generated for it is deleted | nothing |
//! | the trigger was deleted, or the rule no longer matches it | what was generated for it is deleted | nothing |
//! | the source of a copy was deleted | its copies are deleted | nothing |
//! | the policy or the rule was deleted | what was generated from `data` is deleted, unless `orphanDownstreamOnPolicyDelete`; copies stay | nothing |
//!
//! Only objects whose labels name the rule are deleted, and for a trigger or a source those that
//! name it, too.

use std::collections::BTreeSet;

use serde_json::Value;

use super::difference::differs;
use super::labels::{self, MANAGED_BY, PREFIX};
use super::{ObjectRef, Synchronisation};

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The trigger is there, or changed, and the rule matches it.
    Trigger,
    /// The trigger changed, and the rule does not match it any more.
    TriggerUnmatched,
    /// The trigger was deleted.
    TriggerDeleted,
    /// The policy was written.
    PolicyCreated,
    /// The rule was changed.
    PolicyChanged,
    /// The policy was deleted.
    PolicyDeleted,
    /// The rule was taken out of its policy.
    RuleDeleted,
    /// The source of a copy changed.
    SourceChanged,
    /// The source of a copy was deleted.
    SourceDeleted(ObjectRef),
    /// A generated object was changed.
    DownstreamChanged,
    /// A generated object was deleted.
    DownstreamDeleted,
}

/// Everything that a plan depends on.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// The policy's namespace; empty for a cluster-wide policy.
    pub policy_namespace: &'a str,
    /// The policy's name.
    pub policy: &'a str,
    /// The rule's name.
    pub rule: &'a str,
    /// What the rule says of what it generated.
    pub synchronisation: Synchronisation,
    /// What happened.
    pub cause: &'a Cause,
    /// The trigger; none where the plan is about every trigger.
    pub trigger: Option<&'a Value>,
    /// What the rule generates for the trigger.
    pub wanted: &'a [Value],
    /// Objects that exist: those that are wanted, and those whose labels name the rule.
    pub existing: &'a [Value],
}

/// One row of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What is to be done.
    pub action: Action,
    /// Why.
    pub reason: Reason,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The object is to be created.
    Create(Value),
    /// The object is to take the place of the one that exists.
    Update(Value),
    /// The object is to be deleted.
    Delete(ObjectRef),
}

/// Why something is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The object does not exist.
    Missing,
    /// The object is not as the rule wants it.
    Differs,
    /// The rule does not match the trigger any more.
    TriggerUnmatched,
    /// The trigger is gone.
    TriggerDeleted,
    /// The element that it was generated for left the list.
    ElementGone,
    /// The source of the copy is gone.
    SourceDeleted,
    /// The policy is gone.
    PolicyDeleted,
    /// The rule is gone.
    RuleDeleted,
}

impl Reason {
    /// The reason in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Missing => "it does not exist",
            Reason::Differs => "it is not as the rule wants it",
            Reason::TriggerUnmatched => "the rule does not match the trigger any more",
            Reason::TriggerDeleted => "the trigger was deleted",
            Reason::ElementGone => "the element that it was generated for left the list",
            Reason::SourceDeleted => "the source of the copy was deleted",
            Reason::PolicyDeleted => "the policy was deleted",
            Reason::RuleDeleted => "the rule was deleted",
        }
    }
}

/// What must be done, in the order of what is wanted and of what exists.
#[must_use]
pub fn changes(situation: &Situation<'_>) -> Vec<Change> {
    let Synchronisation {
        synchronize,
        generate_existing,
        orphan,
        copies,
        by_element,
    } = situation.synchronisation;
    let at_all = |wanted: bool, reason: Reason| match wanted {
        true => situation.delete(reason),
        false => Vec::new(),
    };
    match situation.cause {
        Cause::Trigger => {
            let mut changes = situation.apply(true, synchronize);
            if synchronize && by_element {
                changes.extend(situation.delete_unwanted());
            }
            changes
        }
        Cause::PolicyCreated => {
            situation.apply(generate_existing, generate_existing && synchronize)
        }
        Cause::PolicyChanged => situation.apply(generate_existing, synchronize),
        Cause::SourceChanged | Cause::DownstreamChanged | Cause::DownstreamDeleted => {
            situation.apply(synchronize, synchronize)
        }
        Cause::TriggerUnmatched => at_all(synchronize, Reason::TriggerUnmatched),
        Cause::TriggerDeleted => at_all(synchronize, Reason::TriggerDeleted),
        Cause::SourceDeleted(_) => at_all(synchronize, Reason::SourceDeleted),
        Cause::PolicyDeleted => at_all(synchronize && !copies && !orphan, Reason::PolicyDeleted),
        Cause::RuleDeleted => at_all(synchronize && !copies && !orphan, Reason::RuleDeleted),
    }
}

impl Situation<'_> {
    fn apply(&self, creates: bool, updates: bool) -> Vec<Change> {
        let changes = self.wanted.iter().filter_map(|wanted| {
            let of = ObjectRef::of(wanted);
            match self
                .existing
                .iter()
                .find(|object| ObjectRef::of(object) == of)
            {
                None => creates.then(|| Change {
                    action: Action::Create(wanted.clone()),
                    reason: Reason::Missing,
                }),
                Some(existing) => (updates && differs(wanted, existing)).then(|| Change {
                    action: Action::Update(wanted.clone()),
                    reason: Reason::Differs,
                }),
            }
        });
        changes.collect()
    }

    /// What was generated for elements of the trigger that are not in the list any more.
    fn delete_unwanted(&self) -> Vec<Change> {
        if self.trigger.is_none() {
            return Vec::new();
        }
        let wanted: BTreeSet<ObjectRef> = self.wanted.iter().map(ObjectRef::of).collect();
        self.delete_where(Reason::ElementGone, |of| !wanted.contains(of))
    }

    fn delete(&self, reason: Reason) -> Vec<Change> {
        self.delete_where(reason, |_| true)
    }

    fn delete_where(&self, reason: Reason, is_doomed: impl Fn(&ObjectRef) -> bool) -> Vec<Change> {
        let concerned = self
            .existing
            .iter()
            .filter(|object| self.is_concerned(object));
        let doomed = concerned.map(ObjectRef::of).filter(is_doomed);
        let changes = doomed.map(|of| Change {
            action: Action::Delete(of),
            reason,
        });
        changes.collect()
    }

    /// Whether an object was generated by the rule for what the cause is about.
    fn is_concerned(&self, object: &Value) -> bool {
        let labels = Labels(object);
        let is_of_rule = labels.get(MANAGED_BY.0) == MANAGED_BY.1
            && labels.is("policy-namespace", self.policy_namespace)
            && labels.is("policy-name", self.policy)
            && labels.is("rule-name", self.rule);
        is_of_rule
            && match self.cause {
                Cause::SourceDeleted(source) => labels.names("source", source, ""),
                Cause::PolicyDeleted | Cause::RuleDeleted => true,
                _ => self.trigger.is_none_or(|trigger| {
                    let uid = trigger.pointer("/metadata/uid").and_then(Value::as_str);
                    labels.names("trigger", &ObjectRef::of(trigger), uid.unwrap_or_default())
                }),
            }
    }
}

/// The labels of an object.
struct Labels<'a>(&'a Value);

impl Labels<'_> {
    fn get(&self, key: &str) -> &str {
        let labels = self.0.pointer("/metadata/labels");
        let value = labels.and_then(|labels| labels.get(key)?.as_str());
        value.unwrap_or_default()
    }

    fn is(&self, key: &str, value: &str) -> bool {
        self.get(&format!("{PREFIX}{key}")) == labels::trimmed(value)
    }

    /// Whether the labels of one end name an object: by its uid where both have one, else by kind,
    /// namespace and name.
    fn names(&self, end: &str, object: &ObjectRef, uid: &str) -> bool {
        let known = self.get(&format!("{PREFIX}{end}-uid"));
        if !uid.is_empty() && !known.is_empty() {
            return uid == known;
        }
        let (group, version) = object.group_version();
        let fields = [
            ("group", group),
            ("version", version),
            ("kind", &object.kind),
            ("namespace", &object.namespace),
            ("name", &object.name),
        ];
        fields
            .iter()
            .all(|(field, value)| self.is(&format!("{end}-{field}"), value))
    }
}

#[cfg(test)]
mod tests;
