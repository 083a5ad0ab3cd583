//! Compares two answers to one case.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    answer::{Answer, RowKey},
    case::Case,
    deliberate::is_meant,
};

/// What is different.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// The status of a row, a row that only one has among it.
    Status,
    /// The message of a row of the same status.
    Message,
    /// An object that is changed or made.
    Object,
    /// Whether a policy is refused.
    Refusal,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) what: What,
    /// What it is about; the policy of an object is the one with the name of its namespace, if any.
    pub(crate) row: RowKey,
    pub(crate) theirs: String,
    pub(crate) ours: String,
}

/// How many rows there are, and all that is different.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    pub(crate) rows: usize,
    pub(crate) objects: usize,
    pub(crate) differences: Vec<Difference>,
    /// How many more differences are meant.
    pub(crate) meant: usize,
}

impl Comparison {
    /// How many differences are of a kind.
    pub(crate) fn count(&self, what: What) -> usize {
        self.differences
            .iter()
            .filter(|difference| difference.what == what)
            .count()
    }

    /// Adds the figures of another one.
    pub(crate) fn add(&mut self, other: Comparison) {
        self.rows += other.rows;
        self.objects += other.objects;
        self.differences.extend(other.differences);
        self.meant += other.meant;
    }
}

/// Compares what Kyverno says of a case with what Portcullis says.
pub(crate) fn compare(case: &Case, theirs: &Answer, ours: &Answer) -> Comparison {
    let mut found = Comparison::default();
    rows(theirs, ours, &mut found);
    refusals(theirs, ours, &mut found);
    objects(theirs, ours, &mut found);
    let all = found.differences.len();
    let is_meant = |difference: &Difference| is_meant(difference, case, theirs, ours);
    found.differences.retain(|difference| !is_meant(difference));
    found.meant = all - found.differences.len();
    found
}

fn rows(theirs: &Answer, ours: &Answer, found: &mut Comparison) {
    let keys: BTreeSet<&RowKey> = theirs.rows.keys().chain(ours.rows.keys()).collect();
    for key in keys {
        let side = |answer: &Answer| answer.rows.get(key).cloned().unwrap_or_default();
        let (theirs, ours) = (side(theirs), side(ours));
        found.rows += theirs.len().max(ours.len());
        let statuses =
            |rows: &[(String, String)]| rows.iter().map(|row| row.0.clone()).collect::<Vec<_>>();
        let what = match statuses(&theirs) == statuses(&ours) {
            _ if theirs == ours => continue,
            true => What::Message,
            false => What::Status,
        };
        let shown = |rows: &[(String, String)]| {
            let rows = rows
                .iter()
                .map(|(status, message)| format!("{status}: {message}"));
            rows.collect::<Vec<_>>().join("\n")
        };
        found.differences.push(Difference {
            what,
            row: key.clone(),
            theirs: shown(&theirs),
            ours: shown(&ours),
        });
    }
}

fn refusals(theirs: &Answer, ours: &Answer, found: &mut Comparison) {
    let shown = |is_refused: bool| if is_refused { "refused" } else { "taken" }.to_owned();
    for policy in theirs.refused.symmetric_difference(&ours.refused) {
        found.differences.push(Difference {
            what: What::Refusal,
            row: RowKey {
                policy: policy.clone(),
                ..RowKey::default()
            },
            theirs: shown(theirs.refused.contains(policy)),
            ours: shown(ours.refused.contains(policy)),
        });
    }
}

fn objects(theirs: &Answer, ours: &Answer, found: &mut Comparison) {
    let keys: BTreeSet<&String> = theirs.objects.keys().chain(ours.objects.keys()).collect();
    found.objects += keys.len();
    for key in keys {
        let (theirs, ours) = (theirs.objects.get(key), ours.objects.get(key));
        if theirs != ours {
            let shown = |object: Option<&Value>| object.map_or("none".to_owned(), Value::to_string);
            found.differences.push(Difference {
                what: What::Object,
                row: RowKey {
                    policy: key.split('/').next().unwrap_or_default().to_owned(),
                    object: key.clone(),
                    ..RowKey::default()
                },
                theirs: shown(theirs),
                ours: shown(ours),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{What, compare};
    use crate::{answer::Answer, case::Case};

    const REPORT: &str = "\
Some banner
---
apiVersion: openreports.io/v1alpha1
kind: ClusterReport
results:
- {policy: p0, rule: r0, result: fail, message: no, resources: [{kind: Pod, name: a, namespace: default}]}
- {policy: p0, rule: r0, result: pass, message: yes it is, resources: [{kind: Pod, name: b, namespace: prod}]}
";

    fn report(text: &str) -> Answer {
        let mut answer = Answer::default();
        answer.take_reports(text);
        answer
    }

    fn found(theirs: &Answer, ours: &Answer) -> Vec<(What, String)> {
        let found = compare(&Case::default(), theirs, ours)
            .differences
            .into_iter();
        let shown = found.map(|found| {
            (
                found.what,
                format!("{} {}", found.row.policy, found.row.object),
            )
        });
        shown.collect()
    }

    #[test]
    fn rows_are_compared_by_policy_rule_and_object() {
        type Row<'a> = (What, &'a str);
        let cases: &[(&str, &str, Option<Row<'_>>)] = &[
            ("", "", None),
            (
                "resources: [{kind: Pod, name: a",
                "subjects: [{kind: Pod, name: a",
                None,
            ),
            (
                "result: pass",
                "result: skip",
                Some((What::Status, "p0 prod/Pod/b")),
            ),
            (
                "message: no",
                "message: never",
                Some((What::Message, "p0 /Pod/a")),
            ),
            (
                "name: b, namespace: prod",
                "name: b",
                Some((What::Status, "p0 /Pod/b")),
            ),
        ];
        for (from, to, wanted) in cases {
            let found = found(&report(REPORT), &report(&REPORT.replacen(from, to, 1)));
            let wanted = wanted.map(|(what, row)| (what, row.to_owned()));
            assert_eq!(found.first().cloned(), wanted, "{from} → {to}");
        }
    }

    #[test]
    fn a_row_that_only_one_has_differs() {
        let all = report(REPORT);
        assert_eq!(
            compare(&Case::default(), &all, &Answer::default())
                .differences
                .len(),
            2
        );
        assert_eq!(compare(&Case::default(), &Answer::default(), &all).rows, 2);
    }

    #[test]
    fn objects_are_compared_as_they_are_in_the_end() {
        let objects = |text: &str| {
            let mut answer = Answer::default();
            answer.take_objects(text, &[]);
            answer
        };
        let object = "kind: A\nmetadata: {name: a, namespace: p1}\n";
        let theirs = objects(&format!("{object}x: 1\n---\n{object}x: 2\n"));
        assert_eq!(found(&theirs, &objects(&format!("{object}x: 2\n"))), []);
        assert_eq!(
            found(&theirs, &objects(&format!("{object}x: 1\n"))),
            [(What::Object, "p1 p1/A/a".to_owned())]
        );
    }
}
