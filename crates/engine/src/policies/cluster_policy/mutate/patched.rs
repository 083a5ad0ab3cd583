//! An object while a rule changes it: copied at the first change, and then changed in place, so that
//! a loop takes no copy for each element.

use std::borrow::Cow;

use serde_json::Value;

use crate::patch::PatchError;

pub(super) struct Patched<'o> {
    object: Cow<'o, Value>,
    is_changed: bool,
}

impl<'o> Patched<'o> {
    pub(super) fn new(object: &'o Value) -> Patched<'o> {
        Patched {
            object: Cow::Borrowed(object),
            is_changed: false,
        }
    }

    /// Applies a patch; nothing of the object is left where it fails.
    pub(super) fn apply(
        &mut self,
        patch: impl FnOnce(Value) -> Result<Value, PatchError>,
    ) -> Result<(), PatchError> {
        let before = std::mem::take(&mut self.object).into_owned();
        self.object = Cow::Owned(patch(before)?);
        self.is_changed = true;
        Ok(())
    }

    /// The object after the patches until here, where there were any.
    pub(super) fn so_far(&self) -> Option<&Value> {
        self.is_changed.then(|| self.object.as_ref())
    }

    /// The object after the patches, where there were any.
    pub(super) fn changed(self) -> Option<Value> {
        self.is_changed.then(|| self.object.into_owned())
    }
}
