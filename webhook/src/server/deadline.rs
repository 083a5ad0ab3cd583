//! The deadline of a review: what the API server says by `timeout=`, less what the way back takes.

use std::time::Duration;

use portcullis_values::duration::GoDuration;
use tokio::time::Instant;

/// The longest that the API server waits for a webhook.
const LONGEST: Duration = Duration::from_secs(30);

/// When a review must be answered.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline of what may take so long.
    #[must_use]
    pub fn after(time: Duration) -> Deadline {
        Deadline(Instant::now() + time)
    }

    /// The deadline of a request by its query.
    ///
    /// # Errors
    /// Where `timeout` is not a duration.
    pub fn of(query: Option<&str>, otherwise: Duration) -> Result<Deadline, String> {
        allowed(query, otherwise).map(Deadline::after)
    }

    /// The moment.
    #[must_use]
    pub fn instant(self) -> Instant {
        self.0
    }
}

/// Nine tenths of the timeout.
fn allowed(query: Option<&str>, otherwise: Duration) -> Result<Duration, String> {
    let fields = query.unwrap_or_default().split('&');
    let mut timeouts = fields.filter_map(|field| field.strip_prefix("timeout="));
    let timeout = match timeouts.next() {
        None | Some("") => otherwise,
        Some(text) => {
            let duration = GoDuration::parse(text).map_err(|error| error.to_string())?;
            let nanoseconds = u64::try_from(duration.nanoseconds()).unwrap_or(0);
            Duration::from_nanos(nanoseconds)
        }
    };
    Ok(timeout.min(LONGEST) * 9 / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: Option<&str>, wanted: Option<u64>) {
        let found = allowed(query, Duration::from_secs(10)).ok();
        assert_eq!(found, wanted.map(Duration::from_millis), "{query:?}");
    }

    #[test]
    fn the_timeout_is_the_api_servers() {
        check(None, Some(9_000));
        check(Some(""), Some(9_000));
        check(Some("a=b"), Some(9_000));
        check(Some("timeout="), Some(9_000));
        check(Some("timeout=5s"), Some(4_500));
        check(Some("a=b&timeout=1m40s"), Some(27_000));
        check(Some("timeout=-1s"), Some(0));
        check(Some("timeout=soon"), None);
    }
}
