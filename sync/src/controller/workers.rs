//! The threads that sources are fetched and reconciled on. Nobody waits for one: an object that does not
//! become ready holds up its own source only, and a server that does not answer only what is new of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
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
    fetch::{Fetched, fetch},
    known::{Due, Outcome, Work},
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

type Key = (String, String);

/// What a thread came to.
enum Finished {
    Fetch(Key, Fetched),
    Pass(Due, Outcome),
}

/// What goes on about a source.
struct UnderWay {
    /// Whether it failed before.
    has_failed: bool,
    fetch: Fetch,
    /// Whether a pass goes on, of which there is never a second one: it writes.
    has_pass: bool,
}

/// How far fetching is.
enum Fetch {
    None,
    GoesOn,
    /// No pass has taken it yet.
    Answered(Box<Fetched>),
}

/// What is to be waited for before a source is fetched.
pub(super) enum Asked {
    /// It is not being fetched.
    No,
    GoesOn,
    Answered,
}

/// The threads.
pub(super) struct Workers {
    gate: Arc<Gate>,
    under_way: BTreeMap<Key, UnderWay>,
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
    /// Begins to fetch a source; the board rings when there is an answer.
    pub(super) fn fetch(&mut self, due: &Due, cluster: &Arc<Cluster>, board: &Arc<Board>) {
        let under_way = UnderWay {
            has_failed: due.has_failed(),
            fetch: Fetch::GoesOn,
            has_pass: false,
        };
        self.under_way.insert(due.key.clone(), under_way);
        let (key, object) = (due.key.clone(), due.object.clone());
        let (cluster, board, to) = (Arc::clone(cluster), Arc::clone(board), self.to.clone());
        thread::spawn(move || {
            let begun = Instant::now();
            let run = AssertUnwindSafe(|| fetch(&cluster, &object));
            let fetched = panic::catch_unwind(run);
            let fetched = fetched.unwrap_or_else(|_| Fetched::failed(&object, broken()));
            let took = begun.elapsed();
            to.send(Finished::Fetch(key, Fetched { took, ..fetched }))
                .ok();
            board.ring();
        });
    }

    /// Begins a pass over a source, which takes what was fetched; the board rings when it is done.
    pub(super) fn begin(
        &mut self,
        due: Due,
        cluster: &Arc<Cluster>,
        patience: Duration,
        board: &Arc<Board>,
    ) {
        let under_way = self.under_way.entry(due.key.clone());
        let under_way = under_way.or_insert_with(|| UnderWay {
            has_failed: due.has_failed(),
            fetch: Fetch::None,
            has_pass: false,
        });
        under_way.has_pass = true;
        let fetched = match due.work {
            Work::Bring => under_way.taken(),
            Work::Fetch | Work::Check => None,
        };
        let (gate, to) = (Arc::clone(&self.gate), self.to.clone());
        let (cluster, board) = (Arc::clone(cluster), Arc::clone(board));
        thread::spawn(move || {
            let before = fetched.as_ref().map(|fetched| fetched.took);
            let begun = Instant::now();
            let run = AssertUnwindSafe(|| due.run(fetched, &cluster, patience, &gate));
            let outcome =
                panic::catch_unwind(run).unwrap_or_else(|_| Some(Outcome::failed(broken())));
            let Some(outcome) = outcome else { return };
            let took = begun.elapsed() + before.unwrap_or_default();
            to.send(Finished::Pass(due, Outcome { took, ..outcome }))
                .ok();
            board.ring();
        });
    }

    pub(super) fn are_idle(&self) -> bool {
        self.under_way.is_empty()
    }

    pub(super) fn have_passes(&self) -> bool {
        self.under_way.values().any(|one| one.has_pass)
    }

    /// Whether one more may be under way, of those that failed before or of the others.
    pub(super) fn has_room(&self, has_failed: bool) -> bool {
        let most = match has_failed {
            true => FAILED_UNDER_WAY,
            false => UNDER_WAY,
        };
        let under_way = self.under_way.values();
        under_way.filter(|one| one.has_failed == has_failed).count() < most
    }

    pub(super) fn have(&self, key: &Key) -> bool {
        self.under_way.contains_key(key)
    }

    pub(super) fn have_pass(&self, key: &Key) -> bool {
        self.under_way.get(key).is_some_and(|one| one.has_pass)
    }

    /// How far fetching this generation of a source is. The answer to another one is forgotten.
    pub(super) fn asked(&mut self, key: &Key, generation: Option<i64>) -> Asked {
        match self.under_way.get(key).map(|one| &one.fetch) {
            Some(Fetch::GoesOn) => Asked::GoesOn,
            Some(Fetch::Answered(fetched)) if fetched.generation == generation => Asked::Answered,
            Some(Fetch::Answered(_)) => {
                self.forget(key);
                Asked::No
            }
            Some(Fetch::None) | None => Asked::No,
        }
    }

    /// The commit that a repository answered with.
    pub(super) fn answered(&self, key: &Key) -> Option<String> {
        match &self.under_way.get(key)?.fetch {
            Fetch::Answered(fetched) => fetched.commit(),
            Fetch::None | Fetch::GoesOn => None,
        }
    }

    /// Forgets the answers about sources that are not there any more.
    pub(super) fn forget_all_but(&mut self, there: &BTreeSet<Key>) {
        let answered = |one: &UnderWay| matches!(one.fetch, Fetch::Answered(_));
        self.under_way
            .retain(|key, one| there.contains(key) || one.has_pass || !answered(one));
    }

    /// A pass that is done, where there is any.
    pub(super) fn finished(&mut self) -> Option<(Due, Outcome)> {
        loop {
            match self.from.try_recv().ok()? {
                Finished::Fetch(key, fetched) => {
                    if let Some(one) = self.under_way.get_mut(&key) {
                        one.fetch = Fetch::Answered(Box::new(fetched));
                    }
                }
                Finished::Pass(due, outcome) => {
                    self.pass_ended(&due.key);
                    return Some((due, outcome));
                }
            }
        }
    }

    fn pass_ended(&mut self, key: &Key) {
        let Some(one) = self.under_way.get_mut(key) else {
            return;
        };
        one.has_pass = false;
        if matches!(one.fetch, Fetch::None) {
            self.under_way.remove(key);
        }
    }

    /// Forgets what was answered about a source without a pass.
    pub(super) fn forget(&mut self, key: &Key) {
        self.under_way.remove(key);
    }
}

impl UnderWay {
    fn taken(&mut self) -> Option<Fetched> {
        match mem::replace(&mut self.fetch, Fetch::None) {
            Fetch::Answered(fetched) => Some(*fetched),
            Fetch::None | Fetch::GoesOn => None,
        }
    }
}

impl Drop for Workers {
    /// Whoever comes next must be the only one who writes.
    fn drop(&mut self) {
        self.gate.close();
    }
}

pub(super) fn broken() -> SyncError {
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
