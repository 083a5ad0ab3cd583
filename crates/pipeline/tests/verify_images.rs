//! A suite whose Context file says who signed which image.
#![allow(missing_docs, reason = "tests")]

use std::path::Path;

use portcullis_pipeline::suite::{self, SuiteOptions};

#[test]
fn verification_results_come_from_the_context_file() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/verify_images");
    let outcomes = suite::run(&[folder.join(suite::FILE)], &SuiteOptions::default());
    let errors = outcomes.iter().flat_map(|outcome| &outcome.errors);
    assert_eq!(errors.count(), 0, "{outcomes:#?}");
    let rows = outcomes.iter().flat_map(|outcome| &outcome.rows);
    let said: Vec<String> = rows
        .map(|row| format!("{} {}: {}", row.resource, row.got, row.message))
        .collect();
    let expected = [
        "v1/Pod/shop/signed pass: verified image signatures for ghcr.io/shop/web:1.2",
        "v1/Pod/shop/signed pass: image verified",
        "v1/Pod/shop/unsigned fail: failed to verify image ghcr.io/shop/web:dirty: .attestors[0].entries[0].keys: no signatures found",
        "v1/Pod/shop/unsigned fail: missing digest for ghcr.io/shop/web:dirty",
        "v1/Pod/shop/unknown error: failed to verify image ghcr.io/shop/unknown:1: .attestors[0].entries[0].keys: signatures are not fetched offline; add `ghcr.io/shop/unknown:1` with `verifications` to `spec.images` of a Context file",
        "v1/Pod/shop/unknown fail: missing digest for ghcr.io/shop/unknown:1",
        "v1/Pod/shop/other : ",
        "shop.example/v1/Bundle/shop/attested pass: verified image attestations for ghcr.io/shop/bundle:1",
        "shop.example/v1/Bundle/shop/attested pass: image verified",
        "shop.example/v1/Bundle/shop/elsewhere error: failed to verify image ghcr.io/shop/bundle:2: .attestations[0].attestors[0].entries[0].keyless: the Context file does not say whether `https://github.com/shop/*` signed `ghcr.io/shop/bundle:2`; add it to the image's `verifications`",
        "shop.example/v1/Bundle/shop/elsewhere fail: unverified image ghcr.io/shop/bundle:2",
    ];
    assert_eq!(said, expected);
}
