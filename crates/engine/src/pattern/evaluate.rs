//! The walk of a pattern over an object.
//!
//! It keeps the path and the keys of anchors that were seen, and words the answer. [`super::decide`]
//! goes before, and tells of most objects that they match.

use std::{collections::BTreeMap, fmt::Display, fmt::Write};

use portcullis_values::{List, Map, Val};
use serde_json::Value;

use super::{
    PatternOutcome, decide,
    go_text::{display, type_name},
    mismatch::{Kind, Mismatch, Report, Skipped},
    node::{Entry, Node, Role, Tags},
    scalar::{ScalarPattern, scalar_matches},
    tags, view,
};
use crate::record::Leaf;
use crate::request::NumberModel;

/// Decides whether the object matches.
pub(crate) fn evaluate(node: &Node, object: &Val<'_>, numbers: NumberModel) -> PatternOutcome {
    if decide::matches(node, object, numbers) {
        return PatternOutcome::Pass;
    }
    walk(node, object, numbers)
}

/// As [`evaluate`], for an object that [`decide`] has been asked about.
pub(crate) fn walk(node: &Node, object: &Val<'_>, numbers: NumberModel) -> PatternOutcome {
    let trace = Trace::default();
    Walk { numbers, trace }.outcome(node, object)
}

/// As [`evaluate`], with every leaf that was looked at.
pub(crate) fn evaluate_noted(
    node: &Node,
    object: &Val<'_>,
    numbers: NumberModel,
) -> (PatternOutcome, Vec<Leaf>) {
    let trace = Trace {
        leaves: Some(Vec::new()),
        ..Trace::default()
    };
    let mut walk = Walk { numbers, trace };
    let outcome = walk.outcome(node, object);
    (outcome, walk.trace.leaves.unwrap_or_default())
}

struct Walk {
    numbers: NumberModel,
    trace: Trace,
}

/// What a walk keeps.
struct Trace {
    path: String,
    /// Conditions and existence anchors as written, and whether any object had the key.
    anchors: BTreeMap<String, bool>,
    /// The key that is looked at, as the pattern has it; kept for leaves only.
    key: String,
    /// Every leaf that was looked at, where somebody asks.
    leaves: Option<Vec<Leaf>>,
}

impl Default for Trace {
    fn default() -> Self {
        Trace {
            path: String::from("/"),
            anchors: BTreeMap::new(),
            key: String::new(),
            leaves: None,
        }
    }
}

impl Trace {
    fn misses_a_key(&self) -> bool {
        self.anchors.values().any(|seen| !seen)
    }
}

type Outcome = Result<(), Mismatch>;

impl Walk {
    /// The worded answer.
    fn outcome(&mut self, node: &Node, object: &Val<'_>) -> PatternOutcome {
        let outcome = self.value(node, object);
        match outcome {
            Ok(()) => PatternOutcome::Pass,
            Err(mismatch) => mismatch.outcome(self.trace.misses_a_key()),
        }
    }

    fn value(&mut self, node: &Node, value: &Val<'_>) -> Outcome {
        if let Some(plain) = view::plain(value) {
            return self.value(node, &plain);
        }
        match (node, value) {
            (Node::Map(entries), Val::Map(object)) => self.map(entries, object),
            (Node::Tags(tags), Val::Map(object)) => self.tags(tags, object),
            (Node::Map(_) | Node::Tags(_), _) => self.fail(|path, numbers| {
                format!(
                    "pattern and resource have different structures. Path: {path}. \
                     Expected map[string]interface {{}}, found {}",
                    type_name(value, numbers)
                )
            }),
            (Node::List(patterns), Val::List(items)) => self.list(patterns, items),
            (Node::List(_), _) => self.fail(|path, _| {
                format!(
                    "validation rule failed at path {path}, \
                     resource does not satisfy the expected overlay pattern"
                )
            }),
            (Node::Scalar(pattern), value) => self.scalar(pattern, value),
            (Node::TooDeep, _) => self.mismatch_at("", |_| {
                String::from("the pattern is nested too deep: write it with at most 128 levels")
            }),
        }
    }

    fn scalar(&mut self, pattern: &ScalarPattern, value: &Val<'_>) -> Outcome {
        let matches = match value {
            Val::List(items) => items
                .iter()
                .all(|item| scalar_matches(&item, pattern, self.numbers)),
            value => scalar_matches(value, pattern, self.numbers),
        };
        self.note(matches, || (pattern.as_val().to_json(), found(value)));
        if matches {
            return Ok(());
        }
        self.fail(|path, numbers| {
            format!(
                "resource value '{}' does not match '{}' at path {path}",
                display(value, numbers),
                display(&pattern.as_val(), NumberModel::Integers)
            )
        })
    }

