//! `failureActionOverrides`: no namespace has two actions, wildcards included.

use portcullis_api::cluster_policy::FailureActionOverride;
use portcullis_values::wildcard;

use super::finding::Findings;

pub(super) fn check(overrides: &[FailureActionOverride], path: &str, findings: &mut Findings) {
    for (index, later) in overrides.iter().enumerate() {
        let path = format!("{path}/{index}");
        let Some(action) = later.action else {
            findings.error(
                path,
                "the override has no action",
                "write `action: Audit` or `action: Enforce`",
            );
            continue;
        };
        let others = overrides.iter().take(index).filter(|earlier| {
            earlier
                .action
                .is_some_and(|other| other.is_enforce() != action.is_enforce())
        });
        for earlier in others.flat_map(|earlier| &earlier.namespaces) {
            let overlap = later
                .namespaces
                .iter()
                .find(|namespace| overlaps(earlier, namespace));
            if let Some(namespace) = overlap {
                findings.error(
                    format!("{path}/namespaces"),
                    format!("`{namespace}` also has the other action, by `{earlier}`"),
                    "let each namespace have one action",
                );
            }
        }
    }
}

/// Whether the same namespace may be meant by both.
fn overlaps(left: &str, right: &str) -> bool {
    let of = |pattern: &str, text: &str| {
        wildcard::has_wildcard(pattern) && wildcard::matches(pattern, text)
    };
    left == right || of(left, right) || of(right, left)
}
