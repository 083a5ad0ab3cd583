//! Comparison: deep equality, and order between numbers.

use std::ptr;

use portcullis_values::{List, Map, Val};

use super::Interpreter;
use crate::{
    error::{Evaluated, Fault},
    functions::Evaluation,
    program::Node,
    syntax::token::Comparison,
    value::{GoInt, GoInt64, Reference, number, opaque},
};

/// How deeply two values are compared.
const MAX_DEPTH: usize = 1000;

impl<'a> Interpreter<'_, 'a> {
    pub(super) fn compare(
        &self,
        comparison: Comparison,
        [left, right]: &'a [Node; 2],
        current: &Val<'a>,
    ) -> Evaluated<'a> {
        let left = self.lenient(left, current)?;
        let right = self.lenient(right, current)?;
        let flag = match comparison {
            Comparison::Equal => self.are_equal(&left, &right)?,
            Comparison::NotEqual => !self.are_equal(&left, &right)?,
            ordering => {
                let (Some(left), Some(right)) = (number(&left), number(&right)) else {
                    return Ok(Val::Null);
                };
                ordering.holds(left, right)
            }
        };
        Ok(Val::Bool(flag))
    }

    /// Whether two values are deeply equal.
    pub(super) fn are_equal(&self, left: &Val<'a>, right: &Val<'a>) -> Result<bool, Fault<'a>> {
        self.equal_at(left, right, 0)
    }

    fn equal_at(&self, left: &Val<'a>, right: &Val<'a>, depth: usize) -> Result<bool, Fault<'a>> {
        match (left, right) {
            (Val::Null, Val::Null) => Ok(true),
            (Val::Bool(left), Val::Bool(right)) => Ok(left == right),
            (Val::Str(left), Val::Str(right)) => Ok(left == right),
            (Val::Bytes(left), Val::Bytes(right)) => Ok(left == right),
            (Val::List(left), Val::List(right)) => self.equal_lists(left, right, depth + 1),
            (Val::Map(left), Val::Map(right)) => self.equal_maps(left, right, depth + 1),
            (Val::Opaque(_), Val::Opaque(_)) => Ok(equal_opaques(left, right)),
            _ => match (number(left), number(right)) {
                #[expect(clippy::float_cmp, reason = "equality of JSON numbers is exact")]
                (Some(left), Some(right)) => Ok(left == right),
                _ => Ok(false),
            },
        }
    }

    fn check(&self, depth: usize, length: usize) -> Result<(), Fault<'a>> {
        if depth > MAX_DEPTH {
            return Err(Fault::runtime(
                0,
                format!("the values to compare nest more than {MAX_DEPTH} levels deep"),
            ));
        }
        self.budget.charge(length, 0)
    }

    fn equal_lists(
        &self,
        left: &List<'a>,
        right: &List<'a>,
        depth: usize,
    ) -> Result<bool, Fault<'a>> {
        if left.len() != right.len() || self.is_item_list(left) != self.is_item_list(right) {
            return Ok(false);
        }
        if let (List::Borrowed(left), List::Borrowed(right)) = (left, right)
            && ptr::eq(*left, *right)
        {
            return Ok(true);
        }
        self.check(depth, left.len())?;
        for (left, right) in left.iter().zip(right.iter()) {
            if !self.equal_at(&left, &right, depth)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn equal_maps(&self, left: &Map<'a>, right: &Map<'a>, depth: usize) -> Result<bool, Fault<'a>> {
        if left.len() != right.len() {
            return Ok(false);
        }
        if let (Map::Borrowed(left), Map::Borrowed(right)) = (left, right)
            && ptr::eq(*left, *right)
        {
            return Ok(true);
        }
        self.check(depth, left.len())?;
        for ((left_key, left), (right_key, right)) in left.iter().zip(right.iter()) {
            if left_key != right_key || !self.equal_at(&left, &right, depth)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn equal_opaques(left: &Val<'_>, right: &Val<'_>) -> bool {
    fn same<T: PartialEq + 'static>(left: &Val<'_>, right: &Val<'_>) -> bool {
        opaque::<T>(left).is_some_and(|left| opaque(right) == Some(left))
    }
    same::<GoInt64>(left, right) || same::<GoInt>(left, right) || same::<Reference>(left, right)
}
