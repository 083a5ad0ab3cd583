//! `semver`: versions and their order.

use std::{any::Any, borrow::Cow, cmp::Ordering};

use portcullis_values::semver::Version;

use super::super::size;
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    types::Type,
    value::{Opaque, Value},
};

/// Kubernetes' `semver` library, version 1.
pub const SEMVER: Library = Library {
    name: "kubernetes.semver",
    overloads: OVERLOADS,
    macros: &[],
    variables: &[],
};

const OVERLOADS: &[Overload] = &[
    Overload::new(
        "string_to_semver",
        "semver(string) -> kubernetes.Semver",
        semver,
    )
    .costs(size::of_text),
    Overload::new(
        "string_bool_to_semver",
        "semver(string, bool) -> kubernetes.Semver",
        semver,
    )
    .costs(normalised_cost),
    Overload::new("is_semver_string", "isSemver(string) -> bool", is_semver).costs(size::of_text),
    Overload::new(
        "is_semver_string_bool",
        "isSemver(string, bool) -> bool",
        is_semver,
    )
    .costs(normalised_cost),
    Overload::new(
        "semver_is_less_than",
        "kubernetes.Semver.isLessThan(kubernetes.Semver) -> bool",
        |_, args| Ok(Value::Bool(compare(args)?.is_lt())),
    ),
    Overload::new(
        "semver_is_greater_than",
        "kubernetes.Semver.isGreaterThan(kubernetes.Semver) -> bool",
        |_, args| Ok(Value::Bool(compare(args)?.is_gt())),
    ),
    Overload::new(
        "semver_compare_to",
        "kubernetes.Semver.compareTo(kubernetes.Semver) -> int",
        |_, args| Ok(Value::Int(compare(args)? as i64)),
    ),
    Overload::new(
        "semver_major",
        "kubernetes.Semver.major() -> int",
        |_, args| part(args, Version::major),
    ),
    Overload::new(
        "semver_minor",
        "kubernetes.Semver.minor() -> int",
        |_, args| part(args, Version::minor),
    ),
    Overload::new(
        "semver_patch",
        "kubernetes.Semver.patch() -> int",
        |_, args| part(args, Version::patch),
    ),
];

impl Opaque for Version {
    fn type_of(&self) -> Type {
        Type::opaque("kubernetes.Semver")
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other
            .as_any()
            .downcast_ref::<Version>()
            .is_some_and(|other| self.cmp(other) == Ordering::Equal)
    }

    fn equals_only_its_type(&self) -> bool {
        true
    }

