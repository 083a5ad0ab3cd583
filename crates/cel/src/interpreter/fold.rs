//! Loops over lists and maps.

use std::{collections::BTreeSet, sync::Arc};

use super::{LIST, Local, State, is_cost_limit, logic::Truth};
use crate::{
    effort,
    error::{EvalError, Evaluated},
    lower::{Callee, Fold, FoldKind, Node},
    value::{Entries, Key, List, Map, Value},
};

/// Whether a loop goes on.
type GoesOn = Result<bool, Box<EvalError>>;

impl<'a> State<'a, '_> {
    pub(super) fn fold(&mut self, fold: &'a Fold) -> Evaluated<'a> {
        let range = self.node(&fold.range)?;
        let base = self.locals.len();
        self.locals.push(Local::Waiting(&fold.init));
        let result = self.folded(&range, fold, base);
        self.locals.truncate(base);
        result
    }

    fn folded(&mut self, range: &Value<'a>, fold: &'a Fold, base: usize) -> Evaluated<'a> {
        match &fold.kind {
            FoldKind::All(predicate) => return self.quantifier(range, fold, predicate, false),
            FoldKind::Exists(predicate) => return self.quantifier(range, fold, predicate, true),
            FoldKind::Any { condition, step } => {
                self.walk(range, fold, |state| state.any(base, condition, step))?;
            }
            FoldKind::Append { predicate, element } => {
                self.append(range, fold, base, predicate.as_ref(), element)?;
            }
            FoldKind::Insert {
                predicate,
                entry,
                callee,
            } => self.insert(range, fold, base, predicate.as_ref(), entry, callee)?,
        }
        self.locals.truncate(base + 1);
        self.node(&fold.result)
    }

    /// Calls the body for each element, with the variables of the loop set.
    fn walk(
        &mut self,
        range: &Value<'a>,
        fold: &Fold,
        mut body: impl FnMut(&mut Self) -> GoesOn,
    ) -> Result<(), Box<EvalError>> {
        let base = self.locals.len();
        self.locals.push(Local::Known(Ok(Value::Null)));
        if fold.has_two_variables {
            self.locals.push(Local::Known(Ok(Value::Null)));
        }
        let mut visit = |state: &mut Self, first: Value<'a>, second: Option<Value<'a>>| {
            effort::take(4)?;
            state.set(base, Ok(first));
            if let Some(second) = second {
                state.set(base + 1, Ok(second));
            }
            body(state)
        };
        match range {
            Value::List(list) => {
                for (position, element) in list.iter().enumerate() {
                    let goes_on = if fold.has_two_variables {
                        let position = Value::Int(i64::try_from(position).unwrap_or(i64::MAX));
                        visit(self, position, Some(element))?
                    } else {
                        visit(self, element, None)?
                    };
                    if !goes_on {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                for (key, value) in map.iter() {
                    let value = fold.has_two_variables.then_some(value);
                    if !visit(self, key.to_value(), value)? {
                        break;
                    }
                }
            }
            _ => return Err(EvalError::no_such_overload().into()),
        }
        Ok(())
    }

    fn set(&mut self, at: usize, value: Evaluated<'a>) {
        if let Some(local) = self.locals.get_mut(at) {
            *local = Local::Known(value);
        }
    }

    fn any(&mut self, base: usize, condition: &'a Node, step: &'a Node) -> GoesOn {
        let condition = self.node(condition);
        if is_cost_limit(&condition) {
            return condition.map(|_| false);
        }
        // Only a plain false ends the loop.
        if matches!(condition, Ok(Value::Bool(false))) {
            return Ok(false);
        }
        let next = self.node(step);
        if is_cost_limit(&next) {
            return next.map(|_| false);
        }
        self.set(base, next);
        Ok(true)
    }

    /// `all` (ends at false) or `exists` (ends at true). The condition of a step costs 2, and 1
    /// more for the `!` of `exists`; reading the accumulator costs 1 each time, and for the result.
    fn quantifier(
        &mut self,
        range: &Value<'a>,
        fold: &'a Fold,
        predicate: &'a Node,
        decides: bool,
    ) -> Evaluated<'a> {
        let mut so_far: Truth = Ok(!decides);
        self.walk(range, fold, |state| {
            state.charge(if decides { 3 } else { 2 })?;
            if matches!(so_far, Ok(flag) if flag == decides) {
                return Ok(false);
            }
            state.charge(1)?;
            match state.truth(predicate) {
                limit if is_cost_limit(&limit) => return limit,
                Ok(flag) if flag == decides => so_far = Ok(flag),
                found if so_far.is_ok() => so_far = found,
                _ => {}
            }
            Ok(true)
        })?;
        self.charge(1)?;
        so_far.map(Value::Bool)
    }

    /// Whether the predicate of an element holds; nothing where it has no value.
    fn holds(&mut self, predicate: Option<&'a Node>) -> Truth {
        predicate.map_or(Ok(true), |predicate| self.truth(predicate))
    }

    fn append(
        &mut self,
        range: &Value<'a>,
        fold: &'a Fold,
        base: usize,
        predicate: Option<&'a Node>,
        element: &'a Node,
    ) -> Result<(), Box<EvalError>> {
        let list_of_one = if matches!(element, Node::Const(_)) {
            0
        } else {
            LIST
        };
        let mut found: Result<Vec<Value<'a>>, Box<EvalError>> = Ok(Vec::new());
        self.walk(range, fold, |state| {
            match state.holds(predicate) {
                // The accumulator stands for itself, which costs nothing.
                Ok(false) => return Ok(true),
                Ok(true) => state.charge(1)?,
                limit if is_cost_limit(&limit) => return limit,
                Err(error) => {
                    found = Err(error);
                    return Ok(true);
                }
            }
            // Nothing is added to what failed.
            let Ok(list) = &mut found else {
                return Ok(true);
            };
            let element = state.node(element);
            if is_cost_limit(&element) {
                return element.map(|_| false);
            }
            // The list of one element, unless it is constant, and joining it.
            state.charge(list_of_one + 1)?;
            match element {
                Ok(element) => list.push(element),
                Err(error) => found = Err(error),
            }
            Ok(true)
        })?;
        self.set(base, found.map(|found| Value::List(List::from(found))));
        Ok(())
    }

    fn insert(
        &mut self,
        range: &Value<'a>,
        fold: &'a Fold,
        base: usize,
        predicate: Option<&'a Node>,
        entry: &'a [Node],
        callee: &Callee,
    ) -> Result<(), Box<EvalError>> {
        let mut found: Result<Vec<(Key<'a>, Value<'a>)>, Box<EvalError>> = Ok(Vec::new());
        let mut keys = BTreeSet::new();
        self.walk(range, fold, |state| {
            match state.holds(predicate) {
                Ok(false) => return Ok(true),
                Ok(true) => state.charge(1)?,
                limit if is_cost_limit(&limit) => return limit,
                Err(error) => {
                    found = Err(error);
                    return Ok(true);
                }
            }
            let Ok(map) = &mut found else {
                return Ok(true);
            };
            match state.entries_of(entry, callee)? {
                Ok(entries) => {
                    let taken = entries.iter().find(|(key, _)| !keys.insert(key.clone()));
                    if let Some((key, _)) = taken {
                        let key = key.to_value();
                        let problem = format!("insert failed: key {key} already exists");
                        found = Err(EvalError::new(problem).into());
                    } else {
                        map.extend(entries);
                    }
                }
                Err(error) => found = Err(error),
            }
            Ok(true)
        })?;
        let made = found.map(|found| {
            let entries: Entries<'a> = found.into_iter().collect();
            Value::Map(Map::Shared(Arc::new(entries)))
        });
        self.set(base, made);
        Ok(())
    }

    /// The entries that one step of `transformMap` adds: a key and a value, or those of a map. It
    /// costs something also where the last argument has no value.
    fn entries_of(
        &mut self,
        entry: &'a [Node],
        callee: &Callee,
    ) -> Result<Result<Added<'a>, Box<EvalError>>, Box<EvalError>> {
        let key = match entry {
            [key, _] => match self.node(key) {
                limit if is_cost_limit(&limit) => return limit.map(|_| Ok(Vec::new())),
                Err(error) => return Ok(Err(error)),
                Ok(key) => Some(key),
            },
            _ => None,
        };
        let Some(last) = entry.last() else {
            return Ok(Ok(Vec::new()));
        };
        let last = self.node(last);
        if is_cost_limit(&last) {
            return last.map(|_| Ok(Vec::new()));
        }
        self.charge(callee.cost_ahead(&[]))?;
        Ok(last.and_then(|last| added(key, last)))
    }
}

/// Entries that are added to a map.
type Added<'a> = Vec<(Key<'a>, Value<'a>)>;

fn added<'a>(key: Option<Value<'a>>, value: Value<'a>) -> Result<Added<'a>, Box<EvalError>> {
    match (key, value) {
        (Some(key), value) => match Key::of(&key) {
            Some(key) => Ok(vec![(key, value)]),
            None => {
                let problem = format!("unsupported key type: {}", key.runtime_type());
                Err(EvalError::new(problem).into())
            }
        },
        (None, Value::Map(map)) => Ok(map.iter().collect()),
        (None, _) => Err(EvalError::no_such_overload().into()),
    }
}
