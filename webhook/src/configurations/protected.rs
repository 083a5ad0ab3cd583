//! What brings the webhook back: requests that no webhook with `failurePolicy: Fail` may get, since
//! they would be denied for as long as the webhook is gone, and it would stay gone.
//!
//! | requests | are sent |
//! |---|---|
//! | of the webhook's own namespace | nowhere |
//! | of leases, token and access reviews, and webhook configurations | nowhere |
//! | of `kube-system` and `kube-node-lease`, of nodes and of certificate signing requests | to a webhook that asks the same policies with `failurePolicy: Ignore` |

use super::coverage::{Coverage, Operations, Scope, Target};

/// Namespaces of what a cluster runs on.
pub(super) const NAMESPACES: [&str; 2] = ["kube-node-lease", "kube-system"];

/// Groups whose resources are never sent.
const UNSENT: [&str; 4] = [
    "admissionregistration.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "coordination.k8s.io",
];

/// Resources outside of namespaces that nodes need to join and stay.
const INFRASTRUCTURE: [(&str, &str); 2] = [
    ("", "nodes"),
    ("certificates.k8s.io", "certificatesigningrequests"),
];

/// What is left of a coverage without the groups that are never sent.
pub(super) fn sent(coverage: Coverage) -> Coverage {
    coverage.without(&all(UNSENT.map(|group| (group, "*/*")), Scope::Any))
}

/// The part of a coverage that may fail closed, as far as rules can say it.
pub(super) fn closed(coverage: Coverage) -> Coverage {
    coverage.without(&all(
        INFRASTRUCTURE.map(|(group, resource)| (group, below(resource))),
        Scope::Any,
    ))
}

/// The part of a coverage that may not: with a selector of [`NAMESPACES`].
pub(super) fn infrastructure(coverage: &Coverage) -> Coverage {
    let mut kept = all([("*", "*/*")], Scope::Namespaced);
    kept.extend(all([("", "namespaces/*")], Scope::Cluster));
    kept.extend(all(
        INFRASTRUCTURE.map(|(group, resource)| (group, below(resource))),
        Scope::Cluster,
    ));
    coverage.meet(&kept)
}

/// The condition that says what rules with wildcards cannot.
pub(super) fn condition(coverage: &Coverage, is_closed: bool) -> Option<String> {
    let mut unwanted = all(UNSENT.map(|group| (group, "*/*")), Scope::Any);
    if is_closed {
        unwanted.extend(all(
            INFRASTRUCTURE.map(|(group, resource)| (group, below(resource))),
            Scope::Any,
        ));
    }
    let is_needed = !coverage.meet(&unwanted).is_empty();
    let groups: Vec<String> = UNSENT.iter().map(|group| format!("\"{group}\"")).collect();
    let mut unsent = format!("request.resource.group in [{}]", groups.join(", "));
    if is_closed {
        for (group, resource) in INFRASTRUCTURE {
            unsent.push_str(&format!(
                " || (request.resource.group == \"{group}\" && request.resource.resource == \"{resource}\")"
            ));
        }
    }
    is_needed.then(|| format!("!({unsent})"))
}

fn below(resource: &str) -> String {
    format!("{resource}/*")
}

fn all<R: AsRef<str>>(of: impl IntoIterator<Item = (&'static str, R)>, scope: Scope) -> Coverage {
    let targets = of.into_iter().map(|(group, resource)| {
        let target = Target::new(group, "*", resource.as_ref(), scope);
        (target, Operations::ALL)
    });
    targets.collect()
}
