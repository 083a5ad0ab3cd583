//! `verifyImages`: signatures and attestations that images must have.
//!
//! A rule answers twice. Before validation it verifies each image that it names, notes how that
//! ended, and writes the digest beside the tag. With validation it checks that every image has its
//! digest (`verifyDigest`) and was verified (`required`). Whether an attestor signed is for the
//! [`ContextSource`](crate::context::source::ContextSource) to say; what it cannot say is an error.

mod attestors;
mod converted;

use std::sync::Arc;

use portcullis_api::cluster_policy::{self as api, ImageRegistryCredentials, ImageVerification};
use portcullis_values::Str;
use portcullis_values::image_ref::{ImageInfo, ImageOptions};
use portcullis_values::wildcard;
use serde_json::Value;

use super::condition::CompiledConditions;
use super::message::Messages;
use super::outcome::Outcome;
use crate::context::images::{Extractors, FoundImage, as_value};
use crate::context::query::Names;
use crate::context::source::{ContextSource, RegistryAccess};
use crate::context::variables::Template;
use crate::evaluation::Evaluation;
use crate::matching::Mismatch;
use crate::record::Recorder;
use crate::request::Request;
use crate::response::RuleStatus;
use crate::verified_images::{ImageStatus, ImageStatuses, verified_before};

use attestors::Attestors;
pub(super) use attestors::with_single_keys;

/// A `verifyImages` rule, ready to run.
#[derive(Debug)]
pub(super) struct VerifyImages {
    extractors: Extractors,
    entries: Vec<Entry>,
}

/// One entry of the list.
#[derive(Debug)]
struct Entry {
    written: ImageVerification,
    /// What is written, where it has variables.
    template: Option<Template>,
    /// The conditions of each attestation; all must hold.
    conditions: Vec<Vec<CompiledConditions>>,
    deny: Option<Deny>,
}

#[derive(Debug)]
struct Deny {
    conditions: CompiledConditions,
    messages: Messages,
}

/// What verifying the images of an object gave.
#[derive(Debug, Default)]
pub(super) struct Verified {
    pub(super) outcomes: Vec<Outcome>,
    pub(super) images: ImageStatuses,
    /// The object with digests written into it, where any was.
    pub(super) object: Option<Value>,
}

impl VerifyImages {
    pub(super) fn compile(rule: &api::Rule, names: &Arc<Names>) -> VerifyImages {
        let name: Arc<str> = rule.name.as_str().into();
        VerifyImages {
            extractors: Extractors::compile(&rule.image_extractors),
            entries: rule
                .verify_images
                .iter()
                .map(|written| Entry::compile(written, &name, names))
                .collect(),
        }
    }

    /// Whether the rule names an image of the object; `images` then has what the rule sees.
    ///
    /// # Errors
    /// The images cannot be found.
    pub(super) fn concerns<R: Recorder>(
        &self,
        evaluation: &Evaluation<'_, '_, R>,
    ) -> Result<bool, Outcome> {
        let images = self.images(evaluation)?;
        if self
            .extractors
            .know(evaluation.request().object.unwrap_or(&Value::Null))
            && let Some(value) = as_value(&images)
        {
            evaluation.context().replace(Str::from("images"), value);
        }
        Ok(self.names_one_of(&images))
    }

    fn names_one_of(&self, images: &[FoundImage]) -> bool {
        let is_named = |image: &FoundImage| self.entries.iter().any(|entry| entry.names(image));
        images.iter().any(is_named)
    }

    /// Why the rule says nothing of the images of an object; none where it names one of them.
    pub(super) fn names_none(
        &self,
        request: &Request<'_>,
        source: &dyn ContextSource,
    ) -> Option<Mismatch> {
        let images = self.extractors.images(request.object?, source).ok()?;
        if self.names_one_of(&images) {
            return None;
        }
        let patterns = (self.entries.iter()).flat_map(|entry| &entry.written.image_references);
        let images = images.iter().map(|image| &image.info.reference);
        let (patterns, images) = (quoted(patterns), quoted(images));
        let reason = match images.as_str() {
            "" => "the object has no image".to_owned(),
            images => format!("{images}: none of the images is one of {patterns}"),
        };
        Some(Mismatch::new("verifyImages.imageReferences", &reason))
    }

