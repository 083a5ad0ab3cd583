//! Where in the object a merge is, and whether it has changed something.

use super::MAX_DEPTH;
use crate::patch::error::PatchError;

/// Where in the object, by the keys of a patch.
#[derive(Debug, Default)]
pub(super) struct Path<'p> {
    steps: Vec<&'p str>,
    is_changed: bool,
}

impl<'p> Path<'p> {
    pub(super) fn new() -> Path<'p> {
        Path::default()
    }

    /// Whether the object is another one than before.
    pub(super) fn is_changed(&self) -> bool {
        self.is_changed
    }

    /// Notes that something changes, where it does.
    pub(super) fn note(&mut self, is_changed: bool) {
        self.is_changed |= is_changed;
    }

    /// Runs what may note changes that come to nothing; what it gives is compared instead.
    pub(super) fn compared<T>(
        &mut self,
        run: impl FnOnce(&mut Path<'p>) -> T,
        is_changed: impl FnOnce(&T) -> bool,
    ) -> T {
        let before = self.is_changed;
        let given = run(self);
        self.is_changed = before || is_changed(&given);
        given
    }

    /// Goes one step down while something runs.
    pub(super) fn at<T>(
        &mut self,
        step: &'p str,
        run: impl FnOnce(&mut Path<'p>) -> Result<T, PatchError>,
    ) -> Result<T, PatchError> {
        if self.steps.len() >= MAX_DEPTH {
            return Err(PatchError::TooDeep(MAX_DEPTH));
        }
        self.steps.push(step);
        let result = run(self);
        self.steps.pop();
        result
    }

    pub(super) fn text(&self) -> String {
        format!("/{}", self.steps.join("/"))
    }
}
