//! Numbers: extremes, rounding, signs and bits.

use super::{super::size::size, bindings::is_on};
use crate::{
    error::{EvalError, Evaluated, Issue},
    function::{Call, Implementation, Library, Overload},
    syntax::{
        ast::{Expr, ExprKind, Literal},
        macros::{Expanded, Macro, Parts},
        nodes::Nodes,
    },
    value::Value,
};

/// cel-go's `math` library.
pub const MATH: Library = Library {
    name: "ext.math",
    overloads: OVERLOADS,
    macros: &[
        Macro::member("greatest", None, |nodes, parts| {
            extreme(nodes, parts, "math.greatest()", "math.@max")
        }),
        Macro::member("least", None, |nodes, parts| {
            extreme(nodes, parts, "math.least()", "math.@min")
        }),
    ],
    variables: &[],
};

/// The overloads of one extreme.
macro_rules! extreme {
    ($name:literal, $id:literal, $of:ident) => {
        [
            Overload::new(
                concat!($id, "_double"),
                concat!($name, "(double) -> double"),
                $of,
            ),
            Overload::new(concat!($id, "_int"), concat!($name, "(int) -> int"), $of),
            Overload::new(concat!($id, "_uint"), concat!($name, "(uint) -> uint"), $of),
            Overload::new(
                concat!($id, "_double_double"),
                concat!($name, "(double, double) -> double"),
                $of,
            ),
            Overload::new(
                concat!($id, "_int_int"),
                concat!($name, "(int, int) -> int"),
                $of,
            ),
            Overload::new(
                concat!($id, "_uint_uint"),
                concat!($name, "(uint, uint) -> uint"),
                $of,
            ),
            Overload::new(
                concat!($id, "_int_uint"),
                concat!($name, "(int, uint) -> dyn"),
                $of,
            ),
            Overload::new(
                concat!($id, "_int_double"),
                concat!($name, "(int, double) -> dyn"),
                $of,
            ),
            Overload::new(
                concat!($id, "_double_int"),
                concat!($name, "(double, int) -> dyn"),
                $of,
            ),
            Overload::new(
                concat!($id, "_double_uint"),
                concat!($name, "(double, uint) -> dyn"),
                $of,
            ),
            Overload::new(
                concat!($id, "_uint_int"),
                concat!($name, "(uint, int) -> dyn"),
                $of,
            ),
            Overload::new(
                concat!($id, "_uint_double"),
                concat!($name, "(uint, double) -> dyn"),
                $of,
            ),
            Overload::new(
                concat!($id, "_list_double"),
                concat!($name, "(list(double)) -> double"),
                $of,
            )
            .costs_when_resolved(of_elements),
            Overload::new(
                concat!($id, "_list_int"),
                concat!($name, "(list(int)) -> int"),
                $of,
            )
            .costs_when_resolved(of_elements),
            Overload::new(
                concat!($id, "_list_uint"),
                concat!($name, "(list(uint)) -> uint"),
                $of,
            )
            .costs_when_resolved(of_elements),
        ]
    };
}

const MAX: [Overload; 15] = extreme!("math.@max", "math_@max", greatest);
const MIN: [Overload; 15] = extreme!("math.@min", "math_@min", least);

