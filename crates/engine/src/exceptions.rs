//! Exceptions of `kyverno.io`: which of them let a request off which rule.
//!
//! An exception names policies (`name`, or `namespace/name`) and their rules, with wildcards;
//! derived rules have names of their own. It holds for the requests of its `match` block, when
//! its `conditions` hold, until it expires:
//!
//! ```yaml
//! metadata:
//!   annotations: {portcullis.io/expires: "2026-12-31T18:00:00Z"}   # or "2026-12-31", its start in UTC
//! ```
//!
//! An exception with `podSecurity` lets off only the parts named there; the caller evaluates these.

mod expiry;

use portcullis_api::{
    cluster_policy::{AnyAllConditions, PodSecurityStandard},
    policy_exception::PolicyException,
};
use portcullis_values::wildcard::Wildcard;
use rustc_hash::FxHashMap;

pub(crate) use self::expiry::of as expiry_of;
pub use self::expiry::{ANNOTATION as EXPIRY_ANNOTATION, ExpiryError, expires};
use crate::CompileOptions;
use crate::matching::{ExceptionMatcher, Subject};
use crate::policies::cluster_policy::condition::without_empty_any;

/// Nanoseconds since 1970 in UTC.
pub type Nanoseconds = i128;

/// An exception, made ready.
#[derive(Clone, Debug, PartialEq)]
pub struct Exception {
    /// `namespace/name`, or `name` without a namespace: how messages name it.
    pub key: String,
    /// Whether it holds in background scans too.
    pub background: bool,
    /// When it stops to hold; none for never.
    pub expires: Option<Nanoseconds>,
    /// Conditions that must hold as well; one in error makes the exception not hold.
    pub conditions: Option<AnyAllConditions>,
    /// The parts of a podSecurity rule that it lets off; empty for the whole rule.
    pub pod_security: Vec<PodSecurityStandard>,
    matcher: ExceptionMatcher,
    targets: Vec<Target>,
}

/// Rules of one policy.
#[derive(Clone, Debug, PartialEq)]
struct Target {
    policy: String,
    rules: Vec<Wildcard>,
}

/// Why an exception cannot be used; it then lets nothing off.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("exception `{key}`: {error}")]
pub struct ExceptionError {
    /// The exception.
    pub key: String,
    /// What is wrong.
    pub error: ExpiryError,
}

/// Exceptions by the policy that they are for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExceptionSet {
    exceptions: Vec<Exception>,
    by_policy: FxHashMap<String, Vec<usize>>,
}

impl Exception {
    /// Makes an exception ready.
    ///
    /// # Errors
    /// An expiry that cannot be read.
    pub fn compile(written: &PolicyException) -> Result<Exception, ExceptionError> {
        let metadata = &written.metadata;
        let key = metadata.key();
        let spec = &written.spec;
        let targets = spec.exceptions.iter().map(|excepted| Target {
            policy: excepted.policy_name.clone(),
            rules: excepted
                .rule_names
                .iter()
                .map(|name| Wildcard::new(name))
                .collect(),
        });
        Ok(Exception {
            background: spec.background.unwrap_or(true),
            expires: expiry::of(&metadata.annotations).map_err(|error| ExceptionError {
                key: key.clone(),
                error,
            })?,
            conditions: spec.conditions.clone().map(without_empty_any),
            pod_security: spec.pod_security.clone(),
            matcher: ExceptionMatcher::compile(&spec.r#match),
            targets: targets.collect(),
            key,
        })
    }

    /// Whether the exception names the rule. `policy` is `name`, or `namespace/name`.
    #[must_use]
    pub fn names(&self, policy: &str, rule: &str) -> bool {
        let of_policy = self.targets.iter().filter(|target| target.policy == policy);
        of_policy
            .flat_map(|target| &target.rules)
            .any(|name| name.is_match(rule))
    }

    /// Whether the exception is about the request and has not expired; its conditions and its
    /// rules are for the caller to ask.
    #[must_use]
    pub fn holds(&self, subject: &Subject<'_>, now: Nanoseconds) -> bool {
        self.expires.is_none_or(|end| now < end) && self.matcher.matches_subject(subject)
    }
}

impl ExceptionSet {
    /// Makes exceptions ready, and tells which cannot be used. As in Kyverno, their `operations` do not
    /// count where that is asked for.
    pub fn compile<'a>(
        written: impl IntoIterator<Item = &'a PolicyException>,
        options: &CompileOptions,
    ) -> (ExceptionSet, Vec<ExceptionError>) {
        let mut set = ExceptionSet::default();
        let mut errors = Vec::new();
        for exception in written {
            match Exception::compile(exception) {
                Ok(mut exception) => {
                    if options.compat {
                        exception.matcher.ignore_operations();
                    }
                    set.add(exception);
                }
                Err(error) => errors.push(error),
            }
        }
        (set, errors)
    }

    fn add(&mut self, exception: Exception) {
        let position = self.exceptions.len();
        for target in &exception.targets {
            let filed = self.by_policy.entry(target.policy.clone()).or_default();
            if filed.last() != Some(&position) {
                filed.push(position);
            }
        }
        self.exceptions.push(exception);
    }

    /// Whether there is no exception.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exceptions.is_empty()
    }

    /// How many exceptions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.exceptions.len()
    }

    /// The exceptions that name a rule, in the order in which they were given. Ask this once per
    /// rule, at load.
    pub fn for_rule<'s>(
        &'s self,
        policy: &str,
        rule: &str,
    ) -> impl Iterator<Item = &'s Exception> + use<'s> {
        let named: Vec<_> = self
            .by_policy
            .get(policy)
            .into_iter()
            .flatten()
            .filter_map(|&position| self.exceptions.get(position))
            .filter(|exception| exception.names(policy, rule))
            .collect();
        named.into_iter()
    }
}

/// What a rule says that was skipped for exceptions with these keys. There is no space before the
/// first key: Kyverno's users know it so.
#[must_use]
pub fn skip_message(keys: &[&str]) -> String {
    format!(
        "rule is skipped due to policy exceptions{}",
        keys.join(", ")
    )
}

/// What a podSecurity rule says that was skipped as a whole, for one exception.
#[must_use]
pub fn pod_security_skip_message(key: &str) -> String {
    format!("rule is skipped due to policy exception {key}")
}

/// What a podSecurity rule says that passed only because exceptions let parts off.
#[must_use]
pub fn pod_security_parts_message(keys: &[&str]) -> String {
    format!(
        "rule is skipped due to policy exceptions {}",
        keys.join(", ")
    )
}

#[cfg(test)]
mod tests;
