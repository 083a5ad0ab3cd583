//! How policies are compiled, and what keeps one from being made ready.

use rustc_hash::FxHashSet;

use crate::policy_info::PolicyInfo;

/// How policies are compiled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CompileOptions {
    /// Whether known peculiarities of Kyverno are kept (`--compat`).
    pub compat: bool,
}

/// What keeps a policy from being made ready.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{kind} `{policy}`: {message}")]
pub struct CompileError {
    /// Kind of the policy.
    pub kind: String,
    /// The policy, as `name` or `namespace/name`.
    pub policy: String,
    /// The path inside the policy, if it is known apart from the message.
    pub path: String,
    /// What was found and what was expected.
    pub message: String,
}

impl CompileError {
    /// Keeps each error once: an exception that names several policies is compiled for each of them.
    pub fn keep_once(errors: &mut Vec<CompileError>) {
        let mut known = FxHashSet::default();
        errors.retain(|error| known.insert(error.clone()));
    }

    pub(crate) fn of_policy(info: &PolicyInfo, found: Vec<(String, String)>) -> Vec<CompileError> {
        found
            .into_iter()
            .map(|(path, message)| CompileError {
                kind: info.kind.clone(),
                policy: info.key(),
                path,
                message,
            })
            .collect()
    }
}
