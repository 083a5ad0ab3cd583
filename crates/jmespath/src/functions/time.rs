//! Times and durations: `time_add`, `time_after`, `time_before`, `time_between`, `time_diff`,
//! `time_now`, `time_now_utc`, `time_parse`, `time_since`, `time_to_cron`, `time_truncate` and
//! `time_utc`. A time is RFC 3339 text, a duration is Go's (`1h30m`).

use portcullis_values::{
    Val,
    duration::GoDuration,
    gotime::{self, GoTime, RFC3339},
};

use super::Call;
use crate::{error::Evaluated, error::Fault};

pub(super) fn add<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(text(&time(call, 0)?.add(duration(call, 1)?)))
}

pub(super) fn truncate<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(text(&time(call, 0)?.truncate(duration(call, 1)?)))
}

pub(super) fn utc<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(text(&time(call, 0)?.utc()))
}

pub(super) fn after<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(Val::Bool(time(call, 0)? > time(call, 1)?))
}

pub(super) fn before<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(Val::Bool(time(call, 0)? < time(call, 1)?))
}

/// Neither bound belongs to the range.
pub(super) fn between<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let (time, start, end) = (time(call, 0)?, time(call, 1)?, time(call, 2)?);
    Ok(Val::Bool(time > start && time < end))
}

pub(super) fn diff<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let (start, end) = (time(call, 0)?, time(call, 1)?);
    Ok(Val::from(end.since(&start).to_string()))
}

/// The duration between two times of a layout; an empty layout is RFC 3339, an empty second time
/// is the present.
pub(super) fn since<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let layout = call.text(0)?;
    let layout = if layout.is_empty() { RFC3339 } else { &layout };
    let start = time_in(call, layout, 1)?;
    let end = if call.text(2)?.is_empty() {
        present(call)
    } else {
        time_in(call, layout, 2)?
    };
    Ok(Val::from(end.since(&start).to_string()))
}

pub(super) fn current<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    Ok(text(&present(call)))
}

/// A layout that is a whole number means seconds since 1970.
pub(super) fn parse_with_layout<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let layout = call.text(0)?;
    if layout.parse::<i64>().is_err() {
        return Ok(text(&time_in(call, &layout, 1)?));
    }
    let seconds = call
        .text(1)?
        .parse()
        .map_err(|_| call.argument_error(1, "a whole number of seconds"))?;
    Ok(text(&GoTime::from_unix(seconds, 0)))
}

/// `minute hour day month weekday`.
pub(super) fn to_cron<'a>(call: &Call<'_, 'a>) -> Evaluated<'a> {
    let time = time(call, 0)?;
    Ok(Val::from(format!(
        "{} {} {} {} {}",
        time.minute(),
        time.hour(),
        time.day(),
        time.month(),
        time.weekday()
    )))
}

fn time<'a>(call: &Call<'_, 'a>, index: usize) -> Result<GoTime, Fault<'a>> {
    time_in(call, RFC3339, index)
}

fn time_in<'a>(call: &Call<'_, 'a>, layout: &str, index: usize) -> Result<GoTime, Fault<'a>> {
    gotime::parse(layout, &call.text(index)?).map_err(|error| call.argument_cause(index, error))
}

fn duration<'a>(call: &Call<'_, 'a>, index: usize) -> Result<GoDuration, Fault<'a>> {
    GoDuration::parse(&call.text(index)?).map_err(|error| call.argument_cause(index, error))
}

fn present(call: &Call<'_, '_>) -> GoTime {
    const SECOND: i128 = 1_000_000_000;
    let now = call.host().now();
    let seconds = i64::try_from(now.div_euclid(SECOND)).unwrap_or_default();
    GoTime::from_unix(
        seconds,
        u32::try_from(now.rem_euclid(SECOND)).unwrap_or_default(),
    )
}

fn text<'a>(time: &GoTime) -> Val<'a> {
    Val::from(time.format(RFC3339))
}
