//! Finds the images of an object where one of `imageExtractors` says.

use portcullis_api::cluster_policy::ImageExtractor;
use portcullis_jmespath::Expression;
use portcullis_values::Val;
use portcullis_values::image_ref::{ImageInfo, ImageOptions};
use portcullis_values::json_pointer;
use serde_json::Value;

use super::FoundImage;
use crate::context::source::ContextSource;
use crate::context::world::evaluate_on;

const LISTS: &[&str] = &["initContainers", "containers", "ephemeralContainers"];

/// One of `imageExtractors`, ready to run.
#[derive(Debug)]
pub(super) struct Extractor {
    group: String,
    pub(super) steps: Vec<String>,
    value: String,
    key: Option<String>,
    expression: Option<Result<Expression, String>>,
}

impl Extractor {
    pub(super) fn compile(written: &ImageExtractor) -> Extractor {
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

    /// What is absent has no images, and neither have scalars below `*`; else what is there must be
    /// built as the path says.
    pub(super) fn walk(
        &self,
        value: &Value,
        steps: &[String],
        pointer: &mut String,
        source: &dyn ContextSource,
        found: &mut Vec<FoundImage>,
    ) -> Result<(), String> {
        let Some((step, rest)) = steps.split_first() else {
            found.extend(self.image(value, pointer, source)?);
            return Ok(());
        };
        let below: Vec<(String, &Value)> = match (step.as_str(), value) {
            ("*", Value::Array(_) | Value::Object(_)) => containers(value),
            ("*", _) => return Err(format!("`{pointer}` is neither a list nor a map")),
            (key, Value::Object(entries)) => entries
                .get(key)
                .filter(|item| !item.is_null())
                .map(|item| (key.to_owned(), item))
                .into_iter()
                .collect(),
            (key, _) => return Err(format!("no `{key}` in `{pointer}`, which is no map")),
        };
        for (step, below) in below {
            let length = pointer.len();
            push_step(pointer, &step);
            // A list in a list is as its elements.
            let is_nested = value.is_array() && below.is_array();
            let steps = if is_nested { steps } else { rest };
            self.walk(below, steps, pointer, source, found)?;
            pointer.truncate(length);
        }
        Ok(())
    }

    /// The image that a map holds; none where the map has no text for it.
    fn image(
        &self,
        holder: &Value,
        pointer: &str,
        source: &dyn ContextSource,
    ) -> Result<Option<FoundImage>, String> {
        let mut place = pointer.to_owned();
        push_step(&mut place, &self.value);
        if !holder.is_object() {
            return Err(format!("no image at `{place}`: `{pointer}` is no map"));
        }
        let text = |key: &str| holder.get(key).and_then(Value::as_str);
        let key = match &self.key {
            None => place.clone(),
            Some(key) => text(key)
                .ok_or_else(|| format!("no `{key}` beside `{place}`"))?
                .to_owned(),
        };
        let Some(written) = text(&self.value).filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let image = self.select(written, &place, source)?;
        let info = ImageInfo::parse(&image, &ImageOptions::default())
            .map_err(|error| format!("invalid image `{image}` at `{place}`: {error}"))?;
        Ok(Some(FoundImage {
            group: self.group.clone(),
            key,
            info,
            pointer: place,
        }))
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

/// The maps and lists in a map or a list, by key.
fn containers(value: &Value) -> Vec<(String, &Value)> {
    let all: Vec<(String, &Value)> = match value {
        Value::Array(items) => (0..)
            .zip(items)
            .map(|(index, item): (usize, _)| (index.to_string(), item))
            .collect(),
        Value::Object(entries) => entries
            .iter()
            .map(|(key, item)| (key.clone(), item))
            .collect(),
        _ => Vec::new(),
    };
    let all = all.into_iter();
    all.filter(|(_, item)| item.is_object() || item.is_array())
        .collect()
}

fn push_step(pointer: &mut String, step: &str) {
    pointer.push('/');
    pointer.push_str(&json_pointer::escape(step));
}

/// Where a pod, or what makes pods, has its images.
pub(super) fn of_pods(kind: &str) -> Vec<Extractor> {
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
