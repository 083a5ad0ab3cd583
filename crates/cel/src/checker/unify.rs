//! Whether types agree, and what type parameters stand for.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::types::Type;

/// What type parameters stand for so far. Every step is counted, so that types that grow with each
/// use of a variable end in an error instead of taking forever.
#[derive(Debug, Default)]
pub(super) struct Mapping {
    of: FxHashMap<Arc<str>, Type>,
    /// What was mapped before each change, to take changes back.
    trail: Vec<(Arc<str>, Option<Type>)>,
    next: usize,
    steps: usize,
}

const MAX_STEPS: usize = 5_000_000;

impl Mapping {
    /// A type parameter that no other type has.
    pub(super) fn fresh(&mut self) -> Type {
        let name = format!("_var{}", self.next);
        self.next += 1;
        Type::Param(name.into())
    }

    /// Whether the types took too many steps to compare.
    pub(super) fn is_exhausted(&self) -> bool {
        self.steps > MAX_STEPS
    }

    fn step(&mut self) -> bool {
        self.steps += 1;
        !self.is_exhausted()
    }

    fn map(&mut self, name: &Arc<str>, to: Type) {
        let before = self.of.insert(name.clone(), to);
        self.trail.push((name.clone(), before));
    }

    fn undo(&mut self, length: usize) {
        while self.trail.len() > length {
            match self.trail.pop() {
                Some((name, Some(before))) => drop(self.of.insert(name, before)),
                Some((name, None)) => drop(self.of.remove(&name)),
                None => {}
            }
        }
    }

    /// Whether a value of each type on the left can be used where the right one is wanted; if so,
    /// type parameters stand for what that takes.
    pub(super) fn all_assignable(&mut self, from: &[Type], to: &[Type]) -> bool {
        let length = self.trail.len();
        let agrees =
            from.len() == to.len() && from.iter().zip(to).all(|(from, to)| self.agrees(from, to));
        match agrees {
            true => self.trail.clear(),
            false => self.undo(length),
        }
        agrees
    }

    /// The same for one type.
    pub(super) fn assignable(&mut self, from: &Type, to: &Type) -> bool {
        self.all_assignable(std::slice::from_ref(from), std::slice::from_ref(to))
    }

    fn agrees(&mut self, left: &Type, right: &Type) -> bool {
        if !self.step() {
            return false;
        }
        if let Type::Param(name) = right {
            match self.substitution(left, name) {
                Substitution::Valid => return true,
                Substitution::Conflicts => return false,
                Substitution::Impossible => {}
            }
        }
        if let Type::Param(name) = left {
            return matches!(self.substitution(right, name), Substitution::Valid);
        }
        match (left, right) {
            (Type::Dyn | Type::Any | Type::Error, _) | (_, Type::Dyn | Type::Any | Type::Error) => {
                true
            }
            (Type::Null, other) | (other, Type::Null) => is_nullable(other),
            (Type::Wrapper(inner), other) | (other, Type::Wrapper(inner)) => match other {
                Type::Wrapper(of) => inner == of,
                other => **inner == *other,
            },
            (Type::Type(_), Type::Type(_)) => true,
            (Type::List(left), Type::List(right)) => self.agrees(left, right),
            (Type::Map(key, value), Type::Map(other_key, other_value)) => {
                self.agrees(key, other_key) && self.agrees(value, other_value)
            }
            (Type::Opaque(name, left), Type::Opaque(other, right)) => {
                name == other
                    && left.len() == right.len()
                    && left
                        .iter()
                        .zip(right.iter())
                        .all(|(left, right)| self.agrees(left, right))
            }
            (left, right) => left == right,
        }
    }

    /// Whether a parameter may stand for a type.
    fn substitution(&mut self, of: &Type, name: &Arc<str>) -> Substitution {
        if matches!(of, Type::Param(other) if other == name) {
            return Substitution::Valid;
        }
        if let Some(now) = self.of.get(name).cloned() {
            if !self.agrees(of, &now) {
                return Substitution::Conflicts;
            }
            let general = most_general(of, &now);
            if !self.refers(name, &general) {
                self.map(name, general);
            }
            return Substitution::Valid;
        }
        match self.refers(name, of) {
            true => Substitution::Impossible,
            false => {
                self.map(name, of.clone());
                Substitution::Valid
            }
        }
    }

