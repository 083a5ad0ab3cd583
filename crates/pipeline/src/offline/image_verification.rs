//! Who signed an image, as the images of a Context file say.
//!
//! Nothing is taken for granted: an image that the file does not have, or an attestor that it does
//! not name for the image, is an error that says what to write.

use portcullis_api::{
    cluster_policy::{Attestor, KeylessAttestor},
    context_file::{ImageMock, VerificationMock},
};
use portcullis_engine::context::{
    image_verification::{ImageVerificationRequest, Statement, VerifiedImage, VerifyOutcome},
    source::Lookup,
};
use portcullis_values::{
    image_ref::{ImageInfo, ImageOptions},
    regexp::GoRegexp,
    wildcard,
};

/// Whether an attestor signed an image.
pub(super) fn verify(images: &[ImageMock], what: &ImageVerificationRequest<'_>) -> VerifyOutcome {
    let reference = &what.image.reference;
    let Some(image) = images.iter().find(|image| is_about(image, what.image)) else {
        return VerifyOutcome::Failed(format!(
            "signatures are not fetched offline; add `{reference}` with `verifications` to `spec.images` of a Context file"
        ));
    };
    let mut known = image.verifications.iter();
    let is_named = |found: &VerificationMock| what.attestor_name == Some(found.attestor.as_str());
    let Some(found) = known.find(|found| is_named(found) || is_by(found, what.attestor)) else {
        let mut identities = identities(what.attestor);
        identities.splice(0..0, what.attestor_name.map(str::to_owned));
        let identity = identities.join("` or `");
        return VerifyOutcome::Failed(format!(
            "the Context file does not say whether `{identity}` signed `{reference}`; add it to the image's `verifications`"
        ));
    };
    if !found.verified {
        let reason = found.reason.as_deref().unwrap_or("no matching signatures");
        return VerifyOutcome::NotVerified(reason.to_owned());
    }
    VerifyOutcome::Verified(VerifiedImage {
        digest: digest_of(image).unwrap_or_default(),
        annotations: vec![found.annotations.clone()],
        statements: found
            .attestations
            .iter()
            .map(|attestation| Statement {
                r#type: attestation.r#type.clone(),
                predicate: attestation.predicate.clone().unwrap_or_default(),
            })
            .collect(),
    })
}

/// The digest that an image's tag stands for.
pub(super) fn digest(images: &[ImageMock], image: &ImageInfo) -> Lookup {
    let found = images.iter().find(|known| is_about(known, image));
    found.and_then(digest_of).map_or_else(
        || {
            Lookup::Failed(
                "no registry is asked offline; give the image's `digest` in `spec.images` of a Context file, or ask with `--registry`".to_owned(),
            )
        },
        |digest| Lookup::Found(digest.into()),
    )
}

fn digest_of(image: &ImageMock) -> Option<String> {
    let resolved = image.resolved_image.as_deref();
    let resolved = resolved.and_then(|text| text.split_once('@'));
    let resolved = resolved.map(|(_, digest)| digest.to_owned());
    let given = image.digest.clone().or(resolved);
    given.filter(|digest| !digest.is_empty())
}

/// Whether an entry is about an image, by tag or by digest, or with wildcards.
fn is_about(entry: &ImageMock, image: &ImageInfo) -> bool {
    let Some(text) = entry.image.as_deref() else {
        return false;
    };
    let Ok(known) = ImageInfo::parse(text, &ImageOptions::default()) else {
        return wildcard::matches(text, &image.reference);
    };
    let same_repository = known.registry == image.registry && known.path == image.path;
    known.reference == image.reference
        || (same_repository
            && !image.digest.is_empty()
            && digest_of(entry).as_ref() == Some(&image.digest))
}

fn is_by(found: &VerificationMock, attestor: &Attestor) -> bool {
    if found.attestor == "*" {
        return true;
    }
    if let Some(keyless) = &attestor.keyless {
        return is_by_identity(found, keyless);
    }
    let known = plain(&found.attestor);
    let mut identities = identities(attestor).into_iter();
    identities.any(|identity| plain(&identity) == known)
}

/// The subject and issuer of a policy are patterns, or regular expressions, for those of the signer. An
/// expression may match any part, as in Go; one that cannot be read matches nothing.
fn is_by_identity(found: &VerificationMock, keyless: &KeylessAttestor) -> bool {
    let fits = |pattern: &Option<String>, expression: &Option<String>, text: &str| {
        let is_match = |pattern: &String| wildcard::matches(pattern, text);
        let expresses = |expression: &String| {
            GoRegexp::compile(expression).is_ok_and(|expression| expression.is_match(text))
        };
        match (given(pattern), given(expression)) {
            (None, None) => true,
            (pattern, expression) => {
                pattern.is_none_or(is_match) && expression.is_none_or(expresses)
            }
        }
    };
    let issuer = found.issuer.as_deref();
    fits(&keyless.subject, &keyless.subject_reg_exp, &found.attestor)
        && issuer.is_none_or(|issuer| fits(&keyless.issuer, &keyless.issuer_reg_exp, issuer))
}

/// What an attestor can be named by.
fn identities(attestor: &Attestor) -> Vec<String> {
    let mut all = Vec::new();
    if let Some(keys) = &attestor.keys {
        all.extend(given(&keys.public_keys).cloned());
        all.extend(given(&keys.kms).cloned());
        let secret = keys.secret.as_ref();
        all.extend(secret.map(|secret| format!("{}/{}", secret.namespace, secret.name)));
    }
    if let Some(certificates) = &attestor.certificates {
        all.extend(given(&certificates.cert).cloned());
        all.extend(given(&certificates.cert_chain).cloned());
    }
    if let Some(keyless) = &attestor.keyless {
        all.extend(given(&keyless.subject).cloned());
        all.extend(given(&keyless.subject_reg_exp).cloned());
    }
    if all.is_empty() {
        all.push("*".to_owned());
    }
    all
}

fn given(text: &Option<String>) -> Option<&String> {
    text.as_ref().filter(|text| !text.is_empty())
}

/// A key without the blanks and line ends that YAML adds.
fn plain(text: &str) -> String {
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(keyless: serde_json::Value, expected: bool) {
        let keyless: KeylessAttestor = serde_json::from_value(keyless).unwrap();
        let found = VerificationMock {
            attestor: "https://github.com/shop/ci".to_owned(),
            issuer: Some("https://token.example.com".to_owned()),
            ..VerificationMock::default()
        };
        assert_eq!(is_by_identity(&found, &keyless), expected, "{keyless:?}");
    }

    #[test]
    fn identities_by_pattern_and_by_regular_expression() {
        for (field, fits, does_not) in [
            (
                "subject",
                "https://github.com/shop/*",
                "https://github.com/s.*",
            ),
            (
                "subjectRegExp",
                "^https://github\\.com/[a-z]+/ci$",
                "^github",
            ),
            ("subjectRegExp", "shop", "https://github.com/*/ci$"),
            ("issuer", "https://token.*", "token"),
            (
                "issuerRegExp",
                "token\\.(example|sample)\\.com$",
                "token.example.com.org",
            ),
        ] {
            check(json!({(field): fits}), true);
            check(json!({(field): does_not}), false);
        }
        check(json!({"subjectRegExp": "("}), false);
        check(json!({"subject": "*", "subjectRegExp": "^x"}), false);
        check(json!({}), true);
    }
}
