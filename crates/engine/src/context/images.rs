//! `images`: the images of a pod, or of the pods that a controller makes, by kind of container and
//! container name.
//!
//! `images.containers.web.tag` is the tag of the container `web`; further fields are `registry`,
//! `name`, `path`, `digest`, `reference`, `referenceWithTag` and `jsonPointer`. Registry, tag and
//! digest are absent where the image has none.

use portcullis_values::image_ref::{ImageInfo, ImageOptions};
use portcullis_values::{Map, Str, Val};
use serde_json::Value;

const LISTS: &[&str] = &["initContainers", "containers", "ephemeralContainers"];

/// The images of an object; none when it has no pod.
///
/// # Errors
/// A container without a name, or an image reference that cannot be read.
pub(super) fn of<'a>(object: &Value) -> Result<Option<Val<'a>>, String> {
    let kind = object
        .get("kind")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let place = match kind {
        "Pod" => "/spec",
        "DaemonSet"
        | "Deployment"
        | "Job"
        | "ReplicaSet"
        | "ReplicationController"
        | "StatefulSet" => "/spec/template/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        _ => return Ok(None),
    };
    let mut lists = Vec::new();
    for list in LISTS {
        let pointer = format!("{place}/{list}");
        let Some(containers) = object.pointer(&pointer).and_then(Value::as_array) else {
            continue;
        };
        let mut images = Vec::new();
        for (index, container) in containers.iter().enumerate() {
            images.push(container_image(
                container,
                &format!("{pointer}/{index}/image"),
            )?);
        }
        if !images.is_empty() {
            lists.push((Str::from(*list), Val::Map(images.into_iter().collect())));
        }
    }
    Ok((!lists.is_empty()).then(|| Val::Map(lists.into_iter().collect())))
}

fn container_image<'a>(container: &Value, pointer: &str) -> Result<(Str<'a>, Val<'a>), String> {
    let text = |key: &str| container.get(key).and_then(Value::as_str);
    let name = text("name").ok_or_else(|| format!("no container name beside `{pointer}`"))?;
    let image = text("image").ok_or_else(|| format!("no image at `{pointer}`"))?;
    let info = ImageInfo::parse(image, &ImageOptions::default())
        .map_err(|error| format!("invalid image `{image}` at `{pointer}`: {error}"))?;
    Ok((Str::from(name.to_owned()), value(&info, pointer)))
}

fn value<'a>(info: &ImageInfo, pointer: &str) -> Val<'a> {
    let present = [
        ("name", info.name.clone()),
        ("path", info.path.clone()),
        ("reference", info.reference.clone()),
        ("referenceWithTag", info.reference_with_tag.clone()),
        ("jsonPointer", pointer.to_owned()),
    ];
    let optional = [
        ("registry", info.registry.clone()),
        ("tag", info.tag.clone()),
        ("digest", info.digest.clone()),
    ];
    let optional = optional.into_iter().filter(|(_, text)| !text.is_empty());
    let entries = present.into_iter().chain(optional);
    Val::Map(
        entries
            .map(|(key, text)| (Str::from(key), Val::from(text)))
            .collect::<Map<'a>>(),
    )
}

/// An image with its registry and tag, such as `docker.io/nginx:latest`.
#[must_use]
pub fn full_name(image: &str) -> Option<String> {
    let info = ImageInfo::parse(image, &ImageOptions::default()).ok()?;
    Some(info.reference)
}
