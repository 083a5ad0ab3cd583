//! `Scope`: the root value of an evaluation.

use portcullis_values::Val;

use crate::error::EvalError;

/// The root value of an evaluation: a plain value, or a layered context that answers by name.
pub trait Scope<'a> {
    /// The value of the field `name` of the root. `None` when the root is a map without it; a root
    /// that is no map has null for every field.
    fn field(&self, name: &str) -> Result<Option<Val<'a>>, EvalError>;

    /// The field `key` of the root's field `name`, from a root that need not build all of that field
    /// to tell it. `None` where it has no such shorter way, or nothing there.
    fn part(&self, _name: &str, _key: &str) -> Option<Val<'a>> {
        None
    }

    /// The root as one value, for an expression that uses it as a whole (`@`, `[*]`, `keys(@)`).
    fn whole(&self) -> Result<Val<'a>, EvalError>;

    /// Whether the root is null.
    fn is_null(&self) -> bool {
        false
    }
}

impl<'a> Scope<'a> for Val<'a> {
    fn field(&self, name: &str) -> Result<Option<Val<'a>>, EvalError> {
        match self {
            Val::Map(map) => Ok(map.get(name)),
            _ => Ok(Some(Val::Null)),
        }
    }

    fn whole(&self) -> Result<Val<'a>, EvalError> {
        Ok(self.clone())
    }

    fn is_null(&self) -> bool {
        Val::is_null(self)
    }
}
