//! `mutate`: a patch for the object of the request, or for existing objects (`targets`).
//!
//! Of `foreach`, `patchStrategicMerge` and `patchesJson6902` the first that is written counts, in
//! this order. A loop patches the object once for each element; expressions see the object as it was
//! before the loop, which for the first one is as it was before the rule. A strategic merge patch of a
//! loop is applied last element first, so that what it adds to the front of a list ends up in the order
//! of the elements.

mod patched;

use std::borrow::Cow;
use std::fmt::Display;
use std::sync::Arc;

use portcullis_api::cluster_policy as api;
use portcullis_api::cluster_policy::ForEachOrder;
use portcullis_values::Val;
use serde_json::Value;

use self::patched::Patched;
use super::condition::CompiledConditions;
use super::foreach::{bind, elements};
use super::mutate_targets::Target;
use super::outcome::Outcome;
use crate::compile_options::CompileOptions;
use crate::context::entries::{self, Entry};
use crate::context::json_context::Loader;
use crate::context::query::{Names, Query};
use crate::context::source::EntryKind;
use crate::context::variables::Template;
use crate::evaluation::Evaluation;
use crate::patch::{
    JsonPatch, JsonPatchOptions, PatchError, PreparedMerge, StrategicMergePatch, new_misfit,
};
use crate::record::{Place, Recorder};
use crate::response::RuleStatus;

/// How deeply loops may nest.
const MAX_NESTING: usize = 32;

/// A `mutate` rule, ready to run.
#[derive(Debug)]
pub(super) struct Mutation {
    change: Change,
    /// The existing objects that are changed; none for the object of the request.
    pub(super) targets: Vec<Target>,
    /// Whether the change has values of variables, which must fit the object's kind.
    checks_types: bool,
}

#[derive(Debug)]
enum Change {
    StrategicMerge(MergeSource),
    Json(JsonSource),
    ForEach(Vec<ForEach>),
    Nothing,
}

/// A strategic merge patch: ready when it has no variables.
#[derive(Debug)]
enum MergeSource {
    Ready(StrategicMergePatch),
    Template(Template),
}

/// A JSON patch: read when it has no variables.
#[derive(Debug)]
enum JsonSource {
    Ready(Result<JsonPatch, PatchError>),
    Template(Template),
}

#[derive(Debug)]
struct ForEach {
    list: Query,
    is_reversed: bool,
    entries: Vec<Entry>,
    preconditions: Option<CompiledConditions>,
    change: Change,
}

/// The parts that a rule and a loop share.
struct Parts<'p> {
    strategic_merge: Option<&'p Value>,
    json: Option<&'p str>,
    foreach: Option<&'p [api::ForEachMutation]>,
}

impl Mutation {
    /// Compiles `mutate`. `names` are the context entries of the rule.
    pub(super) fn compile(
        mutate: &api::Mutation,
        policy_namespace: Option<&str>,
        names: &Arc<Names>,
        options: &CompileOptions,
    ) -> Mutation {
        let mut inside = Arc::clone(names);
        let targets = mutate.targets.iter().enumerate();
        let targets = targets
            .map(|target| Target::compile(target, policy_namespace, &mut inside, options))
            .collect();
        let parts = Parts {
            strategic_merge: mutate.patch_strategic_merge.as_ref(),
            json: mutate.patches_json6902.as_deref(),
            foreach: mutate.foreach.as_deref(),
        };
        let change = parts.compile(&inside, 0);
        Mutation {
            checks_types: !options.compat && change.has_variables(),
            change,
            targets,
        }
    }

    /// What context entries of loops and targets need of the world.
    pub(super) fn needs(&self) -> Vec<EntryKind> {
        let targets = self.targets.iter().flat_map(|target| &target.entries);
        let mut needs: Vec<EntryKind> = targets.filter_map(Loader::kind).collect();
        self.change.needs(&mut needs);
        needs
    }

