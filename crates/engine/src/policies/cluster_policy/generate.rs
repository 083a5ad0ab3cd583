//! `generate`: the objects that a rule makes for a trigger, without making them.
//!
//! | written | made |
//! |---|---|
//! | `data` | the data, as the object that `apiVersion`, `kind`, `namespace` and `name` tell |
//! | `clone` | a copy of one object of the same kind |
//! | `cloneList` | a copy of every object of the kinds in a namespace, under the same name |
//! | `foreach` | any of these for each element of a list |
//!
//! A copy loses what the API server sets, and its owners where it goes to another namespace. An
//! object is not copied onto itself. A rule makes all of its objects or, with an error, none.

mod copy;
mod error;

use std::collections::BTreeMap;
use std::sync::Arc;

use portcullis_api::cluster_policy as api;
use portcullis_api::read::read;
use portcullis_values::Val;
use serde_json::{Map, Number, Value};

use super::condition::CompiledConditions;
use super::foreach;
use super::outcome::Outcome;
use crate::compile_options::CompileOptions;
use crate::context::entries::{self, Entry};
use crate::context::json_context::Loader;
use crate::context::query::{Names, Query};
use crate::context::source::EntryKind;
use crate::context::variables::Template;
use crate::evaluation::Evaluation;
use crate::generate::labels::{self, Origin, edit_map};
use crate::generate::{ObjectRef, Synchronisation};
use crate::patch::new_misfit;
use crate::record::{Place, Recorder};
use crate::response::RuleStatus;

use copy::Copy;
use error::GenerateError;

/// A `generate`, ready to run.
#[derive(Debug)]
pub(super) struct CompiledGenerate {
    parts: Vec<Part>,
    /// What becomes of what was made before.
    pub(super) synchronisation: Synchronisation,
    /// Whether the rule may trigger itself without end, and does not say why it is skipped, as in
    /// Kyverno's `apply` and `test`.
    pub(super) compat: bool,
}

/// What is made once, or for each element of a list.
#[derive(Debug)]
struct Part {
    /// Where it stands in the rule.
    path: String,
    foreach: Option<ForEach>,
    pattern: Template,
    /// Whether values of `data` must fit the kind that is made.
    checks_types: bool,
}

#[derive(Debug)]
struct ForEach {
    list: Query,
    entries: Vec<Entry>,
    preconditions: Option<CompiledConditions>,
}

impl CompiledGenerate {
    /// Makes a `generate` ready. `names` are the context entries of the rule.
    pub(super) fn compile(
        written: &api::Generation,
        spec: &api::PolicySpec,
        names: &Arc<Names>,
        options: &CompileOptions,
    ) -> CompiledGenerate {
        CompiledGenerate {
            parts: parts(written, names, !options.compat),
            synchronisation: Synchronisation::of(spec, written),
            compat: options.compat,
        }
    }

    /// What the context entries of loops need of the world.
    pub(super) fn needs(&self) -> Vec<EntryKind> {
        let loops = self.parts.iter().filter_map(|part| part.foreach.as_ref());
        loops
            .flat_map(|one| one.entries.iter().filter_map(Loader::kind))
            .collect()
    }

    /// How the rule ends, and the objects that it makes.
    pub(super) fn evaluate<'a, R: Recorder>(
        &'a self,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> (Outcome, Vec<Value>) {
        let mut made = Vec::new();
        let mut parts = self.parts.iter().enumerate();
        let ended =
            parts.try_for_each(|(number, part)| part.evaluate(number, evaluation, &mut made));
        match ended.and_then(|()| self.distinct(made)) {
            Ok(made) => (Outcome::new(RuleStatus::Pass, ""), made),
            Err(error) => {
                let what = format!("rule `{}` generates nothing", evaluation.rule_name());
                (Outcome::error(&what, &error), Vec::new())
            }
        }
    }

    /// Each object once. Which of two different ones would stand in a cluster is up to chance; Kyverno's
    /// commands show the first.
    fn distinct(&self, made: Vec<Value>) -> Result<Vec<Value>, GenerateError> {
        let mut places: BTreeMap<ObjectRef, usize> = BTreeMap::new();
        let mut distinct: Vec<Value> = Vec::with_capacity(made.len());
        for object in made {
            let of = ObjectRef::of(&object);
            let Some(known) = places.get(&of).and_then(|place| distinct.get(*place)) else {
                places.insert(of, distinct.len());
                distinct.push(object);
                continue;
            };
            if !self.compat && *known != object {
                let reason = format!(
                    "it makes {of} more than once, and each time another one; give each a name of its own"
                );
                return Err(GenerateError::new("generate".to_owned(), &reason));
            }
        }
        Ok(distinct)
    }
}

