//! How much wider than needed configurations are. The API server refuses some that policies ask for; a
//! wider one is never weaker, since the policies look at all that is sent once more.

use std::borrow::Cow;

use super::Settings;
use crate::configuration::Configuration;

/// How wide they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Width {
    /// As narrow as the policies need.
    Needed,
    /// No policy has a webhook of its own: each tests its `matchConditions` itself.
    Together,
    /// Every request is sent.
    Everything,
    /// Every request is sent, and nothing of the ConfigMap is in them.
    Bare,
}

impl Width {
    /// From the narrowest to the widest.
    pub const ALL: [Width; 4] = [
        Width::Needed,
        Width::Together,
        Width::Everything,
        Width::Bare,
    ];

    /// What configurations of this width depend on.
    pub(super) fn settings(self, settings: &Settings) -> Cow<'_, Settings> {
        match self {
            Width::Bare => Cow::Owned(Settings {
                configuration: Configuration::default(),
                ..settings.clone()
            }),
            _ => Cow::Borrowed(settings),
        }
    }

    /// Whether every request is sent.
    pub(super) fn is_everything(self) -> bool {
        self >= Width::Everything
    }
}