    /// What a rule that is a single strategic merge patch merges into the object: it can be done in
    /// place, once nothing reads the object any more. None for a rule of another form.
    ///
    /// # Errors
    /// How the rule ends where it changes nothing.
    pub(super) fn prepare<'a, R: Recorder>(
        &'a self,
        object: &Value,
        evaluation: &Evaluation<'a, '_, R>,
    ) -> Result<Option<PreparedMerge>, Outcome> {
        let Change::StrategicMerge(source) = &self.change else {
            return Ok(None);
        };
        let patch = source.patch(evaluation)?;
        let numbers = evaluation.request().numbers;
        let merge = patch.prepare(object, numbers);
        let merge = merge.map_err(|error| not_patched(&error))?;
        let merge = merge.ok_or_else(no_patches)?;
        if self.checks_types && !merge.fits(object, evaluation.context().source().catalogue()) {
            // Text stays text, so that what does not fit as a patch may fit once it is merged.
            let mut merged = Arc::new(object.clone());
            let is_merged = merge.merge_into(&mut merged);
            is_merged.map_err(|error| not_patched(&error))?;
            check_types(object, &merged, evaluation)?;
        }
        Ok(Some(merge))
    }

    /// The object as the rule changes it.
    ///
    /// # Errors
    /// How the rule ends where it changes nothing.
    pub(super) fn apply<'a, R: Recorder>(
        &'a self,
        object: &Value,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> Result<Value, Outcome> {
        let mut patched = Patched::new(object);
        self.change.apply(&mut patched, 0, evaluation)?;
        match (patched.changed(), &self.change) {
            (Some(patched), _) if &patched != object => {
                if has_kind(object) && !has_kind(&patched) {
                    return Err(not_patched(&PatchError::RemovesKind));
                }
                if self.checks_types {
                    check_types(object, &patched, evaluation)?;
                }
                Ok(patched)
            }
            (_, Change::ForEach(_)) => Err(Outcome::new(RuleStatus::Skip, "0 elements processed")),
            _ => Err(no_patches()),
        }
    }
}

/// A value that does not fit its place after a rule, and was not there before, is an error.
fn check_types<R: Recorder>(
    before: &Value,
    after: &Value,
    evaluation: &Evaluation<'_, '_, R>,
) -> Result<(), Outcome> {
    let catalogue = evaluation.context().source().catalogue();
    match new_misfit(catalogue, Some(before), after) {
        Some(misfit) => Err(not_patched(&misfit)),
        None => Ok(()),
    }
}

fn has_kind(object: &Value) -> bool {
    let kind = object.get("kind").and_then(Value::as_str);
    kind.is_some_and(|kind| !kind.is_empty())
}

/// How a rule ends that leaves the object as it is.
pub(super) fn no_patches() -> Outcome {
    Outcome::new(RuleStatus::Skip, "no patches applied")
}

/// How a rule ends whose patch does not fit the object.
pub(super) fn not_patched(error: &PatchError) -> Outcome {
    Outcome::error("failed to patch resource", error)
}

fn not_substituted(error: &dyn Display) -> Outcome {
    Outcome::error("variable substitution failed", error)
}

impl MergeSource {
    fn patch<'a, R: Recorder>(
        &'a self,
        evaluation: &Evaluation<'a, '_, R>,
    ) -> Result<Cow<'a, StrategicMergePatch>, Outcome> {
        match self {
            MergeSource::Ready(patch) => Ok(Cow::Borrowed(patch)),
            MergeSource::Template(template) => {
                let patch = template.evaluate(evaluation.context());
                let patch = patch.map_err(|error| not_substituted(&error))?;
                Ok(Cow::Owned(StrategicMergePatch::new(patch.to_json())))
            }
        }
    }
}

