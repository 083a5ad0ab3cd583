//! `Schedule`: when a cleanup policy runs.
//!
//! Kyverno reads a schedule twice, in two dialects: one when the policy is checked, another one to
//! run it. Both must understand it. Runs count from the last one, or from the policy's creation;
//! however many were missed, they are made up for by one.

use portcullis_values::cron::{Expression, Standard};
use portcullis_values::gotime::GoTime;

/// When a policy runs.
#[derive(Clone, Debug)]
pub struct Schedule(Expression);

/// What is to be done at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Whether a run is due.
    pub is_due: bool,
    /// When to look again; none for a schedule that has ended.
    pub next: Option<GoTime>,
}

/// That a schedule names some day that there is.
///
/// # Errors
/// That it names none.
pub(crate) fn comes(run: &Expression, text: &str) -> Result<(), String> {
    match run.next(&GoTime::from_unix(0, 0)) {
        Some(_) => Ok(()),
        None => Err(format!(
            "`{text}` names no day that there is, and would never run; name one"
        )),
    }
}

impl Schedule {
    /// Reads a schedule.
    ///
    /// # Errors
    /// Why one of the two dialects does not understand it, or that it never comes.
    pub fn parse(text: &str) -> Result<Schedule, String> {
        Standard::parse(text).map_err(|error| error.to_string())?;
        let run = Expression::parse(text).map_err(|error| {
            format!("{error}; Kyverno accepts this schedule and never runs it, write five fields")
        })?;
        comes(&run, text)?;
        Ok(Schedule(run))
    }

    /// What is to be done at `now`, where the last run was at `last`; for a policy that has not run,
    /// its creation.
    #[must_use]
    pub fn turn(&self, last: &GoTime, now: &GoTime) -> Turn {
        match self.0.next(last) {
            Some(due) if due <= *now => Turn {
                is_due: true,
                next: self.0.next(now),
            },
            next => Turn {
                is_due: false,
                next,
            },
        }
    }
}
