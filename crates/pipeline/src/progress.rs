//! How far a run is: two counters that threads write and a terminal may show.

use std::sync::atomic::{AtomicUsize, Ordering};

/// What is to be done, and what is done of it. Nothing depends on it.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicUsize,
    total: AtomicUsize,
}

impl Progress {
    /// Further things to do.
    pub fn expect(&self, count: usize) {
        self.total.fetch_add(count, Ordering::Relaxed);
    }

    /// Things that are done.
    pub fn advance(&self, count: usize) {
        self.done.fetch_add(count, Ordering::Relaxed);
    }

    /// What is done, and what is to be done in all.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let read = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        (read(&self.done), read(&self.total))
    }
}
