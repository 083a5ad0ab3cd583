//! Paths of the server: what is asked, and of which policies.
//!
//! ```text
//! /validate[/fail|/ignore][/untested|/finegrained/POLICY]     /mutate[…]
//! ```
//!
//! A path without `fail` or `ignore` asks all policies. A policy whose `webhookConfiguration` has
//! `matchConditions` has a webhook of its own, in which the API server tests them: it is asked on its
//! own path (`NAME`, or `NAMESPACE/NAME`). Where the API server would not take that webhook, the policy
//! is asked on the path `untested`, and tests them itself, as it does on the path that asks all.

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

/// Which of the policies are asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    /// Those that are asked together.
    Together,
    /// Those whose conditions the API server would test, and has not.
    Untested,
    /// One whose conditions the API server has tested.
    Policy(String),
}

/// A path that reviews are sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdmissionPath {
    /// What is asked.
    pub question: Question,
    /// Of the policies with which `failurePolicy`; none for all.
    pub failure_policy: Option<FailurePolicy>,
    /// Which of those.
    pub whom: Whom,
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
        let whom = match rest {
            [] => Whom::Together,
            ["untested"] if failure_policy.is_some() => Whom::Untested,
            ["finegrained", name @ ..] if (1..=2).contains(&name.len()) && !name.contains(&"") => {
                Whom::Policy(name.join("/"))
            }
            _ => return None,
        };
        Some(AdmissionPath {
            question,
            failure_policy,
            whom,
        })
    }

    /// The one policy that is asked; empty where more may be.
    #[must_use]
    pub fn policy(&self) -> &str {
        match &self.whom {
            Whom::Policy(key) => key,
            Whom::Together | Whom::Untested => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, wanted: Option<(Question, Option<FailurePolicy>, Whom)>) {
        let wanted = wanted.map(|(question, failure_policy, whom)| AdmissionPath {
            question,
            failure_policy,
            whom,
        });
        assert_eq!(AdmissionPath::parse(path), wanted, "{path}");
    }

    #[test]
    fn a_path_says_what_is_asked_of_whom() {
        use FailurePolicy::{Fail, Ignore};
        use Question::{Mutate, Validate};
        use Whom::{Together, Untested};
        let policy = |key: &str| Whom::Policy(key.to_owned());
        check("/validate", Some((Validate, None, Together)));
        check("/mutate/fail", Some((Mutate, Some(Fail), Together)));
        check("/validate/ignore", Some((Validate, Some(Ignore), Together)));
        let untested = Some((Validate, Some(Fail), Untested));
        check("/validate/fail/untested", untested);
        let own = Some((Validate, Some(Fail), policy("p")));
        check("/validate/fail/finegrained/p", own);
        let namespaced = Some((Mutate, Some(Ignore), policy("shop/p")));
        check("/mutate/ignore/finegrained/shop/p", namespaced);
        for path in [
            "",
            "/",
            "validate",
            "/validate/",
            "/validate/other",
            "/validate/untested",
            "/validate/fail/untested/p",
            "/validate/fail/finegrained",
            "/validate/fail/finegrained/",
            "/validate/fail/finegrained/a/b/c",
            "/generate",
        ] {
            check(path, None);
        }
    }
}