const OTHERS: [Overload; 27] = [
    Overload::new("math_ceil_double", "math.ceil(double) -> double", CEIL),
    Overload::new("math_floor_double", "math.floor(double) -> double", FLOOR),
    Overload::new("math_round_double", "math.round(double) -> double", ROUND),
    Overload::new("math_trunc_double", "math.trunc(double) -> double", TRUNC),
    Overload::new("math_isInf_double", "math.isInf(double) -> bool", IS_INF),
    Overload::new("math_isNaN_double", "math.isNaN(double) -> bool", IS_NAN),
    Overload::new(
        "math_isFinite_double",
        "math.isFinite(double) -> bool",
        IS_FINITE,
    ),
    Overload::new("math_abs_double", "math.abs(double) -> double", abs),
    Overload::new("math_abs_int", "math.abs(int) -> int", abs),
    Overload::new("math_abs_uint", "math.abs(uint) -> uint", abs),
    Overload::new("math_sign_double", "math.sign(double) -> double", sign),
    Overload::new("math_sign_int", "math.sign(int) -> int", sign),
    Overload::new("math_sign_uint", "math.sign(uint) -> uint", sign),
    Overload::new("math_sqrt_double", "math.sqrt(double) -> double", sqrt),
    Overload::new("math_sqrt_int", "math.sqrt(int) -> double", sqrt),
    Overload::new("math_sqrt_uint", "math.sqrt(uint) -> double", sqrt),
    Overload::new(
        "math_bitAnd_int_int",
        "math.bitAnd(int, int) -> int",
        BIT_AND,
    ),
    Overload::new(
        "math_bitAnd_uint_uint",
        "math.bitAnd(uint, uint) -> uint",
        BIT_AND,
    ),
    Overload::new("math_bitOr_int_int", "math.bitOr(int, int) -> int", BIT_OR),
    Overload::new(
        "math_bitOr_uint_uint",
        "math.bitOr(uint, uint) -> uint",
        BIT_OR,
    ),
    Overload::new(
        "math_bitXor_int_int",
        "math.bitXor(int, int) -> int",
        BIT_XOR,
    ),
    Overload::new(
        "math_bitXor_uint_uint",
        "math.bitXor(uint, uint) -> uint",
        BIT_XOR,
    ),
    Overload::new("math_bitNot_int_int", "math.bitNot(int) -> int", bit_not),
    Overload::new(
        "math_bitNot_uint_uint",
        "math.bitNot(uint) -> uint",
        bit_not,
    ),
    Overload::new(
        "math_bitShiftLeft_int_int",
        "math.bitShiftLeft(int, int) -> int",
        SHIFT_LEFT,
    ),
    Overload::new(
        "math_bitShiftLeft_uint_int",
        "math.bitShiftLeft(uint, int) -> uint",
        SHIFT_LEFT,
    ),
    Overload::new(
        "math_bitShiftRight_int_int",
        "math.bitShiftRight(int, int) -> int",
        SHIFT_RIGHT,
    ),
];

const SHIFT_RIGHT_UINT: Overload = Overload::new(
    "math_bitShiftRight_uint_int",
    "math.bitShiftRight(uint, int) -> uint",
    SHIFT_RIGHT,
);

const OVERLOADS: &[Overload] = &joined();

/// All overloads in one list.
#[expect(
    clippy::indexing_slicing,
    reason = "computed when the crate is compiled"
)]
const fn joined() -> [Overload; 58] {
    let mut all = [SHIFT_RIGHT_UINT; 58];
    let mut at = 0;
    while at < 15 {
        all[at] = MAX[at];
        all[at + 15] = MIN[at];
        at += 1;
    }
    at = 0;
    while at < 27 {
        all[at + 30] = OTHERS[at];
        at += 1;
    }
    all
}

fn of_elements(args: &[Value<'_>]) -> u64 {
    size(args.first()).saturating_add(1)
}

/// Whether an argument as it is written could be a number.
fn may_be_number(argument: &Expr) -> bool {
    match &argument.kind {
        ExprKind::Literal(literal) => {
            matches!(
                literal,
                Literal::Int(_) | Literal::UInt(_) | Literal::Double(_)
            )
        }
        ExprKind::List { .. } | ExprKind::Map(_) | ExprKind::Struct { .. } => false,
        _ => true,
    }
}

/// `math.greatest(…)` and `math.least(…)`, of any number of arguments or of one list.
fn extreme(
    nodes: &mut Nodes,
    mut parts: Parts,
    name: &str,
    function: &str,
) -> Result<Expanded, Issue> {
    if !is_on(&parts, "math") {
        return Ok(Expanded::Not(parts));
    }
    let issue =
        |nodes: &Nodes, at: &Expr, what: &str| Err(nodes.issue(at, format!("{name} {what}")));
    match parts.args.as_slice() {
        [] => {
            let at = parts
                .target
                .take()
                .unwrap_or_else(|| nodes.list(Vec::new()));
            return issue(nodes, &at, "requires at least one argument");
        }
        [one] => {
            let fits = match &one.kind {
                ExprKind::List { elements, .. } => {
                    !elements.is_empty() && elements.iter().all(may_be_number)
                }
                _ => may_be_number(one),
            };
            if !fits {
                return issue(nodes, one, "invalid single argument value");
            }
        }
        many => {
            if let Some(wrong) = many.iter().find(|argument| !may_be_number(argument)) {
                return issue(nodes, wrong, "simple literal arguments must be numeric");
            }
        }
    }
    let args = match parts.args.len() {
        1 | 2 => parts.args,
        _ => vec![nodes.list(parts.args)],
    };
    Ok(Expanded::Into(nodes.call(function, args)))
}

fn of_many<'a>(args: &[Value<'a>], wanted: fn(std::cmp::Ordering) -> bool) -> Evaluated<'a> {
    let items: Vec<Value<'a>> = match args {
        [Value::List(list)] => list.iter().collect(),
        many => many.to_vec(),
    };
    let mut items = items.into_iter();
    let Some(mut found) = items.next() else {
        return Err(EvalError::new("math.@max(list) argument must not be empty").into());
    };
    if !is_number(&found) {
        return Err(EvalError::no_such_overload().into());
    }
    for item in items {
        if !is_number(&item) {
            return Err(EvalError::no_such_overload().into());
        }
        match item.partial_cmp(&found) {
            Some(order) if wanted(order) => found = item,
            Some(_) => {}
            None => return Err(EvalError::new("NaN values cannot be ordered").into()),
        }
    }
    Ok(found)
}

