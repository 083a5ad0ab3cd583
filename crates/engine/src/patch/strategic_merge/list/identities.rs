//! The identities of elements of which some may lack a merge key.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{Keyed, text};

/// The values of an element's merge keys, one or two; empty text where it has none.
pub(super) type Identity = [String; 2];

/// The identities of elements, each once, in their order. With two keys an element that lacks one
/// is the same as one that has both.
pub(super) fn identities<'v>(
    elements: impl Iterator<Item = &'v Value>,
    keyed: &Keyed,
) -> Vec<Identity> {
    let mut seen = HashSet::new();
    let found: Vec<Identity> = elements
        .filter_map(Value::as_object)
        .map(|element| {
            let mut keys = keyed.keys.iter();
            std::array::from_fn(|_| {
                let value = keys.next().and_then(|key| element.get(*key));
                text(value).into_owned()
            })
        })
        .filter(|identity: &Identity| seen.insert(identity.clone()))
        .collect();
    if keyed.keys.len() < 2 {
        return found;
    }
    let mut completion = Completion::new(found);
    for at in 0..completion.identities.len() {
        completion.complete(at);
    }
    completion.identities
}

/// The identities that have one value of one key.
#[derive(Debug, Default)]
struct Group {
    /// The first that has a value for the other key too.
    first_whole: Option<usize>,
    /// Those that have none: two at most, since identities differ at first and only the one that was
    /// blank can become like another.
    partial: Vec<usize>,
}

/// Gives identities with one value the other one. Each in turn looks at all from the first to the
/// last, and of two that agree in one key, value or none, and contradict in neither both take what
/// either has; the groups find the few that can agree.
struct Completion {
    identities: Vec<Identity>,
    /// By the index of the key and its value.
    groups: HashMap<(usize, String), Group>,
    /// The one that has no value.
    blank: Option<usize>,
}

impl Completion {
    fn new(identities: Vec<Identity>) -> Completion {
        let mut completion = Completion {
            identities: Vec::new(),
            groups: HashMap::new(),
            blank: None,
        };
        for (at, identity) in identities.iter().enumerate() {
            completion.file(at, identity);
        }
        Completion {
            identities,
            ..completion
        }
    }

    fn complete(&mut self, at: usize) {
        let Some(identity) = self.identities.get(at).cloned() else {
            return;
        };
        match side(&identity) {
            Side::Both => self.give(&identity, None),
            Side::One(key) => self.complete_partial(at, key, identity),
            Side::Neither => self.complete_blank(at),
        }
    }

    /// One with one value takes the other from the first that has both. The blank one, where it comes
    /// before that, takes what this one has until then.
    fn complete_partial(&mut self, at: usize, key: usize, identity: Identity) {
        let value = identity.get(key).cloned().unwrap_or_default();
        let group = self.groups.get(&(key, value));
        let whole = group.and_then(|group| group.first_whole);
        if let Some(blank) = self.blank
            && whole.is_none_or(|whole| blank < whole)
        {
            self.set(blank, identity);
        }
        if let Some(whole) = whole {
            self.become_whole(at, whole);
        }
    }

    /// The blank one takes the value of the first that has one only, and then the other value from
    /// the first after that.
    fn complete_blank(&mut self, at: usize) {
        let mut rest = self.identities.iter().enumerate();
        let first = rest.find_map(|(_, identity)| match side(identity) {
            Side::One(key) => Some((key, identity.clone())),
            _ => None,
        });
        let Some((key, partial)) = first else { return };
        let whole = rest.find(|(_, identity)| {
            matches!(side(identity), Side::Both) && identity.get(key) == partial.get(key)
        });
        let whole = whole.map(|(whole, _)| whole);
        self.set(at, partial);
        if let Some(whole) = whole {
            self.become_whole(at, whole);
        }
    }

    fn become_whole(&mut self, at: usize, whole: usize) {
        if let Some(identity) = self.identities.get(whole).cloned() {
            self.set(at, identity.clone());
            self.give(&identity, Some(whole));
        }
    }

    /// Makes those like the identity that have one of its values and no other, after a place.
    fn give(&mut self, identity: &Identity, after: Option<usize>) {
        let mut like = Vec::new();
        for (key, value) in identity.iter().enumerate() {
            if let Some(group) = self.groups.get(&(key, value.clone())) {
                let partial = group.partial.iter().copied();
                like.extend(partial.filter(|at| after.is_none_or(|after| *at > after)));
            }
        }
        for at in like {
            self.set(at, identity.clone());
        }
    }

    fn set(&mut self, at: usize, identity: Identity) {
        let Some(before) = self.identities.get(at).cloned() else {
            return;
        };
        for key in before.into_iter().enumerate() {
            if let Some(group) = self.groups.get_mut(&key) {
                group.partial.retain(|other| *other != at);
            }
        }
        self.blank = self.blank.filter(|blank| *blank != at);
        self.file(at, &identity);
        if let Some(place) = self.identities.get_mut(at) {
            *place = identity;
        }
    }

    fn file(&mut self, at: usize, identity: &Identity) {
        let side = side(identity);
        if matches!(side, Side::Neither) {
            self.blank = Some(at);
        }
        for (key, value) in identity.iter().enumerate() {
            if value.is_empty() {
                continue;
            }
            let group = self.groups.entry((key, value.clone())).or_default();
            if matches!(side, Side::Both) {
                let first = group.first_whole.map_or(at, |first| first.min(at));
                group.first_whole = Some(first);
            } else {
                group.partial.push(at);
            }
        }
    }
}

/// Which keys of an identity have a value.
enum Side {
    Both,
    One(usize),
    Neither,
}

fn side([one, other]: &Identity) -> Side {
    match (one.is_empty(), other.is_empty()) {
        (false, false) => Side::Both,
        (false, true) => Side::One(0),
        (true, false) => Side::One(1),
        (true, true) => Side::Neither,
    }
}
