//! `attestors`: sets of entries, of which `count` must agree, each with exactly one authority.

use portcullis_api::cluster_policy::{
    Attestor, AttestorSet, CertificateAttestor, KeylessAttestor, StaticKeyAttestor,
};
use portcullis_api::read::read;
use portcullis_values::regexp::GoRegexp;

use super::finding::Findings;

const ALGORITHMS: &[&str] = &["sha224", "sha256", "sha384", "sha512"];
const MAX_DEPTH: usize = 16;

/// Looks at `attestors` in `path`.
pub(super) fn check(sets: &[AttestorSet], is_notary: bool, path: &str, findings: &mut Findings) {
    for (index, set) in sets.iter().enumerate() {
        let path = format!("{path}/attestors/{index}");
        check_set(set, is_notary, &path, 0, findings);
    }
}

fn check_set(
    set: &AttestorSet,
    is_notary: bool,
    path: &str,
    depth: usize,
    findings: &mut Findings,
) {
    if set.entries.is_empty() {
        findings.error(path, "the attestors have no entry", "write `entries`");
    } else if let Some(count) = set.count
        && usize::try_from(count).is_ok_and(|count| count > set.entries.len())
    {
        findings.error(
            format!("{path}/count"),
            format!("{count} of {} entries can never agree", set.entries.len()),
            "lower `count`, or add entries",
        );
    } else if set.count.is_some_and(|count| count < 1) {
        findings.error(
            format!("{path}/count"),
            "without an entry that must agree nothing is verified",
            "write 1 or more, or leave out `count` for all entries",
        );
    }
    for (index, entry) in set.entries.iter().enumerate() {
        let path = format!("{path}/entries/{index}");
        check_entry(entry, is_notary, &path, findings);
        check_nested(entry, is_notary, &path, depth, findings);
    }
}

fn check_nested(
    entry: &Attestor,
    is_notary: bool,
    path: &str,
    depth: usize,
    findings: &mut Findings,
) {
    let Some(nested) = entry.attestor.as_ref().filter(|_| depth < MAX_DEPTH) else {
        return;
    };
    let path = format!("{path}/attestor");
    match read::<AttestorSet>(nested) {
        Ok(set) => check_set(&set, is_notary, &path, depth + 1, findings),
        Err(error) => findings.error(path, error.to_string(), "write `count` and `entries`"),
    }
}

fn check_entry(entry: &Attestor, is_notary: bool, path: &str, findings: &mut Findings) {
    let authorities = [
        entry.keys.is_some(),
        entry.certificates.is_some(),
        entry.keyless.is_some(),
        entry.attestor.is_some(),
    ];
    if authorities.iter().filter(|is_there| **is_there).count() != 1 {
        findings.error(
            path,
            "the entry does not have exactly one authority",
            "write one of `keys`, `certificates`, `keyless`, `attestor`",
        );
    }
    for (field, is_there) in [
        ("keys", entry.keys.is_some()),
        ("keyless", entry.keyless.is_some()),
    ] {
        if is_notary && is_there {
            findings.error(
                format!("{path}/{field}"),
                format!("Notary signatures know no `{field}`"),
                "write `certificates`",
            );
        }
    }
    if let Some(keys) = &entry.keys {
        check_keys(keys, &format!("{path}/keys"), findings);
    }
    if let Some(certificates) = &entry.certificates {
        check_certificates(certificates, &format!("{path}/certificates"), findings);
    }
    if let Some(keyless) = &entry.keyless {
        check_keyless(keyless, &format!("{path}/keyless"), findings);
    }
}

fn is_given(field: &Option<String>) -> bool {
    field.as_ref().is_some_and(|text| !text.is_empty())
}

fn check_keys(keys: &StaticKeyAttestor, path: &str, findings: &mut Findings) {
    if !is_given(&keys.public_keys) && !is_given(&keys.kms) && keys.secret.is_none() {
        findings.error(
            path,
            "no key is named",
            "write `publicKeys`, `kms` or `secret`",
        );
    }
    let algorithm = keys.signature_algorithm.as_deref().unwrap_or_default();
    if is_given(&keys.public_keys) && !algorithm.is_empty() && !ALGORITHMS.contains(&algorithm) {
        findings.error(
            format!("{path}/signatureAlgorithm"),
            format!("`{algorithm}` is not a signature algorithm"),
            format!("write one of `{}`", ALGORITHMS.join("`, `")),
        );
    }
}

fn check_certificates(certificates: &CertificateAttestor, path: &str, findings: &mut Findings) {
    if !is_given(&certificates.cert) && !is_given(&certificates.cert_chain) {
        findings.error(
            path,
            "no certificate is given",
            "write `cert` or `certChain`",
        );
    }
}

/// Without a transparency log, a root is needed to tell a signature's time. The log's `url` has a
/// default.
fn check_keyless(keyless: &KeylessAttestor, path: &str, findings: &mut Findings) {
    if keyless.rekor.is_none() && !is_given(&keyless.roots) {
        findings.error(
            path,
            "neither a transparency log nor roots are given",
            "write `rekor: {url: https://rekor.sigstore.dev}`, or `roots`",
        );
    }
    for (field, expression) in [
        ("subjectRegExp", &keyless.subject_reg_exp),
        ("issuerRegExp", &keyless.issuer_reg_exp),
    ] {
        if let Some(Err(error)) = expression.as_deref().map(GoRegexp::compile) {
            findings.warning(
                format!("{path}/{field}"),
                format!("the regular expression cannot be read: {error}"),
                "correct it; until then it fits nobody",
            );
        }
    }
    let log = keyless.rekor.as_ref().and_then(|log| log.url.as_deref());
    if log == Some("") {
        findings.error(
            format!("{path}/rekor/url"),
            "the transparency log has no address",
            "write `https://rekor.sigstore.dev`, or leave out `url`",
        );
    }
}
