//! How a library says which functions it has.
//!
//! ```text
//! Overload::new("string_char_at_int", "string.charAt(int) -> string", char_at)
//! ```
//!
//! A signature is written as cel-go prints it. `receiver.name(parameters) -> result` is a member
//! function, `name(parameters) -> result` a global one; a name may have a namespace
//! (`math.round(double, int) -> double` is global, because `math` is no type). Types are
//! `int`, `uint`, `double`, `bool`, `string`, `bytes`, `null_type`, `dyn`, `duration`, `timestamp`,
//! `list(T)`, `map(K, V)`, `type(T)`, `optional_type(T)`, names with a capital after the last dot
//! (`kubernetes.Quantity`), messages (`message(user.ServiceAccount)`), and one capital letter for a type parameter.

use crate::{error::Evaluated, host::Host, syntax::macros::Macro, value::Value};

/// What a function computes. A member function finds its receiver at the front of the arguments.
/// Arguments that do not fit give [`EvalError::no_such_overload`](crate::error::EvalError::no_such_overload).
pub type Implementation = for<'a> fn(&Call<'_>, &[Value<'a>]) -> Evaluated<'a>;

/// What a call costs beyond its arguments.
#[derive(Clone, Copy, Debug)]
pub enum Cost {
    /// 1.
    One,
    /// What the arguments make it.
    OfArguments(fn(&[Value<'_>]) -> u64),
    /// What the arguments and the result (nothing if it failed) make it.
    OfResult(fn(&[Value<'_>], Option<&Value<'_>>) -> u64),
}

/// What an implementation may use.
#[derive(Clone, Copy, Debug)]
pub struct Call<'c> {
    /// The world.
    pub host: &'c dyn Host,
}

/// One way to call a function.
#[derive(Clone, Copy, Debug)]
pub struct Overload {
    /// cel-go's name of the overload, such as `size_string`.
    pub id: &'static str,
    /// How it is called, and what it gives.
    pub signature: &'static str,
    /// What it computes.
    pub implementation: Implementation,
    /// What it costs.
    pub cost: Cost,
    /// Whether that is only its cost where the types of the arguments leave no other overload, and
    /// 1 otherwise.
    pub cost_when_resolved: bool,
    /// Whether the same arguments always give the same result, so that a call on constants can be
    /// computed when the expression is compiled.
    pub pure: bool,
}

impl Overload {
    /// A pure overload that costs 1.
    #[must_use]
    pub const fn new(
        id: &'static str,
        signature: &'static str,
        implementation: Implementation,
    ) -> Overload {
        Overload {
            id,
            signature,
            implementation,
            cost: Cost::One,
            cost_when_resolved: false,
            pure: true,
        }
    }

    /// The same overload with a cost of its own.
    #[must_use]
    pub const fn costs(mut self, cost: fn(&[Value<'_>]) -> u64) -> Overload {
        self.cost = Cost::OfArguments(cost);
        self
    }

    /// The same overload with a cost that depends on its result.
    #[must_use]
    pub const fn costs_by_result(
        mut self,
        cost: fn(&[Value<'_>], Option<&Value<'_>>) -> u64,
    ) -> Overload {
        self.cost = Cost::OfResult(cost);
        self
    }

    /// The same overload, whose cost counts where the types of the arguments leave no other
    /// overload: that is how cel-go finds the costs of its own functions.
    #[must_use]
    pub const fn when_resolved(mut self) -> Overload {
        self.cost_when_resolved = true;
        self
    }

    /// [`Overload::costs`] and [`Overload::when_resolved`].
    #[must_use]
    pub const fn costs_when_resolved(self, cost: fn(&[Value<'_>]) -> u64) -> Overload {
        self.costs(cost).when_resolved()
    }

    /// The same overload, which asks the world.
    #[must_use]
    pub const fn impure(mut self) -> Overload {
        self.pure = false;
        self
    }
}

/// A family of functions that an environment takes or leaves as a whole.
#[derive(Clone, Copy, Debug)]
pub struct Library {
    /// Its name, such as `kubernetes.quantity`.
    pub name: &'static str,
    /// The functions.
    pub overloads: &'static [Overload],
    /// The macros.
    pub macros: &'static [Macro],
    /// Constants and objects that stand under a name, such as `resource`: name and type.
    pub variables: &'static [(&'static str, &'static str)],
}
