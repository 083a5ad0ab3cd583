//! `--generate-exceptions`: an exception for each violation.

use std::collections::BTreeMap;

use portcullis_api::{
    cluster_policy::{PodSecurityStandard, ResourceDescription, ResourceFilter},
    metadata::ObjectMeta,
    policy_exception::{
        AnyAllFilters, ExceptedRules, PolicyException, PolicyExceptionApiVersion,
        PolicyExceptionKind, PolicyExceptionSpec,
    },
};
use portcullis_engine::response::RuleStatus;
use portcullis_pipeline::apply::{Applied, Reported};
use serde_json::{Value, json};

/// The label that a cluster deletes an object by.
const TTL: &str = "cleanup.kyverno.io/ttl";

/// The exceptions, in the order of the manifests. Under `compat`, policies of a namespace get none,
/// as in Kyverno.
pub(super) fn of(results: &[Applied], ttl: &str, compat: bool) -> Vec<Value> {
    let failed = results
        .iter()
        .filter(|one| one.status == RuleStatus::Fail && !(compat && one.policy.contains('/')));
    let reported = failed.filter_map(|one| one.reported.as_deref());
    reported.map(|one| json!(exception(one, ttl))).collect()
}

fn exception(reported: &Reported, ttl: &str) -> PolicyException {
    let found = &reported.result;
    let parts = [
        &found.policy,
        &found.rule,
        &reported.namespace,
        &reported.name,
    ];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    let name: Vec<String> = parts.map(|part| part.replace('/', "-")).collect();
    let namespace = (!reported.namespace.is_empty()).then(|| reported.namespace.clone());
    PolicyException {
        api_version: PolicyExceptionApiVersion::V2Beta1,
        kind: PolicyExceptionKind::PolicyException,
        metadata: ObjectMeta {
            name: Some(name.join("-")),
            namespace: namespace.clone(),
            labels: BTreeMap::from([(TTL.to_owned(), ttl.to_owned())]),
            ..ObjectMeta::default()
        },
        spec: PolicyExceptionSpec {
            r#match: AnyAllFilters {
                all: None,
                any: Some(vec![ResourceFilter {
                    resources: Some(ResourceDescription {
                        kinds: vec![reported.kind.clone()],
                        names: vec![reported.name.clone()],
                        namespaces: namespace.into_iter().collect(),
                        ..ResourceDescription::default()
                    }),
                    ..ResourceFilter::default()
                }]),
            },
            exceptions: vec![ExceptedRules {
                policy_name: found.policy.clone(),
                rule_names: vec![found.rule.clone()],
            }],
            pod_security: controls(found.properties.get("controlsJSON")),
            ..PolicyExceptionSpec::default()
        },
    }
}

/// The controls of the Pod Security Standards that failed, for any tag of the images.
fn controls(found: Option<&String>) -> Vec<PodSecurityStandard> {
    let found = found.and_then(|text| serde_json::from_str::<Vec<Value>>(text).ok());
    let found = found.unwrap_or_default();
    let controls = found.iter().filter_map(|control| {
        let images = control.get("Images").and_then(Value::as_array);
        let images = images.into_iter().flatten().filter_map(Value::as_str);
        Some(PodSecurityStandard {
            control_name: control.get("Name")?.as_str()?.to_owned(),
            images: images.flat_map(spellings).collect(),
            ..PodSecurityStandard::default()
        })
    });
    controls.collect()
}

/// An image of any tag, as a report has it and as people write it: without the default registry,
/// and without the default tag.
fn spellings(image: &str) -> Vec<String> {
    let short = image.strip_prefix("docker.io/");
    let written = [Some(image), short].into_iter().flatten();
    let tagged = written.clone().map(any_tag);
    let untagged = written.filter_map(|image| image.strip_suffix(":latest").map(str::to_owned));
    tagged.chain(untagged).collect()
}

/// `registry:5000/web:1.0` as `registry:5000/web:*`, and a digest as any digest. An image with
/// neither stays.
fn any_tag(image: &str) -> String {
    let start = image.rfind('/').map_or(0, |at| at + 1);
    let (path, last) = image.split_at_checked(start).unwrap_or(("", image));
    match last.find([':', '@']).and_then(|at| last.get(..=at)) {
        Some(name) => format!("{path}{name}*"),
        None => image.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{any_tag, spellings};

    #[test]
    fn an_image_is_excepted_as_it_may_be_written() {
        for (image, wanted) in [
            (
                "docker.io/nginx:1.27",
                &["docker.io/nginx:*", "nginx:*"][..],
            ),
            (
                "docker.io/nginx:latest",
                &["docker.io/nginx:*", "nginx:*", "docker.io/nginx", "nginx"],
            ),
            ("ghcr.io/web:1", &["ghcr.io/web:*"]),
        ] {
            assert_eq!(spellings(image), wanted);
        }
    }

    #[test]
    fn an_image_is_excepted_with_every_tag_and_no_other_image() {
        for (image, wanted) in [
            ("nginx", "nginx"),
            ("nginx:1.27", "nginx:*"),
            ("registry:5000/web", "registry:5000/web"),
            ("registry:5000/a/web:1@sha256:0", "registry:5000/a/web:*"),
            ("web@sha256:0", "web@*"),
            ("", ""),
        ] {
            assert_eq!(any_tag(image), wanted);
        }
    }
}
