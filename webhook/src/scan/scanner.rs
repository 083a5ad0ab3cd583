//! `Scanner`: a thread that scans when policies change, and from time to time.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use portcullis_cluster::ClusterError;
use serde_json::Value;

use super::objects::{ScanOptions, Scanned, scan};
use crate::{
    log::{Level, Log},
    reports::{Events, Subject, Writer, tell},
    served::Served,
};

/// How long no policy changes before a scan begins.
const QUIET: Duration = Duration::from_millis(500);

/// How many objects the server gives at a time.
const BATCH_SIZE: usize = 250;

/// How long it takes to the next try after a scan that could not begin.
const RETRY: Duration = Duration::from_secs(10);

/// Which objects are left out.
pub type IsExcluded = dyn Fn(&Subject) -> bool + Send + Sync;

/// Scans the objects of a cluster. One replica does. Dropping it ends the thread.
pub struct Scanner {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// How often policies have changed.
    version: u64,
    /// The version that the last scan was for, once it is done.
    scanned: Option<u64>,
    ends: bool,
}

impl Scanner {
    /// Starts the thread, which scans at once, and then after each change of the policies and whenever
    /// the interval is over.
    #[must_use]
    pub fn start(
        served: Arc<Served>,
        writer: Writer,
        events: Arc<Mutex<Events>>,
        is_excluded: Arc<IsExcluded>,
        interval: Duration,
        log: Arc<Log>,
    ) -> Scanner {
        let shared: Arc<Shared> = Arc::default();
        let work = Work {
            shared: Arc::clone(&shared),
            served,
            writer,
            events,
            is_excluded,
            interval,
            log,
        };
        Scanner {
            shared,
            thread: Some(thread::spawn(move || work.run())),
        }
    }

    /// Tells that other policies serve. A scan that is going on ends, and a new one begins.
    pub fn policies_changed(&self) {
        self.shared.lock().version += 1;
        self.shared.changed.notify_all();
    }

    /// Whether the policies that serve have been scanned for.
    #[must_use]
    pub fn is_done(&self) -> bool {
        let state = self.shared.lock();
        state.scanned == Some(state.version)
    }
}

impl Drop for Scanner {
    fn drop(&mut self) {
        self.shared.lock().ends = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A thread that panics has said so.
            thread.join().ok();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is something to do for a version, or the time is over; none where the thread
    /// is to end.
    fn wait(&self, until: Instant) -> Option<u64> {
        let mut state = self.lock();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if state.ends {
                return None;
            }
            if state.scanned != Some(state.version) || left.is_zero() {
                return Some(state.version);
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Sleeps unless the thread is to end.
    fn sleep(&self, time: Duration) {
        let until = Instant::now() + time;
        let mut state = self.lock();
        while !state.ends && Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

struct Work {
    shared: Arc<Shared>,
    served: Arc<Served>,
    writer: Writer,
    events: Arc<Mutex<Events>>,
    is_excluded: Arc<IsExcluded>,
    interval: Duration,
    log: Arc<Log>,
}

impl Work {
    fn run(self) {
        let mut next = Instant::now() + self.interval;
        let mut told = String::new();
        while let Some(version) = self.shared.wait(next) {
            self.shared.sleep(QUIET);
            if self.shared.lock().version != version {
                continue;
            }
            match self.scan(version) {
                Ok(scanned) if scanned.is_ended => {}
                Ok(scanned) => {
                    told.clear();
                    self.tell(&scanned);
                    self.shared.lock().scanned = Some(version);
                    next = Instant::now() + self.interval;
                }
                Err(error) => {
                    // What stays wrong is told once, such as that no definition of reports is there.
                    let said = error.to_string();
                    if said != told {
                        tell(&self.log, "objects were not scanned", Some(&error));
                        told = said;
                    }
                    self.shared.sleep(RETRY);
                }
            }
        }
    }

    fn scan(&self, version: u64) -> Result<Scanned, ClusterError> {
        let policies = self.served.policies();
        let ends = || {
            let state = self.shared.lock();
            state.ends || state.version != version
        };
        let options = ScanOptions {
            policies: &policies,
            world: self.served.world().as_ref(),
            batch_size: BATCH_SIZE,
            is_excluded: self.is_excluded.as_ref(),
            ends: &ends,
            events: Some(&self.events),
        };
        scan(&self.writer, &options)
    }

    fn tell(&self, scanned: &Scanned) {
        let fields = [
            ("objects", Value::from(scanned.objects)),
            ("reports", Value::from(scanned.reports)),
        ];
        self.log.line(Level::Info, "objects scanned", &fields);
        for error in &scanned.errors {
            tell(&self.log, "not scanned", Some(error));
        }
    }
}
