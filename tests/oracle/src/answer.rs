//! What a program answers: rows, policies that it refuses, and objects.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::case::{key, object_key, read};

/// The answer of one program to one case.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// By policy, rule and object: status and message of each row.
    pub(crate) rows: BTreeMap<RowKey, Vec<(String, String)>>,
    /// The names of policies that are refused.
    pub(crate) refused: BTreeSet<String>,
    /// Objects that are changed or made, as they are in the end, without the labels that say what made
    /// them.
    pub(crate) objects: BTreeMap<String, Value>,
    /// Those labels, by the object.
    pub(crate) origins: BTreeMap<String, Map<String, Value>>,
    /// What the program said when it died of the case.
    pub(crate) crash: Option<String>,
}

/// What a row is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowKey {
    pub(crate) policy: String,
    pub(crate) rule: String,
    pub(crate) object: String,
}

impl Answer {
    /// Takes the rows of the reports that `apply -p` prints.
    pub(crate) fn take_reports(&mut self, output: &str) {
        // Warnings, and what is said of policies, stand before the first report.
        let start = output
            .find("apiVersion: openreports.io/")
            .unwrap_or(output.len());
        for report in read(output.get(start..).unwrap_or_default()) {
            for result in list(&report, "results") {
                let subject = list(result, "subjects")
                    .first()
                    .or(list(result, "resources").first());
                let subject = subject.unwrap_or(&Value::Null);
                let object = key(
                    text(subject, "namespace"),
                    text(subject, "kind"),
                    text(subject, "name"),
                );
                let row = (
                    text(result, "result").to_owned(),
                    in_one_order(text(result, "message")),
                );
                let key = RowKey {
                    policy: text(result, "policy").to_owned(),
                    rule: text(result, "rule").to_owned(),
                    object,
                };
                self.rows.entry(key).or_default().push(row);
            }
        }
        self.sort();
    }

    /// Takes the rows of the table that `test -o json` prints.
    pub(crate) fn take_table(&mut self, output: &str) {
        let Some(start) = output.find("[\n") else {
            return;
        };
        let rows = output.get(start..).unwrap_or_default();
        let mut rows = serde_json::Deserializer::from_str(rows).into_iter::<Value>();
        let Some(Ok(Value::Array(rows))) = rows.next() else {
            return;
        };
        for row in &rows {
            let of = |name: &str| {
                let named = |key: &&String| key.eq_ignore_ascii_case(name);
                let key = row.as_object().and_then(|row| row.keys().find(named));
                key.map_or("", |key| text(row, key)).to_owned()
            };
            let key = RowKey {
                policy: of("policy"),
                rule: of("rule"),
                object: of("resource"),
            };
            self.rows
                .entry(key)
                .or_default()
                .push((of("result"), of("reason")));
        }
        self.sort();
    }

    /// Takes objects that were written to a file; of one that stands there more than once, the last,
    /// and none that is as it was given: Kyverno writes those, too.
    pub(crate) fn take_objects(&mut self, output: &str, given: &[Value]) {
        for mut object in read(output) {
            let key = object_key(&object);
            self.origins
                .insert(key.clone(), without_origin(&mut object));
            self.objects.insert(key, object);
        }
        self.objects.retain(|_, object| !given.contains(object));
    }

    /// Takes the names of policies that are refused from what both programs say of them.
    pub(crate) fn take_refusals(&mut self, output: &str, errors: &str) {
        for line in output.lines().chain(errors.lines()) {
            let ours = line.strip_prefix("error: policy ");
            let numbered = line
                .split_once(". ")
                .filter(|(number, _)| number.parse::<u32>().is_ok());
            let Some(rest) = ours.or(numbered.map(|(_, rest)| rest)) else {
                continue;
            };
            let name = rest.split(':').next().unwrap_or_default();
            let name = name.rsplit('/').next().unwrap_or_default();
            self.refused.insert(name.to_owned());
        }
    }

    /// The first status and message of a row.
    pub(crate) fn told(&self, row: &RowKey) -> Option<String> {
        let (status, message) = self.rows.get(row)?.first()?;
        Some(format!("{status}: {message}"))
    }

    fn sort(&mut self) {
        self.rows.values_mut().for_each(|rows| rows.sort());
    }
}

/// Takes away the labels that say what made an object, which Kyverno's `apply` does not write for
/// every kind and its `test` does not compare.
fn without_origin(object: &mut Value) -> Map<String, Value> {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else {
        return Map::new();
    };
    let Some(labels) = metadata.get_mut("labels").and_then(Value::as_object_mut) else {
        return Map::new();
    };
    let written = labels.clone();
    let is_origin = |key: &str| {
        key.starts_with("generate.kyverno.io/") || key == "app.kubernetes.io/managed-by"
    };
    labels.retain(|key, _| !is_origin(key));
    if labels.is_empty() && !written.is_empty() {
        metadata.remove("labels");
    }
    let origin = written.into_iter().filter(|(key, _)| is_origin(key));
    origin.collect()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A message in which what Pod Security forbids stands in one order; that of Kyverno is random.
fn in_one_order(message: &str) -> String {
    let start = message.find("(Forbidden").unwrap_or(message.len());
    let (head, forbidden) = message.split_at(start);
    let mut parts: Vec<&str> = forbidden.split_inclusive("])").collect();
    parts.sort_unstable();
    head.to_owned() + &parts.concat()
}
