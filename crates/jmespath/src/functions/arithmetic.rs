//! `add`, `subtract`, `multiply`, `divide`, `modulo` and `sum`, on numbers, quantities and
//! durations.
//!
//! `add('1Gi', '512Mi')` is `1536Mi`, ``multiply('30s', `2`)`` is `1m0s`, and a text that looks like
//! a number is a quantity: ``add(`1`, '1')`` is an error.

use portcullis_values::{
    Val,
    arithmetic::{ArithmeticError, Operand},
};

use super::Call;
use crate::{
    error::Evaluated,
    error::Fault,
    functions::call::describe,
    value::{from_number, number},
};

type Operation = fn(&Operand, &Operand) -> Result<Operand, ArithmeticError>;

pub(super) fn add<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    apply(call, Operand::add)
}

pub(super) fn subtract<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    apply(call, Operand::subtract)
}

pub(super) fn multiply<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    apply(call, Operand::multiply)
}

pub(super) fn divide<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    apply(call, Operand::divide)
}

pub(super) fn modulo<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    apply(call, Operand::modulo)
}

/// The items added up; a list of one item is that item, whatever it is.
pub(super) fn sum<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let list = call.list(0)?;
    let mut items = list.iter();
    let Some(mut total) = items.next() else {
        return Err(call.error("the array is empty, expected at least one item"));
    };
    for item in items {
        total = compute(call, Operand::add, &total, &item)?;
    }
    Ok(total)
}

fn apply<'a>(call: &Call<'_, 'a>, operation: Operation) -> Evaluated<'a> {
    compute(call, operation, &call.value(0), &call.value(1))
}

fn compute<'a>(
    call: &Call<'_, 'a>,
    operation: Operation,
    left: &Val<'a>,
    right: &Val<'a>,
) -> Evaluated<'a> {
    let outcome = operation(&operand(call, left)?, &operand(call, right)?);
    match outcome {
        Ok(Operand::Number(number)) => Ok(from_number(number)),
        Ok(other) => Ok(Val::from(other.to_string())),
        Err(error) => Err(call.error(format!(
            "{error}: {} and {}",
            describe(left),
            describe(right)
        ))),
    }
}

fn operand<'a>(call: &Call<'_, 'a>, value: &Val<'a>) -> Result<Operand, Fault<'a>> {
    let operand = match value {
        Val::Str(text) => Operand::parse(text),
        other => number(other).map(Operand::Number),
    };
    operand.ok_or_else(|| {
        call.error(format!(
            "{} is no number, no quantity such as `1Gi` and no duration such as `1h30m`",
            describe(value)
        ))
    })
}
