//! One filter of a match block: a resource description and who asks.
//!
//! Every field that is given must hold; of a list, one item suffices. An empty list or map counts
//! as not given. The tests run in the order of their cost.

use portcullis_api::cluster_policy::{
    Operation as WrittenOperation, ResourceDescription, Subject as WrittenUser,
};
use portcullis_values::wildcard::Wildcard;

use super::{
    kinds::KindSelector,
    mismatch::Mismatch,
    selector::{Labels, Selector, SelectorError},
    subject::Subject,
    user::{UserFilter, WrittenSubject},
};
use crate::request::Operation;

/// A set of operations; an empty `operations` list means all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationSet(u8);

/// Where a filter stands, which changes what some fields mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `match` of a rule: without a user, user fields are not asked.
    Match,
    /// `exclude` of a rule: without a user, user fields are not met.
    Exclude,
    /// `match` of an exception: user fields as in `exclude`, and a `namespaceSelector` is not
    /// asked of Namespace objects.
    Exception,
}

/// A filter as written, in the form that every place has.
#[derive(Clone, Copy, Debug)]
pub struct WrittenFilter<'a> {
    /// `resources`.
    pub resources: Option<&'a ResourceDescription>,
    /// `roles`.
    pub roles: &'a [String],
    /// `clusterRoles`.
    pub cluster_roles: &'a [String],
    /// `subjects`.
    pub subjects: &'a [WrittenUser],
}

/// A filter, made ready.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    role: Role,
    /// Whether `resources` says anything.
    describes_resources: bool,
    pub(crate) operations: OperationSet,
    pub(crate) kinds: Vec<KindSelector>,
    /// `kinds` as written, for messages.
    written_kinds: Vec<String>,
    pub(crate) name: Option<Wildcard>,
    pub(crate) names: Vec<Wildcard>,
    pub(crate) namespaces: Vec<Wildcard>,
    annotations: Vec<(Wildcard, Wildcard)>,
    selector: Option<Result<Selector, SelectorError>>,
    namespace_selector: Option<Result<Selector, SelectorError>>,
    user: UserFilter,
}

impl OperationSet {
    /// Every operation.
    pub const ALL: OperationSet = OperationSet(0b1111);

    /// The operations of a list.
    #[must_use]
    pub fn of(operations: &[WrittenOperation]) -> OperationSet {
        let bits = operations.iter().map(|operation| {
            bit(match operation {
                WrittenOperation::Create => Operation::Create,
                WrittenOperation::Update => Operation::Update,
                WrittenOperation::Delete => Operation::Delete,
                WrittenOperation::Connect => Operation::Connect,
            })
        });
        match operations {
            [] => OperationSet::ALL,
            _ => OperationSet(bits.fold(0, |set, bit| set | bit)),
        }
    }

    /// Whether the operation is in the set.
    #[must_use]
    pub fn contains(self, operation: Operation) -> bool {
        self.0 & bit(operation) != 0
    }
}

fn bit(operation: Operation) -> u8 {
    match operation {
        Operation::Create => 1,
        Operation::Update => 2,
        Operation::Delete => 4,
        Operation::Connect => 8,
    }
}

impl Filter {
    /// Makes a filter ready. A label selector in error is kept and matches nothing.
    #[must_use]
    pub fn compile(written: &WrittenFilter<'_>, role: Role) -> Filter {
        let empty = ResourceDescription::default();
        let resources = written.resources.unwrap_or(&empty);
        let wildcards = |texts: &[String]| texts.iter().map(|text| Wildcard::new(text)).collect();
        let annotations = resources.annotations.iter();
        let operations_count = role != Role::Exception || resources.operations.is_empty();
        Filter {
            role,
            describes_resources: *resources != empty
                && (operations_count || !only_operations(resources)),
            operations: OperationSet::of(&resources.operations),
            kinds: resources
                .kinds
                .iter()
                .map(|kind| KindSelector::parse(kind))
                .collect(),
            written_kinds: resources.kinds.clone(),
            name: resources
                .name
                .as_deref()
                .filter(|name| !name.is_empty())
                .map(Wildcard::new),
            names: wildcards(&resources.names),
            namespaces: wildcards(&resources.namespaces),
            annotations: annotations
                .map(|(key, value)| (Wildcard::new(key), Wildcard::new(value)))
                .collect(),
            selector: resources.selector.as_ref().map(Selector::of),
            namespace_selector: resources.namespace_selector.as_ref().map(Selector::of),
            user: UserFilter::compile(
                written.roles,
                written.cluster_roles,
                written.subjects.iter().map(|subject| WrittenSubject {
                    kind: &subject.kind,
                    name: &subject.name,
                    namespace: subject.namespace.as_deref().unwrap_or_default(),
                }),
            ),
        }
    }

