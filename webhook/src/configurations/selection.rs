//! Which namespaces and objects are meant, by their labels.
//!
//! A webhook has a selector only where all of its policies have the same one; policies of different
//! namespaces give it all of their names.

use std::collections::BTreeSet;

use portcullis_api::{
    cluster_policy::{ResourceDescription, Rule},
    label_selector::{LabelSelector, LabelSelectorRequirement},
    match_constraints::MatchConstraints,
};
use portcullis_engine::matching::Selector;
use portcullis_values::wildcard::has_wildcard;

use super::coverage::{Coverage, Scope};

/// The label that the API server gives each namespace.
pub(super) const NAMESPACE_NAME: &str = "kubernetes.io/metadata.name";

/// Meant namespaces.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Namespaces {
    #[default]
    All,
    Named(BTreeSet<String>),
    Labelled(LabelSelector),
}

/// Meant namespaces and objects.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Selection {
    pub(super) namespaces: Namespaces,
    pub(super) objects: Option<LabelSelector>,
}

impl Selection {
    pub(super) fn of_namespace(namespace: Option<&str>) -> Selection {
        Selection::default().in_namespace(namespace)
    }

    /// The same within one namespace.
    pub(super) fn in_namespace(mut self, namespace: Option<&str>) -> Selection {
        if let Some(name) = namespace {
            self.namespaces = Namespaces::Named(BTreeSet::from([name.to_owned()]));
        }
        self
    }

    pub(super) fn of_constraints(constraints: Option<&MatchConstraints>) -> Selection {
        let selector = |of: fn(&MatchConstraints) -> &Option<LabelSelector>| {
            let written = constraints.and_then(|constraints| of(constraints).as_ref());
            written.filter(|written| is_plain(written)).cloned()
        };
        let namespaces = selector(|constraints| &constraints.namespace_selector);
        Selection {
            namespaces: namespaces.map_or(Namespaces::All, Namespaces::Labelled),
            objects: selector(|constraints| &constraints.object_selector),
        }
    }

    /// What the rules of a ClusterPolicy select.
    pub(super) fn of_rules(rules: &[&Rule], coverage: &Coverage) -> Selection {
        let is_in_namespaces = |scope| scope == Scope::Namespaced;
        let selections = rules.iter().flat_map(|rule| of_rule(rule));
        let mut joined = selections.reduce(Selection::or).unwrap_or_default();
        if !coverage
            .targets()
            .all(|target| is_in_namespaces(target.scope))
        {
            joined.namespaces = Namespaces::All;
        }
        joined
    }

    /// What either means, or more.
    pub(super) fn or(self, other: Selection) -> Selection {
        let namespaces = match (self.namespaces, other.namespaces) {
            (Namespaces::Named(mut one), Namespaces::Named(other)) => {
                one.extend(other);
                Namespaces::Named(one)
            }
            (one, other) if one == other => one,
            _ => Namespaces::All,
        };
        Selection {
            namespaces,
            objects: self
                .objects
                .filter(|one| Some(one) == other.objects.as_ref()),
        }
    }
}

/// What each filter of a rule selects.
fn of_rule(rule: &Rule) -> Vec<Selection> {
    let block = &rule.r#match;
    match (&block.any, &block.all) {
        (Some(any), _) if !any.is_empty() => any
            .iter()
            .map(|filter| of_description(filter.resources.as_ref()))
            .collect(),
        (_, Some(all)) if !all.is_empty() => {
            let mut selections = all
                .iter()
                .map(|filter| of_description(filter.resources.as_ref()));
            let first = selections.next().unwrap_or_default();
            vec![selections.fold(first, |one, other| Selection {
                namespaces: match one.namespaces {
                    Namespaces::All => other.namespaces,
                    restricted => restricted,
                },
                objects: one.objects.or(other.objects),
            })]
        }
        _ => vec![of_description(block.resources.as_ref())],
    }
}

fn of_description(described: Option<&ResourceDescription>) -> Selection {
    let Some(described) = described else {
        return Selection::default();
    };
    let plain = |selector: &Option<LabelSelector>| selector.clone().filter(is_plain);
    let are_names = !described.namespaces.is_empty()
        && !described.namespaces.iter().any(|name| has_wildcard(name));
    Selection {
        namespaces: match plain(&described.namespace_selector) {
            _ if are_names => Namespaces::Named(described.namespaces.iter().cloned().collect()),
            Some(selector) => Namespaces::Labelled(selector),
            None => Namespaces::All,
        },
        objects: plain(&described.selector),
    }
}

/// Whether the API server reads the selector as policies do: Kyverno's wildcards are none to it.
fn is_plain(selector: &LabelSelector) -> bool {
    let labels = selector.match_labels.iter();
    let mut texts = labels.flat_map(|(key, value)| [key, value]);
    let expressions = selector.match_expressions.iter();
    let mut expressions = expressions.flat_map(|of| of.values.iter().chain([&of.key]));
    Selector::of(selector).is_ok()
        && !texts.any(|text| has_wildcard(text))
        && !expressions.any(|text| has_wildcard(text))
}

/// A requirement on the names of namespaces.
pub(super) fn named<'n>(
    operator: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> LabelSelectorRequirement {
    let names: BTreeSet<&str> = names.into_iter().collect();
    LabelSelectorRequirement {
        key: NAMESPACE_NAME.to_owned(),
        operator: operator.to_owned(),
        values: names.into_iter().map(str::to_owned).collect(),
    }
}

/// What both selectors mean.
pub(super) fn both(one: LabelSelector, other: &LabelSelector) -> LabelSelector {
    let mut joined = one;
    for (key, value) in &other.match_labels {
        match joined.match_labels.get(key) {
            Some(known) if known != value => {
                joined.match_expressions.push(LabelSelectorRequirement {
                    key: key.clone(),
                    operator: "In".to_owned(),
                    values: vec![value.clone()],
                })
            }
            _ => {
                joined.match_labels.insert(key.clone(), value.clone());
            }
        }
    }
    for requirement in &other.match_expressions {
        if !joined.match_expressions.contains(requirement) {
            joined.match_expressions.push(requirement.clone());
        }
    }
    joined
}
