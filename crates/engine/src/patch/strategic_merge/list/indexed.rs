//! A list that finds elements by their merge keys without looking at the others.

use std::borrow::Borrow;
use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::{Keyed, text};

/// The values that one or two merge keys are to have; none for a key that may have any or be absent.
type Values = [Option<String>; 2];

/// What an element is looked for by.
#[derive(Debug)]
pub(super) struct Wanted {
    values: Values,
    /// Whether the keys are only known to be there.
    is_blank: bool,
}

impl Wanted {
    /// The keys that have a value; all of them when none has.
    pub(super) fn of(texts: impl IntoIterator<Item = impl Into<String>>) -> Wanted {
        let texts: Vec<String> = texts.into_iter().map(Into::into).collect();
        let is_blank = texts.iter().all(String::is_empty);
        let mut known = texts
            .into_iter()
            .map(|text| Some(text).filter(|text| is_blank || !text.is_empty()));
        let values = std::array::from_fn(|_| known.next().flatten());
        Wanted { values, is_blank }
    }

    /// Whether no key has a value.
    pub(super) fn is_blank(&self) -> bool {
        self.is_blank
    }
}

/// A list, by the merge keys of its elements. Elements stay where they are when others are removed.
pub(super) struct IndexedList<V> {
    keyed: &'static Keyed,
    elements: Vec<Option<V>>,
    by_values: HashMap<Values, BTreeSet<usize>>,
    with_every_key: BTreeSet<usize>,
}

impl<V: Borrow<Value>> IndexedList<V> {
    pub(super) fn new(keyed: &'static Keyed, elements: impl IntoIterator<Item = V>) -> Self {
        let mut list = IndexedList {
            keyed,
            elements: Vec::new(),
            by_values: HashMap::new(),
            with_every_key: BTreeSet::new(),
        };
        elements.into_iter().for_each(|element| list.push(element));
        list
    }

    pub(super) fn get(&self, at: usize) -> Option<&V> {
        self.elements.get(at)?.as_ref()
    }

    /// The first element that has the values.
    pub(super) fn first(&self, wanted: &Wanted) -> Option<usize> {
        self.by_values.get(&wanted.values)?.first().copied()
    }

    /// Every element that has the values.
    pub(super) fn all(&self, wanted: &Wanted) -> impl Iterator<Item = &V> {
        let places = self.by_values.get(&wanted.values).into_iter().flatten();
        places.filter_map(|at| self.get(*at))
    }

    /// As [`IndexedList::first`], where a key without a value may have any.
    pub(super) fn first_possible(&self, wanted: &Wanted) -> Option<usize> {
        self.possible(wanted)?.first().copied()
    }

    pub(super) fn push(&mut self, element: V) {
        let at = self.elements.len();
        self.elements.push(None);
        self.put(at, element);
    }

    pub(super) fn replace(&mut self, at: usize, element: V) {
        self.remove(at);
        self.put(at, element);
    }

    pub(super) fn remove(&mut self, at: usize) {
        let Some(element) = self.elements.get_mut(at).and_then(Option::take) else {
            return;
        };
        for values in self.values_of(element.borrow()) {
            if let Some(places) = self.by_values.get_mut(&values) {
                places.remove(&at);
            }
        }
        self.with_every_key.remove(&at);
    }

    /// Removes every element that [`IndexedList::first_possible`] could find.
    pub(super) fn remove_possible(&mut self, wanted: &Wanted) {
        let found: Vec<usize> = self
            .possible(wanted)
            .into_iter()
            .flatten()
            .copied()
            .collect();
        for at in found {
            self.remove(at);
        }
    }

    pub(super) fn into_elements(self) -> impl Iterator<Item = V> {
        self.elements.into_iter().flatten()
    }

    fn possible(&self, wanted: &Wanted) -> Option<&BTreeSet<usize>> {
        if wanted.is_blank {
            return Some(&self.with_every_key);
        }
        self.by_values.get(&wanted.values)
    }

    fn put(&mut self, at: usize, element: V) {
        for values in self.values_of(element.borrow()) {
            self.by_values.entry(values).or_default().insert(at);
        }
        let mut keys = self.keyed.keys.iter();
        if keys.all(|key| element.borrow().get(*key).is_some()) {
            self.with_every_key.insert(at);
        }
        if let Some(place) = self.elements.get_mut(at) {
            *place = Some(element);
        }
    }

    /// What an element can be found by: the values of its keys, together and each alone.
    fn values_of(&self, element: &Value) -> Vec<Values> {
        let mut keys = self.keyed.keys.iter();
        let mut value = || {
            let found = element.get(*keys.next()?)?;
            Some(text(Some(found)).into_owned())
        };
        match [value(), value()] {
            [Some(one), Some(other)] => vec![
                [Some(one.clone()), None],
                [None, Some(other.clone())],
                [Some(one), Some(other)],
            ],
            [None, None] => Vec::new(),
            alone => vec![alone],
        }
    }
}
