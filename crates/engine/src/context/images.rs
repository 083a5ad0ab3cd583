//! `images`: the images of an object, by group and key.
//!
//! For a pod, and for a controller that makes pods, the groups are the kinds of container and the
//! key is the container's name. Where `imageExtractors` of a rule name the object's kind, they say
//! where the images are, and nothing else counts.
//!
//! `images.containers.web.tag` is the tag of the container `web`; further fields are `registry`,
//! `name`, `path`, `digest`, `reference`, `referenceWithTag` and `jsonPointer`. Registry, tag and
//! digest are absent where the image has none.

use std::collections::BTreeMap;

use portcullis_api::cluster_policy::ImageExtractor;
use portcullis_jmespath::Expression;
use portcullis_values::image_ref::{ImageInfo, ImageOptions};
use portcullis_values::json_pointer;
use portcullis_values::{Map, Str, Val};
use serde_json::Value;

use super::source::{ContextSource, NoSource};
use super::world::evaluate_on;

const LISTS: &[&str] = &["initContainers", "containers", "ephemeralContainers"];

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

/// `imageExtractors` of a rule, ready to run, by kind.
#[derive(Debug, Default)]
pub struct Extractors(BTreeMap<String, Vec<Extractor>>);

#[derive(Debug)]
struct Extractor {
    group: String,
    steps: Vec<String>,
    value: String,
    key: Option<String>,
    expression: Option<Result<Expression, String>>,
}

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
                pod = pod_extractors(kind(object));
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

impl Extractor {
    fn compile(written: &ImageExtractor) -> Extractor {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let steps = written.path.split('/').filter(|step| !step.is_empty());
        let mut steps: Vec<String> = steps.map(str::to_owned).collect();
        let value = given(&written.value).or_else(|| steps.pop());
        Extractor {
            group: given(&written.name).unwrap_or_else(|| "custom".to_owned()),
            value: value.unwrap_or_default(),
            key: given(&written.key),
            expression: given(&written.jmes_path)
                .map(|text| Expression::compile(&text).map_err(|error| error.to_string())),
            steps,
        }
    }

    /// What is absent has no images; what is there must be built as the path says.
    fn walk(
        &self,
        value: &Value,
        steps: &[String],
        pointer: &mut String,
        source: &dyn ContextSource,
        found: &mut Vec<FoundImage>,
    ) -> Result<(), String> {
        if value.is_null() {
            return Ok(());
        }
        let Some((step, rest)) = steps.split_first() else {
            found.push(self.image(value, pointer, source)?);
            return Ok(());
        };
        let below: Vec<(String, &Value)> = match (step.as_str(), value) {
            ("*", Value::Array(items)) => (0..)
                .zip(items)
                .map(|(index, item): (usize, _)| (index.to_string(), item))
                .collect(),
            ("*", Value::Object(entries)) => entries
                .iter()
                .map(|(key, item)| (key.clone(), item))
                .collect(),
            ("*", _) => return Err(format!("`{pointer}` is neither a list nor a map")),
            (key, Value::Object(entries)) => entries
                .get(key)
                .map(|item| (key.to_owned(), item))
                .into_iter()
                .collect(),
            (key, _) => return Err(format!("no `{key}` in `{pointer}`, which is no map")),
        };
        for (step, value) in below {
            let length = pointer.len();
            push_step(pointer, &step);
            self.walk(value, rest, pointer, source, found)?;
            pointer.truncate(length);
        }
        Ok(())
    }

    fn image(
        &self,
        holder: &Value,
        pointer: &str,
        source: &dyn ContextSource,
    ) -> Result<FoundImage, String> {
        let mut place = pointer.to_owned();
        push_step(&mut place, &self.value);
        let text = |key: &str| holder.get(key).and_then(Value::as_str);
        let key = match &self.key {
            None => place.clone(),
            Some(key) => text(key)
                .ok_or_else(|| format!("no `{key}` beside `{place}`"))?
                .to_owned(),
        };
        let written = text(&self.value).ok_or_else(|| format!("no image at `{place}`"))?;
        let image = self.select(written, &place, source)?;
        let info = ImageInfo::parse(&image, &ImageOptions::default())
            .map_err(|error| format!("invalid image `{image}` at `{place}`: {error}"))?;
        Ok(FoundImage {
            group: self.group.clone(),
            key,
            info,
            pointer: place,
        })
    }

    fn select(
        &self,
        text: &str,
        place: &str,
        source: &dyn ContextSource,
    ) -> Result<String, String> {
        let Some(expression) = &self.expression else {
            return Ok(text.to_owned());
        };
        let failed = |reason: String| format!("`jmesPath` for the image at `{place}`: {reason}");
        let expression = expression.as_ref().map_err(|error| failed(error.clone()))?;
        match evaluate_on(expression, Val::from(text), source) {
            Ok(Val::Str(image)) => Ok(image.as_str().to_owned()),
            Ok(other) => Err(failed(format!("expected text, found {}", other.to_json()))),
            Err(error) => Err(failed(error.to_string())),
        }
    }
}

fn push_step(pointer: &mut String, step: &str) {
    pointer.push('/');
    pointer.push_str(&json_pointer::escape(step));
}

fn kind(object: &Value) -> &str {
    let kind = object.get("kind").and_then(Value::as_str);
    kind.unwrap_or_default()
}

fn pod_extractors(kind: &str) -> Vec<Extractor> {
    let place: &[&str] = match kind {
        "Pod" => &["spec"],
        "DaemonSet"
        | "Deployment"
        | "Job"
        | "ReplicaSet"
        | "ReplicationController"
        | "StatefulSet" => &["spec", "template", "spec"],
        "CronJob" => &["spec", "jobTemplate", "spec", "template", "spec"],
        _ => return Vec::new(),
    };
    let extractor = |list: &&str| Extractor {
        group: (*list).to_owned(),
        steps: place
            .iter()
            .copied()
            .chain([*list, "*"])
            .map(str::to_owned)
            .collect(),
        value: "image".to_owned(),
        key: Some("name".to_owned()),
        expression: None,
    };
    LISTS.iter().map(extractor).collect()
}

#[cfg(test)]
mod tests;
