//! Regular expressions that are known only when an expression is evaluated.
//!
//! Each is compiled once for an evaluation, and compiling it spends a part of the evaluation's
//! allowance: a loop that makes patterns up would take no end of time.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use portcullis_values::regexp::{GoRegexp, RegexpError};

use crate::{effort, error::EvalError};

/// What compiling the smallest pattern takes.
const PATTERN: u64 = 1_000;

/// So many bytes of a compiled pattern take a unit.
const BYTES: usize = 4;

thread_local! {
    /// The patterns of this thread's evaluation.
    static COMPILED: RefCell<BTreeMap<String, Rc<GoRegexp>>> = const { RefCell::new(BTreeMap::new()) };
}

/// A compiled pattern; `told` words why it is none.
pub(crate) fn compiled(
    pattern: &str,
    told: fn(&RegexpError) -> String,
) -> Result<Rc<GoRegexp>, Box<EvalError>> {
    let known = COMPILED.with_borrow(|known| known.get(pattern).map(Rc::clone));
    if let Some(known) = known {
        return Ok(known);
    }
    effort::take(PATTERN)?;
    let regex = GoRegexp::compile(pattern).map_err(|error| EvalError::new(told(&error)))?;
    effort::spend(u64::try_from(regex.size() / BYTES).unwrap_or(u64::MAX));
    let regex = Rc::new(regex);
    COMPILED.with_borrow_mut(|known| known.insert(pattern.to_owned(), Rc::clone(&regex)));
    Ok(regex)
}

/// Forgets the patterns of an evaluation that ends.
pub(crate) fn forget() {
    COMPILED.with_borrow_mut(BTreeMap::clear);
}
