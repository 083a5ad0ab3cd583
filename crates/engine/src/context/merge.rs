//! How values join a context: maps merge key by key, everything else replaces what stands there.

use std::collections::BTreeMap;
use std::rc::Rc;

use portcullis_values::{Map, Str, Val};

/// `base` with `addition` merged into it.
#[must_use]
pub(super) fn merge<'a>(base: Option<Val<'a>>, addition: Val<'a>) -> Val<'a> {
    let (Some(Val::Map(base)), Val::Map(addition)) = (base, &addition) else {
        return addition;
    };
    let mut merged: BTreeMap<Str<'a>, Val<'a>> = base.iter().collect();
    for (key, value) in addition.iter() {
        let joined = merge(merged.remove(key.as_str()), value);
        merged.insert(key, joined);
    }
    Val::Map(Map::Shared(Rc::new(merged)))
}

/// `value` at the end of `path`, as nested maps.
#[must_use]
pub(super) fn nest<'a>(path: &[String], value: Val<'a>) -> Val<'a> {
    path.iter().rev().fold(value, |inner, key| {
        Val::Map([(Str::from(key.clone()), inner)].into_iter().collect())
    })
}

/// How many keys a dotted path may have.
const MAX_KEYS: usize = 100;

/// The keys of a dotted path; quotes protect dots (`request.object.metadata.labels."a.b/c"`).
///
/// None when the path is not well formed: a quote inside an unquoted key, text behind a closing
/// quote, or more than a hundred keys.
#[must_use]
pub(super) fn split_path(path: &str) -> Option<Vec<String>> {
    let mut keys = Vec::new();
    let mut rest = path;
    while keys.len() < MAX_KEYS {
        let (key, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_key(quoted)?,
            None => plain_key(rest)?,
        };
        keys.push(key);
        match after {
            Some(after) => rest = after,
            None => return Some(keys),
        }
    }
    None
}

fn plain_key(text: &str) -> Option<(String, Option<&str>)> {
    let (key, after) = match text.split_once('.') {
        Some((key, after)) => (key, Some(after)),
        None => (text, None),
    };
    (!key.contains('"')).then(|| (key.to_owned(), after))
}

fn quoted_key(text: &str) -> Option<(String, Option<&str>)> {
    let mut key = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        key.push_str(before);
        if let Some(more) = after.strip_prefix('"') {
            key.push('"');
            rest = more;
        } else if after.is_empty() {
            return Some((key, None));
        } else {
            return after.strip_prefix('.').map(|after| (key, Some(after)));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn maps_merge_and_everything_else_replaces() {
        for (base, addition, expected) in [
            (
                json!({"a": 1, "b": {"c": 1}}),
                json!({"b": {"d": 2}}),
                json!({"a": 1, "b": {"c": 1, "d": 2}}),
            ),
            (json!({"a": [1]}), json!({"a": [2]}), json!({"a": [2]})),
            (
                json!({"a": {"b": 1}}),
                json!({"a": null}),
                json!({"a": null}),
            ),
            (json!("x"), json!({"a": 1}), json!({"a": 1})),
        ] {
            assert_eq!(
                merge(Some(Val::from(&base)), Val::from(&addition)).to_json(),
                expected
            );
        }
    }

    #[test]
    fn quotes_protect_dots() {
        let keys = |path| split_path(path);
        let owned =
            |keys: &[&str]| Some(keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>());
        assert_eq!(keys("a.b"), owned(&["a", "b"]));
        assert_eq!(keys("a.\"b.c/d\".e"), owned(&["a", "b.c/d", "e"]));
        assert_eq!(keys("a.\"b\"\"c\""), owned(&["a", "b\"c"]));
        assert_eq!(keys("a"), owned(&["a"]));
        assert_eq!(keys("a\"b\".c"), None);
        assert_eq!(keys("\"a\"b"), None);
    }
}