/// What a rule that changed an object says.
pub(super) fn message(patched: &Value) -> String {
    let kind = patched.get("kind").and_then(Value::as_str);
    let kind = kind.unwrap_or_default();
    let metadata = patched.get("metadata");
    let text = |key: &str| metadata?.get(key)?.as_str();
    let name = text("name").or_else(|| text("generateName"));
    let name = name.unwrap_or_default();
    match text("namespace").filter(|namespace| !namespace.is_empty()) {
        Some(namespace) => format!("mutated {kind}/{name} in namespace {namespace}"),
        None => format!("mutated {kind}/{name}"),
    }
}

impl Parts<'_> {
    fn compile(&self, names: &Arc<Names>, nesting: usize) -> Change {
        // A rule with a list of no loops is one of loops.
        let is_loops = |loops: &&[api::ForEachMutation]| nesting == 0 || !loops.is_empty();
        if let Some(loops) = self.foreach.filter(is_loops) {
            if nesting >= MAX_NESTING {
                return Change::Nothing;
            }
            let compile = |one| ForEach::compile(one, names, nesting);
            return Change::ForEach(loops.iter().map(compile).collect());
        }
        let path = if nesting == 0 { "/mutate" } else { "" };
        if let Some(patch) = self.strategic_merge.filter(|patch| !patch.is_null()) {
            let path = format!("{path}/patchStrategicMerge");
            let template = Template::compile_at(&path, patch, names);
            return Change::StrategicMerge(match template.constant() {
                Some(constant) => MergeSource::Ready(StrategicMergePatch::new(constant.clone())),
                None => MergeSource::Template(template),
            });
        }
        match self.json.filter(|text| !text.is_empty()) {
            Some(text) => {
                let path = format!("{path}/patchesJson6902");
                let template = Template::compile_at(&path, &Value::from(text), names);
                let constant = template.constant().and_then(Value::as_str);
                Change::Json(match constant {
                    Some(text) => JsonSource::Ready(JsonPatch::parse(text)),
                    None => JsonSource::Template(template),
                })
            }
            None => Change::Nothing,
        }
    }
}

impl Change {
    /// Whether a patch has variables, so that what it puts where is not known before.
    fn has_variables(&self) -> bool {
        match self {
            Change::StrategicMerge(source) => matches!(source, MergeSource::Template(_)),
            Change::Json(source) => matches!(source, JsonSource::Template(_)),
            Change::ForEach(loops) => loops.iter().any(|one| one.change.has_variables()),
            Change::Nothing => false,
        }
    }

    fn needs(&self, needs: &mut Vec<EntryKind>) {
        let Change::ForEach(loops) = self else { return };
        for one in loops {
            needs.extend(one.entries.iter().filter_map(Loader::kind));
            one.change.needs(needs);
        }
    }

    fn apply<'a, R: Recorder>(
        &'a self,
        patched: &mut Patched<'_>,
        nesting: usize,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> Result<(), Outcome> {
        match self {
            Change::StrategicMerge(source) => {
                let patch = source.patch(evaluation)?;
                let numbers = evaluation.request().numbers;
                let patch = |object| patch.apply(object, numbers);
                patched.apply(patch).map_err(|error| not_patched(&error))
            }
            Change::Json(source) => {
                let read;
                let patch = match source {
                    JsonSource::Ready(patch) => patch.as_ref().map_err(Clone::clone),
                    JsonSource::Template(template) => {
                        let text = template
                            .evaluate_text(evaluation.context())
                            .map_err(|error| not_substituted(&error))?;
                        read = JsonPatch::parse(text.as_str());
                        read.as_ref().map_err(Clone::clone)
                    }
                };
                let patch = patch.map_err(|error| not_patched(&error))?;
                let patch = |object| patch.apply(object, JsonPatchOptions::KYVERNO);
                patched.apply(patch).map_err(|error| not_patched(&error))
            }
            Change::ForEach(loops) => match loops.as_slice() {
                [one] => one.apply(0, patched, nesting, evaluation),
                loops => {
                    evaluation.context().checkpoint();
                    let ended = apply_in_turn(loops, patched, nesting, evaluation);
                    evaluation.context().restore();
                    ended
                }
            },
            Change::Nothing => Err(Outcome::new(RuleStatus::Error, "empty mutate rule")),
        }
    }
}

