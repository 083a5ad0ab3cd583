//! Paths of the server: what is asked, and of which policies.
//!
//! ```text
//! /validate[/fail|/ignore][/finegrained/POLICY]     /mutate[…]
//! ```
//!
//! A path without `fail` or `ignore` asks all policies. A policy whose `webhookConfiguration` has
//! `matchConditions` has a webhook of its own, in which the API server tests them: it is asked on its
//! own path (`NAME`, or `NAMESPACE/NAME`). On the path that asks all nobody has tested them, and the
//! policy gives an error.

/// What the API server wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// Whether the request may go on.
    Validate,
    /// How the object is changed.
    Mutate,
}

/// What it does when it gets no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailurePolicy {
    /// The request is denied.
    Fail,
    /// The request goes on.
    Ignore,
}

/// A path that reviews are sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmissionPath {
    /// What is asked.
    pub question: Question,
    /// Of the policies with which `failurePolicy`; none for all.
    pub failure_policy: Option<FailurePolicy>,
    /// Of this policy only.
    pub policy: Option<String>,
}

impl AdmissionPath {
    /// Reads a path; none where nothing is served there.
    #[must_use]
    pub fn parse(path: &str) -> Option<AdmissionPath> {
        let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let (first, rest) = parts.split_first()?;
        let question = match *first {
            "validate" => Question::Validate,
            "mutate" => Question::Mutate,
            _ => return None,
        };
        let (failure_policy, rest) = match rest.split_first() {
            Some((&"fail", rest)) => (Some(FailurePolicy::Fail), rest),
            Some((&"ignore", rest)) => (Some(FailurePolicy::Ignore), rest),
            _ => (None, rest),
        };
        let policy = match rest {
            [] => None,
            ["finegrained", name @ ..] if (1..=2).contains(&name.len()) && !name.contains(&"") => {
                Some(name.join("/"))
            }
            _ => return None,
        };
        Some(AdmissionPath {
            question,
            failure_policy,
            policy,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, wanted: Option<(Question, Option<FailurePolicy>, Option<&str>)>) {
        let wanted = wanted.map(|(question, failure_policy, policy)| AdmissionPath {
            question,
            failure_policy,
            policy: policy.map(str::to_owned),
        });
        assert_eq!(AdmissionPath::parse(path), wanted, "{path}");
    }

    #[test]
    fn a_path_says_what_is_asked_of_whom() {
        use FailurePolicy::{Fail, Ignore};
        use Question::{Mutate, Validate};
        check("/validate", Some((Validate, None, None)));
        check("/mutate/fail", Some((Mutate, Some(Fail), None)));
        check("/validate/ignore", Some((Validate, Some(Ignore), None)));
        let own = Some((Validate, Some(Fail), Some("p")));
        check("/validate/fail/finegrained/p", own);
        let namespaced = Some((Mutate, Some(Ignore), Some("shop/p")));
        check("/mutate/ignore/finegrained/shop/p", namespaced);
        for path in [
            "",
            "/",
            "validate",
            "/validate/",
            "/validate/other",
            "/validate/fail/finegrained",
            "/validate/fail/finegrained/",
            "/validate/fail/finegrained/a/b/c",
            "/generate",
        ] {
            check(path, None);
        }
    }
}
