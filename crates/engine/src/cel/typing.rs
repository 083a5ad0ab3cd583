//! Expressions against the Kubernetes schemas of the kinds that a policy matches.
//!
//! The engine compiles expressions as Kyverno and the API server do, where `object` may be anything.
//! Here they are checked a second time, once for each kind, with `object` and `oldObject` of that
//! kind, `params` of `paramKind`, and each variable of the type that its expression gives. The
//! conditions of an exception are checked for the policies that it names.
//!
//! | found | is told |
//! |---|---|
//! | for every kind that the policy matches | yes |
//! | for some of them | no: an expression may look at the kind first |
//! | for each of them something else, in an expression without branches | yes |
//! | where a resource is `*`, not known, or a subresource such as `pods/exec` | no |
//!
//! What is no mistake when an object without types is read, such as a key of an object looked up
//! with `[]`, or a comparison with null, is not told either.

mod kinds;
mod patch_types;
mod schema_types;
mod subjects;

use std::{collections::BTreeMap, sync::Arc};

use portcullis_api::{cel_expression::CelVariable, cel_policy_exception::CelPolicyException};
use portcullis_cel::{
    environment::{Environment, OBJECT},
    error::Issue,
    library::kubernetes,
    types::Type,
};
use portcullis_schema::Catalogue;

use super::{
    compiler::{LARGEST_TYPE, dynamic},
    environment::{Flavour, environment},
};
use crate::load::Loaded;
use kinds::About;
use patch_types::PatchTypes;
use schema_types::{SchemaTypes, is_mistake, readable, type_of};
use subjects::Subject;

/// A mistake in an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeFinding {
    /// The path of the expression, such as `spec.validations[0].expression`.
    pub path: String,
    /// Where in the expression, in bytes.
    pub offset: usize,
    /// What is wrong.
    pub message: String,
    /// What would help.
    pub help: Option<String>,
    /// The kinds that it is wrong for, such as `apps/v1 Deployment`.
    pub kinds: Vec<String>,
}

impl TypeFinding {
    /// The expression, and where in it.
    fn place(&self) -> (&String, usize) {
        (&self.path, self.offset)
    }
}

/// The mistakes in the expressions of a policy that compiles, in the order of its parts.
#[must_use]
pub fn check(loaded: &Loaded, catalogue: &Arc<Catalogue>) -> Vec<TypeFinding> {
    let subjects = subjects::of(loaded).into_iter();
    subjects
        .flat_map(|subject| check_subject(&subject, catalogue))
        .collect()
}

/// The mistakes in the conditions of an exception that are mistakes for each of the policies that it
/// names.
#[must_use]
pub fn check_exception(
    exception: &CelPolicyException,
    policies: &[&Loaded],
    catalogue: &Arc<Catalogue>,
) -> Vec<TypeFinding> {
    let mut common: Option<Vec<TypeFinding>> = None;
    for policy in policies {
        let subject = subjects::of_exception(exception, policy);
        let found = subject.map(|subject| check_subject(&subject, catalogue));
        let found = found.unwrap_or_default();
        common = Some(match common {
            None => found,
            Some(mut common) => {
                common.retain_mut(|one| {
                    let mut found = found.iter();
                    let same = found.find(|other| other.place() == one.place());
                    let further = same.map_or(&[][..], |same| same.kinds.as_slice());
                    let new = further.iter().filter(|kind| !one.kinds.contains(kind));
                    let new: Vec<String> = new.cloned().collect();
                    one.kinds.extend(new);
                    same.is_some()
                });
                common
            }
        });
    }
    common.unwrap_or_default()
}

/// What is wrong at each place: the number of the expression, and the offset in it.
type Found = BTreeMap<(usize, usize), Issue>;

