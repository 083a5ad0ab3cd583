//! `match` and `exclude` of a rule, and `match` of an exception, made ready.
//!
//! `match.any` holds when one filter does, `match.all` when every filter does; the inline form is
//! one filter. `exclude` is asked only when `match` holds, and works alike. A rule of a namespaced
//! Policy is for objects of the policy's namespace only.

use portcullis_api::{
    cluster_policy::{MatchResources, ResourceFilter, Rule},
    policy_exception::AnyAllFilters,
};

use super::{
    filter::{Filter, OperationSet, Role, WrittenFilter},
    kinds::KindSelector,
    mismatch::Mismatch,
    subject::Subject,
};
use crate::request::{GroupVersionKind, Operation, Request};

/// Which requests a rule is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Matcher {
    namespace: Option<Box<str>>,
    include: Clause,
    exclude: Option<Clause>,
}

/// Which requests an exception is about.
#[derive(Clone, Debug, PartialEq)]
pub struct ExceptionMatcher {
    include: Option<Clause>,
}

/// Filters, and how many of them must hold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Clause {
    pub(crate) combination: Combination,
    pub(crate) filters: Vec<Filter>,
}

/// How many filters must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Combination {
    Any,
    All,
    /// The older form: one filter, directly in the block.
    Inline,
}

impl Matcher {
    /// Makes the blocks of a rule ready. `namespace` is that of a namespaced Policy.
    #[must_use]
    pub fn compile(rule: &Rule, namespace: Option<&str>) -> Matcher {
        Matcher {
            namespace: namespace.filter(|name| !name.is_empty()).map(Box::from),
            include: Clause::compile(&rule.r#match, Role::Match),
            exclude: rule
                .exclude
                .as_ref()
                .map(|block| Clause::compile(block, Role::Exclude)),
        }
    }

    /// Makes the blocks of a cleanup policy ready. `namespace` is that of a CleanupPolicy.
    #[must_use]
    pub fn of_cleanup(
        include: &AnyAllFilters,
        exclude: Option<&AnyAllFilters>,
        namespace: &str,
    ) -> Matcher {
        // A block without filters is about nothing.
        let nothing = Clause {
            combination: Combination::Any,
            filters: Vec::new(),
        };
        Matcher {
            namespace: Some(namespace)
                .filter(|name| !name.is_empty())
                .map(Box::from),
            include: Clause::of_filters(include).unwrap_or(nothing),
            exclude: exclude.and_then(Clause::of_filters),
        }
        .of_no_request()
    }

    /// A cleanup policy runs by itself, and nobody asks for an operation then.
    fn of_no_request(mut self) -> Matcher {
        self.include.ignore_operations();
        self.exclude.iter_mut().for_each(Clause::ignore_operations);
        self
    }

    /// Whether the rule is about the request.
    #[must_use]
    pub fn matches(&self, request: &Request<'_>) -> bool {
        Subject::of(request).is_some_and(|subject| self.matches_subject(&subject))
    }

    /// As [`Matcher::matches`], for a caller that asks many rules about one request.
    #[must_use]
    pub fn matches_subject(&self, subject: &Subject<'_>) -> bool {
        self.is_in_scope(subject)
            && self.include.holds(subject)
            && !self
                .exclude
                .as_ref()
                .is_some_and(|exclude| exclude.holds(subject))
    }

    /// Whether the rule may be about objects of a kind.
    #[must_use]
    pub fn is_about(&self, kind: &GroupVersionKind) -> bool {
        self.include.is_about(kind)
    }

    /// The entries of `match`'s `kinds`.
    pub fn kinds(&self) -> impl Iterator<Item = &KindSelector> {
        let filters = self.include.filters.iter();
        filters.flat_map(|filter| &filter.kinds)
    }

    /// Whether the rule says that it is about deletions, as against being about every operation.
    #[must_use]
    pub fn names_deletion(&self) -> bool {
        self.include.filters.iter().any(|filter| {
            filter.operations != OperationSet::ALL && filter.operations.contains(Operation::Delete)
        })
    }

    /// Why the rule is not about the request; empty when it is.
    #[must_use]
    pub fn explain(&self, request: &Request<'_>) -> Vec<Mismatch> {
        let Some(subject) = Subject::of(request) else {
            return vec![Mismatch::new("", "the request has no object")];
        };
        if !self.is_in_scope(&subject) {
            let reason = format!(
                "the policy is for namespace `{}`, the object is in `{}`",
                self.namespace.as_deref().unwrap_or_default(),
                subject.namespace
            );
            return vec![Mismatch::new("", &reason)];
        }
        if !self.include.holds(&subject) {
            return self.include.explain("match", &subject);
        }
        let excluded = self
            .exclude
            .as_ref()
            .map(|clause| clause.holders("exclude", &subject));
        excluded.unwrap_or_default()
    }

    pub(crate) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    pub(crate) fn include(&self) -> &Clause {
        &self.include
    }

    fn is_in_scope(&self, subject: &Subject<'_>) -> bool {
        self.namespace()
            .is_none_or(|namespace| namespace == subject.namespace)
    }
}

impl ExceptionMatcher {
    /// Makes the block of an exception ready.
    #[must_use]
    pub fn compile(block: &AnyAllFilters) -> ExceptionMatcher {
        ExceptionMatcher {
            include: Clause::of_filters(block),
        }
    }