    /// The images that the rule names, each as skipped.
    pub(super) fn skipped<R: Recorder>(&self, evaluation: &Evaluation<'_, '_, R>) -> ImageStatuses {
        let images = self.images(evaluation).unwrap_or_default().into_iter();
        images
            .filter(|image| self.entries.iter().any(|entry| entry.names(image)))
            .map(|image| (image.info.reference, ImageStatus::Skip))
            .collect()
    }

    /// Verifies every image that the rule names.
    pub(super) fn verify<'a, R: Recorder>(
        &'a self,
        evaluation: &Evaluation<'a, '_, R>,
    ) -> Verified {
        let mut verified = Verified::default();
        let images = match self.images(evaluation) {
            Ok(images) => images,
            Err(outcome) => {
                verified.outcomes.push(outcome);
                return verified;
            }
        };
        for entry in &self.entries {
            let substituted = match entry.substituted(evaluation) {
                Ok(substituted) => substituted,
                Err(outcome) => {
                    verified.outcomes.push(outcome);
                    continue;
                }
            };
            let spec = substituted.as_ref().unwrap_or(&entry.written);
            for image in images.iter().filter(|image| entry.names(image)) {
                entry.verify(spec, image, evaluation, &mut verified);
            }
        }
        verified
    }

    /// Whether an image must have its digest or be verified; where neither, the rule is done when it
    /// has verified.
    pub(super) fn has_checks(&self) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| entry.needs_digest() || entry.is_required())
    }

    /// Checks that every image has its digest and was verified.
    pub(super) fn check<R: Recorder>(&self, evaluation: &Evaluation<'_, '_, R>) -> Outcome {
        let images = match self.images(evaluation) {
            Ok(images) => images,
            Err(outcome) => return outcome,
        };
        let (mut skipped, mut passed) = (Vec::new(), false);
        for entry in &self.entries {
            for image in images.iter().filter(|image| entry.names(image)) {
                let reference = &image.info.reference;
                if entry.needs_digest() && image.info.digest.is_empty() {
                    let message = format!("missing digest for {reference}");
                    return Outcome::new(RuleStatus::Fail, message);
                }
                if !entry.is_required() {
                    passed = true;
                    continue;
                }
                match status(evaluation, reference) {
                    Some(ImageStatus::Skip) => skipped.push(reference.as_str()),
                    Some(ImageStatus::Pass) => passed = true,
                    Some(ImageStatus::Fail) | None => {
                        let message = format!("unverified image {reference}");
                        return Outcome::new(RuleStatus::Fail, message);
                    }
                }
            }
        }
        match (passed, skipped.is_empty()) {
            (_, true) => Outcome::new(RuleStatus::Pass, "image verified"),
            (true, false) => Outcome::new(
                RuleStatus::Pass,
                format!("image verified, skipped images: {}", skipped.join(" ")),
            ),
            (false, false) => Outcome::new(
                RuleStatus::Skip,
                format!("image skipped, skipped images: {}", skipped.join(" ")),
            ),
        }
    }

    /// The images of the object; none when it goes away.
    fn images<R: Recorder>(
        &self,
        evaluation: &Evaluation<'_, '_, R>,
    ) -> Result<Vec<FoundImage>, Outcome> {
        let Some(object) = evaluation.request().object else {
            return Ok(Vec::new());
        };
        self.extractors
            .images(object, evaluation.context().source())
            .map_err(|error| Outcome::error("failed to extract images", &error))
    }
}

impl Entry {
    fn compile(written: &ImageVerification, rule: &Arc<str>, names: &Arc<Names>) -> Entry {
        let mut written = converted::of(written);
        let attestations = written.attestations.iter_mut();
        let conditions = attestations
            .map(|attestation| {
                let conditions = std::mem::take(&mut attestation.conditions);
                let blocks = conditions.iter();
                blocks
                    .map(|block| CompiledConditions::compile_block(block, names))
                    .collect()
            })
            .collect();
        let deny = written.validate.take().and_then(|validate| {
            let conditions = validate.deny?.conditions?;
            Some(Deny {
                conditions: CompiledConditions::compile(&conditions, names),
                messages: Messages::compile(rule, validate.message.as_deref(), names),
            })
        });
        let document = serde_json::to_value(&written).unwrap_or_default();
        let template = Template::compile_at("/verifyImages", &document, names);
        Entry {
            template: template.constant().is_none().then_some(template),
            written,
            conditions,
            deny,
        }
    }

