//! The rules that autogen makes of rules for Pods, for which Kyverno refuses a policy as well.
//!
//! What is found stands at the place of the written rule, as far as it has that place. Of a rule
//! that is refused itself nothing more is said.

use portcullis_api::cluster_policy::Policy;

use super::finding::{Finding, Findings, Severity};
use super::rule;
use crate::autogen;

const TEMPLATES: &[&str] = &["/spec/jobTemplate/spec/template/", "/spec/template/"];

pub(super) fn check(policy: &Policy, findings: &mut Findings) {
    for derived in autogen::expand(policy) {
        let mut found = Findings::default();
        let path = format!("/spec/rules/{}", derived.origin);
        if findings.refuse(&path) {
            continue;
        }
        rule::check(policy, &derived.rule, &path, &mut found);
        for finding in found.into_list() {
            if finding.severity == Severity::Error {
                add(&derived.rule.name, &path, finding, findings);
            }
        }
    }
}

/// Kyverno compares `match` and `exclude` of written rules only; a derived rule may match nothing.
fn add(name: &str, path: &str, finding: Finding, findings: &mut Findings) {
    let message = format!(
        "in `{name}`, which is made of this rule: {}",
        finding.message
    );
    let place = written(&finding.path);
    let selects = ["/match", "/exclude"];
    let part = place.strip_prefix(path).unwrap_or_default();
    match selects.iter().any(|select| part.starts_with(select)) {
        true => findings.warning(place, message, finding.remedy),
        false => findings.error(place, message, finding.remedy),
    }
}

/// The place without the template that autogen puts around a pattern.
pub(super) fn written(path: &str) -> String {
    let mut written = path.to_owned();
    for template in TEMPLATES {
        written = written.replacen(template, "/", 1);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_the_written_rule() {
        for (derived, expected) in [
            ("/pattern/spec/template/spec/a", "/pattern/spec/a"),
            (
                "/pattern/spec/jobTemplate/spec/template/metadata",
                "/pattern/metadata",
            ),
            ("/pattern/spec/a", "/pattern/spec/a"),
        ] {
            assert_eq!(written(derived), expected);
        }
    }
}