    /// Whether a type holds a parameter.
    fn refers(&mut self, name: &Arc<str>, of: &Type) -> bool {
        if !self.step() {
            return true;
        }
        match of {
            Type::Param(other) if other == name => true,
            Type::Param(other) => match self.of.get(other).cloned() {
                Some(of) => self.refers(name, &of),
                None => false,
            },
            Type::List(inner) | Type::Type(inner) | Type::Wrapper(inner) => {
                self.refers(name, inner)
            }
            Type::Map(key, value) => self.refers(name, key) || self.refers(name, value),
            Type::Opaque(_, inner) => inner.iter().any(|of| self.refers(name, of)),
            _ => false,
        }
    }

    /// The type with what its parameters stand for; a parameter that stands for nothing stays, or
    /// is `dyn`.
    pub(super) fn substitute(&mut self, of: &Type, unknown_is_dyn: bool) -> Type {
        if !self.step() {
            return Type::Dyn;
        }
        match of {
            Type::Param(name) => match self.of.get(name).cloned() {
                Some(to) => self.substitute(&to, unknown_is_dyn),
                None if unknown_is_dyn => Type::Dyn,
                None => of.clone(),
            },
            Type::List(inner) => Type::list(self.substitute(inner, unknown_is_dyn)),
            Type::Type(inner) => Type::of(self.substitute(inner, unknown_is_dyn)),
            Type::Map(key, value) => Type::map(
                self.substitute(key, unknown_is_dyn),
                self.substitute(value, unknown_is_dyn),
            ),
            Type::Opaque(name, inner) if !inner.is_empty() => {
                let inner = inner.iter().map(|of| self.substitute(of, unknown_is_dyn));
                Type::Opaque(name.clone(), inner.collect())
            }
            plain => plain.clone(),
        }
    }

    /// A type with its parameters replaced by fresh ones.
    pub(super) fn renamed(&mut self, of: &Type, names: &[(Arc<str>, Type)]) -> Type {
        match of {
            Type::Param(name) => {
                let found = names.iter().find(|(known, _)| known == name);
                found.map_or_else(|| of.clone(), |(_, fresh)| fresh.clone())
            }
            Type::List(inner) => Type::list(self.renamed(inner, names)),
            Type::Type(inner) => Type::of(self.renamed(inner, names)),
            Type::Map(key, value) => {
                Type::map(self.renamed(key, names), self.renamed(value, names))
            }
            Type::Opaque(name, inner) if !inner.is_empty() => {
                let inner = inner.iter().map(|of| self.renamed(of, names));
                Type::Opaque(name.clone(), inner.collect())
            }
            plain => plain.clone(),
        }
    }
}

enum Substitution {
    /// The parameter stands for the type.
    Valid,
    /// It stands for another type that does not agree.
    Conflicts,
    /// The type holds the parameter.
    Impossible,
}

/// Whether null may stand for a value of the type, as cel-go has it.
fn is_nullable(of: &Type) -> bool {
    matches!(
        of,
        Type::Null
            | Type::Opaque(..)
            | Type::Duration
            | Type::Struct(_)
            | Type::Timestamp
            | Type::Wrapper(_)
    )
}

/// The one of two types that agree that says less.
pub(super) fn most_general(left: &Type, right: &Type) -> Type {
    match says_no_more(left, right) {
        true => left.clone(),
        false => right.clone(),
    }
}

fn says_no_more(left: &Type, right: &Type) -> bool {
    match (left, right) {
        (Type::Dyn | Type::Any | Type::Param(_), _) => true,
        (_, Type::Dyn | Type::Any | Type::Param(_)) => false,
        (Type::List(left), Type::List(right)) => says_no_more(left, right),
        (Type::Map(key, value), Type::Map(other_key, other_value)) => {
            says_no_more(key, other_key) && says_no_more(value, other_value)
        }
        (Type::Opaque(name, left), Type::Opaque(other, right)) => {
            name == other
                && left.len() == right.len()
                && left
                    .iter()
                    .zip(right.iter())
                    .all(|(left, right)| says_no_more(left, right))
        }
        (Type::Type(_), Type::Type(_)) => true,
        (left, right) => left == right,
    }
}
