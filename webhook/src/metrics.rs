//! What Prometheus is told, under Kyverno's names.
//!
//! ```text
//! review → shard of the thread → totals → text
//!                  served policies ↗
//! ```
//!
//! A thread adds to a shard of its own, whose lock nobody else takes but whoever collects. Shards
//! have keys that cost little to look up, and are emptied into the totals, which have labels, when
//! somebody collects or when they have grown.

mod histogram;
mod listener;
mod policies;
mod shard;
mod text;
mod timed;
mod totals;

use std::{
    cell::Cell,
    mem,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use portcullis_engine::response::EngineResponse;

pub(crate) use self::policies::{Changes, Entry, Inventory};
pub use self::{listener::listen, shard::Scene, timed::Timed};
use self::{shard::Shard, text::Text, totals::Totals};
use crate::{reports::Inbox, served::Served};

/// How many shards there are; further threads share them.
const SHARDS: usize = 64;

/// How many things a shard counts before it is emptied.
const FULL: usize = 4096;

/// Counters of what was answered.
pub struct Metrics {
    shards: Vec<Padded>,
    totals: Mutex<Totals>,
}

/// A shard that lies on cache lines of its own.
#[repr(align(128))]
#[derive(Default)]
struct Padded(Mutex<Shard>);

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics {
            shards: (0..SHARDS).map(|_| Padded::default()).collect(),
            totals: Mutex::default(),
        }
    }
}

impl Metrics {
    /// Counts what policies said of one request, and how long their rules took.
    pub fn policies(&self, scene: &Scene, responses: &[EngineResponse], times: &Timed) {
        if !responses.is_empty() {
            self.add(|shard| shard.policies(scene, responses, times));
        }
    }

    /// Counts a review that was answered.
    pub fn review(&self, scene: &Scene, allowed: bool, time: Duration) {
        self.add(|shard| shard.review(scene, allowed, time));
    }

    /// All that there is to tell, in the text format of Prometheus.
    #[must_use]
    pub fn text(&self, served: &Served, reports: Option<&Inbox>) -> String {
        let mut text = Text::default();
        let mut totals = lock(&self.totals);
        for shard in &self.shards {
            totals.take(mem::take(&mut *lock(&shard.0)));
        }
        totals.write(&mut text);
        drop(totals);
        policies::write(served, &mut text);
        if let Some(inbox) = reports {
            text.family(
                "kyverno_events_dropped_total",
                "counter",
                "answers that were not reported because too many waited",
            );
            text.sample("kyverno_events_dropped_total", "", inbox.dropped());
        }
        text.done()
    }

    fn add(&self, add: impl FnOnce(&mut Shard)) {
        let Some(shard) = self.shards.get(own_place()) else {
            return;
        };
        let mut shard = lock(&shard.0);
        add(&mut shard);
        if shard.size() >= FULL {
            let full = mem::take(&mut *shard);
            drop(shard);
            lock(&self.totals).take(full);
        }
    }
}

/// The place of this thread's shard.
fn own_place() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static PLACE: Cell<usize> = Cell::new(NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS);
    }
    PLACE.with(Cell::get)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
