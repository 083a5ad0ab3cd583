//! The body of a rule or of a loop: what it checks.
//!
//! Of `deny`, `pattern`, `anyPattern` and `foreach` the first that is written counts, in this order.

use std::sync::Arc;

use portcullis_api::cluster_policy as api;
use portcullis_values::Val;
use serde_json::Value;

use super::condition::CompiledConditions;
use crate::context::entries::{self, Entry};
use crate::context::json_context::Loader;
use crate::context::query::{Names, Query};
use crate::context::source::EntryKind;
use crate::context::variables::Template;
use crate::pattern::Pattern;

/// What a body checks.
#[derive(Debug)]
pub(super) enum Check {
    /// `deny`.
    Deny(CompiledConditions),
    /// `pattern`.
    Pattern(CompiledPattern),
    /// `anyPattern`.
    AnyPattern(AnyPattern),
    /// `foreach`.
    ForEach(Vec<ForEach>),
    /// Nothing that is known.
    Nothing,
}

/// A pattern: ready when it has no variables, else made anew for each object.
#[derive(Debug)]
pub(super) enum CompiledPattern {
    /// Ready.
    Ready(Pattern),
    /// With variables.
    Template(Template),
}

/// `anyPattern`.
#[derive(Debug)]
pub(super) enum AnyPattern {
    /// Ready.
    Ready(Vec<Pattern>),
    /// With variables.
    Template(Template),
    /// Not a list.
    NotAList,
}

/// One loop.
#[derive(Debug)]
pub(super) struct ForEach {
    /// What it loops over.
    pub(super) list: Query,
    /// Whether patterns look at the element; when absent, if the element is a map.
    pub(super) element_scope: Option<bool>,
    /// The context of an element.
    pub(super) entries: Vec<Entry>,
    /// Conditions under which an element counts.
    pub(super) preconditions: Option<CompiledConditions>,
    /// What is checked of an element.
    pub(super) check: Check,
}

/// How deeply loops may nest.
const MAX_NESTING: usize = 32;

impl Check {
    /// Compiles the body of a rule.
    #[must_use]
    pub(super) fn compile(validate: &api::Validation, names: &Arc<Names>) -> Check {
        Parts {
            deny: validate.deny.as_ref(),
            pattern: validate.pattern.as_ref(),
            any_pattern: validate.any_pattern.as_ref(),
            foreach: validate.foreach.as_deref(),
        }
        .compile(names, 0)
    }

    /// What the context entries of loops need of the world.
    #[must_use]
    pub(super) fn needs(&self) -> Vec<EntryKind> {
        let Check::ForEach(loops) = self else {
            return Vec::new();
        };
        let own = loops
            .iter()
            .flat_map(|one| one.entries.iter().filter_map(Loader::kind));
        own.chain(loops.iter().flat_map(|one| one.check.needs()))
            .collect()
    }
}

/// The parts that a rule and a loop share.
struct Parts<'p> {
    deny: Option<&'p api::Deny>,
    pattern: Option<&'p Value>,
    any_pattern: Option<&'p Value>,
    foreach: Option<&'p [api::ForEachValidation]>,
}

impl Parts<'_> {
    fn compile(&self, names: &Arc<Names>, nesting: usize) -> Check {
        if let Some(deny) = self.deny {
            let nothing = api::Conditions(Value::Null);
            let conditions = deny.conditions.as_ref().unwrap_or(&nothing);
            return Check::Deny(CompiledConditions::compile(conditions, names));
        }
        if let Some(pattern) = self.pattern.filter(|pattern| !pattern.is_null()) {
            return Check::Pattern(CompiledPattern::compile(pattern, names));
        }
        if let Some(patterns) = self.any_pattern.filter(|patterns| !patterns.is_null()) {
            return Check::AnyPattern(AnyPattern::compile(patterns, names));
        }
        match self.foreach {
            Some(loops) if nesting < MAX_NESTING => Check::ForEach(
                loops
                    .iter()
                    .map(|one| ForEach::compile(one, names, nesting))
                    .collect(),
            ),
            _ => Check::Nothing,
        }
    }
}

impl CompiledPattern {
    fn compile(pattern: &Value, names: &Arc<Names>) -> CompiledPattern {
        let template = Template::compile(pattern, names);
        match template.constant() {
            Some(constant) => CompiledPattern::Ready(Pattern::compile(constant)),
            None => CompiledPattern::Template(template),
        }
    }
}

impl AnyPattern {
    fn compile(patterns: &Value, names: &Arc<Names>) -> AnyPattern {
        let template = Template::compile(patterns, names);
        match template.constant() {
            Some(Value::Array(items)) => {
                AnyPattern::Ready(items.iter().map(Pattern::compile).collect())
            }
            Some(_) => AnyPattern::NotAList,
            None => AnyPattern::Template(template),
        }
    }
}

/// The patterns of a list that was made while the rule ran; none when it is no list.
#[must_use]
pub(super) fn patterns(value: &Val<'_>) -> Option<Vec<Pattern>> {
    match value {
        Val::List(items) => Some(
            items
                .iter()
                .map(|item| Pattern::compile(&item.to_json()))
                .collect(),
        ),
        _ => None,
    }
}

impl ForEach {
    fn compile(written: &api::ForEachValidation, names: &Arc<Names>, nesting: usize) -> ForEach {
        let mut names_inside = Arc::clone(names);
        let entries = entries::compile(&written.context, &mut names_inside);
        let parts = Parts {
            deny: written.deny.as_ref(),
            pattern: written.pattern.as_ref(),
            any_pattern: written.any_pattern.as_ref(),
            foreach: written.foreach.as_deref(),
        };
        ForEach {
            list: Query::compile(written.list.as_deref().unwrap_or_default(), names),
            element_scope: written.element_scope,
            entries,
            preconditions: written
                .preconditions
                .as_ref()
                .map(|conditions| CompiledConditions::compile_block(conditions, &names_inside)),
            check: parts.compile(&names_inside, nesting + 1),
        }
    }
}
