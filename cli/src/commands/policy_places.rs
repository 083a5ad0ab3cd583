//! Where the policy of a failed row is written: its rule, and the key of its pattern that decided.

use portcullis_engine::{pattern::anchor, response::FailedPattern};
use portcullis_pipeline::{
    diagnostic::{Place, SourceFile},
    files::{self, shown},
    offline::places,
    render::RenderedPolicy,
    suite::{self, SuiteOutcome, row::Row},
};
use portcullis_values::json_pointer;
use portcullis_yaml::{Document, Limits, Mode};
use serde_json::Value;

/// The places of a row's rule in its policy: that of the rendered one, or of a file of the suite.
pub(crate) fn of_row(
    outcome: &SuiteOutcome,
    row: &Row,
    rendered: Option<&RenderedPolicy>,
) -> Vec<(Place, String)> {
    if let Some(rendered) = rendered {
        let value = &rendered.document.value;
        return places(value, row, &|pointer, is_key| {
            rendered.pointer_place(pointer, is_key)
        });
    }
    let mut found = suite::files::of(&outcome.file)
        .into_iter()
        .filter_map(|path| {
            let file = files::read_text(&path, &shown(&path)).ok()?;
            portcullis_yaml::documents(&file.text).find_map(|document| {
                let read = document.read_document(Mode::Lenient, &Limits::default());
                in_document(&file, document.offset, &read.ok()?, row)
            })
        });
    found.next().unwrap_or_default()
}

/// The place in these files of policies of an expression that decided, or else of a rule, or of the policy;
/// and what stands there.
pub(crate) fn of_rule(
    files: &[SourceFile],
    policy: &str,
    (rule, expression): (&str, Option<&str>),
) -> Option<(Place, &'static str)> {
    files.iter().find_map(|file| {
        portcullis_yaml::documents(&file.text).find_map(|document| {
            // Most documents are about other policies, and need not be read.
            let name = policy.rsplit('/').next().unwrap_or(policy);
            if !document.text.contains(name) {
                return None;
            }
            let read = document.read_document(Mode::Lenient, &Limits::default());
            let read = read.ok()?;
            if read.value.pointer("/metadata/name")? != name {
                return None;
            }
            let expression = expression_pointer(&read.value, expression);
            let (pointer, what) = match (expression, rule_pointer(&read.value, rule)) {
                (Some(expression), _) => (expression, EXPRESSION),
                (None, Some((rule, _))) => (format!("{rule}/name"), "this rule"),
                (None, None) => ("/metadata/name".to_owned(), "this policy"),
            };
            let span = read.spans.of_pointer(&pointer, false);
            let place = Place {
                file: file.clone(),
                span: span.start + document.offset..span.end + document.offset,
            };
            Some((place, what))
        })
    })
}

fn in_document(
    file: &SourceFile,
    offset: usize,
    document: &Document,
    row: &Row,
) -> Option<Vec<(Place, String)>> {
    let name = document.value.pointer("/metadata/name")?.as_str()?;
    if row.policy.rsplit('/').next() != Some(name) {
        return None;
    }
    let found = places(&document.value, row, &|pointer, is_key| {
        let span = document.spans.of_pointer(pointer, is_key);
        Place {
            file: file.clone(),
            span: span.start + offset..span.end + offset,
        }
    });
    (!found.is_empty()).then_some(found)
}

fn places(policy: &Value, row: &Row, place: &dyn Fn(&str, bool) -> Place) -> Vec<(Place, String)> {
    let expression = expression_pointer(policy, row.expression.as_deref());
    let expression = expression.map(|pointer| (place(&pointer, false), EXPRESSION.to_owned()));
    let (_, above) = written(&row.rule);
    let Some((rule_pointer, rule)) = rule_pointer(policy, &row.rule) else {
        return expression.into_iter().collect();
    };
    let mut found = vec![(
        place(&format!("{rule_pointer}/name"), false),
        "this rule".to_owned(),
    )];
    found.extend(expression);
    let own = FailedPattern {
        pattern: "/pattern".to_owned(),
        path: row.path.clone(),
    };
    let failed = match row.patterns.as_slice() {
        [] => std::slice::from_ref(&own),
        patterns => patterns,
    };
    for failed in failed {
        let base = format!("/validate{}", failed.pattern);
        let path = failed.path.strip_prefix(above).unwrap_or(&failed.path);
        let pattern = rule.pointer(&base);
        let pointer = pattern.map_or_else(String::new, |pattern| follow(pattern, path, &bare).0);
        if !pointer.is_empty() {
            let place = place(&format!("{rule_pointer}{base}{pointer}"), true);
            found.push((place, "this part of the pattern decided".to_owned()));
        }
    }
    found
}

