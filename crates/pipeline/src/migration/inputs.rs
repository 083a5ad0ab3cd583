//! The objects that a rule and its translation are tried on: those of the policy's own tests, such
//! with fields taken away, changed or of another type, and such as its pattern describes.

use std::path::{Path, PathBuf};

use portcullis_api::{match_constraints::MatchConstraints, validating_policy::ValidatingPolicy};
use portcullis_engine::matching::KindSelector;
use portcullis_schema::{Catalogue, Kind};
use portcullis_yaml::{Limits, Mode};
use serde_json::{Value, json};

use super::{
    dice::Dice,
    nodes::{collect, merge, remove},
    pods::{self, Pods},
    vocabulary::{self, Vocabulary},
};
use crate::folders::{is_special, is_yaml};

/// Objects beyond this many from the tests of a policy are not looked at.
const MAX_OBJECTS: usize = 300;

/// The objects in the files below a folder, hidden folders included: that is where suites are.
pub(super) fn objects_below(folder: &Path) -> Vec<Value> {
    let mut files = Vec::new();
    let mut waiting = vec![(folder.to_path_buf(), 0)];
    while let Some((folder, depth)) = waiting.pop() {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut entries: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        entries.sort();
        for entry in entries {
            if entry.is_dir() && depth < 3 {
                waiting.push((entry, depth + 1));
            } else if is_yaml(&entry) && !is_special(&entry) {
                files.push(entry);
            }
        }
    }
    let mut objects = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        let read = portcullis_yaml::documents(&text)
            .filter_map(|document| document.read(Mode::Lenient, &Limits::default()).ok());
        objects.extend(read.filter(is_object));
        if objects.len() > MAX_OBJECTS {
            break;
        }
    }
    objects
}

fn is_object(value: &Value) -> bool {
    let version = value.get("apiVersion").and_then(Value::as_str);
    version.is_some_and(|version| !version.contains("kyverno.io"))
        && value.get("kind").is_some_and(Value::is_string)
        && value.get("metadata").is_some_and(Value::is_object)
}

/// Makes the inputs of one rule.
pub(super) struct Inputs<'a> {
    bases: Vec<Value>,
    patterns: Vec<&'a Value>,
    /// An object of each kind, with nothing in it.
    bare: Vec<Value>,
    words: Vocabulary,
    /// Of a rule about the security of pods.
    pods: Option<Pods>,
}

impl<'a> Inputs<'a> {
    pub(super) fn new(
        policy: &ValidatingPolicy,
        rule: &Value,
        patterns: Vec<&'a Value>,
        objects: &[Value],
        catalogue: &'a Catalogue,
    ) -> Inputs<'a> {
        let kinds = kinds(policy.spec.match_constraints.as_ref(), catalogue);
        let mut bases = objects.to_vec();
        let pods: Vec<&Value> = objects.iter().filter(|one| one["kind"] == "Pod").collect();
        for kind in &kinds {
            bases.extend(pods.iter().filter_map(|pod| controller(pod, &kind.kind)));
        }
        let mut bare: Vec<Value> = kinds.iter().map(|kind| bare(kind)).collect();
        bare.extend(unknown(rule, catalogue));
        bases.extend(bare.iter().cloned());
        Inputs {
            bases,
            patterns,
            bare,
            words: Vocabulary::of(rule),
            pods: rule.pointer("/rules/0/validate/podSecurity").map(|rule| {
                let images = vocabulary::texts(rule.get("exclude").unwrap_or(&Value::Null));
                Pods::new(images.into_iter())
            }),
        }
    }

    /// The input of a number: first every object as it is, and then variations; none where the API
    /// server would not ask of it.
    pub(super) fn make(&self, number: usize, dice: &mut Dice) -> Option<Value> {
        if let Some(base) = self.bases.get(number) {
            return self.decoded(base.clone());
        }
        if let Some(pods) = self.pods.as_ref().filter(|_| dice.below(4) > 0) {
            let pod = pods.make(dice);
            let bare = dice.pick(&self.bare)?;
            let kind = bare.get("kind").and_then(Value::as_str).unwrap_or_default();
            let mut object = controller(&pod, kind).unwrap_or(pod);
            merge(&mut object, bare.clone());
            return self.decoded(object);
        }
        let patterns = (self.patterns.iter().copied()).chain(self.words.paths());
        let patterns: Vec<&Value> = patterns.collect();
        let (mut object, changes) = match (dice.pick(&patterns), dice.pick(&self.bare)) {
            (Some(_), Some(bare)) if dice.below(2) == 0 => {
                let mut object = bare.clone();
                for _ in 0..=dice.below(2) {
                    let pattern = dice.pick(&patterns).copied().unwrap_or(&Value::Null);
                    let instance = self.words.instance(pattern, dice);
                    if instance.is_object() {
                        merge(&mut object, instance);
                    }
                }
                merge(&mut object, bare.clone());
                for key in ["name", "namespace"] {
                    if dice.below(3) == 0 {
                        merge(
                            &mut object,
                            json!({"metadata": {key: self.words.value(dice)}}),
                        );
                    }
                }
                (object, dice.below(3))
            }
            _ => {
                let base = dice.pick(&self.bases).cloned().unwrap_or_default();
                (base, 1 + dice.below(3))
            }
        };
        for _ in 0..changes {
            self.change(&mut object, dice);
        }
        type_metadata(&mut object);
        self.decoded(object)
    }

    fn decoded(&self, mut object: Value) -> Option<Value> {
        (self.pods.is_none() || pods::decode(&mut object)).then_some(object)
    }

    fn change(&self, object: &mut Value, dice: &mut Dice) {
        let mut pointers = Vec::new();
        collect(object, &mut String::new(), &mut pointers);
        let Some(pointer) = dice.pick(&pointers).cloned() else {
            return;
        };
        if matches!(pointer.as_str(), "/kind" | "/apiVersion" | "/metadata") {
            return;
        }
        if dice.below(4) == 0 {
            return remove(object, &pointer);
        }
        let Some(node) = object.pointer_mut(&pointer) else {
            return;
        };
        match (node, dice.below(3)) {
            (Value::Object(fields), 0 | 1) => {
                fields.insert(self.words.key(dice), self.words.value(dice));
            }
            (Value::Array(items), 0) => {
                let again = dice.pick(items).cloned();
                items.extend(again);
            }
            (Value::Array(items), 1) => items.clear(),
            (Value::Bool(flag), 0 | 1) => *flag = !*flag,
            (node, _) => *node = self.words.value(dice),
        }
    }
}

