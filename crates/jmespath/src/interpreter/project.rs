//! Projections: `[*]`, `[a:b:c]`, `[]`, `[?…]` and `.*`.

use portcullis_values::{List, Map, Val};

use super::Interpreter;
use crate::{
    error::{Evaluated, Fault},
    program::{Node, Slice},
    value::is_false,
};

impl<'a> Interpreter<'_, 'a> {
    pub(super) fn projection(
        &self,
        [left, right]: &'a [Node; 2],
        current: &Val<'a>,
    ) -> Evaluated<'a> {
        let Val::List(list) = self.lenient(left, current)? else {
            return Ok(Val::Null);
        };
        let mut collected = Vec::with_capacity(list.len());
        match list {
            List::Borrowed(items) => {
                for item in items {
                    self.collect_json(right, item, &mut collected)?;
                }
            }
            List::Shared(items) => {
                for item in items.iter() {
                    self.collect(right, item, &mut collected)?;
                }
            }
        }
        Ok(Val::List(List::Shared(collected.into())))
    }

    pub(super) fn filter(
        &self,
        [left, right, condition]: &'a [Node; 3],
        current: &Val<'a>,
    ) -> Evaluated<'a> {
        let Some(Val::List(list)) = self.tolerant(left, current) else {
            return Ok(Val::Null);
        };
        let mut collected = Vec::new();
        match list {
            List::Borrowed(items) => {
                for item in items {
                    if self.test(condition, item)? {
                        self.collect_json(right, item, &mut collected)?;
                    }
                }
            }
            List::Shared(items) => {
                for item in items.iter() {
                    if !is_false(&self.lenient(condition, item)?) {
                        self.collect(right, item, &mut collected)?;
                    }
                }
            }
        }
        Ok(Val::List(List::Shared(collected.into())))
    }

    /// The values of a map. Kyverno's projection meets a null for every entry before the values,
    /// which shows where the right side makes something of null (`*.to_string(@)`).
    pub(super) fn value_projection(
        &self,
        [left, right]: &'a [Node; 2],
        current: &Val<'a>,
    ) -> Evaluated<'a> {
        let Some(Val::Map(map)) = self.tolerant(left, current) else {
            return Ok(Val::Null);
        };
        let mut collected = Vec::with_capacity(map.len());
        if !matches!(right, Node::Current) {
            for _ in 0..map.len() {
                self.collect(right, &Val::Null, &mut collected)?;
                if collected.is_empty() {
                    break;
                }
            }
        }
        for value in values(&map) {
            self.collect(right, &value, &mut collected)?;
        }
        Ok(Val::List(List::Shared(collected.into())))
    }

    pub(super) fn flatten(&self, body: &'a Node, current: &Val<'a>) -> Evaluated<'a> {
        let Some(Val::List(list)) = self.tolerant(body, current) else {
            return Ok(Val::Null);
        };
        let mut flat = Vec::with_capacity(list.len());
        for item in list.iter() {
            match item {
                Val::List(inner) => {
                    self.budget.charge(inner.len(), 0)?;
                    flat.extend(inner.iter());
                }
                other => flat.push(other),
            }
        }
        Ok(Val::List(List::Shared(flat.into())))
    }

    /// Evaluates the list side of a projection that turns every fault into null.
    fn tolerant(&self, node: &'a Node, current: &Val<'a>) -> Option<Val<'a>> {
        self.eval(node, current).ok()
    }

    /// Evaluates `node` on `item` and keeps what is not null.
    pub(super) fn collect(
        &self,
        node: &'a Node,
        item: &Val<'a>,
        collected: &mut Vec<Val<'a>>,
    ) -> Result<(), Fault<'a>> {
        let value = self.lenient(node, item)?;
        if !value.is_null() {
            collected.push(value);
        }
        Ok(())
    }
}

/// The values of a map in key order.
pub(crate) fn values<'a>(map: &Map<'a>) -> Vec<Val<'a>> {
    match map {
        Map::Borrowed(entries) => entries.values().map(Val::from).collect(),
        Map::Shared(entries) => entries.values().cloned().collect(),
    }
}

/// The items of a list from a start to a stop, as Python counts them.
pub(super) fn slice<'a>(slice: &Slice, value: &Val<'a>) -> Evaluated<'a> {
    let Val::List(list) = value else {
        return Ok(Val::Null);
    };
    let length = i64::try_from(list.len()).unwrap_or(i64::MAX);
    let [start, stop, step] = slice.parts;
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(Fault::runtime(
            slice.offset,
            "the step of a slice must not be `0`",
        ));
    }
    let (first, end) = if step > 0 {
        (0, length)
    } else {
        (length - 1, -1)
    };
    let start = start.map_or(first, |part| bound(part, length, step));
    let stop = stop.map_or(end, |part| bound(part, length, step));
    let mut picked = Vec::new();
    let mut at = start;
    while if step > 0 { at < stop } else { at > stop } {
        picked.extend(usize::try_from(at).ok().and_then(|index| list.get(index)));
        let Some(next) = at.checked_add(step) else {
            break;
        };
        at = next;
    }
    Ok(Val::List(List::Shared(picked.into())))
}

/// A position within the list, or just outside it.
fn bound(part: i64, length: i64, step: i64) -> i64 {
    let last = if step < 0 { length - 1 } else { length };
    if part < 0 {
        let lowest = if step < 0 { -1 } else { 0 };
        (part + length).max(lowest)
    } else {
        part.min(last)
    }
}
