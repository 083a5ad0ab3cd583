//! How verifying the images of an object ended, by policy, rule and image.
//!
//! What ended so is written into the object's annotations, as Kyverno's webhook does. Only the
//! annotations of a stored object are believed: those of a new one may be anybody's.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::policy_info::PolicyName;
use crate::request::{Operation, Request};

/// The annotation with one status for each image.
pub const ANNOTATION: &str = "kyverno.io/verify-images";
/// The annotation with a status for each policy, rule and image.
pub const SCOPED_ANNOTATION: &str = "kyverno.io/verify-images-scoped";

/// How verifying an image ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ImageStatus {
    /// It is verified.
    Pass,
    /// It was not to be verified.
    Skip,
    /// It is not verified.
    Fail,
}

impl ImageStatus {
    /// The word of the annotations: `pass`, `skip`, `fail`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ImageStatus::Pass => "pass",
            ImageStatus::Skip => "skip",
            ImageStatus::Fail => "fail",
        }
    }
}

/// Status by image.
pub type ImageStatuses = BTreeMap<String, ImageStatus>;

/// How verifying the images of an object ended.
#[derive(Clone, Debug, Default)]
pub struct VerifiedImages {
    policies: BTreeMap<String, BTreeMap<String, ImageStatuses>>,
}

impl VerifiedImages {
    /// Notes what a rule found.
    pub fn note(&mut self, policy: &PolicyName<'_>, rule: &str, images: ImageStatuses) {
        if images.is_empty() {
            return;
        }
        let rules = self.policies.entry(policy.scoped_key()).or_default();
        rules.entry(rule.to_owned()).or_default().extend(images);
    }

    /// How verifying an image ended for a rule.
    #[must_use]
    pub fn status(&self, policy: &str, rule: &str, image: &str) -> Option<ImageStatus> {
        self.policies.get(policy)?.get(rule)?.get(image).copied()
    }

    /// Whether a policy has noted anything.
    #[must_use]
    pub fn knows(&self, policy: &PolicyName<'_>) -> bool {
        !self.policies.is_empty() && self.policies.contains_key(&policy.scoped_key())
    }

    /// The object with the annotations.
    #[must_use]
    pub fn annotated(&self, object: &Value) -> Value {
        let mut object = object.clone();
        let annotations = object
            .as_object_mut()
            .and_then(|object| below(object, "metadata"))
            .and_then(|metadata| below(metadata, "annotations"));
        if let Some(annotations) = annotations {
            annotations.insert(ANNOTATION.to_owned(), self.by_image().into());
            annotations.insert(SCOPED_ANNOTATION.to_owned(), self.by_rule().into());
        }
        object
    }

    /// Where rules disagree about an image, the worst counts.
    fn by_image(&self) -> String {
        let mut worst = BTreeMap::new();
        let rules = self.policies.values().flat_map(BTreeMap::values);
        for (image, status) in rules.flatten() {
            let known = worst.entry(image).or_insert(*status);
            *known = (*known).max(*status);
        }
        let words: BTreeMap<_, _> = worst
            .into_iter()
            .map(|(image, status)| (image, status.as_str()))
            .collect();
        json(&words)
    }

    fn by_rule(&self) -> String {
        let words = |images: &ImageStatuses| -> BTreeMap<String, &str> {
            let images = images.iter();
            images
                .map(|(image, status)| (image.clone(), status.as_str()))
                .collect()
        };
        let policies: BTreeMap<_, BTreeMap<_, _>> = self
            .policies
            .iter()
            .map(|(policy, rules)| {
                let rules = rules.iter().map(|(rule, images)| (rule, words(images)));
                (policy, rules.collect())
            })
            .collect();
        format!(r#"{{"version":1,"policies":{}}}"#, json(&policies))
    }
}

/// Whether an update leaves an image as it is that the rule verified before.
#[must_use]
pub fn verified_before(
    request: &Request<'_>,
    pointer: &str,
    (policy, rule, image): (&str, &str, &str),
) -> bool {
    let (Operation::Update, Some(new), Some(old)) =
        (request.operation, request.object, request.old_object)
    else {
        return false;
    };
    let is_unchanged =
        new.pointer(pointer).is_some() && new.pointer(pointer) == old.pointer(pointer);
    let scoped = old
        .get("metadata")
        .and_then(|metadata| metadata.get("annotations"))
        .and_then(|annotations| annotations.get(SCOPED_ANNOTATION))
        .and_then(Value::as_str)
        .and_then(|text| serde_json::from_str::<Value>(text).ok());
    let status = scoped.as_ref().and_then(|scoped| {
        let rules = scoped.get("policies")?.get(policy)?;
        rules.get(rule)?.get(image)?.as_str()
    });
    is_unchanged && status == Some(ImageStatus::Pass.as_str())
}

/// The map below a key, made where there is none.
fn below<'o>(parent: &'o mut Map<String, Value>, key: &str) -> Option<&'o mut Map<String, Value>> {
    let slot = parent.entry(key.to_owned()).or_insert(Value::Null);
    if !slot.is_object() {
        *slot = Value::Object(Map::new());
    }
    slot.as_object_mut()
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
