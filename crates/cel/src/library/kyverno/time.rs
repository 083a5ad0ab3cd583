//! `time`, and `math.round` to a number of digits.

use portcullis_values::{duration::GoDuration, gotime::GoTime};

use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    value::{Timestamp, Value},
};

/// Kyverno's `time` library.
pub const TIME: Library = Library {
    name: "kyverno.time",
    overloads: &[
        Overload::new("time_now", "time.now() -> timestamp", |call, _| {
            Ok(Value::Timestamp(call.host.now()))
        })
        .impure(),
        Overload::new(
            "time_truncate",
            "time.truncate(timestamp, duration) -> timestamp",
            truncate,
        ),
        Overload::new("time_to_cron", "time.toCron(timestamp) -> string", to_cron),
    ],
    macros: &[],
    variables: &[],
};

/// Kyverno's `math` library.
pub const MATH: Library = Library {
    name: "kyverno.math",
    overloads: &[Overload::new(
        "math_round_double_int",
        "math.round(double, int) -> double",
        round,
    )],
    macros: &[],
    variables: &[],
};

fn truncate<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::Timestamp(at), Value::Duration(unit)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    // A unit that is not positive leaves the time as it is.
    let unit = GoDuration::parse(&format!("{unit}ns"));
    let time = GoTime::from_unix(at.seconds, at.nanos);
    let time = unit.map_or_else(|_| time.clone(), |unit| time.truncate(unit));
    Ok(Value::Timestamp(Timestamp {
        seconds: time.unix_seconds(),
        nanos: time.nanosecond(),
    }))
}

fn to_cron<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::Timestamp(at)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    let time = GoTime::from_unix(at.seconds, at.nanos);
    let parts = [
        time.minute(),
        time.hour(),
        time.day(),
        time.month(),
        time.weekday(),
    ];
    Ok(Value::from(parts.map(|part| part.to_string()).join(" ")))
}

/// Rounds to a number of digits behind the point, or before it where the number is negative.
fn round<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [Value::Double(number), Value::Int(digits)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    let digits = i32::try_from(*digits).unwrap_or(if *digits < 0 { i32::MIN } else { i32::MAX });
    let scale = 10_f64.powi(digits);
    Ok(Value::Double((number * scale).round() / scale))
}
