//! Which rules can be about a request, without asking the rules that cannot.
//!
//! Rules are filed under each kind entry of their `match` block, below that under operations, and
//! below that under the first of these that the filter gives: fixed namespaces (a namespaced
//! Policy has one), fixed names, namespace wildcards. A look-up visits the kind entries that match
//! and the drawers that fit, and so costs what it finds, however many rules there are.
//! What it finds is a superset: [`Matcher::matches`] decides.

use portcullis_values::wildcard::Wildcard;
use rustc_hash::FxHashMap;

use crate::{
    matching::{Filter, KindSelector, Matcher, OperationSet, Subject},
    request::{Operation, Request},
};

/// Rules by what they are about.
#[derive(Clone, Debug)]
pub struct RuleIndex<Id> {
    ids: Vec<Id>,
    /// By kind, for entries without a wildcard in the kind.
    fixed: FxHashMap<Box<str>, Vec<Shelf>>,
    /// Entries with a wildcard in the kind.
    wild: Vec<Shelf>,
    /// Filters without kinds.
    every: Drawers,
}

/// The rules of one kind entry.
#[derive(Clone, Debug)]
struct Shelf {
    selector: KindSelector,
    drawers: Drawers,
}

/// Positions of rules, by operation.
#[derive(Clone, Debug, Default)]
struct Drawers([Drawer; OPERATIONS.len()]);

const OPERATIONS: [Operation; 4] = [
    Operation::Create,
    Operation::Update,
    Operation::Delete,
    Operation::Connect,
];

/// Positions of rules, by namespace or name.
#[derive(Clone, Debug, Default)]
struct Drawer {
    by_namespace: FxHashMap<Box<str>, Vec<u32>>,
    by_name: FxHashMap<Box<str>, Vec<u32>>,
    by_namespace_wildcard: Vec<(Wildcard, Vec<u32>)>,
    rest: Vec<u32>,
}

/// What a filter fixes, apart from its kinds.
enum Place<'a> {
    Namespaces(Vec<&'a str>),
    Names(Vec<&'a str>),
    NamespaceWildcards(&'a [Wildcard]),
    Anywhere,
}

impl<Id: Copy> RuleIndex<Id> {
    /// Files the rules. Their order is the order of [`RuleIndex::candidates`].
    #[must_use]
    pub fn build<'m>(rules: impl IntoIterator<Item = (Id, &'m Matcher)>) -> RuleIndex<Id> {
        let mut index = RuleIndex {
            ids: Vec::new(),
            fixed: FxHashMap::default(),
            wild: Vec::new(),
            every: Drawers::default(),
        };
        for (id, matcher) in rules {
            let Ok(position) = u32::try_from(index.ids.len()) else {
                break;
            };
            index.ids.push(id);
            for filter in matcher.include().alternatives() {
                index.file(position, filter, matcher.namespace());
            }
        }
        index
    }

    /// The rules that can be about the request, in the order in which they were given.
    pub fn candidates(&self, request: &Request<'_>) -> impl Iterator<Item = Id> + use<'_, Id> {
        let mut found = Vec::new();
        if let Some(subject) = Subject::of(request) {
            self.every.collect(&subject, &mut found);
            let fixed = self.fixed.get(request.kind.kind.as_str());
            for shelf in fixed.into_iter().flatten().chain(&self.wild) {
                if shelf
                    .selector
                    .matches(&request.kind, request.subresource, true)
                {
                    shelf.drawers.collect(&subject, &mut found);
                }
            }
            found.sort_unstable();
            found.dedup();
        }
        let id = |position: u32| self.ids.get(usize::try_from(position).ok()?).copied();
        found.into_iter().filter_map(id)
    }

    fn file(&mut self, position: u32, filter: &Filter, namespace: Option<&str>) {
        let place = Place::of(filter, namespace);
        if filter.kinds.is_empty() {
            self.every.file(position, filter.operations, &place);
        }
        for selector in &filter.kinds {
            let shelves = if selector.kind.is_literal() {
                self.fixed.entry(selector.kind.as_str().into()).or_default()
            } else {
                &mut self.wild
            };
            if let Some(shelf) = shelves.iter_mut().find(|shelf| shelf.selector == *selector) {
                shelf.drawers.file(position, filter.operations, &place);
                continue;
            }
            let mut drawers = Drawers::default();
            drawers.file(position, filter.operations, &place);
            shelves.push(Shelf {
                selector: selector.clone(),
                drawers,
            });
        }
    }
}

impl<'a> Place<'a> {
    fn of(filter: &'a Filter, namespace: Option<&'a str>) -> Place<'a> {
        if let Some(namespace) = namespace {
            return Place::Namespaces(vec![namespace]);
        }
        if let Some(namespaces) = literals(&filter.namespaces) {
            return Place::Namespaces(namespaces);
        }
        let name = filter.name.as_ref().map(std::slice::from_ref);
        if let Some(names) = name.and_then(literals).or_else(|| literals(&filter.names)) {
            return Place::Names(names);
        }
        match filter.namespaces.as_slice() {
            [] => Place::Anywhere,
            wildcards => Place::NamespaceWildcards(wildcards),
        }
    }
}

