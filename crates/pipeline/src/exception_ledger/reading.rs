//! A written exception as an entry of the ledger.

mod cel;

use std::{ops::Range, sync::Arc};

use portcullis_api::policy_exception::{ExceptedRules, PolicyException};
use portcullis_engine::{
    exceptions::{EXPIRY_ANNOTATION, Nanoseconds, expires},
    load::{self, Loaded},
};
use portcullis_schema::{Catalogue, nearest};
use portcullis_yaml::Document;
use serde_json::Value;

use super::{Covered, LedgerException, Need, at_hand::AtHand, need::Trial, words};
use crate::{
    diagnostic::{Diagnostic, Place, SourceFile},
    offline::objects::text,
    render::{Bundle, RenderedPolicy},
};

/// A document of a file of exceptions, in an environment.
pub(super) struct Reading<'r> {
    pub(super) bundle: &'r Bundle,
    pub(super) file: &'r SourceFile,
    pub(super) document: &'r Document,
    /// The document's text.
    pub(super) text: &'r str,
    /// Where in the file the document starts.
    pub(super) offset: usize,
    pub(super) catalogue: &'r Arc<Catalogue>,
}

impl Reading<'_> {
    /// The exception, with each part tried on what is at hand; and the policies and rules that the
    /// environment does not have. None where the document cannot be read as an exception.
    pub(super) fn judge(
        &self,
        at_hand: &AtHand,
        now: Nanoseconds,
    ) -> Option<(LedgerException, Vec<Diagnostic>)> {
        let value = &self.document.value;
        let mut unknown = Vec::new();
        let (covers, matches) = match load::load(value).0.into_iter().next()? {
            Loaded::Exception(written) => {
                let parts = written.spec.exceptions.iter().enumerate();
                let covers = parts.map(|(index, part)| {
                    self.covered(&written, index, part, at_hand, &mut unknown)
                });
                (covers.collect(), words::matches(&written.spec))
            }
            Loaded::CelException(written) => {
                let covers = self.policy_refs(&written, at_hand, &mut unknown);
                (covers, words::conditions(&written.spec))
            }
            _ => return None,
        };
        let (written, expiry_pointer) = self.expiry();
        let name = text(value, "/metadata/name");
        let exception = LedgerException {
            environment: self.bundle.environment.clone(),
            name: match text(value, "/metadata/namespace") {
                "" => name.to_owned(),
                namespace => format!("{namespace}/{name}"),
            },
            owner: annotation(value, "portcullis.io/owner").to_owned(),
            ticket: annotation(value, "portcullis.io/ticket").to_owned(),
            reason: annotation(value, "portcullis.io/reason").to_owned(),
            is_expired: expires(written).is_ok_and(|end| end <= now),
            expires: written.to_owned(),
            matches,
            covers,
            place: self.place("/metadata/name"),
            expiry_place: self.place(&expiry_pointer),
        };
        Some((exception, unknown))
    }

    /// What one part of the exception lets off.
    fn covered(
        &self,
        written: &PolicyException,
        index: usize,
        part: &ExceptedRules,
        at_hand: &AtHand,
        unknown: &mut Vec<Diagnostic>,
    ) -> Covered {
        let pointer = format!("/spec/exceptions/{index}");
        let covered = |(need, because)| Covered {
            policy: part.policy_name.clone(),
            rules: part.rule_names.clone(),
            names_rules: true,
            need,
            because,
            place: self.place(&format!("{pointer}/policyName")),
        };
        let nothing = |because: &str| Covered {
            names_rules: false,
            ..covered((Need::Needless, because.to_owned()))
        };
        let Some(policy) = self.policy(&part.policy_name) else {
            let fault = self.no_policy(&part.policy_name);
            let label = "no policy of this name holds here";
            unknown.push(fault.at(self.place(&format!("{pointer}/policyName")), label));
            return nothing("the environment has no such policy");
        };
        let trial = match Trial::new(policy, written, part) {
            Ok(trial) => trial,
            Err(because) => return covered((Need::Unknown, because)),
        };
        let names = part.rule_names.iter().enumerate();
        let (right, wrong): (Vec<_>, Vec<_>) =
            names.partition(|(_, name)| trial.rules_of(name).next().is_some());
        for (number, name) in wrong {
            let message = format!("the policy `{}` has no rule `{name}`", part.policy_name);
            let fault = match right.as_slice() {
                [] => Diagnostic::error(message),
                _ => Diagnostic::warning(message),
            };
            let place = self.place(&format!("{pointer}/ruleNames/{number}"));
            unknown.push(
                fault
                    .at(place, "no rule of this name")
                    .help(trial.remedy(name)),
            );
        }
        if right.is_empty() {
            return nothing("the policy has no such rule");
        }
        covered(trial.run(&at_hand.worlds(&policy.key), &at_hand.objects))
    }

    fn policy(&self, name: &str) -> Option<&RenderedPolicy> {
        let mut policies = self.bundle.policies.iter();
        policies.find(|policy| policy_name(policy) == name)
    }

    fn no_policy(&self, name: &str) -> Diagnostic {
        let fault = Diagnostic::error(format!(
            "the environment `{}` has no policy `{name}`, so the exception lets nothing off it",
            self.bundle.environment
        ));
        let names: Vec<String> = self.bundle.policies.iter().map(policy_name).collect();
        match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault.help("take the policy out of the exception"),
        }
    }

    /// When the exception ends, as written and where: at whichever of its two expiries comes first.
    /// One that is no time comes before all others, so that it is told.
    fn expiry(&self) -> (&str, String) {
        let value = &self.document.value;
        let annotated = annotation_pointer(EXPIRY_ANNOTATION);
        let pointers = [annotated.clone(), "/spec/expiresAt".to_owned()];
        let written = pointers.map(|pointer| (text(value, &pointer), pointer));
        let written = written.into_iter().filter(|(text, _)| !text.is_empty());
        let first = written.min_by_key(|(text, _)| expires(text).unwrap_or(Nanoseconds::MIN));
        first.unwrap_or(("", annotated))
    }

    /// The place of a JSON pointer's node, or of the nearest one around it.
    pub(super) fn place(&self, pointer: &str) -> Place {
        self.place_of(pointer, false)
    }

    /// As [`Reading::place`], or the place of the node's key.
    pub(super) fn place_of(&self, pointer: &str, is_key: bool) -> Place {
        self.place_of_span(self.document.spans.of_pointer(pointer, is_key))
    }

    /// The place of a span of the document.
    pub(super) fn place_of_span(&self, span: Range<usize>) -> Place {
        Place {
            file: self.file.clone(),
            span: span.start + self.offset..span.end + self.offset,
        }
    }
}

/// `name`, or `namespace/name` of a Policy.
fn policy_name(policy: &RenderedPolicy) -> String {
    let value = &policy.document.value;
    let name = text(value, "/metadata/name");
    match text(value, "/metadata/namespace") {
        "" => name.to_owned(),
        namespace => format!("{namespace}/{name}"),
    }
}

/// The text of an annotation; empty where there is none.
pub(super) fn annotation<'v>(value: &'v Value, key: &str) -> &'v str {
    text(value, &annotation_pointer(key))
}

/// The JSON pointer of an annotation.
pub(super) fn annotation_pointer(key: &str) -> String {
    format!("/metadata/annotations/{}", key.replace('/', "~1"))
}
