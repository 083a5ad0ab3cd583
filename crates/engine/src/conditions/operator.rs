//! The operators of conditions, by name.

use std::cmp::Ordering;

use super::ConditionError;

/// An operator, looked up once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    written: Box<str>,
    family: Family,
}

/// What an operator does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Equality {
        negated: bool,
    },
    Membership(Membership),
    /// The deprecated `In` and `NotIn`.
    Subset {
        negated: bool,
    },
    /// None when the operator is written in another case than its own.
    Numeric(Option<Order>),
    /// None when the operator is written in another case than its own.
    Duration(Option<Order>),
}

/// Which of the keys must be among the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Membership {
    Any,
    All,
    AnyNot,
    AllNot,
}

/// How the key must stand to the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Order {
    pub(super) fn accepts(self, order: Ordering) -> bool {
        match self {
            Order::Greater => order.is_gt(),
            Order::GreaterOrEqual => order.is_ge(),
            Order::Less => order.is_lt(),
            Order::LessOrEqual => order.is_le(),
        }
    }
}

/// Every operator as the API names it.
const OPERATORS: &[(&str, Family)] = &[
    ("Equal", Family::Equality { negated: false }),
    ("Equals", Family::Equality { negated: false }),
    ("NotEqual", Family::Equality { negated: true }),
    ("NotEquals", Family::Equality { negated: true }),
    ("In", Family::Subset { negated: false }),
    ("NotIn", Family::Subset { negated: true }),
    ("AnyIn", Family::Membership(Membership::Any)),
    ("AllIn", Family::Membership(Membership::All)),
    ("AnyNotIn", Family::Membership(Membership::AnyNot)),
    ("AllNotIn", Family::Membership(Membership::AllNot)),
    ("GreaterThan", Family::Numeric(Some(Order::Greater))),
    (
        "GreaterThanOrEquals",
        Family::Numeric(Some(Order::GreaterOrEqual)),
    ),
    ("LessThan", Family::Numeric(Some(Order::Less))),
    (
        "LessThanOrEquals",
        Family::Numeric(Some(Order::LessOrEqual)),
    ),
    (
        "DurationGreaterThan",
        Family::Duration(Some(Order::Greater)),
    ),
    (
        "DurationGreaterThanOrEquals",
        Family::Duration(Some(Order::GreaterOrEqual)),
    ),
    ("DurationLessThan", Family::Duration(Some(Order::Less))),
    (
        "DurationLessThanOrEquals",
        Family::Duration(Some(Order::LessOrEqual)),
    ),
];

/// Names that the definitions of resources do not have.
const SHORT: &[&str] = &["Equal", "NotEqual"];

impl Operator {
    /// Looks an operator up by its name, in any case.
    ///
    /// # Errors
    /// When there is no such operator.
    pub fn parse(written: &str) -> Result<Operator, ConditionError> {
        let (name, family) = OPERATORS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(written))
            .ok_or_else(|| ConditionError::UnknownOperator(written.to_owned()))?;
        let family = match family {
            Family::Numeric(_) if *name != written => Family::Numeric(None),
            Family::Duration(_) if *name != written => Family::Duration(None),
            family => *family,
        };
        Ok(Operator {
            written: written.into(),
            family,
        })
    }

    /// The operator's name, which it may be written unlike in letter case only.
    #[must_use]
    pub fn name(&self) -> &'static str {
        let mut names = OPERATORS.iter().map(|(name, _)| *name);
        let name = names.find(|name| name.eq_ignore_ascii_case(&self.written));
        name.unwrap_or_default()
    }

    /// The operator as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Whether the operator is written so that it never holds.
    #[cfg(test)]
    pub(super) fn never_holds(&self) -> bool {
        matches!(self.family, Family::Numeric(None) | Family::Duration(None))
    }

    /// Whether it is `Equal` or `NotEqual`, which only `preconditions` of a rule and `deny` take.
    #[must_use]
    pub fn is_short(&self) -> bool {
        SHORT.contains(&self.name())
    }

    /// The operators that the definitions of exceptions and cleanup policies name: a cluster takes no
    /// others there, and these in their own letter case only.
    pub fn of_definitions() -> impl Iterator<Item = &'static str> {
        let named = OPERATORS.iter().filter(|(name, family)| {
            !SHORT.contains(name) && !matches!(family, Family::Subset { .. })
        });
        named.map(|(name, _)| *name)
    }

    /// The operators to use instead, when this one is deprecated.
    #[must_use]
    pub fn replacements(&self) -> &'static [&'static str] {
        match self.family {
            Family::Subset { negated: false } => &["AllIn", "AnyIn"],
            Family::Subset { negated: true } => &["AllNotIn", "AnyNotIn"],
            Family::Duration(_) => &[
                "GreaterThan",
                "GreaterThanOrEquals",
                "LessThan",
                "LessThanOrEquals",
            ],
            _ => &[],
        }
    }

    pub(super) fn family(&self) -> Family {
        self.family
    }
}

/// Every operator as the API names it.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    OPERATORS.iter().map(|(name, _)| *name)
}