fn parts(written: &api::Generation, names: &Arc<Names>, checks_types: bool) -> Vec<Part> {
    let Some(loops) = &written.foreach else {
        return vec![Part {
            path: "generate".to_owned(),
            foreach: None,
            pattern: pattern(&serde_json::json!(written), names),
            checks_types,
        }];
    };
    let parts = loops.iter().enumerate().map(|(number, one)| {
        let mut inside = Arc::clone(names);
        let entries = entries::compile(&one.context, &mut inside);
        let preconditions = one.preconditions.as_ref();
        Part {
            path: format!("generate.foreach[{number}]"),
            foreach: Some(ForEach {
                list: Query::compile(one.list.as_deref().unwrap_or_default(), names),
                entries,
                preconditions: preconditions
                    .map(|block| CompiledConditions::compile_block(block, &inside)),
            }),
            pattern: pattern(&serde_json::json!(one), &inside),
            checks_types,
        }
    });
    parts.collect()
}

/// The fields that tell what is made, of a rule or of a loop.
const PATTERN: [&str; 7] = [
    "apiVersion",
    "kind",
    "namespace",
    "name",
    "data",
    "clone",
    "cloneList",
];

fn pattern(written: &Value, names: &Arc<Names>) -> Template {
    let fields = PATTERN.iter().filter_map(|field| {
        let value = written.get(*field)?;
        Some(((*field).to_owned(), value.clone()))
    });
    Template::compile(&Value::Object(fields.collect()), names)
}

