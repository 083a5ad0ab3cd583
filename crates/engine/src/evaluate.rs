//! A policy set and a request to responses: one per policy that has something to say.

mod changes;
mod injected;
mod world;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use self::changes::{Phase, State, with_object};
pub use self::world::Kept;
use self::world::{Numbered, World};

use crate::compile::PolicySet;
use crate::context::source::ContextSource;
use crate::policies::image_validating_policy::{Evidence, Unknown};
use crate::record::Recorder;
use crate::request::{Payload, Request};
use crate::response::EngineResponse;
use crate::verified_images::VerifiedImages;

/// Evaluates every policy that can be about the request: first the rules that change the object, one
/// after the other, then those that verify its images, and then all others on the object as it came
/// out. Responses stand in the order of the policies; a policy without a rule that answers gives none.
pub fn evaluate<R: Recorder>(
    set: &PolicySet,
    request: &Request<'_>,
    source: &dyn ContextSource,
    recorder: &mut R,
) -> Vec<EngineResponse> {
    evaluate_keeping(Kept::EachChange, set, request, source, recorder)
}

/// As [`evaluate`], with the objects that are asked for.
pub fn evaluate_keeping<R: Recorder>(
    kept: Kept,
    set: &PolicySet,
    request: &Request<'_>,
    source: &dyn ContextSource,
    recorder: &mut R,
) -> Vec<EngineResponse> {
    let asked = Asked {
        phases: &[Phase::Mutate, Phase::VerifyImages],
        others: true,
        kept,
        unknown_digests: Some(Unknown::Stays),
    };
    asked.answers(set, request, source, recorder)
}

/// Evaluates what changes the object, as a mutating webhook is asked for it: rules that mutate and
/// rules that verify images. The response with [`EngineResponse::is_last_change`] has the object as it
/// came out.
pub fn mutate<R: Recorder>(
    set: &PolicySet,
    request: &Request<'_>,
    source: &dyn ContextSource,
    recorder: &mut R,
) -> Vec<EngineResponse> {
    let asked = Asked {
        phases: &[Phase::Mutate, Phase::VerifyImages],
        others: false,
        kept: Kept::LastChange,
        unknown_digests: Some(Unknown::Fails),
    };
    asked.answers(set, request, source, recorder)
}

/// Evaluates what only decides, as a validating webhook is asked for it: the object has been changed
/// before. Images are verified once more: whoever writes an object can write that they were.
pub fn validate<R: Recorder>(
    set: &PolicySet,
    request: &Request<'_>,
    source: &dyn ContextSource,
    recorder: &mut R,
) -> Vec<EngineResponse> {
    let asked = Asked {
        phases: &[Phase::VerifyImages],
        others: true,
        kept: Kept::EachChange,
        unknown_digests: None,
    };
    asked.answers(set, request, source, recorder)
}

/// What is asked of policies.
#[derive(Clone, Copy, Debug)]
struct Asked<'p> {
    /// Which rules may change the object.
    phases: &'p [Phase],
    /// Whether the rules are asked that change nothing.
    others: bool,
    kept: Kept,
    /// What becomes of an image whose digest nobody knows; none where digests are not written.
    unknown_digests: Option<Unknown>,
}

impl Asked<'_> {
    fn answers<R: Recorder>(
        self,
        set: &PolicySet,
        request: &Request<'_>,
        source: &dyn ContextSource,
        recorder: &mut R,
    ) -> Vec<EngineResponse> {
        let world = |verified| World {
            set,
            source,
            verified,
            evidence: Evidence::default(),
            kept: self.kept,
            unknown_digests: self.unknown_digests,
        };
        let nothing = VerifiedImages::default();
        if request.payload != Payload::Resource {
            return world(&nothing).of_payload(request);
        }
        let mut state = State::default();
        let mut responses: Vec<Numbered> = Vec::new();
        if !set.mutating.is_empty() || !set.verifying.is_empty() {
            for phase in self.phases {
                let answers = world(&nothing).changes(*phase, request, &mut state, recorder);
                responses.extend(answers);
            }
        } else if self.others {
            let others = world(&nothing).others(request, recorder);
            return others.into_iter().map(|(_, response)| response).collect();
        }
        let mut changes = responses.iter_mut().rev();
        if let Some((_, last)) = changes.find(|(_, response)| response.changes_object) {
            last.is_last_change = true;
            last.patched.clone_from(&state.object);
        }
        if self.others {
            let request = with_object(request, state.object.as_deref());
            responses.extend(world(&state.verified).others(&request, recorder));
        }
        joined(responses)
    }
}

/// One response for each policy: all that its rules say, and the object as the last change left it.
fn joined(responses: Vec<Numbered>) -> Vec<EngineResponse> {
    let mut by_policy = BTreeMap::new();
    for (number, response) in responses {
        match by_policy.entry(number) {
            Entry::Occupied(mut known) => {
                let known: &mut EngineResponse = known.get_mut();
                known.rules.extend(response.rules);
                known.changes_object |= response.changes_object;
                known.patched = response.patched.or(known.patched.take());
                known.is_last_change |= response.is_last_change;
            }
            Entry::Vacant(place) => {
                place.insert(response);
            }
        }
    }
    by_policy.into_values().collect()
}
