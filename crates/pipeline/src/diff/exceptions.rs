//! The exceptions of two states of an environment.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_api::{policy_exception::PolicyException, read::read};
use portcullis_engine::exceptions::{EXPIRY_ANNOTATION, expires};
use portcullis_yaml::Document;

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
    /// None for an exception of another kind.
    exception: Option<PolicyException>,
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
            exception: read(&document.value).ok(),
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
    }
}

fn compare(old: &Found, new: &Found) -> Vec<Change> {
    if old.document.value == new.document.value {
        return Vec::new();
    }
    let (Some(before), Some(after)) = (&old.exception, &new.exception) else {
        return vec![change("exception changed", Direction::Unclear, new, "")];
    };
    let mut changes = vec![expiry(before, after, new)];
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
    let changes: Vec<Change> = changes.into_iter().flatten().collect();
    if changes.is_empty() {
        return vec![change(
            "metadata changed",
            Direction::Neither,
            new,
            "/metadata",
        )];
    }
    changes
}

/// A later expiry lets more off.
fn expiry(before: &PolicyException, after: &PolicyException, new: &Found) -> Option<Change> {
    let written = |one: &PolicyException| one.metadata.annotations.get(EXPIRY_ANNOTATION).cloned();
    let (old, now) = (written(before), written(after));
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
    let key = EXPIRY_ANNOTATION.replace('/', "~1");
    Some(change(
        &what,
        direction,
        new,
        &format!("/metadata/annotations/{key}"),
    ))
}
