//! Replays `image_ref`: an image as Kyverno takes it apart, and as a registry client names it.

use portcullis_values::image_ref::{ImageInfo, ImageOptions, RegistryReference, Strictness};
use serde_json::{Value, json};

use super::answer::compare;

/// Replays one case, each of its three readings for itself.
///
/// # Errors
/// The difference between the answer and what was found.
pub fn check(case: &Value) -> Result<(), String> {
    let input = &case["in"];
    let image = input["image"].as_str().unwrap_or_default();
    let text = |name: &str| input[name].as_str();
    let options = ImageOptions::from_config(
        text("defaultRegistry"),
        text("enableDefaultRegistryMutation"),
    );
    let info = ImageInfo::parse(image, &options).map_err(|e| e.to_string());
    let named = |strictness| {
        let reference = RegistryReference::parse(image, strictness);
        reference.map(|r| registry(&r)).map_err(|e| e.to_string())
    };
    reading(case, "kyverno", info.map(|info| kyverno(&info)))?;
    reading(case, "ggcr", named(Strictness::Weak))?;
    reading(case, "ggcr_strict", named(Strictness::Strict))
}

fn reading(case: &Value, name: &str, found: Result<Value, String>) -> Result<(), String> {
    let Some(expected) = case["out"].get(name) else {
        return Ok(());
    };
    let answer = match expected.get("error") {
        Some(error) => json!({ "in": case["in"], "error": error }),
        None => json!({ "in": case["in"], "out": expected }),
    };
    compare(&answer, found).map_err(|difference| format!("{name}: {difference}"))
}

fn kyverno(info: &ImageInfo) -> Value {
    let mut out = json!({ "name": info.name, "path": info.path });
    for (key, text) in [
        ("registry", &info.registry),
        ("tag", &info.tag),
        ("digest", &info.digest),
        ("reference", &info.reference),
        ("referenceWithTag", &info.reference_with_tag),
    ] {
        if !text.is_empty() {
            out[key] = json!(text);
        }
    }
    out
}

fn registry(reference: &RegistryReference) -> Value {
    let mut out = json!({
        "registry": reference.registry(),
        "repository": reference.repository(),
        "identifier": reference.identifier(),
        "name": reference.name(),
        "scheme": reference.scheme(),
        "string": reference.to_string(),
    });
    if let Some(tag) = reference.tag() {
        out["tag"] = json!(tag);
    }
    if let Some(digest) = reference.digest() {
        out["digest"] = json!(digest);
    }
    out
}
