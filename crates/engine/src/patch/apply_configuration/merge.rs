//! Merging two values that both fit their place.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{
    item::identity,
    place::{Merging, Place},
};

/// The left value with the right one merged into it; nothing if there is neither.
pub(super) fn merge(place: Place<'_>, left: Option<Json>, right: Option<&Json>) -> Option<Json> {
    let (left, right) = match (left, right) {
        (left, None) => return left,
        (None, Some(right)) => return Some(right.clone()),
        (Some(left), Some(right)) => (left, right),
    };
    let merging = place.merging();
    Some(match (merging, left, right) {
        // Null in place of fields or items changes none of them.
        (Merging::Fields, Json::Object(left), Json::Null) if !left.is_empty() => left.into(),
        (Merging::Keyed(..) | Merging::Set(_), Json::Array(left), Json::Null)
            if !left.is_empty() =>
        {
            left.into()
        }
        (Merging::Fields, Json::Object(left), Json::Object(right)) => fields(place, left, right),
        (Merging::Keyed(_, item) | Merging::Set(item), Json::Array(left), Json::Array(right)) => {
            Lists::new(merging, item, left, right).merged()
        }
        (_, _, right) => right.clone(),
    })
}

type Fields = serde_json::Map<String, Json>;

fn fields(place: Place<'_>, mut left: Fields, right: &Fields) -> Json {
    for (name, value) in right {
        let before = left.remove(name);
        let merged = match place.field(name) {
            Some(field) => merge(field, before, Some(value)),
            None => Some(value.clone()),
        };
        left.extend(merged.map(|merged| (name.clone(), merged)));
    }
    left.into()
}

/// Two lists on their way to one.
struct Lists<'l> {
    item: Place<'l>,
    left: Vec<LeftItem>,
    right: Vec<RightItem<'l>>,
    merged: Vec<Json>,
}

struct LeftItem {
    value: Json,
    /// Where the same item stands on the right.
    right: Option<usize>,
}

struct RightItem<'l> {
    value: &'l Json,
    /// Where the same item stands on the left; nothing if it does not, or more than once.
    left: Left,
    merged: bool,
}

#[derive(Clone, Copy)]
enum Left {
    Absent,
    At(usize),
    Repeated,
}

impl<'l> Lists<'l> {
    fn new(merging: Merging<'l>, item: Place<'l>, left: Vec<Json>, right: &'l [Json]) -> Lists<'l> {
        let name = |value: &Json| identity(merging, value).unwrap_or_default();
        let places: BTreeMap<String, usize> = right.iter().map(name).zip(0..).collect();
        let mut right: Vec<RightItem<'l>> = right
            .iter()
            .map(|value| RightItem {
                value,
                left: Left::Absent,
                merged: false,
            })
            .collect();
        let left = left
            .into_iter()
            .enumerate()
            .map(|(position, value)| {
                let at = places.get(&name(&value)).copied();
                if let Some(twin) = at.and_then(|at| right.get_mut(at)) {
                    twin.left = match twin.left {
                        Left::Absent => Left::At(position),
                        _ => Left::Repeated,
                    };
                }
                LeftItem { value, right: at }
            })
            .collect();
        Lists {
            item,
            left,
            right,
            merged: Vec::new(),
        }
    }

    /// Both lists keep their order. Where they disagree about items that both have, the right decides;
    /// what only the left has stays where it was, before what only the right has.
    fn merged(mut self) -> Json {
        let shared: Vec<usize> = (0..self.right.len())
            .filter(|at| {
                let item = self.right.get(*at);
                item.is_some_and(|item| !matches!(item.left, Left::Absent))
            })
            .collect();
        let mut shared = shared.into_iter().peekable();
        let (mut left, mut right) = (0, 0);
        while left < self.left.len() || right < self.right.len() {
            let twin = self.left.get(left).map(|item| item.right);
            match twin {
                Some(None) => {
                    self.keep(left);
                    left += 1;
                    continue;
                }
                Some(Some(at)) if right < self.right.len() => {
                    if at == right {
                        left += 1;
                    } else if shared.peek().is_some_and(|next| *next != at) {
                        // The right has it elsewhere: it comes when its turn comes there.
                        left += 1;
                        continue;
                    } else if self.is_merged(at) {
                        left += 1;
                    }
                }
                Some(Some(_)) => left += 1,
                None => {}
            }
            if right < self.right.len() {
                self.join(right);
                shared.next_if_eq(&right);
                right += 1;
            }
        }
        self.merged.into()
    }

    fn keep(&mut self, left: usize) {
        let value = self.left.get_mut(left).map(|item| item.value.take());
        self.merged.extend(value);
    }

    fn is_merged(&self, right: usize) -> bool {
        self.right.get(right).is_some_and(|item| item.merged)
    }

    /// The item of the right, merged into the same one of the left.
    fn join(&mut self, right: usize) {
        let Some(item) = self.right.get_mut(right) else {
            return;
        };
        item.merged = true;
        let before = match item.left {
            Left::At(at) => self.left.get_mut(at).map(|item| item.value.take()),
            Left::Absent | Left::Repeated => None,
        };
        self.merged
            .extend(merge(self.item, before, Some(item.value)));
    }
}