    /// Makes the exception hold for every operation.
    pub fn ignore_operations(&mut self) {
        self.include.iter_mut().for_each(Clause::ignore_operations);
    }

    /// Whether the exception is about the request.
    #[must_use]
    pub fn matches_subject(&self, subject: &Subject<'_>) -> bool {
        self.include
            .as_ref()
            .is_some_and(|include| include.holds(subject))
    }
}

impl Clause {
    fn compile(block: &MatchResources, role: Role) -> Clause {
        let lists = Clause::of_lists(block.any.as_deref(), block.all.as_deref(), role);
        lists.unwrap_or_else(|| {
            let inline = WrittenFilter {
                resources: block.resources.as_ref(),
                roles: &block.roles,
                cluster_roles: &block.cluster_roles,
                subjects: &block.subjects,
            };
            Clause {
                combination: Combination::Inline,
                filters: vec![Filter::compile(&inline, role)],
            }
        })
    }

    fn ignore_operations(&mut self) {
        for filter in &mut self.filters {
            filter.operations = OperationSet::ALL;
        }
    }

    /// The clause of a block that is no rule's.
    fn of_filters(block: &AnyAllFilters) -> Option<Clause> {
        let (any, all) = (block.any.as_deref(), block.all.as_deref());
        Clause::of_lists(any, all, Role::Exception)
    }

    /// The clause of `any`, or else of `all`; none when both are empty.
    fn of_lists(
        any: Option<&[ResourceFilter]>,
        all: Option<&[ResourceFilter]>,
        role: Role,
    ) -> Option<Clause> {
        let given = |list: Option<&[ResourceFilter]>| -> Option<Vec<Filter>> {
            let list = list.filter(|list| !list.is_empty())?;
            Some(
                list.iter()
                    .map(|filter| Filter::compile(&filter.into(), role))
                    .collect(),
            )
        };
        let any = given(any).map(|filters| Clause {
            combination: Combination::Any,
            filters,
        });
        any.or_else(|| {
            given(all).map(|filters| Clause {
                combination: Combination::All,
                filters,
            })
        })
    }

    /// Filters of which at least one holds whenever the clause does: those of `any`, and of `all`
    /// the one that says most.
    pub(crate) fn alternatives(&self) -> &[Filter] {
        match self.combination {
            Combination::Any | Combination::Inline => &self.filters,
            Combination::All => {
                let narrowest = self.filters.iter().max_by_key(|filter| filter.narrowness());
                narrowest.map_or(&[], std::slice::from_ref)
            }
        }
    }

    fn is_about(&self, kind: &GroupVersionKind) -> bool {
        let mut filters = self.alternatives().iter();
        filters.any(|filter| {
            let mut kinds = filter.kinds.iter();
            filter.kinds.is_empty() || kinds.any(|selector| selector.matches(kind, "", false))
        })
    }

    fn holds(&self, subject: &Subject<'_>) -> bool {
        let mut filters = self.filters.iter();
        match self.combination {
            Combination::All => filters.all(|filter| filter.matches(subject)),
            Combination::Any | Combination::Inline => filters.any(|filter| filter.matches(subject)),
        }
    }

    /// Why no, or not every, filter holds.
    fn explain(&self, block: &str, subject: &Subject<'_>) -> Vec<Mismatch> {
        let mut reasons = Vec::new();
        for (index, filter) in self.filters.iter().enumerate() {
            if !filter.matches(subject) {
                filter.explain(subject, &self.path(block, index), &mut reasons);
            }
        }
        reasons
    }

    /// The filters that hold, when they decide.
    fn holders(&self, block: &str, subject: &Subject<'_>) -> Vec<Mismatch> {
        if !self.holds(subject) {
            return Vec::new();
        }
        let filters = self.filters.iter().enumerate();
        filters
            .filter(|(_, filter)| filter.matches(subject))
            .map(|(index, _)| Mismatch::new(&self.path(block, index), "the object is excluded"))
            .collect()
    }

    fn path(&self, block: &str, index: usize) -> String {
        match self.combination {
            Combination::Any => format!("{block}.any[{index}]"),
            Combination::All => format!("{block}.all[{index}]"),
            Combination::Inline => block.to_owned(),
        }
    }
}

impl<'a> From<&'a ResourceFilter> for WrittenFilter<'a> {
    fn from(filter: &'a ResourceFilter) -> Self {
        WrittenFilter {
            resources: filter.resources.as_ref(),
            roles: &filter.roles,
            cluster_roles: &filter.cluster_roles,
            subjects: &filter.subjects,
        }
    }
}

#[cfg(test)]
mod tests;
