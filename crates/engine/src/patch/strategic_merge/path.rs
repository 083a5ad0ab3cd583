//! Where in the object a merge is.

use super::MAX_DEPTH;
use crate::patch::error::PatchError;

/// Where in the object.
#[derive(Debug, Default)]
pub(super) struct Path {
    steps: Vec<String>,
}

impl Path {
    pub(super) fn new() -> Path {
        Path::default()
    }

    /// Goes one step down while something runs.
    pub(super) fn at<T>(
        &mut self,
        step: &str,
        run: impl FnOnce(&mut Path) -> Result<T, PatchError>,
    ) -> Result<T, PatchError> {
        if self.steps.len() >= MAX_DEPTH {
            return Err(PatchError::TooDeep(MAX_DEPTH));
        }
        self.steps.push(step.to_owned());
        let result = run(self);
        self.steps.pop();
        result
    }

    pub(super) fn text(&self) -> String {
        format!("/{}", self.steps.join("/"))
    }
}
