//! The policies that an exception of `policies.kyverno.io` names.

use portcullis_api::cel_policy_exception::{CelPolicyException, PolicyReference};
use portcullis_engine::{
    compile_options::CompileError,
    load::{self, Loaded},
};
use portcullis_schema::nearest;

use super::{
    super::{
        Covered, Need,
        at_hand::AtHand,
        need::{CelTrial, Unusable},
    },
    Reading,
};
use crate::{
    cel_findings,
    diagnostic::Diagnostic,
    offline::{objects::text, places},
    render::RenderedPolicy,
};

/// The kinds that such exceptions are for.
const KINDS: [&str; 10] = [
    "ValidatingPolicy",
    "NamespacedValidatingPolicy",
    "MutatingPolicy",
    "NamespacedMutatingPolicy",
    "GeneratingPolicy",
    "NamespacedGeneratingPolicy",
    "DeletingPolicy",
    "NamespacedDeletingPolicy",
    "ImageValidatingPolicy",
    "NamespacedImageValidatingPolicy",
];

impl Reading<'_> {
    /// What each of the policies is let off; what is wrong with the exception is told once.
    pub(super) fn policy_refs(
        &self,
        written: &CelPolicyException,
        at_hand: &AtHand,
        unknown: &mut Vec<Diagnostic>,
    ) -> Vec<Covered> {
        if written.spec.policy_refs.is_empty() {
            let fault = Diagnostic::error("the exception names no policy");
            let place = self.place("/spec/policyRefs");
            unknown.push(fault.at(place, "expected at least one policy, by `name` and `kind`"));
        }
        let mut faults: Vec<CompileError> = Vec::new();
        let refs = written.spec.policy_refs.iter().enumerate();
        let covers = refs.map(|(index, part)| {
            let place = self.place(&format!("/spec/policyRefs/{index}/name"));
            let covered = |(need, because), names_rules| Covered {
                policy: part.name.clone(),
                rules: Vec::new(),
                names_rules,
                need,
                because,
                place: place.clone(),
            };
            let policy = match self.referenced(index, part) {
                Ok(policy) => policy,
                Err(fault) => {
                    unknown.push(fault);
                    let because = "the environment has no such policy".to_owned();
                    return covered((Need::Needless, because), false);
                }
            };
            let judged = match CelTrial::new(policy, written, part) {
                Ok(trial) => trial.run(&at_hand.worlds(&policy.key), &at_hand.objects),
                Err(Unusable::Policy) => (Need::Unknown, "the policy cannot be used".to_owned()),
                Err(Unusable::Exception(errors)) => {
                    let new = errors.into_iter().filter(|error| !faults.contains(error));
                    let new: Vec<CompileError> = new.collect();
                    faults.extend(new);
                    (Need::Unknown, "the exception cannot be used".to_owned())
                }
            };
            covered(judged, true)
        });
        let covers: Vec<Covered> = covers.collect();
        match faults.is_empty() {
            true => unknown.extend(self.mistyped(written)),
            false => unknown.extend(faults.iter().flat_map(|fault| self.faults(fault))),
        }
        covers
    }

    /// Where its conditions do not fit the kinds that its policies match.
    fn mistyped(&self, written: &CelPolicyException) -> Vec<Diagnostic> {
        let refs = written.spec.policy_refs.iter().enumerate();
        let policies: Option<Vec<Loaded>> = refs
            .map(|(index, part)| {
                let policy = self.referenced(index, part).ok()?;
                load::load(&policy.document.value).0.into_iter().next()
            })
            .collect();
        let Some(policies) = policies else {
            return Vec::new();
        };
        let policies: Vec<&Loaded> = policies.iter().collect();
        let place = |span| self.place_of_span(span);
        let text = (self.text, self.document);
        cel_findings::of_exception(written, &policies, self.catalogue, text, &place)
    }

    /// The policy of a reference, or what is wrong with the reference.
    fn referenced(
        &self,
        index: usize,
        part: &PolicyReference,
    ) -> Result<&RenderedPolicy, Diagnostic> {
        let is_named =
            |policy: &&RenderedPolicy| text(&policy.document.value, "/metadata/name") == part.name;
        let kind = |policy: &RenderedPolicy| text(&policy.document.value, "/kind").to_owned();
        let place = self.place(&format!("/spec/policyRefs/{index}/kind"));
        if !KINDS.contains(&part.kind.as_str()) {
            let message = format!(
                "exceptions of policies.kyverno.io are not for `{}`",
                part.kind
            );
            let fault =
                Diagnostic::error(message).at(place, "expected a kind of policies.kyverno.io");
            return Err(match nearest(&part.kind, KINDS) {
                Some(near) => fault.help(format!("did you mean `{near}`?")),
                None => fault.help("write an exception of kyverno.io/v2 for a ClusterPolicy"),
            });
        }
        let mut named = self.bundle.policies.iter().filter(is_named);
        if let Some(policy) = named.clone().find(|policy| kind(policy) == part.kind) {
            return Ok(policy);
        }
        if let Some(other) = named.next() {
            let message = format!(
                "`{}` is a {}, so the exception lets nothing off it",
                part.name,
                kind(other)
            );
            let help = format!("write `kind: {}`", kind(other));
            return Err(Diagnostic::error(message)
                .at(place, "not its kind")
                .help(help));
        }
        let fault = self.no_policy(&part.name);
        let place = self.place(&format!("/spec/policyRefs/{index}/name"));
        Err(fault.at(place, "no policy of this name holds here"))
    }

    /// A mistake of an expression where it stands, and anything else at its path.
    fn faults(&self, error: &CompileError) -> Vec<Diagnostic> {
        let place = |span| self.place_of_span(span);
        let text = (self.text, self.document);
        let found = cel_findings::of_refusal(&error.path, &error.message, text, &place);
        let told = |found: Diagnostic| Diagnostic {
            message: format!("the exception cannot be used: {}", found.message),
            ..found
        };
        if !found.is_empty() {
            return found.into_iter().map(told).collect();
        }
        let place = self.place(&places::pointer(&error.path));
        let fault = Diagnostic::error(error.path.clone()).at(place, error.message.clone());
        vec![told(fault)]
    }
}
