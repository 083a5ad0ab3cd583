//! A term: the time for which a process held its Lease without a break.

use std::time::Instant;

use tokio::{
    sync::watch::{Receiver, Sender},
    time,
};

/// What a process knows of the Lease that it wants.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holding {
    /// How many times it was acquired.
    number: u64,
    /// Until when nobody else can have it.
    until: Option<Instant>,
    /// Why the server does not say who holds it, where it does not.
    problem: Option<String>,
    /// Whether the server ever said who holds it.
    is_known: bool,
}

impl Holding {
    fn is_held(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() < until)
    }

    pub(crate) fn problem(&self) -> Option<String> {
        let unknown = || (!self.is_known).then(|| "it was not asked for yet".to_owned());
        self.problem.clone().or_else(unknown)
    }
}

/// Tells what the server answered: until when the Lease is held, or why there is no answer.
pub(crate) fn tell(to: &Sender<Holding>, until: Option<Instant>, problem: Option<String>) {
    to.send_modify(|holding| {
        // What has once been over does not go on.
        if until.is_some() && !holding.is_held() {
            holding.number += 1;
        }
        holding.until = until;
        holding.is_known |= problem.is_none();
        holding.problem = problem;
    });
}

/// A time for which a Lease is held. Once it is over it never goes on: what was known before may be
/// out of date, as another process may have had its turn.
#[derive(Clone, Debug)]
pub struct Term {
    holding: Receiver<Holding>,
    number: u64,
}

impl Term {
    /// The term that goes on now.
    pub(crate) fn now(holding: &Receiver<Holding>) -> Option<Term> {
        let now = holding.borrow();
        now.is_held().then(|| Term {
            holding: holding.clone(),
            number: now.number,
        })
    }

    /// Waits for a term to begin.
    pub(crate) async fn next(mut holding: Receiver<Holding>) -> Option<Term> {
        loop {
            let term = Term::now(&holding);
            if term.is_some() || holding.changed().await.is_err() {
                return term;
            }
        }
    }

    /// Whether another process may hold the Lease, or may have held it since.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.end().is_none()
    }

    fn end(&self) -> Option<Instant> {
        let holding = self.holding.borrow();
        let is_held = holding.number == self.number && holding.is_held();
        holding.until.filter(|_| is_held)
    }

    /// Waits until it is over.
    pub(crate) async fn over(mut self) {
        while let Some(end) = self.end() {
            let end = time::Instant::from_std(end);
            if let Ok(Err(_)) = time::timeout_at(end, self.holding.changed()).await {
                // Nobody renews it any more.
                time::sleep_until(end).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Duration};

    use tokio::sync::watch;

    use super::*;

    #[test]
    fn a_term_that_is_over_does_not_go_on() {
        let (sender, holding) = watch::channel(Holding::default());
        assert!(Term::now(&holding).is_none());
        let soon = || Some(Instant::now() + Duration::from_millis(20));
        let late = || Some(Instant::now() + Duration::from_secs(3600));
        tell(&sender, late(), None);
        let renewed = Term::now(&holding).unwrap();
        tell(&sender, late(), Some("no answer".to_owned()));
        assert!(!renewed.is_over());
        // It ends by itself where nobody says that it is lost.
        tell(&sender, soon(), None);
        thread::sleep(Duration::from_millis(40));
        assert!(renewed.is_over());
        tell(&sender, late(), None);
        assert!(renewed.is_over());
        let next = Term::now(&holding).unwrap();
        assert!(!next.is_over());
        // It ends at once where the server says so.
        tell(&sender, None, None);
        assert!(next.is_over());
    }
}
