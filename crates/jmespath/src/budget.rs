//! The limits of one evaluation, so that no expression can run or grow without end.

use std::cell::Cell;

use crate::error::Fault;

/// How many steps an evaluation may take: nodes evaluated, values compared or copied.
const MAX_STEPS: i64 = 10_000_000;

/// How long a text may become that a function makes, in bytes.
pub(crate) const MAX_TEXT: usize = 32 << 20;

/// What is left of an evaluation's steps.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Below zero once they ran out, which is for good.
    steps: Cell<i64>,
}

impl Budget {
    pub(crate) fn new() -> Budget {
        Budget {
            steps: Cell::new(MAX_STEPS),
        }
    }

    /// Takes `steps` off the budget.
    #[inline]
    pub(crate) fn charge<'a>(&self, steps: usize, offset: usize) -> Result<(), Fault<'a>> {
        let left = self.steps.get();
        match i64::try_from(steps) {
            Ok(steps) if steps <= left => {
                self.steps.set(left - steps);
                Ok(())
            }
            _ => {
                self.steps.set(-1);
                Err(exhausted(offset))
            }
        }
    }

    /// An error once the steps ran out.
    pub(crate) fn check<'a>(&self, offset: usize) -> Result<(), Fault<'a>> {
        if self.steps.get() < 0 {
            return Err(exhausted(offset));
        }
        Ok(())
    }
}

#[cold]
fn exhausted<'a>(offset: usize) -> Fault<'a> {
    Fault::runtime(
        offset,
        format!("the expression takes more than {MAX_STEPS} steps on this input"),
    )
}
