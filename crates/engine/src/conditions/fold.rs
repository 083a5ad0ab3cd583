//! Many conditions as one: `any` and `all` blocks, and the older plain list.
//!
//! ```yaml
//! any:                  # holds when one of these does; the first one ends the search
//! - {key: …, operator: …, value: …}
//! all:                  # and when all of these do; the first that does not ends the search
//! - {key: …, operator: …, value: …}
//! ```
//!
//! A missing block holds, and so does an empty `all`; an empty `any` does not. Both blocks are
//! evaluated, `any` first, whatever `any` gives. The plain list is an `all`.

/// Conditions of type `C`, as a rule has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conditions<C> {
    /// `any` and `all`.
    Block(ConditionBlock<C>),
    /// The older plain list.
    List(Vec<C>),
}

/// The two blocks of conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionBlock<C> {
    /// One must hold.
    pub any: Option<Vec<C>>,
    /// Every one must hold.
    pub all: Option<Vec<C>>,
}

impl<C> Default for ConditionBlock<C> {
    fn default() -> Self {
        ConditionBlock {
            any: None,
            all: None,
        }
    }
}

impl<C> Conditions<C> {
    /// Every condition, in the order of evaluation.
    pub fn iter(&self) -> impl Iterator<Item = &C> {
        let (first, second) = match self {
            Conditions::Block(block) => (block.any.as_deref(), block.all.as_deref()),
            Conditions::List(list) => (Some(list.as_slice()), None),
        };
        first
            .unwrap_or_default()
            .iter()
            .chain(second.unwrap_or_default())
    }
}

/// Whether the conditions hold, and what the ones that decided say.
///
/// `check` tells whether one condition holds, and its message, which may be empty. It is called
/// only for the conditions that the answer depends on.
///
/// # Errors
/// The first error of `check`.
pub fn evaluate_conditions<'c, C, E>(
    conditions: &'c Conditions<C>,
    mut check: impl FnMut(&'c C) -> Result<(bool, String), E>,
) -> Result<(bool, String), E> {
    match conditions {
        Conditions::Block(block) => evaluate_block(block, &mut check),
        Conditions::List(list) => every(list, ";", check),
    }
}

/// Whether every block holds; the first that does not is the answer.
///
/// # Errors
/// The first error of `check`.
pub fn evaluate_blocks<'c, C, E>(
    blocks: &'c [ConditionBlock<C>],
    mut check: impl FnMut(&'c C) -> Result<(bool, String), E>,
) -> Result<(bool, String), E> {
    every(blocks, ";", |block| evaluate_block(block, &mut check))
}

fn every<'c, C, E>(
    conditions: &'c [C],
    separator: &str,
    mut check: impl FnMut(&'c C) -> Result<(bool, String), E>,
) -> Result<(bool, String), E> {
    let mut held = Messages::new(separator);
    for condition in conditions {
        let (holds, message) = check(condition)?;
        if !holds {
            return Ok((false, message));
        }
        held.add(&message);
    }
    Ok((true, held.text))
}

fn evaluate_block<'c, C, E>(
    block: &'c ConditionBlock<C>,
    check: &mut impl FnMut(&'c C) -> Result<(bool, String), E>,
) -> Result<(bool, String), E> {
    let mut held = Messages::new("; ");
    let mut failed = Messages::new("; ");
    let mut any_holds = block.any.is_none();
    for condition in block.any.iter().flatten() {
        let (holds, message) = check(condition)?;
        if holds {
            held.add(&message);
            any_holds = true;
            break;
        }
        failed.add(&message);
    }
    let mut all_hold = true;
    for condition in block.all.iter().flatten() {
        let (holds, message) = check(condition)?;
        if !holds {
            failed.add(&message);
            all_hold = false;
            break;
        }
        held.add(&message);
    }
    let result = any_holds && all_hold;
    Ok((result, if result { held.text } else { failed.text }))
}

/// Messages joined by a separator; empty ones are left out.
struct Messages<'s> {
    separator: &'s str,
    text: String,
}

impl<'s> Messages<'s> {
    fn new(separator: &'s str) -> Messages<'s> {
        Messages {
            separator,
            text: String::new(),
        }
    }

    fn add(&mut self, message: &str) {
        if !self.text.is_empty() && !message.is_empty() {
            self.text.push_str(self.separator);
        }
        self.text.push_str(message);
    }
}