fn apply_in_turn<'a, R: Recorder>(
    loops: &'a [ForEach],
    patched: &mut Patched<'_>,
    nesting: usize,
    evaluation: &mut Evaluation<'a, '_, R>,
) -> Result<(), Outcome> {
    for (number, one) in loops.iter().enumerate() {
        if number > 0 {
            show_changed(patched, evaluation);
        }
        one.apply(number, patched, nesting, evaluation)?;
    }
    Ok(())
}

/// Shows the object to a loop as those before it left it. Of a rule with targets, `request.object` stays
/// the trigger.
fn show_changed<R: Recorder>(patched: &Patched<'_>, evaluation: &Evaluation<'_, '_, R>) {
    let context = evaluation.context();
    if let Some(object) = patched.so_far().filter(|_| !context.has_target()) {
        context.replace_object(Val::from_owned(object.clone()));
    }
}

impl ForEach {
    fn compile(written: &api::ForEachMutation, names: &Arc<Names>, nesting: usize) -> ForEach {
        let mut inside = Arc::clone(names);
        let entries = entries::compile(&written.context, &mut inside);
        let parts = Parts {
            strategic_merge: written.patch_strategic_merge.as_ref(),
            json: written.patches_json6902.as_deref(),
            foreach: written.foreach.as_deref(),
        };
        let change = parts.compile(&inside, nesting + 1);
        ForEach {
            list: Query::compile(written.list.as_deref().unwrap_or_default(), names),
            is_reversed: match written.order {
                Some(order) => order == ForEachOrder::Descending,
                None => matches!(change, Change::StrategicMerge(_)),
            },
            preconditions: written
                .preconditions
                .as_ref()
                .map(|conditions| CompiledConditions::compile_block(conditions, &inside)),
            entries,
            change,
        }
    }

    fn apply<'a, R: Recorder>(
        &'a self,
        number: usize,
        patched: &mut Patched<'_>,
        nesting: usize,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> Result<(), Outcome> {
        let list = evaluation.context().query(&self.list);
        let list = list.map_err(|error| {
            let what = format!("failed to evaluate list {}", self.list.text());
            Outcome::error(&what, &error)
        })?;
        let mut numbered: Vec<(usize, Val<'a>)> = elements(list).into_iter().enumerate().collect();
        if self.is_reversed {
            numbered.reverse();
        }
        evaluation.context().checkpoint();
        let ended = self.elements((number, numbered), patched, nesting, evaluation);
        evaluation.context().restore();
        ended
    }

    fn elements<'a, R: Recorder>(
        &'a self,
        (number, numbered): (usize, Vec<(usize, Val<'a>)>),
        patched: &mut Patched<'_>,
        nesting: usize,
        evaluation: &mut Evaluation<'a, '_, R>,
    ) -> Result<(), Outcome> {
        for (index, element) in numbered {
            if element.is_null() {
                continue;
            }
            evaluation.context().reset();
            bind(element, index, nesting, evaluation);
            evaluation.load_rule_values(Some(index));
            evaluation.context().defer(&self.entries);
            if let Some(preconditions) = &self.preconditions {
                let block = Place::Element(number, index).preconditions();
                let (hold, _) = preconditions
                    .evaluate_noted(&block, evaluation)
                    .map_err(|error| Outcome::error("failed to evaluate preconditions", &error))?;
                evaluation.preconditions(hold);
                if !hold {
                    continue;
                }
            }
            self.change.apply(patched, nesting + 1, evaluation)?;
            evaluation.checked(Place::Element(number, index), RuleStatus::Pass);
        }
        Ok(())
    }
}
