//! What the expressions of policies in CEL read and gave.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
};

use portcullis_cel::{error::Evaluated, host::Listener};
use serde_json::Value;

/// How much of what an expression read is told: a loop reads the same of each element, and the last
/// one decides.
const MOST_READ: usize = 12;

/// An expression that was evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// Where it stands, as `spec.validations[0].expression`.
    pub place: String,
    /// What it gave.
    pub gave: Known,
    /// What it read last, each once and in order, such as `object.spec.replicas`.
    pub read: VecDeque<(String, Known)>,
    /// How much it read before.
    pub before: usize,
}

/// A value, or why there is none.
pub type Known = Result<Value, String>;

/// Whom expressions belong to: a policy, or a policy and a rule.
pub(super) type Owner = (String, String);

/// Keeps what expressions read and gave.
#[derive(Debug, Default)]
pub(super) struct Listening {
    owner: RefCell<Owner>,
    /// Those that are being evaluated; the last one is inside of the others.
    open: RefCell<Vec<Expression>>,
    ended: RefCell<BTreeMap<Owner, Vec<Expression>>>,
}

impl Listening {
    /// From here on, expressions belong to somebody, who is asked anew.
    pub(super) fn turn_to(&self, owner: Owner) {
        self.ended.borrow_mut().remove(&owner);
        self.owner.replace(owner);
    }

    pub(super) fn of(&self, owner: &Owner) -> Vec<Expression> {
        self.ended.borrow().get(owner).cloned().unwrap_or_default()
    }
}

fn known(value: &Evaluated<'_>) -> Known {
    match value {
        Ok(value) => Ok(value
            .to_json()
            .unwrap_or_else(|_| Value::String(value.to_string()))),
        Err(error) => Err(error.message.clone()),
    }
}

impl Listener for Listening {
    fn began(&self, place: &str) {
        self.open.borrow_mut().push(Expression {
            place: place.to_owned(),
            gave: Ok(Value::Null),
            read: VecDeque::new(),
            before: 0,
        });
    }

    fn read(&self, path: &str, value: &Evaluated<'_>) {
        let mut open = self.open.borrow_mut();
        let Some(inside) = open.last_mut() else {
            return;
        };
        let read = (path.to_owned(), known(value));
        if inside.read.contains(&read) {
            return;
        }
        inside.read.push_back(read);
        if inside.read.len() > MOST_READ {
            inside.read.pop_front();
            inside.before += 1;
        }
    }

    fn ended(&self, value: &Evaluated<'_>) {
        let Some(mut ended) = self.open.borrow_mut().pop() else {
            return;
        };
        ended.gave = known(value);
        let owner = self.owner.borrow().clone();
        self.ended
            .borrow_mut()
            .entry(owner)
            .or_default()
            .push(ended);
    }
}

#[cfg(test)]
mod tests {
    use portcullis_cel::value::Value as Cel;

    use super::*;

    #[test]
    fn the_last_reads_are_kept_once_each() {
        let listening = Listening::default();
        let owner = ("p".to_owned(), String::new());
        listening.turn_to(owner.clone());
        listening.began("outer");
        for number in [0, 1, 1, 2] {
            listening.read("c.port", &Ok(Cel::Int(number)));
        }
        listening.began("inner");
        listening.ended(&Ok(Cel::Bool(true)));
        for number in 3..20 {
            listening.read("c.port", &Ok(Cel::Int(number)));
        }
        listening.ended(&Ok(Cel::Bool(false)));
        let found = listening.of(&owner);
        let told: Vec<_> = found
            .iter()
            .map(|one| (one.place.as_str(), one.read.len(), one.before))
            .collect();
        assert_eq!(told, [("inner", 0, 0), ("outer", 12, 8)]);
        let last = found.last().and_then(|outer| outer.read.back());
        assert_eq!(last, Some(&("c.port".to_owned(), Ok(Value::from(19)))));
        listening.turn_to(owner.clone());
        assert_eq!(listening.of(&owner), []);
    }
}
