//! Answers to reviews on their way to the reports. Whoever answers a review never waits here.

use std::{
    collections::VecDeque,
    mem,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use portcullis_engine::response::EngineResponse;

use super::{asked::Asked, subject::Subject};

/// What policies said of an object that was to be written.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The object.
    pub subject: Subject,
    /// The policies that were asked.
    pub asked: Vec<Arc<Asked>>,
    /// What they said.
    pub responses: Vec<EngineResponse>,
    /// Whether they denied the request.
    pub is_blocked: bool,
}

/// A bounded queue. Where it is full, the oldest make room.
#[derive(Debug)]
pub struct Inbox {
    waiting: Mutex<VecDeque<Admitted>>,
    limit: usize,
    dropped: AtomicU64,
}

impl Inbox {
    /// A queue of at most so many.
    #[must_use]
    pub fn new(limit: usize) -> Inbox {
        Inbox {
            waiting: Mutex::default(),
            limit: limit.max(1),
            dropped: AtomicU64::new(0),
        }
    }

    /// Puts one at the end.
    pub fn put(&self, admitted: Admitted) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = match waiting.len() < self.limit {
            true => None,
            false => waiting.pop_front(),
        };
        waiting.push_back(admitted);
        drop(waiting);
        if oldest.is_some() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes all.
    #[must_use]
    pub fn take(&self) -> VecDeque<Admitted> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        mem::take(&mut *waiting)
    }

    /// How many had to make room.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}
