//! What an evaluation is given, and what it gives.

use crate::{error::Evaluated, host::Host};

/// Where the variables of an evaluation come from. Each is asked for at most once in an evaluation,
/// and only when it is read.
pub trait Variables<'a> {
    /// The value of a variable, or why it has none; nothing if there is no such variable.
    fn get(&self, name: &str) -> Option<Evaluated<'a>>;
}

/// No variables.
impl<'a> Variables<'a> for () {
    fn get(&self, _name: &str) -> Option<Evaluated<'a>> {
        None
    }
}

/// How an expression is evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Options<'h> {
    /// The world.
    pub host: &'h dyn Host,
    /// What the evaluation may cost at most.
    pub cost_limit: Option<u64>,
}

/// What an evaluation gave, and what it cost as Kubernetes counts it.
#[derive(Clone, Debug)]
pub struct Outcome<'a> {
    /// The value, or why there is none.
    pub result: Evaluated<'a>,
    /// The cost, also of an evaluation that failed.
    pub cost: u64,
}
