//! The limits of one evaluation, so that no expression can run or grow without end.

use std::cell::Cell;

use crate::error::Fault;

/// How many steps an evaluation may take: nodes evaluated, values compared or copied.
const MAX_STEPS: u64 = 10_000_000;

/// How long a text may become that a function makes, in bytes.
pub(crate) const MAX_TEXT: usize = 32 << 20;

/// What is left of an evaluation's steps.
#[derive(Debug)]
pub(crate) struct Budget {
    steps: Cell<u64>,
}

impl Budget {
    pub(crate) fn new() -> Budget {
        Budget {
            steps: Cell::new(MAX_STEPS),
        }
    }

    /// Takes `steps` off the budget.
    pub(crate) fn charge<'a>(&self, steps: u64, offset: usize) -> Result<(), Fault<'a>> {
        match self.steps.get().checked_sub(steps) {
            Some(left) => {
                self.steps.set(left);
                Ok(())
            }
            None => Err(Fault::runtime(
                offset,
                format!("the expression takes more than {MAX_STEPS} steps on this input"),
            )),
        }
    }
}