fn kinds<'a>(constraints: Option<&MatchConstraints>, catalogue: &'a Catalogue) -> Vec<&'a Kind> {
    let mut found: Vec<&Kind> = Vec::new();
    for rule in constraints.into_iter().flat_map(|one| &one.resource_rules) {
        let names = |list: &[String], text: &str| list.iter().any(|one| one == "*" || one == text);
        let of_rule = catalogue.kinds().filter(|kind| {
            rule.resources.contains(&kind.resource)
                && names(&rule.api_groups, &kind.group)
                && names(&rule.api_versions, &kind.version)
        });
        found.extend(of_rule);
    }
    let is_any = constraints.is_some_and(|one| {
        let mut rules = one.resource_rules.iter();
        rules.any(|rule| rule.resources.iter().any(|resource| resource == "*"))
    });
    if is_any {
        let common = [("v1", "Pod"), ("apps/v1", "Deployment"), ("v1", "Service")];
        found.extend(
            common
                .iter()
                .filter_map(|(version, kind)| catalogue.find(version, kind)),
        );
    }
    found
}

/// Objects of the kinds that a rule names and nobody knows.
fn unknown(rule: &Value, catalogue: &Catalogue) -> Vec<Value> {
    let mut entries: Vec<String> = Vec::new();
    let list = |value: &'_ Value, pointer: &str| -> Vec<Value> {
        let items = value.pointer(pointer).and_then(Value::as_array);
        items.cloned().unwrap_or_default()
    };
    let mut filters = vec![rule.pointer("/rules/0/match").cloned().unwrap_or_default()];
    for key in ["any", "all"] {
        filters.extend(list(rule, &format!("/rules/0/match/{key}")));
    }
    for filter in &filters {
        let kinds = list(filter, "/resources/kinds");
        entries.extend(kinds.iter().filter_map(Value::as_str).map(str::to_owned));
    }
    let selectors = entries.iter().map(|entry| KindSelector::parse(entry));
    let unknown = selectors
        .filter(|one| one.kind.is_literal() && catalogue.find_kind(one.kind.as_str()).is_empty());
    let part = |text: &str, other: &str| match text {
        "*" => other.to_owned(),
        text => text.to_owned(),
    };
    let object = |one: KindSelector| {
        let group = part(one.group.as_str(), "example.io");
        let version = part(one.version.as_str(), "v1");
        json!({
            "apiVersion": format!("{group}/{version}"),
            "kind": one.kind.as_str(),
            "metadata": {"name": "example", "namespace": "default"},
        })
    };
    unknown.map(object).collect()
}

fn bare(kind: &Kind) -> Value {
    let version = match kind.group.as_str() {
        "" => kind.version.clone(),
        group => format!("{group}/{}", kind.version),
    };
    let metadata = match kind.namespaced {
        true => json!({"name": "example", "namespace": "default"}),
        false => json!({"name": "example"}),
    };
    json!({"apiVersion": version, "kind": kind.kind, "metadata": metadata})
}

/// A controller of these pods.
fn controller(pod: &Value, kind: &str) -> Option<Value> {
    let (version, is_cron) = match kind {
        "Deployment" | "DaemonSet" | "ReplicaSet" | "StatefulSet" => ("apps/v1", false),
        "ReplicationController" => ("v1", false),
        "Job" => ("batch/v1", false),
        "CronJob" => ("batch/v1", true),
        _ => return None,
    };
    let template = json!({"template": {"metadata": pod["metadata"], "spec": pod["spec"]}});
    let spec = match is_cron {
        true => json!({"jobTemplate": {"spec": template}}),
        false => template,
    };
    Some(json!({
        "apiVersion": version, "kind": kind, "metadata": pod["metadata"], "spec": spec,
    }))
}

/// The API server reads the metadata of every object itself: texts, and maps of texts.
fn type_metadata(object: &mut Value) {
    let Some(Value::Object(metadata)) = object.get_mut("metadata") else {
        return;
    };
    for key in ["name", "namespace", "generateName"] {
        if metadata.get(key).is_some_and(|value| !value.is_string()) {
            metadata.remove(key);
        }
    }
    for key in ["labels", "annotations"] {
        match metadata.get_mut(key) {
            Some(Value::Object(fields)) => {
                for value in fields.values_mut().filter(|value| !value.is_string()) {
                    *value = Value::from(value.to_string());
                }
            }
            Some(_) => drop(metadata.remove(key)),
            None => {}
        }
    }
}
