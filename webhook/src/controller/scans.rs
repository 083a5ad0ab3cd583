//! Scans of live objects, by the replica whose turn it is.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use portcullis_engine::request::GroupVersionKind;
use tokio::{sync::watch, task};

use super::writer::Compiled;
use crate::{
    log::Log,
    reports::{Events, Subject, Writer},
    scan::{IsExcluded, Scanner},
    served::Served,
};

/// How long it takes to the next scan where no policy changes.
const INTERVAL: Duration = Duration::from_hours(1);

/// Scans while it is its turn.
pub(crate) struct Scans {
    pub(crate) served: Arc<Served>,
    pub(crate) writer: Writer,
    pub(crate) events: Arc<Mutex<Events>>,
    pub(crate) log: Arc<Log>,
    pub(crate) compiled: watch::Receiver<Arc<Compiled>>,
    pub(crate) turn: watch::Receiver<bool>,
}

impl Scans {
    /// Scans after each change of the policies, without end.
    pub(crate) async fn run(mut self) -> io::Result<()> {
        let mut scanner = None;
        loop {
            let is_turn = *self.turn.borrow_and_update();
            match (is_turn, scanner.take()) {
                (true, None) => scanner = Some(self.start()),
                (true, running) => scanner = running,
                // The thread ends with the page that it is at.
                (false, running) => task::spawn_blocking(move || drop(running)).await?,
            }
            let is_open = tokio::select! {
                changed = self.turn.changed() => changed.is_ok(),
                changed = self.compiled.changed() => {
                    self.compiled.mark_unchanged();
                    if let Some(scanner) = &scanner {
                        scanner.policies_changed();
                    }
                    changed.is_ok()
                }
            };
            if !is_open {
                return Ok(task::spawn_blocking(move || drop(scanner)).await?);
            }
        }
    }

    fn start(&self) -> Scanner {
        let served = Arc::clone(&self.served);
        let is_excluded: Arc<IsExcluded> =
            Arc::new(move |subject: &Subject| is_left_out(&served, subject));
        Scanner::start(
            Arc::clone(&self.served),
            self.writer.clone(),
            Arc::clone(&self.events),
            is_excluded,
            INTERVAL,
            Arc::clone(&self.log),
        )
    }
}

/// Whether the ConfigMap leaves an object out.
fn is_left_out(served: &Served, subject: &Subject) -> bool {
    let (group, version) = match subject.api_version.split_once('/') {
        Some((group, version)) => (group, version),
        None => ("", subject.api_version.as_str()),
    };
    let kind = GroupVersionKind {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: subject.kind.clone(),
    };
    let place = (subject.namespace.as_str(), subject.name.as_str());
    served.configuration().leaves_out(&kind, place)
}
