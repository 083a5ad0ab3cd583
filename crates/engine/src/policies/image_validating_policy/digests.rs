//! Writing digests beside the tags of a Pod's images: `validationConfigurations.mutateDigest`.
//!
//! It is done where objects are changed, for the images of containers that the policy is about, and
//! verifies nothing. An image whose digest cannot be found out is an error, and the others get theirs.

use portcullis_values::image_ref::{ImageInfo, ImageOptions};
use serde_json::Value;

use super::{CompiledImageValidatingPolicy, Variant, images};
use crate::cel::{exception::Leave, host::SourceHost, scope::RequestScope, validation::Decision};
use crate::context::{
    Store,
    source::{ContextSource, RegistryAccess},
};
use crate::policies::mutating_policy::Changed;
use crate::request::Request;
use crate::response::{RuleResponse, RuleStatus};

/// What is done where nobody can be asked for a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The image stays as it is; whether it may is for validation to say.
    Stays,
    /// That is an error.
    Fails,
}

impl CompiledImageValidatingPolicy {
    /// Whether the policy writes digests.
    #[must_use]
    pub fn pins_digests(&self) -> bool {
        self.pins_digests
    }

    /// The object with the digests of its images, and what went wrong; nothing if the policy is not
    /// about the request.
    #[must_use]
    pub fn pin(
        &self,
        request: &Request<'_>,
        source: &dyn ContextSource,
        unknown: Unknown,
    ) -> Changed {
        let mut changed = Changed::default();
        let bounds = self.info.bounds();
        let mut about = self
            .variants
            .iter()
            .filter(|variant| variant.preamble.matches(bounds, request));
        // The variants are about different kinds.
        let Some((variant, object)) = about.next().zip(request.object) else {
            return changed;
        };
        match self.pinned(variant, request, object, source, unknown) {
            Ok((object, faults)) => {
                let responses = faults.iter().map(|fault| self.fault(fault));
                changed.responses = responses.collect();
                changed.object = object;
            }
            Err(error) => changed.responses.push(self.fault(&error)),
        }
        changed
    }

    fn fault(&self, error: &str) -> RuleResponse {
        let message = format!("failed to update digest: {error}");
        let decision = Decision::of(RuleStatus::Error, &message);
        RuleResponse {
            rule: "mutateDigest".into(),
            ..self.response(decision, Vec::new())
        }
    }

    /// The object where it changed, and the images without a digest.
    fn pinned(
        &self,
        variant: &Variant,
        request: &Request<'_>,
        object: &Value,
        source: &dyn ContextSource,
        unknown: Unknown,
    ) -> Result<(Option<Value>, Vec<String>), String> {
        let store = Store::new();
        let scoped = RequestScope::new(request, &store);
        let host = SourceHost::new(source).in_namespace(self.info.bounds());
        if !variant
            .preamble
            .holds(&self.scope(variant, &scoped, &host))?
        {
            return Ok(Default::default());
        }
        if let Leave::Whole(_) = self.exceptions.leave(&scoped, &host, source)? {
            return Ok(Default::default());
        }
        let access = RegistryAccess::default();
        let (mut after, mut faults) = (None, Vec::new());
        for (pointer, text) in images::of_containers(request, object) {
            let Ok(info) = ImageInfo::parse(text, &ImageOptions::default()) else {
                continue;
            };
            if !info.digest.is_empty() || !variant.matcher.matches(&info.reference)? {
                continue;
            }
            match (access.digest(&info, source), unknown) {
                (Ok(Some(digest)), _) => {
                    let after: &mut Value = after.get_or_insert_with(|| object.clone());
                    if let Some(place) = after.pointer_mut(&pointer) {
                        *place = Value::from(format!("{}@{digest}", info.reference_with_tag));
                    }
                }
                (Ok(None), Unknown::Stays) => {}
                (Ok(None), Unknown::Fails) => {
                    let reference = &info.reference;
                    faults.push(format!("no registry can be asked for `{reference}`"));
                }
                (Err(reason), _) => faults.push(format!("`{}`: {reason}", info.reference)),
            }
        }
        Ok((after, faults))
    }
}
