//! `quantity`: Kubernetes' amounts of memory, CPU and the like.

use std::{any::Any, cmp::Ordering};

use portcullis_values::quantity::{Format, Quantity, QuantityError};

use super::super::size;
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    types::Type,
    value::{Opaque, Value},
};

/// Kubernetes' `quantity` library.
pub const QUANTITY: Library = Library {
    name: "kubernetes.quantity",
    overloads: OVERLOADS,
    macros: &[],
    variables: &[],
};

const OVERLOADS: &[Overload] = &[
    Overload::new(
        "string_to_quantity",
        "quantity(string) -> kubernetes.Quantity",
        quantity,
    )
    .costs(size::of_text),
    Overload::new(
        "is_quantity_string",
        "isQuantity(string) -> bool",
        is_quantity,
    )
    .costs(size::of_text),
    Overload::new("quantity_sign", "sign(kubernetes.Quantity) -> int", sign),
    Overload::new(
        "quantity_is_integer",
        "kubernetes.Quantity.isInteger() -> bool",
        is_integer,
    ),
    Overload::new(
        "quantity_as_integer",
        "kubernetes.Quantity.asInteger() -> int",
        as_integer,
    ),
    Overload::new(
        "quantity_as_approximate_float",
        "kubernetes.Quantity.asApproximateFloat() -> double",
        as_float,
    ),
    Overload::new(
        "quantity_add",
        "kubernetes.Quantity.add(kubernetes.Quantity) -> kubernetes.Quantity",
        add,
    ),
    Overload::new(
        "quantity_add_int",
        "kubernetes.Quantity.add(int) -> kubernetes.Quantity",
        add,
    ),
    Overload::new(
        "quantity_sub",
        "kubernetes.Quantity.sub(kubernetes.Quantity) -> kubernetes.Quantity",
        subtract,
    ),
    Overload::new(
        "quantity_sub_int",
        "kubernetes.Quantity.sub(int) -> kubernetes.Quantity",
        subtract,
    ),
    Overload::new(
        "quantity_is_less_than",
        "kubernetes.Quantity.isLessThan(kubernetes.Quantity) -> bool",
        is_less_than,
    ),
    Overload::new(
        "quantity_is_greater_than",
        "kubernetes.Quantity.isGreaterThan(kubernetes.Quantity) -> bool",
        is_greater_than,
    ),
    Overload::new(
        "quantity_compare_to",
        "kubernetes.Quantity.compareTo(kubernetes.Quantity) -> int",
        compare_to,
    ),
];

impl Opaque for Quantity {
    fn type_of(&self) -> Type {
        Type::opaque("kubernetes.Quantity")
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other
            .as_any()
            .downcast_ref::<Quantity>()
            .is_some_and(|other| self.cmp(other) == Ordering::Equal)
    }

    fn equals_only_its_type(&self) -> bool {
        true
    }

    fn to_text(&self) -> String {
        self.to_string()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn quantity<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::String(text)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    match Quantity::parse(text) {
        Ok(quantity) => Ok(Value::opaque(quantity)),
        Err(error) => Err(EvalError::new(message(&error)).into()),
    }
}

/// What Kubernetes says of text that is no quantity.
fn message(error: &QuantityError) -> &'static str {
    match error {
        QuantityError::Suffix { .. } => "unable to parse quantity's suffix",
        QuantityError::Number(_) => "unable to parse numeric part of quantity",
        QuantityError::Format(_) | QuantityError::TooLong => {
            "quantities must match the regular expression \
             '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        }
    }
}

fn is_quantity<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::String(text)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    Ok(Value::Bool(Quantity::parse(text).is_ok()))
}

fn receiver<'v>(args: &'v [Value<'_>]) -> Result<&'v Quantity, Box<EvalError>> {
    args.first()
        .and_then(Value::downcast)
        .ok_or_else(|| EvalError::no_such_overload().into())
}

/// The receiver and the argument, which is a quantity or an integer.
fn pair(args: &[Value<'_>]) -> Result<(Quantity, Quantity), Box<EvalError>> {
    let other = match args.get(1) {
        Some(Value::Int(number)) => Some(Quantity::from_i64(*number, Format::DecimalExponent)),
        Some(other) => other.downcast::<Quantity>().cloned(),
        None => None,
    };
    let other = other.ok_or_else(EvalError::no_such_overload)?;
    Ok((receiver(args)?.clone(), other))
}

fn sign<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    Ok(Value::Int(receiver(args)?.sign().into()))
}

fn is_integer<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    Ok(Value::Bool(receiver(args)?.as_i64().is_some()))
}

fn as_integer<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match receiver(args)?.as_i64() {
        Some(number) => Ok(Value::Int(number)),
        None => Err(EvalError::new("cannot convert value to integer").into()),
    }
}

fn as_float<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    Ok(Value::Double(receiver(args)?.to_f64()))
}

fn add<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let (left, right) = pair(args)?;
    Ok(Value::opaque(left.add(&right)))
}

fn subtract<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let (left, right) = pair(args)?;
    Ok(Value::opaque(left.subtract(&right)))
}

fn compare(args: &[Value<'_>]) -> Result<Ordering, Box<EvalError>> {
    let other: Option<&Quantity> = args.get(1).and_then(Value::downcast);
    let other = other.ok_or_else(EvalError::no_such_overload)?;
    Ok(receiver(args)?.cmp(other))
}

fn is_less_than<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    Ok(Value::Bool(compare(args)?.is_lt()))
}

fn is_greater_than<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    Ok(Value::Bool(compare(args)?.is_gt()))
}

fn compare_to<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    Ok(Value::Int(compare(args)? as i64))
}
