//! How far the values of variables are looked through for further variables: an object may hold a
//! variable whose value is the object.

use std::cell::Cell;

/// How deep values may stand in values.
const MAX_DEPTH: usize = 16;
/// How many variables the value of one variable may bring up, all in all.
const MAX_VARIABLES: usize = 1_000;

/// Values within values that are looked through at a time.
#[derive(Clone, Copy, Default)]
pub(super) struct Nesting {
    depth: usize,
    variables: usize,
}

/// Goes one value deeper, and calls; none where that is too deep.
pub(super) fn within<T>(nesting: &Cell<Nesting>, call: impl FnOnce() -> T) -> Option<T> {
    let outer = nesting.get();
    if outer.depth == MAX_DEPTH {
        return None;
    }
    let variables = if outer.depth == 0 { 0 } else { outer.variables };
    nesting.set(Nesting {
        depth: outer.depth + 1,
        variables,
    });
    let outcome = call();
    nesting.set(Nesting {
        depth: outer.depth,
        variables: nesting.get().variables,
    });
    Some(outcome)
}

/// Counts a variable that came up; false where there were too many.
pub(super) fn count(nesting: &Cell<Nesting>) -> bool {
    let now = nesting.get();
    if now.depth == 0 {
        return true;
    }
    let variables = now.variables + 1;
    nesting.set(Nesting { variables, ..now });
    variables <= MAX_VARIABLES
}
