//! What the watches tell, until the next pass takes it.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use portcullis_cluster::{Notice, ServedKind};

use super::Logged;
use crate::{object::ObjectKey, seen::Seen};

/// How many changes are told apart; beyond that all objects count as changed.
const MOST: usize = 10_000;
/// How long it is waited for the rest of a burst.
const BURST: Duration = Duration::from_millis(50);

/// What was told since the pass before.
#[derive(Debug, Default)]
pub(super) struct Told {
    changed: BTreeMap<ObjectKey, String>,
    begun: BTreeSet<(String, String)>,
    is_overflown: bool,
    has_news: bool,
    broken: BTreeSet<(String, String)>,
    pub(super) log: Vec<Logged>,
}

/// Where watches tell, from any thread.
#[derive(Debug, Default)]
pub(super) struct Board {
    told: Mutex<Told>,
    rang: Condvar,
}

impl Told {
    /// Whether objects of a source may have changed since it was looked at.
    pub(super) fn concerns(&self, seen: &Seen) -> bool {
        let kinds = seen.kinds();
        let mut changed = self.changed.iter();
        (self.is_overflown && !kinds.is_empty())
            || self.begun.iter().any(|kind| kinds.contains_key(kind))
            || changed.any(|(key, version)| seen.is_behind(key, version))
    }

    /// Adds what was told of objects, for those who can be asked only later.
    pub(super) fn keep(&mut self, told: &Told) {
        self.is_overflown |= told.is_overflown;
        self.begun.extend(told.begun.iter().cloned());
        for (key, version) in &told.changed {
            match self.changed.len() < MOST {
                true => drop(self.changed.insert(key.clone(), version.clone())),
                false => self.is_overflown = true,
            }
        }
    }
}

impl Board {
    pub(super) fn tell(&self, kind: &ServedKind, notice: Notice) {
        let mut told = self.lock();
        let id = (kind.group.clone(), kind.kind.clone());
        match notice {
            Notice::Broken(error) => {
                // One that stays broken is told once.
                if told.broken.insert(id) {
                    told.log.push(Logged {
                        source: String::new(),
                        reason: "WatchBroken",
                        message: error.to_string(),
                    });
                }
            }
            Notice::Begun => {
                told.broken.remove(&id);
                told.begun.insert(id);
            }
            Notice::Changed { .. } if told.changed.len() >= MOST => told.is_overflown = true,
            Notice::Changed {
                namespace,
                name,
                version,
            } => {
                let key = ObjectKey {
                    group: id.0,
                    kind: id.1,
                    namespace,
                    name,
                };
                told.changed.insert(key, version);
            }
        }
        told.has_news = true;
        self.rang.notify_all();
    }

    /// Wakes who waits.
    pub(super) fn ring(&self) {
        self.lock().has_news = true;
        self.rang.notify_all();
    }

    /// What was told; it is told once.
    pub(super) fn take(&self) -> Told {
        let mut told = self.lock();
        let broken = told.broken.clone();
        mem::replace(
            &mut *told,
            Told {
                broken,
                ..Told::default()
            },
        )
    }

    /// Waits until something is told, or the time is over; whether something is.
    pub(super) fn wait(&self, longest: Duration) -> bool {
        let told = self.lock();
        let waited = self
            .rang
            .wait_timeout_while(told, longest, |told| !told.has_news);
        let has_news = match waited {
            Ok((told, _)) => told.has_news,
            Err(broken) => broken.into_inner().0.has_news,
        };
        if has_news {
            thread::sleep(BURST);
        }
        has_news
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