    fn to_text(&self) -> String {
        self.to_string()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Normalising walks over the text twice.
fn normalised_cost(args: &[Value<'_>]) -> u64 {
    size::characters(size::size(args.first()))
}

/// Reads the first argument, normalised where the second one says so.
fn read(args: &[Value<'_>]) -> Result<Result<Version, String>, Box<EvalError>> {
    let (text, normalise) = match args {
        [Value::String(text)] => (text, false),
        [Value::String(text), Value::Bool(normalise)] => (text, *normalise),
        _ => return Err(EvalError::no_such_overload().into()),
    };
    if !normalise {
        return Ok(parse(text));
    }
    let normal = normalised(text);
    Ok(parse(&normal))
}

/// Without a leading `v` and zeros in front of numbers, and with all three numbers.
fn normalised(text: &str) -> String {
    let plain = text.strip_prefix('v').unwrap_or(text);
    let end = plain.find(['-', '+']).unwrap_or(plain.len());
    let (numbers, tail) = plain.split_at_checked(end).unwrap_or((plain, ""));
    let numbers = numbers.splitn(3, '.').map(without_zeros);
    let mut parts: Vec<Cow<'_, str>> = numbers.collect();
    if tail.is_empty() {
        parts.resize(3, Cow::Borrowed("0"));
    }
    parts.join(".") + tail
}

/// A number without zeros in front of it; what is no number has one in front of it then.
fn without_zeros(part: &str) -> Cow<'_, str> {
    if part.len() < 2 {
        return Cow::Borrowed(part);
    }
    match part.trim_start_matches('0') {
        digits if digits.starts_with(|c: char| c.is_ascii_digit()) => Cow::Borrowed(digits),
        rest => Cow::Owned(format!("0{rest}")),
    }
}

/// Reads a version, and says of a mistake what blang/semver says.
fn parse(text: &str) -> Result<Version, String> {
    Version::parse(text).map_err(|_| fault(text))
}

/// Why the text is no version.
fn fault(text: &str) -> String {
    if text.is_empty() {
        return "Version string empty".to_owned();
    }
    let mut parts = text.splitn(3, '.');
    let (Some(major), Some(minor), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return "No Major.Minor.Patch elements found".to_owned();
    };
    let (rest, build) = split(rest, '+');
    let (patch, pre) = split(rest, '-');
    let numbers = [
        ("major", "Major", major),
        ("minor", "Minor", minor),
        ("patch", "Patch", patch),
    ];
    numbers
        .iter()
        .find_map(|(lower, upper, part)| number_fault(lower, upper, part))
        .or_else(|| pre.and_then(pre_release_fault))
        .or_else(|| build.and_then(build_fault))
        .unwrap_or_else(|| "Invalid version".to_owned())
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn number_fault(lower: &str, upper: &str, part: &str) -> Option<String> {
    if !part.bytes().all(|digit| digit.is_ascii_digit()) {
        return Some(format!(
            "Invalid character(s) found in {lower} number {part:?}"
        ));
    }
    if part.len() > 1 && part.starts_with('0') {
        return Some(format!(
            "{upper} number must not contain leading zeroes {part:?}"
        ));
    }
    match part.parse::<u64>() {
        Ok(_) => None,
        Err(_) if part.is_empty() => Some(format!(
            "strconv.ParseUint: parsing {part:?}: invalid syntax"
        )),
        Err(_) => Some(format!(
            "strconv.ParseUint: parsing {part:?}: value out of range"
        )),
    }
}

fn pre_release_fault(pre: &str) -> Option<String> {
    pre.split('.').find_map(|part| {
        let numeric = !part.is_empty() && part.bytes().all(|digit| digit.is_ascii_digit());
        if part.is_empty() {
            Some("Prerelease is empty".to_owned())
        } else if numeric && part.len() > 1 && part.starts_with('0') {
            Some(format!(
                "Numeric PreRelease version must not contain leading zeroes {part:?}"
            ))
        } else if !is_identifier(part) {
            Some(format!("Invalid character(s) found in prerelease {part:?}"))
        } else {
            None
        }
    })
}

fn build_fault(build: &str) -> Option<String> {
    build.split('.').find_map(|part| {
        if part.is_empty() {
            Some("Build meta data is empty".to_owned())
        } else if !is_identifier(part) {
            Some(format!(
                "Invalid character(s) found in build meta data {part:?}"
            ))
        } else {
            None
        }
    })
}

fn is_identifier(part: &str) -> bool {
    part.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn semver<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let version = read(args)?.map_err(EvalError::new)?;
    Ok(Value::opaque(version))
}

fn is_semver<'a>(_call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    Ok(Value::Bool(read(args)?.is_ok()))
}

fn compare(args: &[Value<'_>]) -> Result<Ordering, Box<EvalError>> {
    let (Some(left), Some(right)) = (
        args.first().and_then(Value::downcast::<Version>),
        args.get(1).and_then(Value::downcast::<Version>),
    ) else {
        return Err(EvalError::no_such_overload().into());
    };
    Ok(left.cmp(right))
}

fn part<'a>(args: &[Value<'a>], of: impl Fn(&Version) -> u64) -> Evaluated<'a> {
    match args.first().and_then(Value::downcast) {
        Some(version) => Ok(Value::Int(of(version).cast_signed())),
        None => Err(EvalError::no_such_overload().into()),
    }
}
