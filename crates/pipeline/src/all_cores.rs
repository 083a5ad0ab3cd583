//! Work on all cores, by the threads that evaluate documents.

use rayon::prelude::*;

/// How many threads there are.
#[must_use]
pub fn count() -> usize {
    rayon::current_num_threads()
}

/// What becomes of each share of so many items, in their order.
pub fn map_shares<T: Sync, R: Send>(
    items: &[T],
    share: usize,
    work: impl Fn(&[T]) -> R + Sync + Send,
) -> Vec<R> {
    items.par_chunks(share.max(1)).map(work).collect()
}