impl Part {
    fn evaluate<'a, R: Recorder>(
        &'a self,
        number: usize,
        evaluation: &mut Evaluation<'a, '_, R>,
        made: &mut Vec<Value>,
    ) -> Result<(), GenerateError> {
        let Some(one) = &self.foreach else {
            return self.make(evaluation, made);
        };
        let list = evaluation.context().query(&one.list);
        let list = list.map_err(|error| GenerateError::new(self.at("list"), &error))?;
        evaluation.context().checkpoint();
        let outcome = self.elements((number, one), foreach::elements(list), evaluation, made);
        evaluation.context().restore();
        outcome
    }

    fn elements<'a, R: Recorder>(
        &'a self,
        (number, one): (usize, &'a ForEach),
        elements: Vec<Val<'a>>,
        evaluation: &mut Evaluation<'a, '_, R>,
        made: &mut Vec<Value>,
    ) -> Result<(), GenerateError> {
        for (index, element) in elements.into_iter().enumerate() {
            if element.is_null() {
                continue;
            }
            evaluation.context().reset();
            foreach::bind(element, index, 0, evaluation);
            evaluation.load_rule_values(Some(index));
            evaluation.context().defer(&one.entries);
            if let Some(preconditions) = &one.preconditions {
                let block = Place::Element(number, index).preconditions();
                let hold = preconditions.evaluate_noted(&block, evaluation);
                let at = || self.at(&format!("preconditions (element {index})"));
                let (hold, _) = hold.map_err(|error| GenerateError::new(at(), &error))?;
                evaluation.preconditions(hold);
                if !hold {
                    continue;
                }
            }
            self.make(evaluation, made)?;
            evaluation.checked(Place::Element(number, index), RuleStatus::Pass);
        }
        Ok(())
    }

    /// Makes the objects of the pattern with the variables as they stand.
    fn make<'a, R: Recorder>(
        &'a self,
        evaluation: &Evaluation<'a, '_, R>,
        made: &mut Vec<Value>,
    ) -> Result<(), GenerateError> {
        let pattern = self.pattern.evaluate(evaluation.context());
        let pattern = pattern.map_err(|error| GenerateError::new(self.path.clone(), &error))?;
        let pattern = whole_numbers(pattern.to_json());
        let pattern: api::ForEachGeneration = read(&pattern)
            .map_err(|error| GenerateError::new(self.at(&error.path_text()), &error.message))?;
        let target = ObjectRef {
            api_version: pattern.api_version.unwrap_or_default(),
            kind: pattern.kind.unwrap_or_default(),
            namespace: pattern.namespace.unwrap_or_default(),
            name: pattern.name.unwrap_or_default(),
        };
        // A source without a name, and a list without kinds, copy nothing.
        let clone = pattern.clone.as_ref();
        let clone = clone.filter(|clone| clone.name.as_ref().is_some_and(|name| !name.is_empty()));
        let list = pattern.clone_list.as_ref();
        let list = list.filter(|list| !list.kinds.is_empty());
        if let Some(own) = evaluation.context().policy_namespace() {
            self.refuse_other_namespaces(own, &target, (clone, list))?;
        }
        let source = evaluation.context().source();
        let copied = match (clone, list) {
            (Some(clone), _) => {
                copy::one(clone, target, source).map_err(|error| error.within(&self.at("clone")))?
            }
            (None, Some(list)) => copy::list(list, &target.namespace, source)
                .map_err(|error| error.within(&self.at("cloneList")))?,
            (None, None) => {
                let object = self.data(pattern.data)?;
                self.push(object, &target, None, evaluation, made)?;
                let made = made.last().filter(|_| self.checks_types);
                return match made.and_then(|made| new_misfit(source.catalogue(), None, made)) {
                    Some(misfit) => Err(GenerateError::new(self.at("data"), &misfit)),
                    None => Ok(()),
                };
            }
        };
        for Copy {
            object,
            source,
            target,
        } in copied
        {
            self.push(object, &target, Some(&source), evaluation, made)?;
        }
        Ok(())
    }

    /// A namespaced policy copies and makes objects of its own namespace only.
    fn refuse_other_namespaces(
        &self,
        own: &str,
        target: &ObjectRef,
        (clone, list): (Option<&api::CloneSource>, Option<&api::CloneList>),
    ) -> Result<(), GenerateError> {
        for (field, namespace) in [
            ("namespace", Some(Some(&target.namespace))),
            (
                "clone.namespace",
                clone.map(|clone| clone.namespace.as_ref()),
            ),
            (
                "cloneList.namespace",
                list.map(|list| list.namespace.as_ref()),
            ),
        ] {
            let namespace = namespace.map(|namespace| namespace.map_or("", String::as_str));
            if let Some(other) = namespace.filter(|namespace| *namespace != own) {
                let found = format!("`{other}` is outside of the policy's namespace `{own}`");
                return Err(GenerateError::new(self.at(field), &found));
            }
        }
        Ok(())
    }

    fn data(&self, data: Option<Value>) -> Result<Map<String, Value>, GenerateError> {
        let wrong = |field: &str, found: &Value| {
            let found = format!("expected an object, found `{found}`");
            Err(GenerateError::new(self.at(field), &found))
        };
        let object = match data {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(object)) => object,
            Some(other) => return wrong("data", &other),
        };
        match object.get("metadata") {
            None | Some(Value::Null | Value::Object(_)) => Ok(object),
            Some(other) => wrong("data.metadata", other),
        }
    }

    /// Gives an object its identity and its labels.
    fn push<R: Recorder>(
        &self,
        mut object: Map<String, Value>,
        target: &ObjectRef,
        source: Option<&Value>,
        evaluation: &Evaluation<'_, '_, R>,
        made: &mut Vec<Value>,
    ) -> Result<(), GenerateError> {
        for (field, value) in [
            ("apiVersion", &target.api_version),
            ("kind", &target.kind),
            ("name", &target.name),
        ] {
            let is_given = field == "kind" && object.contains_key("kind");
            if value.is_empty() && !is_given {
                let found = "it is empty; a generated object needs it";
                return Err(GenerateError::new(self.at(field), &found));
            }
        }
        object.insert("apiVersion".to_owned(), target.api_version.clone().into());
        object
            .entry("kind")
            .or_insert_with(|| target.kind.clone().into());
        edit_map(&mut object, "metadata", |metadata| {
            metadata.insert("name".to_owned(), target.name.clone().into());
            match target.namespace.as_str() {
                "" => metadata.remove("namespace"),
                namespace => metadata.insert("namespace".to_owned(), namespace.into()),
            };
        });
        let policy = evaluation.policy();
        let nothing = Value::Null;
        let origin = Origin {
            policy_namespace: policy.namespace,
            policy: policy.name,
            rule: &evaluation.rule_name(),
            trigger: evaluation.request().subject().unwrap_or(&nothing),
            source,
        };
        labels::put(&mut object, origin.labels());
        made.push(Value::Object(object));
        Ok(())
    }

    fn at(&self, field: &str) -> String {
        match field {
            "" => self.path.clone(),
            field => format!("{}.{field}", self.path),
        }
    }
}

/// Expressions know float64 only; a whole number of theirs is written as one.
fn whole_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(whole_number(number)),
        Value::Array(items) => items.into_iter().map(whole_numbers).collect(),
        Value::Object(entries) => entries
            .into_iter()
            .map(|(key, item)| (key, whole_numbers(item)))
            .collect(),
        other => other,
    }
}

/// The largest float64 up to which every whole number is one.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

#[expect(
    clippy::cast_possible_truncation,
    reason = "whole, and in the range of both types"
)]
fn whole_number(number: Number) -> Number {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() <= MAX_EXACT => {
            Number::from(float as i64)
        }
        _ => number,
    }
}
