//! Dice that fall the same way for the same seed.

use std::cell::Cell;

use serde_json::{Map, Value};

/// A generator of numbers (SplitMix64), which is all the chance in what is drawn.
#[derive(Debug)]
pub(crate) struct Dice(Cell<u64>);

impl Dice {
    /// Dice for one seed of one family.
    pub(crate) fn new(family: &str, seed: u64) -> Dice {
        let mix = |state: u64, byte: u8| (state ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        Dice(Cell::new(
            family.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, mix),
        ))
    }

    fn next(&self) -> u64 {
        let mut mixed = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(mixed);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound, which is at least 1.
    pub(crate) fn below(&self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % bound).unwrap_or_default()
    }

    /// True so many times in a hundred.
    pub(crate) fn percent(&self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// One of several.
    pub(crate) fn one<T: Clone>(&self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// One of the values in a JSON list.
    pub(crate) fn of(&self, list: &Value) -> Value {
        self.one(list.as_array().map_or(&[], Vec::as_slice))
    }

    /// So many things that are drawn alike, from `least` to `most`.
    pub(crate) fn many<T>(
        &self,
        least: usize,
        most: usize,
        mut draw: impl FnMut(&Dice) -> T,
    ) -> Vec<T> {
        let count = least + self.below(most + 1 - least);
        (0..count).map(|_| draw(self)).collect()
    }

    /// A map of some of the entries of a JSON map, each kept so many times in a hundred.
    pub(crate) fn some(&self, of: Value, chance: usize) -> Value {
        let Value::Object(entries) = of else {
            return of;
        };
        let mut kept = Map::new();
        for (key, value) in entries {
            if self.percent(chance) {
                kept.insert(key, value);
            }
        }
        Value::Object(kept)
    }
}
