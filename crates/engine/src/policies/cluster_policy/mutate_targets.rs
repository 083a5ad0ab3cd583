//! `targets` of a `mutate` rule: the existing objects that it changes.

use std::sync::Arc;

use portcullis_api::cluster_policy as api;
use portcullis_api::label_selector::LabelSelector;
use portcullis_values::wildcard::{self, has_wildcard};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::condition::CompiledConditions;
use super::outcome::Outcome;
use crate::compile_options::CompileOptions;
use crate::context::entries::{self, Entry};
use crate::context::query::Names;
use crate::context::source::Lookup;
use crate::context::variables::Template;
use crate::evaluation::Evaluation;
use crate::matching::Selector;
use crate::record::Recorder;

/// Existing objects that a rule changes.
#[derive(Debug)]
pub(super) struct Target {
    /// Its place in `targets`.
    index: usize,
    /// Which objects are meant, as it is written.
    written: Template,
    policy_namespace: Option<String>,
    /// Whether the selector of an object that is named counts; not in Kyverno (`--compat`).
    selects_named: bool,
    /// The context of one object.
    pub(super) entries: Vec<Entry>,
    /// Which objects are changed.
    pub(super) preconditions: Option<CompiledConditions>,
}

/// Which objects a target means in a request. What is left out is empty, and holds for all.
#[derive(Debug)]
pub(super) struct Sought {
    api_version: String,
    kind: String,
    namespace: String,
    name: String,
    /// Why it cannot be read where it cannot.
    selector: Option<Result<Selector, String>>,
}

impl Target {
    /// Compiles a target, the one at `index`. `policy_namespace` is the namespace of a namespaced policy,
    /// the only one in which it changes objects. The target's context entries are added to `names`.
    pub(super) fn compile(
        (index, written): (usize, &api::MutationTarget),
        policy_namespace: Option<&str>,
        names: &mut Arc<Names>,
        options: &CompileOptions,
    ) -> Target {
        let rule_names = Arc::clone(names);
        let entries = entries::compile(&written.context, names);
        Target {
            index,
            written: Template::compile(&sought_by(written), &rule_names),
            policy_namespace: policy_namespace.map(str::to_owned),
            selects_named: !options.compat,
            preconditions: written
                .preconditions
                .as_ref()
                .map(|conditions| CompiledConditions::compile(conditions, names)),
            entries,
        }
    }

    /// Which objects are meant, with every variable in place.
    ///
    /// # Errors
    /// How the rule ends where that cannot be told.
    pub(super) fn sought<'a, R: Recorder>(
        &'a self,
        evaluation: &Evaluation<'a, '_, R>,
    ) -> Result<Sought, Outcome> {
        let place = format!("target[{}]", self.index);
        let written = self.written.evaluate(evaluation.context());
        let written = written.map_err(|error| {
            let what = format!("failed to substitute variables in {place}");
            Outcome::error(&what, &error)
        })?;
        let written = written.to_json();
        let wrong = |field: &str, reason: &str| {
            let place = format!("failed to read {place}");
            Outcome::error(&place, &format!("`{field}` {reason}"))
        };
        let text = |field: &str| match written.get(field) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Err(wrong(field, &format!("is {other}; expected text"))),
        };
        let mut sought = Sought {
            api_version: text("apiVersion")?,
            kind: text("kind")?,
            namespace: text("namespace")?,
            name: text("name")?,
            selector: written.get("selector").map(selector),
        };
        if let Some(namespace) = &self.policy_namespace {
            sought.namespace.clone_from(namespace);
        }
        if sought.is_named() && !self.selects_named {
            sought.selector = None;
        }
        Ok(sought)
    }

    /// The objects that are sought, in the order of the source.
    ///
    /// # Errors
    /// Why they cannot be told: an object that is named and is not there, or a source that fails.
    pub(super) fn objects<R: Recorder>(
        &self,
        sought: &Sought,
        evaluation: &Evaluation<'_, '_, R>,
    ) -> Result<Vec<Value>, String> {
        let Sought {
            api_version, kind, ..
        } = sought;
        let place = format!("target[{}]", self.index);
        let source = evaluation.context().source();
        let mut found = match source.matching_objects(api_version, kind) {
            Lookup::Found(Value::Array(found)) => found,
            Lookup::Found(_) | Lookup::NotFound => Vec::new(),
            Lookup::Unavailable => {
                let reason = format!("nobody can be asked for {api_version} {kind} here");
                return Err(format!("{place}: {reason}"));
            }
            Lookup::Failed(reason) => return Err(format!("{place}: {reason}")),
        };
        found.retain(|object| sought.names(object));
        if found.is_empty() && sought.is_named() {
            let Sought {
                namespace, name, ..
            } = sought;
            return Err(format!(
                "{place}: there is no {kind} {namespace}/{name} of {api_version}"
            ));
        }
        match &sought.selector {
            Some(Ok(selector)) => found.retain(|object| selector.matches_object(object)),
            Some(Err(reason)) => return Err(format!("{place}: `selector` {reason}")),
            None => {}
        }
        Ok(found)
    }

    /// How the rule ends for an object that is not to be changed, if so; `target` is set.
    pub(super) fn leaves<'a, R: Recorder>(
        &'a self,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> Option<Outcome> {
        evaluation.context().defer(&self.entries);
        let preconditions = self.preconditions.as_ref()?;
        match preconditions.evaluate_noted(&"targets.preconditions", evaluation) {
            Err(error) => Some(Outcome::error("failed to evaluate preconditions", &error)),
            Ok((hold, said)) => {
                evaluation.preconditions(hold);
                (!hold).then(|| Outcome::not_met(&said))
            }
        }
    }
}

impl Sought {
    /// Whether one object is named.
    fn is_named(&self) -> bool {
        let is_literal = |text: &str| !text.is_empty() && !has_wildcard(text);
        is_literal(&self.name) && is_literal(&self.namespace)
    }

    /// Whether an object has the name and the namespace.
    fn names(&self, object: &Value) -> bool {
        let fits = |field: &str, wanted: &str| {
            let own = object.pointer(field).and_then(Value::as_str);
            wanted.is_empty() || wildcard::matches(wanted, own.unwrap_or_default())
        };
        fits("/metadata/name", &self.name) && fits("/metadata/namespace", &self.namespace)
    }
}

/// The part of a target that says which objects are meant.
fn sought_by(written: &api::MutationTarget) -> Value {
    let texts = [
        ("apiVersion", &written.api_version),
        ("kind", &written.kind),
        ("namespace", &written.namespace),
        ("name", &written.name),
    ];
    let texts = texts
        .into_iter()
        .filter_map(|(field, text)| Some((field.to_owned(), Value::from(text.clone()?))));
    let selector = written.selector.as_ref();
    let selector = selector.and_then(|selector| serde_json::to_value(selector).ok());
    let selector = selector.map(|selector| ("selector".to_owned(), selector));
    Value::Object(texts.chain(selector).collect::<Map<_, _>>())
}

/// A selector as the API server reads it when it lists objects: without wildcards.
fn selector(written: &Value) -> Result<Selector, String> {
    let read = LabelSelector::deserialize(written);
    let read = read.map_err(|error| format!("is {written}: {error}"))?;
    let mut pairs = read.match_labels.iter();
    if let Some((key, value)) = pairs.find(|(key, value)| has_wildcard(key) || has_wildcard(value))
    {
        return Err(format!(
            "wants the label `{key}: {value}`; labels of targets have no wildcards, write `matchExpressions`"
        ));
    }
    Selector::of(&read).map_err(|error| format!("is wrong: {error}"))
}