/// The texts, when there are some and none has a wildcard.
fn literals(wildcards: &[Wildcard]) -> Option<Vec<&str>> {
    let fixed = !wildcards.is_empty() && wildcards.iter().all(Wildcard::is_literal);
    fixed.then(|| wildcards.iter().map(Wildcard::as_str).collect())
}

impl Drawers {
    fn file(&mut self, position: u32, operations: OperationSet, place: &Place<'_>) {
        for (operation, drawer) in OPERATIONS.into_iter().zip(&mut self.0) {
            if operations.contains(operation) {
                drawer.file(position, place);
            }
        }
    }

    fn collect(&self, subject: &Subject<'_>, into: &mut Vec<u32>) {
        let operation = subject.request.operation;
        let of_operation = OPERATIONS.into_iter().zip(&self.0);
        for (_, drawer) in of_operation.filter(|(filed, _)| *filed == operation) {
            drawer.collect(subject, into);
        }
    }
}

impl Drawer {
    fn file(&mut self, position: u32, place: &Place<'_>) {
        match place {
            Place::Namespaces(namespaces) => {
                for &namespace in namespaces {
                    self.by_namespace
                        .entry(namespace.into())
                        .or_default()
                        .push(position);
                }
            }
            Place::Names(names) => {
                for &name in names {
                    self.by_name.entry(name.into()).or_default().push(position);
                }
            }
            Place::NamespaceWildcards(wildcards) => {
                for wildcard in *wildcards {
                    self.file_under_wildcard(position, wildcard);
                }
            }
            Place::Anywhere => self.rest.push(position),
        }
    }

    fn file_under_wildcard(&mut self, position: u32, wildcard: &Wildcard) {
        let filed = &mut self.by_namespace_wildcard;
        match filed.iter_mut().find(|(known, _)| known == wildcard) {
            Some((_, positions)) => positions.push(position),
            None => filed.push((wildcard.clone(), vec![position])),
        }
    }

    fn collect(&self, subject: &Subject<'_>, into: &mut Vec<u32>) {
        let namespace = subject.namespace_or_own_name();
        into.extend_from_slice(&self.rest);
        into.extend(self.by_namespace.get(namespace).into_iter().flatten());
        if subject.namespace != namespace {
            into.extend(
                self.by_namespace
                    .get(subject.namespace)
                    .into_iter()
                    .flatten(),
            );
        }
        into.extend(self.by_name.get(subject.name).into_iter().flatten());
        for (wildcard, positions) in &self.by_namespace_wildcard {
            if wildcard.is_match(namespace) {
                into.extend_from_slice(positions);
            }
        }
    }
}

#[cfg(test)]
mod tests;