    fn list(&mut self, patterns: &[Node], items: &List<'_>) -> Outcome {
        match patterns.first() {
            None => self.fail(|_, _| String::from("pattern Array empty")),
            Some(pattern @ (Node::Map(_) | Node::Tags(_))) => {
                self.elements(items.iter().map(|item| (pattern, item)))
            }
            Some(Node::Scalar(pattern)) => self.scalar(pattern, &Val::List(items.clone())),
            Some(_) if items.len() < patterns.len() => self.mismatch_at("", |_| {
                format!(
                    "validate Array failed, array length mismatch, \
                     resource Array len is {} and pattern Array len is {}",
                    items.len(),
                    patterns.len()
                )
            }),
            Some(_) => self.elements(patterns.iter().zip(items.iter())),
        }
    }

    /// Elements to which the pattern does not apply are left out, unless it applies to none.
    fn elements<'p, 'v>(&mut self, pairs: impl Iterator<Item = (&'p Node, Val<'v>)>) -> Outcome {
        let mut applied = false;
        let mut skipped = Skipped::default();
        for (index, (pattern, item)) in pairs.enumerate() {
            match self.within(index, |walk| walk.value(pattern, &item)) {
                Ok(()) => applied = true,
                Err(mismatch) if mismatch.kind.is_skip() => skipped.add(mismatch),
                Err(mismatch) => return Err(mismatch),
            }
        }
        skipped.unless(applied)
    }

    fn tags(&mut self, tags: &Tags, object: &Map<'_>) -> Outcome {
        if tags.wildcards {
            self.map(&tags::expand(tags, object), object)
        } else {
            self.map(&tags.entries, object)
        }
    }

    fn map(&mut self, entries: &[Entry], object: &Map<'_>) -> Outcome {
        self.note_anchors(entries, object);
        let anchors = entries
            .iter()
            .take_while(|entry| entry.role.decides_first())
            .count();
        let (anchors, fields) = entries.split_at_checked(anchors).unwrap_or_default();
        self.anchors(anchors, object)?;
        fields
            .iter()
            .try_for_each(|entry| self.entry(entry, object))
    }

    /// The anchors of a map, which decide whether its fields are looked at. A condition that does
    /// not hold, and a global anchor below, leave the map out whatever the others say; any other
    /// anchor that does not apply does so only where no anchor applies.
    fn anchors(&mut self, anchors: &[Entry], object: &Map<'_>) -> Outcome {
        let mut applied = false;
        let mut left_out = false;
        let mut skipped = Skipped::default();
        for entry in anchors {
            match self.entry(entry, object) {
                Ok(()) => applied = true,
                Err(mismatch) if mismatch.kind.is_skip() => {
                    left_out |= entry.role == Role::Condition || mismatch.kind == Kind::GlobalSkip;
                    skipped.add(mismatch);
                }
                Err(_) if left_out => {}
                Err(mismatch) => return Err(mismatch),
            }
        }
        skipped.unless(applied && !left_out)
    }

    fn entry(&mut self, entry: &Entry, object: &Map<'_>) -> Outcome {
        let value = object.get(&entry.key);
        if self.keeps_leaves()
            && let Some(matches) = by_presence(entry.role, value.as_ref())
        {
            self.note_entry(entry, value.as_ref(), matches);
        }
        match (entry.role, value) {
            (Role::Plain, value) => self.below(entry, &value.unwrap_or_default()),
            (Role::Present, None | Some(Val::Null)) => {
                self.fail(|path, _| format!("{path}/{} not found", entry.key))
            }
            (Role::Present, Some(_)) => Ok(()),
            (Role::Condition, None) => self.skip(Kind::Skip, || {
                String::from("conditional anchor key doesn't exist in the resource")
            }),
            (Role::Condition, Some(value)) => self
                .below(entry, &value)
                .or_else(|mismatch| self.skip(Kind::Skip, || mismatch.into_message())),
            (Role::Global, Some(value)) => self
                .below(entry, &value)
                .or_else(|mismatch| self.skip(Kind::GlobalSkip, || mismatch.into_message())),
            (Role::Equality, Some(value)) => self.below(entry, &value),
            (Role::Negation, Some(_)) => self.within(&entry.key, Walk::not_allowed),
            (Role::Existence, Some(value)) => self.under(entry, |walk| {
                let outcome = walk.existence(&entry.node, &value);
                walk.note(outcome.is_ok(), || (entry.node.to_json(), found(&value)));
                outcome
            }),
            (Role::Global | Role::Equality | Role::Negation | Role::Existence, None) => Ok(()),
        }
    }

    fn below(&mut self, entry: &Entry, value: &Val<'_>) -> Outcome {
        self.under(entry, |walk| walk.value(&entry.node, value))
    }

    /// Goes to the key of an entry.
    fn under(&mut self, entry: &Entry, work: impl FnOnce(&mut Walk) -> Outcome) -> Outcome {
        if !self.keeps_leaves() {
            return self.within(&entry.key, work);
        }
        let above = std::mem::replace(&mut self.trace.key, entry.written.to_string());
        let outcome = self.within(&entry.key, work);
        self.trace.key = above;
        outcome
    }

    fn keeps_leaves(&self) -> bool {
        self.trace.leaves.is_some()
    }