fn is_number(value: &Value<'_>) -> bool {
    matches!(value, Value::Int(_) | Value::UInt(_) | Value::Double(_))
}

fn greatest<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    of_many(args, std::cmp::Ordering::is_gt)
}

fn least<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    of_many(args, std::cmp::Ordering::is_lt)
}

fn double(args: &[Value<'_>]) -> Result<f64, Box<EvalError>> {
    match args {
        [Value::Double(number)] => Ok(*number),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

const CEIL: Implementation = |_, args| double(args).map(|number| Value::Double(number.ceil()));
const FLOOR: Implementation = |_, args| double(args).map(|number| Value::Double(number.floor()));
const ROUND: Implementation = |_, args| double(args).map(|number| Value::Double(number.round()));
const TRUNC: Implementation = |_, args| double(args).map(|number| Value::Double(number.trunc()));
const IS_INF: Implementation =
    |_, args| double(args).map(|number| Value::Bool(number.is_infinite()));
const IS_NAN: Implementation = |_, args| double(args).map(|number| Value::Bool(number.is_nan()));
const IS_FINITE: Implementation =
    |_, args| double(args).map(|number| Value::Bool(number.is_finite()));

fn abs<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [Value::Int(number)] => match number.checked_abs() {
            Some(number) => Ok(Value::Int(number)),
            None => Err(EvalError::new("integer overflow").into()),
        },
        [Value::UInt(number)] => Ok(Value::UInt(*number)),
        [Value::Double(number)] => Ok(Value::Double(number.abs())),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn sign<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [Value::Int(number)] => Ok(Value::Int(number.signum())),
        [Value::UInt(number)] => Ok(Value::UInt(u64::from(*number > 0))),
        [Value::Double(number)] if *number == 0.0 || number.is_nan() => Ok(Value::Double(*number)),
        [Value::Double(number)] => Ok(Value::Double(number.signum())),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "as Go converts integers to floats"
)]
fn sqrt<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let number = match args {
        [Value::Int(number)] => *number as f64,
        [Value::UInt(number)] => *number as f64,
        [Value::Double(number)] => *number,
        _ => return Err(EvalError::no_such_overload().into()),
    };
    Ok(Value::Double(number.sqrt()))
}

fn bits<'a>(
    args: &[Value<'a>],
    of_ints: fn(i64, i64) -> i64,
    of_uints: fn(u64, u64) -> u64,
) -> Evaluated<'a> {
    match args {
        [Value::Int(left), Value::Int(right)] => Ok(Value::Int(of_ints(*left, *right))),
        [Value::UInt(left), Value::UInt(right)] => Ok(Value::UInt(of_uints(*left, *right))),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

const BIT_AND: Implementation = |_, args| bits(args, |a, b| a & b, |a, b| a & b);
const BIT_OR: Implementation = |_, args| bits(args, |a, b| a | b, |a, b| a | b);
const BIT_XOR: Implementation = |_, args| bits(args, |a, b| a ^ b, |a, b| a ^ b);

fn bit_not<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    match args {
        [Value::Int(number)] => Ok(Value::Int(!number)),
        [Value::UInt(number)] => Ok(Value::UInt(!number)),
        _ => Err(EvalError::no_such_overload().into()),
    }
}

fn shift<'a>(args: &[Value<'a>], name: &str, of: fn(u64, u32) -> Option<u64>) -> Evaluated<'a> {
    let (bits, by, wrap): (u64, i64, fn(u64) -> Value<'a>) = match args {
        [Value::Int(number), Value::Int(by)] => (number.cast_unsigned(), *by, |bits| {
            Value::Int(bits.cast_signed())
        }),
        [Value::UInt(number), Value::Int(by)] => (*number, *by, Value::UInt),
        _ => return Err(EvalError::no_such_overload().into()),
    };
    if by < 0 {
        let problem = format!("math.{name}() negative offset: {by}");
        return Err(EvalError::new(problem).into());
    }
    let shifted = u32::try_from(by).ok().and_then(|by| of(bits, by));
    Ok(wrap(shifted.unwrap_or_default()))
}

const SHIFT_LEFT: Implementation = |_, args| shift(args, "bitShiftLeft", u64::checked_shl);
const SHIFT_RIGHT: Implementation = |_, args| shift(args, "bitShiftRight", u64::checked_shr);