    fn names(&self, image: &FoundImage) -> bool {
        matches_any(&self.written.image_references, image)
    }

    /// Whether an image must have its digest.
    fn needs_digest(&self) -> bool {
        self.written.verify_digest != Some(false)
    }

    /// Whether an image must be verified.
    fn is_required(&self) -> bool {
        self.written.required != Some(false)
    }

    /// The entry with its variables in place; none where it has no variables.
    fn substituted<'a, R: Recorder>(
        &'a self,
        evaluation: &Evaluation<'a, '_, R>,
    ) -> Result<Option<ImageVerification>, Outcome> {
        let Some(template) = &self.template else {
            return Ok(None);
        };
        let failed =
            |error: &dyn std::fmt::Display| Outcome::error("failed to substitute variables", error);
        let value = template
            .evaluate(evaluation.context())
            .map_err(|error| failed(&error))?;
        serde_json::from_value(value.to_json())
            .map(Some)
            .map_err(|error| failed(&error))
    }

    /// Verifies one image, and adds what that gave.
    fn verify<'a, R: Recorder>(
        &'a self,
        spec: &ImageVerification,
        image: &FoundImage,
        evaluation: &Evaluation<'a, '_, R>,
        verified: &mut Verified,
    ) {
        let reference = image.info.reference.clone();
        let (policy, rule) = (evaluation.policy().scoped_key(), evaluation.rule_name());
        let place = (policy.as_str(), &*rule, reference.as_str());
        if verified_before(evaluation.request(), &image.pointer, place) {
            verified.images.insert(reference, ImageStatus::Pass);
            return;
        }
        evaluation.context().checkpoint();
        let image_value = image.value();
        evaluation
            .context()
            .replace(Str::from("image"), image_value);
        let signed = self.signed(spec, image, evaluation);
        evaluation.context().restore();
        let status = match &signed {
            None => None,
            Some(Ok((outcome, _))) if outcome.status == RuleStatus::Skip => Some(ImageStatus::Skip),
            Some(Ok(_)) => Some(ImageStatus::Pass),
            Some(Err(_)) => Some(ImageStatus::Fail),
        };
        let (mut outcome, digest) = match signed {
            None => (None, Some(String::new())),
            Some(Ok((outcome, digest))) => (Some(outcome), Some(digest)),
            Some(Err(outcome)) => (Some(outcome), None),
        };
        let mut name = reference;
        // An image that is not verified is not pinned.
        if let Some(digest) = digest.filter(|_| self.wants_digest(image)) {
            let credentials = self.written.image_registry_credentials.as_ref();
            match write_digest(image, digest, credentials, evaluation, verified) {
                Ok(pinned) => {
                    name = pinned;
                    let pass = || Outcome::new(RuleStatus::Pass, "mutated image digest");
                    outcome.get_or_insert_with(pass);
                }
                Err(reason) => {
                    let error = Outcome::error("failed to update digest", &reason);
                    verified.outcomes.push(error);
                }
            }
        }
        verified.images.extend(status.map(|status| (name, status)));
        verified.outcomes.extend(outcome);
    }

    fn wants_digest(&self, image: &FoundImage) -> bool {
        self.written.mutate_digest != Some(false) && image.info.digest.is_empty()
    }

    /// How verifying ended, and the digest that was verified; none when there is nothing to verify,
    /// which leaves nothing to skip.
    fn signed<'a, R: Recorder>(
        &'a self,
        spec: &ImageVerification,
        image: &FoundImage,
        evaluation: &Evaluation<'a, '_, R>,
    ) -> Option<Result<(Outcome, String), Outcome>> {
        if spec.attestors.is_empty() && spec.attestations.is_empty() {
            return None;
        }
        if matches_any(&spec.skip_image_references, image) {
            let reference = &image.info.reference;
            let (policy, rule) = (evaluation.policy().name, evaluation.rule_name());
            let message = format!(
                "skipping image reference image {reference}, policy {policy} ruleName {rule}"
            );
            return Some(Ok((Outcome::new(RuleStatus::Skip, message), String::new())));
        }
        Some(self.verified(spec, &image.info, evaluation))
    }

    fn verified<'a, R: Recorder>(
        &'a self,
        spec: &ImageVerification,
        image: &ImageInfo,
        evaluation: &Evaluation<'a, '_, R>,
    ) -> Result<(Outcome, String), Outcome> {
        let context = evaluation.context();
        let attestors = Attestors {
            source: context.source(),
            image,
            verification: spec,
        };
        let reference = &image.reference;
        let mut digest = attestors.signatures()?;
        let mut message = format!("verified image signatures for {reference}");
        if !spec.attestations.is_empty() {
            let attested = attestors.attestations(&self.conditions, context)?;
            if digest.is_empty() {
                digest = attested;
            }
            message = format!("verified image attestations for {reference}");
        }
        if let Some(deny) = &self.deny {
            match deny.conditions.evaluate(context) {
                Err(error) => {
                    return Err(Outcome::error("failed to check deny conditions", &error));
                }
                Ok((true, said)) => {
                    let message = deny.messages.denied(context, &said);
                    return Err(Outcome::new(RuleStatus::Fail, message));
                }
                Ok((false, _)) => {}
            }
        }
        Ok((Outcome::new(RuleStatus::Pass, message), digest))
    }
}