    /// Keeps a leaf, where somebody asks: what the pattern wants there, and what the object has.
    fn note(&mut self, matches: bool, read: impl FnOnce() -> (Value, Option<Value>)) {
        let Some(leaves) = &mut self.trace.leaves else {
            return;
        };
        let (wanted, found) = read();
        leaves.push(Leaf {
            path: self.trace.path.clone(),
            key: self.trace.key.clone(),
            wanted,
            found,
            matches,
        });
    }

    /// Keeps a key that decides by being there or not.
    fn note_entry(&mut self, entry: &Entry, value: Option<&Val<'_>>, matches: bool) {
        // It decides nothing here: the walk goes on as it would without the note.
        let _ = self.under(entry, |walk| {
            walk.note(matches, || (entry.node.to_json(), value.and_then(found)));
            Ok(())
        });
    }

    /// Each pattern of the list must match at least one element.
    fn existence(&mut self, node: &Node, value: &Val<'_>) -> Outcome {
        let Val::List(items) = value else {
            return self.fail(|_, numbers| {
                format!(
                    "invalid resource type {}: Existence ^ () anchor \
                     can be used only on list/array type resource",
                    type_name(value, numbers)
                )
            });
        };
        let Node::List(patterns) = node else {
            return self.fail(|_, _| {
                format!(
                    "invalid pattern type {}: Pattern has to be of list \
                     to compare against resource",
                    node_type(node)
                )
            });
        };
        patterns
            .iter()
            .try_for_each(|pattern| self.any_element(pattern, items))
    }

    fn any_element(&mut self, pattern: &Node, items: &List<'_>) -> Outcome {
        if !matches!(pattern, Node::Map(_) | Node::Tags(_)) {
            return self.fail(|_, _| {
                String::from(
                    "invalid pattern type []interface {}: Pattern has to be of type map \
                     to compare against items in resource",
                )
            });
        }
        let found = items
            .iter()
            .enumerate()
            .any(|(index, item)| self.within(index, |walk| walk.value(pattern, &item).is_ok()));
        if found {
            return Ok(());
        }
        self.fail(|path, _| format!("existence anchor validation failed at path {path}"))
    }

    fn not_allowed(&mut self) -> Outcome {
        let failed = self
            .fail(|path, _| format!("negation anchor matched in resource: {path} is not allowed"));
        failed.map_err(|mismatch| Mismatch {
            kind: Kind::Negation,
            ..mismatch
        })
    }

    fn skip(&self, kind: Kind, reason: impl FnOnce() -> String) -> Outcome {
        let anchor = match kind {
            Kind::GlobalSkip => "global",
            _ => "conditional",
        };
        self.mismatch_at("", |_| format!("{anchor} anchor mismatch: {}", reason()))
            .map_err(|mismatch| Mismatch { kind, ..mismatch })
    }

    /// A violation at the current path.
    fn fail(&self, message: impl FnOnce(&str, NumberModel) -> String) -> Outcome {
        let path = self.trace.path.as_str();
        self.mismatch_at(path, |numbers| message(path, numbers))
    }

    fn mismatch_at(&self, path: &str, message: impl FnOnce(NumberModel) -> String) -> Outcome {
        let report = Box::new(Report {
            path: path.to_owned(),
            message: message(self.numbers),
        });
        Err(Mismatch {
            kind: Kind::Plain,
            report,
        })
    }

    /// Goes one step down in the object.
    fn within<T>(&mut self, segment: impl Display, work: impl FnOnce(&mut Walk) -> T) -> T {
        let length = self.trace.path.len();
        // Writing to a string never fails.
        let _ = write!(self.trace.path, "{segment}/");
        let result = work(self);
        self.trace.path.truncate(length);
        result
    }

    fn note_anchors(&mut self, entries: &[Entry], object: &Map<'_>) {
        let watched = entries
            .iter()
            .filter(|entry| matches!(entry.role, Role::Condition | Role::Existence));
        for entry in watched {
            let present = object.get(&entry.key).is_some();
            let seen = self
                .trace
                .anchors
                .entry(entry.written.to_string())
                .or_default();
            *seen |= present;
        }
    }
}

/// What a key says by being there or not; none where its value decides.
fn by_presence(role: Role, value: Option<&Val<'_>>) -> Option<bool> {
    match (role, value) {
        (Role::Present, value) => Some(!matches!(value, None | Some(Val::Null))),
        (Role::Condition, None) | (Role::Negation, Some(_)) => Some(false),
        (Role::Global | Role::Equality | Role::Negation | Role::Existence, None) => Some(true),
        _ => None,
    }
}

/// What an object has; none where it has nothing.
fn found(value: &Val<'_>) -> Option<Value> {
    (!value.is_null()).then(|| value.to_json())
}

/// The Go type of a pattern.
fn node_type(node: &Node) -> &'static str {
    match node {
        Node::Map(_) | Node::Tags(_) => "map[string]interface {}",
        Node::List(_) | Node::TooDeep => "[]interface {}",
        Node::Scalar(scalar) => type_name(&scalar.as_val(), NumberModel::Integers),
    }
}
