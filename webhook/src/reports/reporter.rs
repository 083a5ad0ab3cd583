//! `Reporter`: a thread that takes what the server answers, and writes reports and Events.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use portcullis_cluster::ClusterError;
use serde_json::Value;

use super::{
    asked::Asked,
    events::{Events, EventsLimits, Occasion},
    inbox::Inbox,
    pending::Reports,
    writer::Writer,
};
use crate::{
    log::{Level, Log},
    served::Served,
};

/// How often what was found is written. Objects that change more often get one report.
const TURN: Duration = Duration::from_secs(1);

/// How often the thread looks whether it should end.
const LOOK: Duration = Duration::from_millis(100);

/// How many answers, and how many objects, wait at most.
const LIMIT: usize = 10_000;

/// Writes what the server answers. Dropping it writes what still waits, and ends the thread.
pub struct Reporter {
    inbox: Arc<Inbox>,
    events: Arc<Mutex<Events>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Reporter {
    /// Starts the thread.
    #[must_use]
    pub fn start(served: Arc<Served>, writer: Writer, log: Arc<Log>) -> Reporter {
        let inbox = Arc::new(Inbox::new(LIMIT));
        let ends = Arc::new(AtomicBool::new(false));
        let events = Events::new(instance(), EventsLimits::default());
        let events = Arc::new(Mutex::new(events));
        let work = Work {
            inbox: Arc::clone(&inbox),
            events: Arc::clone(&events),
            reports: Reports::new(LIMIT),
            served,
            writer,
            log,
            told_dropped: 0,
        };
        let until = Arc::clone(&ends);
        Reporter {
            inbox,
            events,
            ends,
            thread: Some(thread::spawn(move || work.run(&until))),
        }
    }

    /// Where the server puts what it answers.
    #[must_use]
    pub fn inbox(&self) -> Arc<Inbox> {
        Arc::clone(&self.inbox)
    }

    /// The Events that are counted; scans count theirs, too.
    #[must_use]
    pub fn events(&self) -> Arc<Mutex<Events>> {
        Arc::clone(&self.events)
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A thread that panics has said so.
            thread.join().ok();
        }
    }
}

struct Work {
    inbox: Arc<Inbox>,
    events: Arc<Mutex<Events>>,
    reports: Reports,
    served: Arc<Served>,
    writer: Writer,
    log: Arc<Log>,
    told_dropped: u64,
}

impl Work {
    fn run(mut self, ends: &AtomicBool) {
        let looks = TURN.as_millis() / LOOK.as_millis();
        loop {
            for _ in 0..looks {
                if ends.load(Ordering::Relaxed) {
                    self.turn();
                    return;
                }
                thread::sleep(LOOK);
            }
            self.turn();
        }
    }

    fn turn(&mut self) {
        let micros = micros();
        let seconds = micros / 1_000_000;
        let due = {
            let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
            events.tell_successes(&self.served.configuration());
            for admitted in self.inbox.take() {
                let occasion = Occasion {
                    subject: &admitted.subject,
                    is_blocked: admitted.is_blocked,
                    is_scan: false,
                    micros,
                };
                events.count(occasion, &admitted.responses);
                self.reports.admit(&admitted, seconds);
            }
            events.plan(micros)
        };
        if !self.reports.wanted().is_empty() {
            let policies = self.served.policies();
            let groups = policies.scanned_groups();
            let served = Asked::all(groups.iter().map(|group| group.asked().as_ref()));
            self.reports.serve(Arc::new(served));
            let written = self.writer.flush(&mut self.reports, seconds);
            tell(
                &self.log,
                "reports were not written",
                written.error.as_ref(),
            );
        }
        let error = self.writer.write_events(&due);
        tell(&self.log, "events were not written", error.as_ref());
        let dropped = self.inbox.dropped() + self.reports.dropped();
        if dropped > self.told_dropped {
            self.told_dropped = dropped;
            let fields = [("count", Value::from(dropped))];
            self.log
                .line(Level::Warning, "results were dropped from reports", &fields);
        }
    }
}

pub(crate) fn tell(log: &Log, what: &str, error: Option<&ClusterError>) {
    if let Some(error) = error {
        let fields = [
            ("error", Value::from(error.to_string())),
            ("help", Value::from(error.remedy())),
        ];
        log.line(Level::Error, what, &fields);
    }
}

/// Microseconds since 1970.
pub(crate) fn micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_micros()).unwrap_or(i64::MAX)
}

/// A name that no other process has at the same time.
fn instance() -> String {
    format!("{:x}-{:x}", micros(), std::process::id())
}