    /// Whether the filter can never hold, because it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.describes_resources && self.user.is_empty()
    }

    /// How much of the index's order the filter fixes: a kind counts most, then a place.
    pub(crate) fn narrowness(&self) -> u8 {
        let fixed = |wildcards: &[Wildcard]| {
            !wildcards.is_empty() && wildcards.iter().all(Wildcard::is_literal)
        };
        let kinds = !self.kinds.is_empty() && self.kinds.iter().all(|kind| kind.kind.is_literal());
        let place = fixed(&self.namespaces) || fixed(&self.names) || self.name.is_some();
        u8::from(kinds) * 2 + u8::from(place)
    }

    /// Whether the filter holds for a request.
    #[must_use]
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        !self.says_nothing(subject)
            && self.operations.contains(subject.request.operation)
            && self.kind_matches(subject)
            && self.namespace_matches(subject)
            && self.name_matches(subject)
            && self.names_match(subject)
            && (self.user.is_empty()
                || self.user_is_dropped(subject)
                || self.user.matches(subject.request.user))
            && self.selector_mismatch(subject).is_none()
            && self.namespace_selector_mismatch(subject).is_none()
            && self.annotations_match(subject)
    }

    /// Adds why the filter does not hold, every reason; `path` is where the filter stands.
    pub(super) fn explain(&self, subject: &Subject<'_>, path: &str, into: &mut Vec<Mismatch>) {
        let operation = subject.request.operation;
        let mut add = |field: &str, reason: String| {
            into.push(Mismatch {
                path: format!("{path}{field}"),
                reason,
            });
        };
        if self.says_nothing(subject) {
            return add("", "the filter is empty, so it matches nothing".to_owned());
        }
        if !self.operations.contains(operation) {
            return add(
                ".resources.operations",
                format!("`{}` is not listed", operation.as_str()),
            );
        }
        if !self.kind_matches(subject) {
            let kinds = self.written_kinds.join("`, `");
            add(
                ".resources.kinds",
                format!("{} is none of `{kinds}`", kind_words(subject)),
            );
        }
        if !self.name_matches(subject) {
            add(".resources.name", format!("the name is `{}`", subject.name));
        }
        if !self.names_match(subject) {
            add(
                ".resources.names",
                format!("the name is `{}`", subject.name),
            );
        }
        if !self.namespace_matches(subject) {
            let namespace = subject.namespace_or_own_name();
            add(
                ".resources.namespaces",
                format!("the namespace is `{namespace}`"),
            );
        }
        if !self.annotations_match(subject) {
            add(
                ".resources.annotations",
                "an annotation is missing or different".to_owned(),
            );
        }
        if let Some(reason) = self.selector_mismatch(subject) {
            add(".resources.selector", reason.to_string());
        }
        if let Some(reason) = self.namespace_selector_mismatch(subject) {
            add(".resources.namespaceSelector", reason.to_string());
        }
        if !self.user_is_dropped(subject) {
            for field in self.user.misses(subject.request.user) {
                add(&format!(".{field}"), "the user has none of them".to_owned());
            }
        }
    }

    fn user_is_dropped(&self, subject: &Subject<'_>) -> bool {
        self.role == Role::Match
            && subject
                .request
                .user
                .is_none_or(|user| *user == <_>::default())
    }

    fn says_nothing(&self, subject: &Subject<'_>) -> bool {
        !self.describes_resources && (self.user.is_empty() || self.user_is_dropped(subject))
    }

    fn kind_matches(&self, subject: &Subject<'_>) -> bool {
        let request = subject.request;
        self.kinds.is_empty()
            || self
                .kinds
                .iter()
                .any(|kind| kind.matches(&request.kind, request.subresource, true))
    }

    fn name_matches(&self, subject: &Subject<'_>) -> bool {
        self.name
            .as_ref()
            .is_none_or(|name| name.is_match(subject.name))
    }

    fn names_match(&self, subject: &Subject<'_>) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| name.is_match(subject.name))
    }

    fn namespace_matches(&self, subject: &Subject<'_>) -> bool {
        let actual = subject.namespace_or_own_name();
        self.namespaces.is_empty() || self.namespaces.iter().any(|name| name.is_match(actual))
    }

    fn annotations_match(&self, subject: &Subject<'_>) -> bool {
        self.annotations.iter().all(|(key, value)| {
            let mut actual = subject.annotations.iter();
            actual.any(|(name, text)| key.is_match(name) && value.is_match(text))
        })
    }

    fn selector_mismatch(&self, subject: &Subject<'_>) -> Option<SelectorMismatch> {
        selector_mismatch(self.selector.as_ref()?, &subject.labels)
    }

    fn namespace_selector_mismatch(&self, subject: &Subject<'_>) -> Option<SelectorMismatch> {
        let selector = self.namespace_selector.as_ref()?;
        let exception = self.role == Role::Exception;
        match subject.kind {
            "Namespace" => (!exception).then_some(SelectorMismatch::OfNamespace),
            "" if exception || !self.written_kinds.iter().any(|kind| kind == "*") => None,
            _ => match subject.request.namespace_labels {
                Some(labels) => selector_mismatch(selector, labels),
                None => selector_mismatch(selector, &super::subject::StringMap::default()),
            },
        }
    }
}

/// Why a selector is not met.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum SelectorMismatch {
    #[error("the labels are different")]
    Labels,
    #[error("a Namespace has no namespace whose labels could be selected")]
    OfNamespace,
    #[error(transparent)]
    Invalid(SelectorError),
}

fn selector_mismatch(
    selector: &Result<Selector, SelectorError>,
    labels: &impl Labels,
) -> Option<SelectorMismatch> {
    let answer = match selector {
        Ok(selector) => selector.try_matches(labels),
        Err(error) => return Some(SelectorMismatch::Invalid(error.clone())),
    };
    match answer {
        Ok(true) => None,
        Ok(false) => Some(SelectorMismatch::Labels),
        Err(error) => Some(SelectorMismatch::Invalid(error)),
    }
}

fn only_operations(resources: &ResourceDescription) -> bool {
    let without = ResourceDescription {
        operations: Vec::new(),
        ..resources.clone()
    };
    without == ResourceDescription::default()
}

fn kind_words(subject: &Subject<'_>) -> String {
    let request = subject.request;
    match request.subresource {
        "" => format!("`{}`", request.kind.kind),
        subresource => format!("`{}/{subresource}`", request.kind.kind),
    }
}
