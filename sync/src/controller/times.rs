//! Times: when a source that fails is tried again, and the time of day.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use portcullis_values::gotime::GoTime;

/// How long it takes to the second try, which doubles with each further one.
const FIRST_RETRY: Duration = Duration::from_secs(5);
const LAST_RETRY: Duration = Duration::from_secs(300);

/// When a source that failed so often in a row is tried again.
pub(super) fn retry(failures: u32) -> Duration {
    let factor = 2_u32.saturating_pow(failures.saturating_sub(1).min(16));
    FIRST_RETRY.saturating_mul(factor).min(LAST_RETRY)
}

pub(super) fn unix_nanoseconds() -> i128 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i128::try_from(since.as_nanos()).unwrap_or(i128::MAX)
}

/// The time as statuses and Events write it.
pub(super) fn now() -> String {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    GoTime::from_unix(seconds, 0).format("2006-01-02T15:04:05Z07:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_later_and_later() {
        let seconds: Vec<u64> = [1, 2, 3, 7, 99]
            .map(|failures| retry(failures).as_secs())
            .into();
        assert_eq!(seconds, [5, 10, 20, 300, 300]);
    }
}