fn quoted<'t>(texts: impl Iterator<Item = &'t String>) -> String {
    let texts: Vec<String> = texts.map(|text| format!("`{text}`")).collect();
    texts.join(", ")
}

fn matches_any(patterns: &[String], image: &FoundImage) -> bool {
    let mut patterns = patterns.iter();
    patterns.any(|pattern| wildcard::matches(pattern, &image.info.reference))
}

fn status<R: Recorder>(evaluation: &Evaluation<'_, '_, R>, image: &str) -> Option<ImageStatus> {
    let policy = evaluation.policy().scoped_key();
    let verified = evaluation.verified()?;
    verified.status(&policy, &evaluation.rule_name(), image)
}

/// Writes the digest beside the tag; gives the image as it then reads.
fn write_digest<R: Recorder>(
    image: &FoundImage,
    digest: String,
    credentials: Option<&ImageRegistryCredentials>,
    evaluation: &Evaluation<'_, '_, R>,
    verified: &mut Verified,
) -> Result<String, String> {
    let digest = match digest.is_empty() {
        false => digest,
        true => known_digest(&image.info, credentials, evaluation)?,
    };
    let object = match verified
        .object
        .take()
        .or_else(|| evaluation.request().object.cloned())
    {
        Some(object) => verified.object.insert(object),
        None => return Err("there is no object".to_owned()),
    };
    let pinned = format!("{}@{digest}", image.info.reference_with_tag);
    let info = ImageInfo::parse(&pinned, &ImageOptions::default())
        .map_err(|error| format!("`{digest}` is no digest: {error}"))?;
    let place = object.pointer_mut(&image.pointer);
    let place = place.filter(|text| {
        let parse = |text| ImageInfo::parse(text, &ImageOptions::default()).ok();
        let text = text.as_str();
        text == Some(&pinned) || text.and_then(parse).as_ref() == Some(&image.info)
    });
    match place {
        Some(text) => *text = Value::from(pinned),
        None => {
            let pointer = &image.pointer;
            return Err(format!(
                "the text at `{pointer}` is not the image itself; set `mutateDigest: false`"
            ));
        }
    }
    Ok(info.reference)
}

fn known_digest<R: Recorder>(
    image: &ImageInfo,
    credentials: Option<&ImageRegistryCredentials>,
    evaluation: &Evaluation<'_, '_, R>,
) -> Result<String, String> {
    let reference = &image.reference;
    let source = evaluation.context().source();
    let access = RegistryAccess::of(credentials, source);
    let reason = match access.and_then(|access| access.digest(image, source)) {
        Ok(Some(digest)) => return Ok(digest),
        Ok(None) => {
            "no registry can be asked here; give the image's `digest` in a Context file".to_owned()
        }
        Err(reason) => reason,
    };
    Err(format!(
        "failed to fetch image reference: {reference}, error: {reason}"
    ))
}
