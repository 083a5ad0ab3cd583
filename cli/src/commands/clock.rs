//! The time that expiries are judged at.

use std::time::{SystemTime, UNIX_EPOCH};

use portcullis_pipeline::diagnostic::Diagnostic;

/// The time in nanoseconds since 1970: that of `SOURCE_DATE_EPOCH`, in seconds, where it is set.
pub(crate) fn now() -> Result<i128, Diagnostic> {
    let Ok(fixed) = std::env::var("SOURCE_DATE_EPOCH") else {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let nanoseconds = since.map(|since| i128::try_from(since.as_nanos()));
        return Ok(nanoseconds.map_or(0, |nanoseconds| nanoseconds.unwrap_or(i128::MAX)));
    };
    let seconds = fixed.trim().parse::<i64>().map_err(|_| {
        Diagnostic::error(format!("SOURCE_DATE_EPOCH is `{fixed}`"))
            .help("it is a number of seconds since 1970")
            .unusable()
    })?;
    Ok(i128::from(seconds) * 1_000_000_000)
}