fn check_subject(subject: &Subject<'_>, catalogue: &Arc<Catalogue>) -> Vec<TypeFinding> {
    let Some(kinds) = kinds::matched(&subject.matched, catalogue) else {
        return Vec::new();
    };
    let mut common: Option<Found> = None;
    for kind in &kinds {
        let found = mistakes(subject, typed(subject, kind, catalogue));
        let found = match common {
            None => found,
            Some(common) => shared(subject, common, &found),
        };
        if found.is_empty() {
            return Vec::new();
        }
        common = Some(found);
    }
    let names: Vec<String> = kinds.iter().map(About::name).collect();
    let variables = subject.variables.iter().enumerate();
    let variables =
        variables.map(|(index, _)| format!("{}[{index}].expression", subject.variables_path));
    let variables = variables.map(|path| (path, 0));
    let expressions = subject.expressions.iter();
    let expressions = expressions.map(|one| (one.path.clone(), one.offset));
    let places: Vec<(String, usize)> = variables.chain(expressions).collect();
    let found = common.unwrap_or_default().into_iter();
    found
        .filter_map(|((number, offset), issue)| {
            let (path, start) = places.get(number)?;
            let text = subject.text(number).unwrap_or_default();
            Some(TypeFinding {
                path: path.clone(),
                offset: start + field_in_has(text, offset, &issue.message).unwrap_or(offset),
                message: readable(&issue.message, catalogue),
                help: issue.help,
                kinds: names.clone(),
            })
        })
        .collect()
}

/// The field that is not there of a `has`, where cel-go points at the macro.
fn field_in_has(text: &str, offset: usize, message: &str) -> Option<usize> {
    let field = message
        .strip_prefix("undefined field '")?
        .strip_suffix('\'')?;
    let (before, after) = text.split_at_checked(offset)?;
    let is_has = before.ends_with("has") && after.starts_with('(');
    let at = after.find(&format!(".{field}")).filter(|_| is_has)?;
    Some(offset + at + 1)
}

/// The mistakes for some kinds that are mistakes for one more. An expression without branches reads
/// all that it names, and so it is wrong where anything of it is.
fn shared(subject: &Subject<'_>, mut common: Found, found: &Found) -> Found {
    common.retain(|place, _| {
        let (number, _) = *place;
        let mut all_of = found.range((number, 0)..=(number, usize::MAX));
        let branches = ["?", "&&", "||"];
        let text = subject.text(number);
        let is_straight = text.is_some_and(|text| !branches.iter().any(|sign| text.contains(sign)));
        found.contains_key(place) || (is_straight && all_of.next().is_some())
    });
    common
}

/// The environment of a policy for one kind.
fn typed(subject: &Subject<'_>, kind: &About, catalogue: &Arc<Catalogue>) -> Environment {
    let object = type_of(catalogue, kind.schema);
    let builder = environment(subject.flavour)
        .extend()
        // They look at how a list is written, not at what is read.
        .without_validators()
        .types(Arc::new(SchemaTypes(Arc::clone(catalogue))))
        .variable("object", object.clone())
        .variable("oldObject", object);
    let builder = match subject.flavour {
        Flavour::Admission => builder.library(&kubernetes::JSON_PATCH),
        _ => builder,
    };
    let patches = PatchTypes {
        catalogue: Arc::clone(catalogue),
        kind: kind.schema,
    };
    let builder = builder.types_instead(OBJECT, Arc::new(patches));
    let builder = match subject.param_kind {
        None => builder,
        Some((api_version, kind)) => {
            let known = catalogue.find(api_version, kind);
            let of = known.map_or(Type::Dyn, |kind| type_of(catalogue, kind.schema));
            builder.variable("params", of)
        }
    };
    builder.build()
}

fn mistakes(subject: &Subject<'_>, mut environment: Environment) -> Found {
    let mut found = Found::new();
    let mut keep = |number: usize, issues: Vec<Issue>| {
        let issues = issues
            .into_iter()
            .filter(|issue| is_mistake(&issue.message));
        found.extend(issues.map(|issue| ((number, issue.offset), issue)));
    };
    for (number, CelVariable { name, expression }) in subject.variables.iter().enumerate() {
        let of = match environment.compile(expression) {
            Ok(checked) if checked.result_type().is_larger_than(LARGEST_TYPE) => Type::Dyn,
            Ok(checked) => dynamic(checked.result_type().clone()),
            Err(error) => {
                if subject.tells_variables {
                    keep(number, error.issues);
                }
                // What reads it is not wrong as well.
                Type::Dyn
            }
        };
        environment.declare(&format!("variables.{name}"), of);
    }
    for (number, expression) in subject.expressions.iter().enumerate() {
        if let Err(error) = environment.compile(expression.text) {
            keep(subject.variables.len() + number, error.issues);
        }
    }
    found
}

#[cfg(test)]
mod tests;
