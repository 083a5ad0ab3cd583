//! Durations by Kyverno's buckets.

use std::time::Duration;

/// The upper bounds as they are written, and in nanoseconds.
pub(super) const BOUNDS: [(&str, u64); 15] = [
    ("0.005", 5_000_000),
    ("0.01", 10_000_000),
    ("0.025", 25_000_000),
    ("0.05", 50_000_000),
    ("0.1", 100_000_000),
    ("0.25", 250_000_000),
    ("0.5", 500_000_000),
    ("1", 1_000_000_000),
    ("2.5", 2_500_000_000),
    ("5", 5_000_000_000),
    ("10", 10_000_000_000),
    ("15", 15_000_000_000),
    ("20", 20_000_000_000),
    ("25", 25_000_000_000),
    ("30", 30_000_000_000),
];

/// How many durations fell into each bucket, and their sum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Histogram {
    /// Those up to each bound and above the one before.
    buckets: [u64; BOUNDS.len()],
    count: u64,
    nanoseconds: u64,
}

impl Histogram {
    pub(super) fn add(&mut self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        // Almost all are in the first.
        let found = BOUNDS.iter().position(|(_, bound)| nanoseconds <= *bound);
        if let Some(bucket) = found.and_then(|place| self.buckets.get_mut(place)) {
            *bucket += 1;
        }
        self.count += 1;
        self.nanoseconds = self.nanoseconds.saturating_add(nanoseconds);
    }

    pub(super) fn join(&mut self, other: &Histogram) {
        for (bucket, more) in self.buckets.iter_mut().zip(other.buckets) {
            *bucket += more;
        }
        self.count += other.count;
        self.nanoseconds = self.nanoseconds.saturating_add(other.nanoseconds);
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The bounds, each with how many are no longer than it.
    pub(super) fn cumulated(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let bounds = BOUNDS.iter().zip(self.buckets);
        bounds.scan(0, |sum, ((bound, _), count)| {
            *sum += count;
            Some((*bound, *sum))
        })
    }

    pub(super) fn seconds(&self) -> f64 {
        Duration::from_nanos(self.nanoseconds).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_counts_for_every_bound_that_it_is_no_longer_than() {
        let mut histogram = Histogram::default();
        for milliseconds in [1, 5, 6, 31_000] {
            histogram.add(Duration::from_millis(milliseconds));
        }
        let mut joined = histogram.clone();
        joined.join(&histogram);
        let found: Vec<_> = joined.cumulated().collect();
        assert_eq!(found[..2], [("0.005", 4), ("0.01", 6)]);
        assert_eq!(found[14], ("30", 6));
        assert_eq!(joined.count(), 8);
        assert!((joined.seconds() - 62.024).abs() < 1e-9);
    }
}
