//! The lint: what is wrong with a policy before it meets a resource.
//!
//! ```text
//! error    Kyverno refuses the policy as well
//! warning  the policy loads, and most likely does not do what its author means
//! ```
//!
//! Every finding has a JSON pointer into the policy's document (`/spec/rules/0/validate`), and
//! says what to do. What needs a cluster (do the kinds exist, may the controller write) is not
//! looked at.
//!
//! | file | what it looks at |
//! |---|---|
//! | `spec.rs` | metadata, the spec's own fields, and names of rules |
//! | `rule.rs` | what a rule does, and its parts |
//! | `match_resources.rs`, `conflict.rs`, `kinds.rs` | match and exclude, and rules for every kind |
//! | `context.rs` | context entries |
//! | `variables.rs`, `names.rs` | variables in `{{ }}`, and the names that they may read |
//! | `references.rs` | references `$( )` to other places of the rule |
//! | `conditions.rs` | preconditions and deny conditions |
//! | `validate.rs`, `foreach.rs`, `anchors.rs`, `labels.rs`, `cel.rs` | bodies of validate |
//! | `cel_policy.rs` | policies of `policies.kyverno.io` |
//! | `mutate.rs`, `json_patch.rs` | bodies of mutate, patches and targets |
//! | `generate.rs`, `clone_list.rs` | bodies of generate |
//! | `generation_loop.rs` | rules that generate or change each other's triggers |
//! | `verify_images.rs`, `attestors.rs`, `image_extractors.rs` | bodies of verifyImages, and where images stand |
//! | `scope.rs` | the names of kinds, and whether they live in a namespace |
//! | `derived.rs` | rules that autogen makes |
//! | `reach.rs`, `shadow.rs` | rules that nothing can reach |
//! | `policy_set.rs`, `order.rs`, `refusal.rs`, `writes.rs` | policies that run together |
//! | `selection.rs` | what two match blocks have to do with each other |
//! | `failure_action_overrides.rs` | namespaces of overrides |
//! | `advice.rs` | older spellings, and subresources and Pods that a rule does not see |

mod advice;
mod anchors;
mod attestors;
mod cel;
mod cel_policy;
mod clone_list;
mod conditions;
mod conflict;
mod context;
mod derived;
mod failure_action_overrides;
mod finding;
mod foreach;
mod generate;
mod generate_target;
mod generation_loop;
mod image_extractors;
mod json_patch;
mod kinds;
mod labels;
mod match_resources;
mod mutate;
mod names;
mod order;
mod policy_set;
mod reach;
mod references;
mod refusal;
mod rule;
mod rule_of_set;
mod scope;
mod selection;
mod shadow;
mod spec;
mod validate;
mod variables;
mod verify_images;
mod writes;

use portcullis_api::cluster_policy::Policy;
use serde_json::Value;

use finding::Findings;
pub use finding::{Finding, Severity};
pub use policy_set::{check_loops, check_set};
pub use rule_of_set::SetFinding;
pub use scope::is_known as is_known_kind;
pub(crate) use variables::of_cleanup_policy;

/// Everything that is wrong with a ClusterPolicy or Policy, in the order of the checks.
#[must_use]
pub fn check(policy: &Policy) -> Vec<Finding> {
    let mut findings = Findings::default();
    spec::check(policy, &mut findings);
    for (index, rule) in policy.spec.rules.iter().enumerate() {
        rule::check(policy, rule, &format!("/spec/rules/{index}"), &mut findings);
    }
    derived::check(policy, &mut findings);
    variables::check_annotations(policy, &mut findings);
    advice::check(policy, &mut findings);
    shadow::check(policy, &mut findings);
    findings.extend(policy_set::circles(policy));
    findings.into_list()
}

/// What Kyverno's webhook refuses of a policy of `policies.kyverno.io` that compiles, by the policy's
/// document; nothing of another kind.
#[must_use]
pub fn check_cel_policy(policy: &Value) -> Vec<Finding> {
    let mut findings = Findings::default();
    cel_policy::check(policy, &mut findings);
    findings.into_list()
}
