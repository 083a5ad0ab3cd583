//! `images`: the images of an object, by group and key.
//!
//! For a pod, and for a controller that makes pods, the groups are the kinds of container and the
//! key is the container's name. Where `imageExtractors` of a rule name the object's kind, they say
//! where the images are, and nothing else counts.
//!
//! `images.containers.web.tag` is the tag of the container `web`; further fields are `registry`,
//! `name`, `path`, `digest`, `reference`, `referenceWithTag` and `jsonPointer`. Registry, tag and
//! digest are absent where the image has none.

mod extractor;

use std::collections::BTreeMap;

use portcullis_api::cluster_policy::ImageExtractor;
use portcullis_values::image_ref::{ImageInfo, ImageOptions};
use portcullis_values::{Map, Str, Val};
use serde_json::Value;

use super::source::{ContextSource, NoSource};
use extractor::Extractor;

/// An image of an object, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundImage {
    /// The kind of container, or the extractor's name.
    pub group: String,
    /// The name within the group.
    pub key: String,
    /// The reference, taken apart.
    pub info: ImageInfo,
    /// Where it stands, as a JSON pointer.
    pub pointer: String,
}

/// Whether objects of a kind have images where pods, or what makes pods, have them.
pub(crate) fn are_known(kind: &str) -> bool {
    !extractor::of_pods(kind).is_empty()
}

/// `imageExtractors` of a rule, ready to run, by kind.
#[derive(Debug, Default)]
pub struct Extractors(BTreeMap<String, Vec<Extractor>>);

impl Extractors {
    /// Makes extractors ready.
    #[must_use]
    pub fn compile(written: &BTreeMap<String, Vec<ImageExtractor>>) -> Extractors {
        let compile = |list: &Vec<ImageExtractor>| list.iter().map(Extractor::compile).collect();
        let kinds = written.iter();
        Extractors(
            kinds
                .map(|(kind, list)| (kind.clone(), compile(list)))
                .collect(),
        )
    }

    /// Whether they say where the object's kind keeps its images.
    #[must_use]
    pub fn know(&self, object: &Value) -> bool {
        self.0.contains_key(kind(object))
    }

    /// The images of an object, in the order in which they are written.
    ///
    /// # Errors
    /// An object that is not built as an extractor says, a container without a name, or an image
    /// reference that cannot be read.
    pub fn images(
        &self,
        object: &Value,
        source: &dyn ContextSource,
    ) -> Result<Vec<FoundImage>, String> {
        let pod;
        let extractors = match self.0.get(kind(object)) {
            Some(extractors) => extractors,
            None => {
                pod = extractor::of_pods(kind(object));
                &pod
            }
        };
        let mut found = Vec::new();
        for extractor in extractors {
            let mut pointer = String::new();
            let steps = &extractor.steps;
            extractor.walk(object, steps, &mut pointer, source, &mut found)?;
        }
        Ok(found)
    }
}

/// The images of an object as an expression sees them; none when it has no image.
#[must_use]
pub fn as_value<'a>(images: &[FoundImage]) -> Option<Val<'a>> {
    let mut groups: Vec<(&str, Vec<(Str<'a>, Val<'a>)>)> = Vec::new();
    for image in images {
        let entry = (Str::from(image.key.clone()), image.value());
        match groups.iter_mut().find(|(group, _)| *group == image.group) {
            Some((_, entries)) => entries.push(entry),
            None => groups.push((&image.group, vec![entry])),
        }
    }
    let groups = groups.into_iter().map(|(group, entries)| {
        let entries = Val::Map(entries.into_iter().collect());
        (Str::from(group.to_owned()), entries)
    });
    (!images.is_empty()).then(|| Val::Map(groups.collect()))
}

/// The images of a pod, or of what makes pods; none when the object has no pod.
///
/// # Errors
/// A container without a name, or an image reference that cannot be read.
pub(super) fn of<'a>(object: &Value) -> Result<Option<Val<'a>>, String> {
    let images = Extractors::default().images(object, &NoSource)?;
    Ok(as_value(&images))
}

/// An image with its registry and tag, such as `docker.io/nginx:latest`.
#[must_use]
pub fn full_name(image: &str) -> Option<String> {
    let info = ImageInfo::parse(image, &ImageOptions::default()).ok()?;
    Some(info.reference)
}

impl FoundImage {
    /// The image as an expression sees it.
    #[must_use]
    pub fn value<'a>(&self) -> Val<'a> {
        let info = &self.info;
        let present = [
            ("name", &info.name),
            ("path", &info.path),
            ("reference", &info.reference),
            ("referenceWithTag", &info.reference_with_tag),
            ("jsonPointer", &self.pointer),
        ];
        let optional = [
            ("registry", &info.registry),
            ("tag", &info.tag),
            ("digest", &info.digest),
        ];
        let optional = optional.into_iter().filter(|(_, text)| !text.is_empty());
        let entries = present.into_iter().chain(optional);
        Val::Map(
            entries
                .map(|(key, text)| (Str::from(key), Val::from(text.clone())))
                .collect::<Map<'a>>(),
        )
    }
}

fn kind(object: &Value) -> &str {
    let kind = object.get("kind").and_then(Value::as_str);
    kind.unwrap_or_default()
}

#[cfg(test)]
mod tests;