const EXPRESSION: &str = "this expression";

/// The pointer of an expression at a path, as `spec.variables[0].expression`, where the policy has one there.
fn expression_pointer(policy: &Value, path: Option<&str>) -> Option<String> {
    let pointer = places::pointer(path?);
    policy.pointer(&pointer).is_some().then_some(pointer)
}

/// The pointer of a rule, or of the one that it is derived from, and its value.
fn rule_pointer<'v>(policy: &'v Value, rule: &str) -> Option<(String, &'v Value)> {
    let (written, _) = written(rule);
    let rules = policy.pointer("/spec/rules").and_then(Value::as_array);
    let mut rules = rules.into_iter().flatten().enumerate();
    let (number, rule) = rules.find(|(_, rule)| rule.get("name") == Some(&written.into()))?;
    Some((format!("/spec/rules/{number}"), rule))
}

/// The written rule that a derived one comes from, and where its Pod is in the object.
fn written(rule: &str) -> (&str, &'static str) {
    match rule.strip_prefix("autogen-") {
        None => (rule, ""),
        Some(rest) => match rest.strip_prefix("cronjob-") {
            None => (rest, "/spec/template"),
            Some(rest) => (rest, "/spec/jobTemplate/spec/template"),
        },
    }
}

/// A key of a pattern without its anchor.
fn bare(key: &str) -> &str {
    anchor::parse(key).map_or(key, |anchor| anchor.key)
}

/// Follows a path of a response, such as `/spec/containers/0/image/`, into a value: the JSON pointer
/// of the last node that is there, and whether that is the whole path. `bare` makes a key of the
/// value one of the path. A path does not escape the `/` of a key; and a list of a pattern stands for
/// lists of any length, so its first element stands for those it does not have.
pub(crate) fn follow(value: &Value, path: &str, bare: &dyn Fn(&str) -> &str) -> (String, bool) {
    let mut node = value;
    let mut pointer = String::new();
    let mut rest = path.trim_matches('/');
    while !rest.is_empty() {
        let step = match node {
            Value::Object(fields) => fields.iter().find_map(|(key, below)| {
                let after = rest.strip_prefix(bare(key))?;
                let is_whole = after.is_empty() || after.starts_with('/');
                is_whole.then(|| (json_pointer::escape(key), below, after))
            }),
            Value::Array(items) => element(items, rest),
            _ => None,
        };
        let Some((segment, below, after)) = step else {
            return (pointer, false);
        };
        pointer.push_str(&format!("/{segment}"));
        (node, rest) = (below, after.trim_start_matches('/'));
    }
    (pointer, true)
}

fn element<'v, 'p>(items: &'v [Value], rest: &'p str) -> Option<(String, &'v Value, &'p str)> {
    let (segment, _) = rest.split_once('/').unwrap_or((rest, ""));
    let after = rest.strip_prefix(segment)?;
    let index: usize = segment.parse().ok()?;
    let (index, below) = match items.get(index) {
        Some(below) => (index, below),
        None => (0, items.first()?),
    };
    Some((index.to_string(), below, after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_is_followed_into_patterns_and_objects() {
        let pattern = json!({"spec": {
            "=(initContainers)": [{"image": "*"}],
            "containers": [{"<(image)": "*", "name": "a"}, {"name": "b"}],
        }, "metadata": {"labels": {"app.io/name": "?*", "app": "?*"}}});
        for (path, wanted) in [
            (
                "/spec/containers/1/name/",
                ("/spec/containers/1/name", true),
            ),
            (
                "/spec/containers/7/image/",
                ("/spec/containers/0/<(image)", true),
            ),
            (
                "/spec/initContainers/0/image/",
                ("/spec/=(initContainers)/0/image", true),
            ),
            (
                "/metadata/labels/app.io/name/",
                ("/metadata/labels/app.io~1name", true),
            ),
            ("/metadata/labels/team/", ("/metadata/labels", false)),
            ("/metadata/labels/app/x/", ("/metadata/labels/app", false)),
            ("/spec/containers/x/", ("/spec/containers", false)),
            ("/", ("", true)),
            ("", ("", true)),
        ] {
            let (pointer, is_whole) = follow(&pattern, path, &bare);
            assert_eq!((pointer.as_str(), is_whole), wanted, "{path}");
            assert!(pattern.pointer(&pointer).is_some());
        }
        let object = json!({"spec": {"(a)": 1}});
        assert_eq!(follow(&object, "/spec/a/", &|key| key).0, "/spec");
    }
}
