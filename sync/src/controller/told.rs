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
    /// The watches that began, and when that was heard.
    begun: BTreeMap<(String, String), u64>,
    /// When there was more than is told apart.
    overflown: Option<u64>,
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
    /// Whether objects of a source may have changed since it was looked at, by what was heard from a time on.
    pub(super) fn concerns(&self, seen: &Seen, since: u64) -> bool {
        let kinds = seen.kinds();
        let mut changed = self.changed.iter();
        let is_since = |heard: &u64| *heard >= since;
        (self.overflown.as_ref().is_some_and(is_since) && !kinds.is_empty())
            || self
                .begun
                .iter()
                .any(|(kind, heard)| is_since(heard) && kinds.contains_key(kind))
            || changed.any(|(key, version)| seen.is_behind(key, version))
    }

    /// Adds what was told of objects, for those who can be asked only later.
    pub(super) fn keep(&mut self, told: &Told, heard: u64) {
        if told.overflown.is_some() {
            self.overflown = Some(heard);
        }
        let begun = told.begun.keys().map(|kind| (kind.clone(), heard));
        self.begun.extend(begun);
        for (key, version) in &told.changed {
            match self.changed.len() < MOST {
                true => drop(self.changed.insert(key.clone(), version.clone())),
                false => self.overflown = Some(heard),
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
                told.begun.insert(id, 0);
            }
            Notice::Changed { .. } if told.changed.len() >= MOST => told.overflown = Some(0),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A watch that began, and more changes than are told apart, are heard by those who looked before, and by
    /// nobody again who looked since.
    #[test]
    fn what_is_kept_is_told_to_those_who_looked_before() {
        let kind = ServedKind::config_maps();
        let key = ObjectKey::parse("/ConfigMap/a/b").unwrap();
        let mut seen = Seen::default();
        seen.note(&key, &kind, &json!({"metadata": {"resourceVersion": "9"}}));
        let changed = |version: &str| Notice::Changed {
            namespace: "a".to_owned(),
            name: "b".to_owned(),
            version: version.to_owned(),
        };
        let of_others = (0..=MOST).map(|number| Notice::Changed {
            namespace: "others".to_owned(),
            name: number.to_string(),
            version: "1".to_owned(),
        });
        for (what, notices, before, since) in [
            ("nothing", vec![], false, false),
            ("begun", vec![Notice::Begun], true, false),
            ("seen", vec![changed("9")], false, false),
            ("changed", vec![changed("10")], true, true),
            ("too much", of_others.collect(), true, false),
        ] {
            let board = Board::default();
            for notice in notices {
                board.tell(&kind, notice);
            }
            let mut kept = Told::default();
            kept.keep(&board.take(), 5);
            let said = [5, 6].map(|from| kept.concerns(&seen, from));
            assert_eq!(said, [before, since], "{what}");
        }
    }
}
