//! The families, each in a file of its own.

mod cleanup;
mod exceptions;
mod generation;
mod images;
mod lint;
mod mutation;
mod suites;
mod validation;

use crate::case::Family;

/// All families, in the order in which they are run.
pub(crate) const FAMILIES: &[Family] = &[
    validation::FAMILY,
    exceptions::FAMILY,
    mutation::FAMILY,
    generation::FAMILY,
    images::FAMILY,
    cleanup::FAMILY,
    suites::FAMILY,
    lint::FAMILY,
];

/// Their names.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().map(|family| family.name)
}

#[cfg(test)]
mod tests {
    use super::FAMILIES;
    use crate::{case::Size, dice::Dice};

    #[test]
    fn the_same_seed_draws_the_same_case() {
        let size = Size {
            policies: 5,
            objects: 5,
        };
        for family in FAMILIES {
            let draw = |seed| (family.draw)(&Dice::new(family.name, seed), size);
            assert_eq!(draw(7), draw(7), "{}", family.name);
            assert_ne!(draw(7), draw(8), "{}", family.name);
        }
    }
}
