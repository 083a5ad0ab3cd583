//! The threads that sources are reconciled on. Nobody waits for one: a server that does not answer, or
//! an object that does not become ready, holds up its own source only.

use std::{
    collections::BTreeMap,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use portcullis_cluster::Cluster;

use super::{
    known::{Due, Outcome},
    told::Board,
};
use crate::sync_error::SyncError;

/// How many sources are under way at a time, and beside them those that failed before: they may wait for
/// a server that does not answer.
const UNDER_WAY: usize = 16;
const FAILED_UNDER_WAY: usize = 8;
/// How many of them are read, judged and applied at a time, which takes memory.
const AT_WORK: usize = 4;
/// The same of those that failed before: they may take long to fail again.
const FAILED_AT_WORK: usize = 2;

/// A source with what its pass came to.
type Finished = (Due, Outcome);

/// The threads.
pub(super) struct Workers {
    gate: Arc<Gate>,
    /// Those under way, and whether each failed before.
    under_way: BTreeMap<(String, String), bool>,
    to: Sender<Finished>,
    from: Receiver<Finished>,
}

impl Default for Workers {
    fn default() -> Workers {
        let (to, from) = mpsc::channel();
        Workers {
            gate: Arc::default(),
            under_way: BTreeMap::new(),
            to,
            from,
        }
    }
}

impl Workers {
    /// Begins a pass over a source; the board rings when it is done.
    pub(super) fn begin(
        &mut self,
        due: Due,
        cluster: &Arc<Cluster>,
        patience: Duration,
        board: &Arc<Board>,
    ) {
        self.under_way.insert(due.key.clone(), due.has_failed());
        let (gate, to) = (Arc::clone(&self.gate), self.to.clone());
        let (cluster, board) = (Arc::clone(cluster), Arc::clone(board));
        thread::spawn(move || {
            let begun = Instant::now();
            let run = AssertUnwindSafe(|| due.run(&cluster, patience, &gate));
            let outcome =
                panic::catch_unwind(run).unwrap_or_else(|_| Some(Outcome::failed(broken())));
            let Some(outcome) = outcome else { return };
            let took = begun.elapsed();
            to.send((due, Outcome { took, ..outcome })).ok();
            board.ring();
        });
    }

    pub(super) fn are_idle(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Whether one more may be under way, of those that failed before or of the others.
    pub(super) fn has_room(&self, has_failed: bool) -> bool {
        let most = match has_failed {
            true => FAILED_UNDER_WAY,
            false => UNDER_WAY,
        };
        let same = self.under_way.values().filter(|one| **one == has_failed);
        same.count() < most
    }

    pub(super) fn have(&self, key: &(String, String)) -> bool {
        self.under_way.contains_key(key)
    }

    /// One that is done, where there is any.
    pub(super) fn finished(&mut self) -> Option<Finished> {
        let finished = self.from.try_recv().ok()?;
        self.under_way.remove(&finished.0.key);
        Some(finished)
    }
}

impl Drop for Workers {
    /// Whoever comes next must be the only one who writes.
    fn drop(&mut self) {
        self.gate.close();
    }
}

fn broken() -> SyncError {
    SyncError::Spec("the pass over this source ended before it was done".to_owned())
}

/// Lets a few through at a time, and nobody any more once it is closed.
#[derive(Debug, Default)]
pub(super) struct Gate {
    inside: Mutex<Inside>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inside {
    healthy: usize,
    failed: usize,
    is_closed: bool,
}

/// One that was let through.
#[derive(Debug)]
pub(super) struct Pass<'g> {
    gate: &'g Gate,
    has_failed: bool,
}

impl Inside {
    fn of(&mut self, has_failed: bool) -> (&mut usize, usize) {
        match has_failed {
            true => (&mut self.failed, FAILED_AT_WORK),
            false => (&mut self.healthy, AT_WORK),
        }
    }
}

impl Gate {
    /// Waits for a place, which those that failed before have apart; none once it is closed.
    pub(super) fn enter(&self, has_failed: bool) -> Option<Pass<'_>> {
        let is_full = |inside: &mut Inside| {
            let (inside_of_kind, most) = inside.of(has_failed);
            let is_full = *inside_of_kind >= most;
            is_full && !inside.is_closed
        };
        let waited = self.changed.wait_while(self.lock(), is_full);
        let mut inside = waited.unwrap_or_else(PoisonError::into_inner);
        if inside.is_closed {
            return None;
        }
        *inside.of(has_failed).0 += 1;
        Some(Pass {
            gate: self,
            has_failed,
        })
    }

    /// Lets nobody through any more, and waits until all are out.
    fn close(&self) {
        let mut inside = self.lock();
        inside.is_closed = true;
        self.changed.notify_all();
        let has_any = |inside: &mut Inside| inside.healthy + inside.failed > 0;
        drop(self.changed.wait_while(inside, has_any));
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        *self.gate.lock().of(self.has_failed).0 -= 1;
        self.gate.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_failed_take_no_place_of_the_others() {
        let gate = Arc::new(Gate::default());
        let mut failed: Vec<_> = (0..FAILED_AT_WORK).map(|_| gate.enter(true)).collect();
        let healthy: Vec<_> = (0..AT_WORK).map(|_| gate.enter(false)).collect();
        let (to, from) = mpsc::channel();
        let waiting = thread::spawn({
            let gate = Arc::clone(&gate);
            move || to.send(gate.enter(true).is_some())
        });
        let while_full = from.recv_timeout(Duration::from_millis(50));
        failed.pop();
        let then = from.recv();
        assert_eq!((while_full.is_err(), then), (true, Ok(true)));
        waiting.join().unwrap().unwrap();
        // Closing waits for those inside, and lets nobody in.
        let (to, from) = mpsc::channel();
        thread::spawn({
            let gate = Arc::clone(&gate);
            move || {
                gate.close();
                to.send(gate.enter(false).is_none())
            }
        });
        let while_used = from.recv_timeout(Duration::from_millis(50));
        drop((failed, healthy));
        assert_eq!((while_used.is_err(), from.recv()), (true, Ok(true)));
    }
}
