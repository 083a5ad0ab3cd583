//! The families, each in a file of its own.

mod cel_autogen;
mod cel_exceptions;
mod cel_rules;
mod cleanup;
mod copies;
mod deleting;
mod exceptions;
mod generating;
mod generation;
mod image_validating;
mod images;
mod lint;
mod loops;
mod mutating;
mod mutation;
mod payloads;
mod suites;
mod targets;
mod validating;
mod validation;

use crate::case::Family;

/// All families, in the order in which they are run.
pub(crate) const FAMILIES: &[Family] = &[
    validation::FAMILY,
    exceptions::FAMILY,
    mutation::FAMILY,
    generation::FAMILY,
    targets::FAMILY,
    loops::FAMILY,
    copies::FAMILY,
    images::FAMILY,
    cleanup::FAMILY,
    suites::FAMILY,
    lint::FAMILY,
    validating::FAMILY,
    mutating::FAMILY,
    generating::FAMILY,
    deleting::FAMILY,
    image_validating::FAMILY,
    cel_autogen::FAMILY,
    cel_rules::FAMILY,
    cel_exceptions::FAMILY,
    payloads::FAMILY,
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
