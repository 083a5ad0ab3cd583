//! The exceptions of two states of an environment.

mod cel;

use std::collections::{BTreeMap, BTreeSet};

use portcullis_api::{
    cel_policy_exception::CelPolicyException, policy_exception::PolicyException, read::read,
};
use portcullis_engine::exceptions::{EXPIRY_ANNOTATION, expires};
use portcullis_yaml::Document;
use serde_json::Value;

use super::{Change, Difference, Direction, Kind, Subject, filters};
use crate::{
    diagnostic::{Place, SourceFile},
    files,
    render::Bundle,
};

/// An exception with the file that it stands in.
struct Found {
    file: SourceFile,
    document: Document,
    /// What it is, where it can be read.
    exception: Option<Exception>,
}

/// An exception of either group.
enum Exception {
    Rules(Box<PolicyException>),
    Policies(Box<CelPolicyException>),
}

impl Exception {
    fn read(value: &Value) -> Option<Exception> {
        let of_rules = read(value).ok().map(|one| Exception::Rules(Box::new(one)));
        let of_policies = || {
            read(value)
                .ok()
                .map(|one| Exception::Policies(Box::new(one)))
        };
        of_rules.or_else(of_policies)
    }
}

/// The exceptions that differ, by name.
pub(super) fn differences(before: Option<&Bundle>, after: Option<&Bundle>) -> Vec<Difference> {
    let (old, new) = (by_name(before), by_name(after));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differences = names.into_iter().filter_map(|name| {
        let (kind, changes) = match (old.get(name), new.get(name)) {
            (Some(old), Some(new)) => (Kind::Changed, compare(old, new)),
            (None, Some(new)) => {
                let added = change("exception added", Direction::Looser, new, "");
                (Kind::Added, vec![added])
            }
            (Some(old), None) => {
                let removed = change("exception removed", Direction::Stricter, old, "");
                (Kind::Removed, vec![removed])
            }
            (None, None) => return None,
        };
        let difference = Difference {
            subject: Subject::Exception,
            name: name.clone(),
            kind,
            changes,
        };
        (!difference.changes.is_empty()).then_some(difference)
    });
    differences.collect()
}

/// By namespace and name; a file that is no YAML is by its path, for `verify` to judge.
fn by_name(bundle: Option<&Bundle>) -> BTreeMap<String, Found> {
    let files = bundle.into_iter().flat_map(|bundle| &bundle.exceptions);
    let found = files.filter_map(|file| {
        let document = files::parse(file).ok()?;
        let text = |pointer: &str| document.value.pointer(pointer)?.as_str();
        let name = match (text("/metadata/namespace"), text("/metadata/name")) {
            (Some(namespace), Some(name)) => format!("{namespace}/{name}"),
            (None, Some(name)) => name.to_owned(),
            (_, None) => file.path.display().to_string(),
        };
        let found = Found {
            file: file.clone(),
            exception: Exception::read(&document.value),
            document,
        };
        Some((name, found))
    });
    found.collect()
}

fn change(what: &str, direction: Direction, found: &Found, pointer: &str) -> Change {
    Change {
        what: what.to_owned(),
        direction,
        place: Some(Place {
            file: found.file.clone(),
            span: found.document.spans.of_pointer(pointer, true),
        }),
        is_reach: direction != Direction::Neither,
    }
}

fn compare(old: &Found, new: &Found) -> Vec<Change> {
    if old.document.value == new.document.value {
        return Vec::new();
    }
    let changes = match (&old.exception, &new.exception) {
        (Some(Exception::Rules(before)), Some(Exception::Rules(after))) => {
            of_rules(before, after, new)
        }
        (Some(Exception::Policies(before)), Some(Exception::Policies(after))) => {
            cel::of_policies(before, after, new)
        }
        _ => return vec![change("exception changed", Direction::Unclear, new, "")],
    };
    let changes: Vec<Change> = changes.into_iter().flatten().collect();
    if changes.is_empty() {
        let what = "metadata changed";
        return vec![change(what, Direction::Neither, new, "/metadata")];
    }
    changes
}

fn of_rules(before: &PolicyException, after: &PolicyException, new: &Found) -> Vec<Option<Change>> {
    let annotation = |one: &PolicyException| {
        let written = one.metadata.annotations.get(EXPIRY_ANNOTATION);
        written.cloned()
    };
    let key = EXPIRY_ANNOTATION.replace('/', "~1");
    let pointer = format!("/metadata/annotations/{key}");
    let mut changes = vec![expiry(annotation(before), annotation(after), new, &pointer)];
    let (one, other) = (&before.spec, &after.spec);
    if one.r#match != other.r#match {
        let direction = filters::excepted(&one.r#match, &other.r#match);
        let word = match direction {
            Direction::Looser => "`match` widened",
            Direction::Stricter => "`match` narrowed",
            _ => "`match` changed",
        };
        changes.push(Some(change(word, direction, new, "/spec/match")));
    }
    if one.exceptions != other.exceptions {
        let direction = Direction::of_lists(&one.exceptions, &other.exceptions, Direction::Looser);
        let what = match direction {
            Direction::Looser => "more rules",
            Direction::Stricter => "fewer rules",
            _ => "other rules",
        };
        changes.push(Some(change(what, direction, new, "/spec/exceptions")));
    }
    for (field, differs) in [
        ("conditions", one.conditions != other.conditions),
        ("podSecurity", one.pod_security != other.pod_security),
        ("background", one.background != other.background),
    ] {
        let pointer = format!("/spec/{field}");
        let what = format!("`{field}` changed");
        changes.push(differs.then(|| change(&what, Direction::Unclear, new, &pointer)));
    }
    changes
}

/// A later expiry lets more off.
fn expiry(old: Option<String>, now: Option<String>, new: &Found, pointer: &str) -> Option<Change> {
    if old == now {
        return None;
    }
    let time = |text: &Option<String>| match text {
        Some(text) => expires(text).ok(),
        None => Some(i128::MAX),
    };
    let direction = match (time(&old), time(&now)) {
        (Some(old), Some(now)) if now > old => Direction::Looser,
        (Some(old), Some(now)) if now < old => Direction::Stricter,
        (Some(_), Some(_)) => Direction::Neither,
        _ => Direction::Unclear,
    };
    let word = |text: Option<String>| text.unwrap_or_else(|| "never".to_owned());
    let what = format!("expires {} → {}", word(old), word(now));
    Some(change(&what, direction, new, pointer))
}
