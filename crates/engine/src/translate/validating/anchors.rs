//! How the anchors of a map decide together whether its fields are looked at, as expressions.

use crate::translate::cel_text;

/// The anchors of a map, each as where it passes, and where it skips.
#[derive(Default)]
pub(super) struct Anchors {
    /// Conditions: one that does not hold leaves the map out.
    pub(super) conditions: Vec<String>,
    /// Others: they leave the map out where all of them skip.
    pub(super) others: Vec<(String, String)>,
}

/// What comes of them.
pub(super) struct Decision {
    /// Where the map is left out.
    pub(super) skip: String,
    /// What must hold for its fields to be looked at.
    pub(super) goes_on: Vec<String>,
}

impl Anchors {
    pub(super) fn decide(self) -> Decision {
        let Anchors { conditions, others } = self;
        if conditions.is_empty() {
            return of_others(others);
        }
        Decision {
            skip: cel_text::not(&cel_text::all(conditions.clone())),
            goes_on: conditions
                .into_iter()
                .chain(others.iter().map(fit))
                .collect(),
        }
    }
}

fn of_others(others: Vec<(String, String)>) -> Decision {
    let fits: Vec<String> = others.iter().map(fit).collect();
    let is_kept = others.iter().all(|(_, skips)| skips == "false");
    let (passes, skips): (Vec<String>, Vec<String>) = others.into_iter().unzip();
    if is_kept || passes.len() < 2 {
        return Decision {
            skip: cel_text::any(skips),
            goes_on: passes,
        };
    }
    let one_passes = cel_text::any(passes);
    let all_skip = fits.iter().cloned().chain([cel_text::not(&one_passes)]);
    Decision {
        skip: cel_text::all(all_skip.collect()),
        goes_on: fits.into_iter().chain([one_passes]).collect(),
    }
}

/// Where an anchor passes or skips.
fn fit((passes, skips): &(String, String)) -> String {
    cel_text::any(vec![passes.clone(), skips.clone()])
}

impl Decision {
    /// Where the map is allowed; its fields are where `rest` holds.
    pub(super) fn then(self, rest: String) -> String {
        let passes = cel_text::all(self.goes_on);
        if self.skip == cel_text::not(&passes) {
            return cel_text::any(vec![self.skip, rest]);
        }
        cel_text::any(vec![self.skip, cel_text::all(vec![passes, rest])])
    }
}
