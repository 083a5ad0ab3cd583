//! `verifyImages`: images, attestors and attestations that can be looked up, and a digest that is
//! written only where a failure is refused.

use portcullis_api::cluster_policy::{
    Attestation, FailureAction, ImageVerification, ImageVerificationType, Policy, Rule,
};

use super::finding::Findings;
use super::{attestors, conditions};

pub(super) fn check(policy: &Policy, rule: &Rule, path: &str, findings: &mut Findings) {
    // An entry without a failure action has that of the one before it.
    let mut enforces = is_enforce(policy.spec.validation_failure_action);
    for (index, images) in rule.verify_images.iter().enumerate() {
        let path = format!("{path}/verifyImages/{index}");
        if images.failure_action.is_some() {
            enforces = is_enforce(images.failure_action);
        }
        check_images(images, &path, findings);
        check_digest(images, enforces, &path, findings);
        check_older_fields(images, &path, findings);
        let is_notary = images.r#type == Some(ImageVerificationType::Notary);
        attestors::check(&images.attestors, is_notary, &path, findings);
        for (index, attestation) in images.attestations.iter().enumerate() {
            let path = format!("{path}/attestations/{index}");
            check_attestation(attestation, &path, findings);
        }
        let validation = images.validate.as_ref();
        let deny = validation.and_then(|body| body.deny.as_ref()?.conditions.as_ref());
        if let Some(deny) = deny {
            conditions::check(deny, &format!("{path}/validate/deny/conditions"), findings);
        }
    }
}

fn is_enforce(action: Option<FailureAction>) -> bool {
    action.is_some_and(FailureAction::is_enforce)
}

fn is_given(field: &Option<String>) -> bool {
    field.as_ref().is_some_and(|text| !text.is_empty())
}

fn check_images(images: &ImageVerification, path: &str, findings: &mut Findings) {
    if images.image_references.is_empty() && !is_given(&images.image) {
        findings.error(
            path,
            "no image is named",
            "write `imageReferences`, such as `[\"ghcr.io/org/*\"]`",
        );
    }
    let looks_at_nothing = images.attestors.is_empty()
        && images.attestations.is_empty()
        && !is_given(&images.key)
        && !is_given(&images.issuer)
        && images.required == Some(false)
        && images.mutate_digest == Some(false)
        && images.verify_digest == Some(false);
    if looks_at_nothing {
        findings.warning(
            path,
            "the entry looks at no signature, no attestation and no digest",
            "write `attestors` or `attestations`, or remove the entry",
        );
    }
}

/// A field that is left out is `mutateDigest: true`, by the definition of policies.
fn check_digest(images: &ImageVerification, enforces: bool, path: &str, findings: &mut Findings) {
    let remedy = "set `mutateDigest: false`, or `failureAction: Enforce`";
    match images.mutate_digest {
        Some(false) => {}
        _ if enforces => {}
        Some(true) => findings.error(
            format!("{path}/mutateDigest"),
            "digests are written to images, and failures are only reported",
            remedy,
        ),
        None => findings.error(
            path,
            "`mutateDigest` is on by default, and failures are only reported",
            remedy,
        ),
    }
}

fn check_older_fields(images: &ImageVerification, path: &str, findings: &mut Findings) {
    let keyless = "attestors[].entries[].keyless";
    for (field, is_given, newer) in [
        ("image", is_given(&images.image), "imageReferences"),
        ("key", is_given(&images.key), "attestors[].entries[].keys"),
        ("roots", is_given(&images.roots), keyless),
        ("subject", is_given(&images.subject), keyless),
        ("issuer", is_given(&images.issuer), keyless),
        (
            "additionalExtensions",
            !images.additional_extensions.is_empty(),
            keyless,
        ),
        (
            "annotations",
            !images.annotations.is_empty(),
            "attestors[].entries[].annotations",
        ),
    ] {
        if is_given {
            findings.warning(
                format!("{path}/{field}"),
                format!("`{field}` is an older field"),
                format!("write `{newer}`"),
            );
        }
    }
}

fn check_attestation(attestation: &Attestation, path: &str, findings: &mut Findings) {
    if !is_given(&attestation.r#type) && !is_given(&attestation.predicate_type) {
        findings.error(
            path,
            "the attestation has no type",
            "write `type`, such as `https://slsa.dev/provenance/v1`",
        );
    }
    attestors::check(&attestation.attestors, false, path, findings);
    for (index, conditions) in attestation.conditions.iter().enumerate() {
        conditions::check_operators(
            conditions,
            &format!("{path}/conditions/{index}"),
            conditions::Operators::OfSchema,
            findings,
        );
    }
}
