//! `imageExtractors`: only beside `verifyImages`, with expressions that can be read, for kinds that
//! the rule sees; and kinds that need some and have none.

use portcullis_api::cluster_policy::Rule;
use portcullis_jmespath::Expression;
use portcullis_values::json_pointer;

use super::finding::Findings;
use super::match_resources::filters;
use crate::context::images;
use crate::matching::KindSelector;

/// A digest cannot be written to where an expression looks.
pub(super) fn check(rule: &Rule, path: &str, findings: &mut Findings) {
    if !rule.verify_images.is_empty() {
        check_kinds(rule, path, findings);
    }
    if rule.image_extractors.is_empty() {
        return;
    }
    let path = format!("{path}/imageExtractors");
    if rule.verify_images.is_empty() {
        findings.error(
            path,
            "`imageExtractors` stands without `verifyImages`",
            "remove it",
        );
        return;
    }
    let extractors = rule.image_extractors.values().flatten();
    let mut paths = extractors.filter_map(|extractor| extractor.jmes_path.as_ref());
    let mut images = rule.verify_images.iter();
    if paths.any(|path| !path.is_empty()) && images.any(|it| it.mutate_digest != Some(false)) {
        findings.error(
            &path,
            "`jmesPath` stands in an extractor, and digests are written to images",
            "set `mutateDigest: false`, or leave out `jmesPath`",
        );
    }
    check_entries(rule, &path, findings);
}

/// In an object of such a kind no image is found, and none is verified.
fn check_kinds(rule: &Rule, path: &str, findings: &mut Findings) {
    for (path, filter) in filters(&rule.r#match, &format!("{path}/match")) {
        let kinds = filter.resources.into_iter().flat_map(|it| it.kinds);
        for (index, entry) in kinds.enumerate() {
            let kind = KindSelector::parse(&entry).kind;
            let name = kind.as_str();
            let is_known = images::are_known(name) || rule.image_extractors.contains_key(name);
            if kind.is_literal() && !is_known {
                findings.warning(
                    format!("{path}/resources/kinds/{index}"),
                    format!("where `{name}` has its images is not known, so none is verified"),
                    "write `imageExtractors` for the kind, or leave the kind out",
                );
            }
        }
    }
}

fn check_entries(rule: &Rule, path: &str, findings: &mut Findings) {
    for (kind, extractors) in &rule.image_extractors {
        let path = format!("{path}/{}", json_pointer::escape(kind));
        if !sees(rule, kind) {
            findings.warning(
                &path,
                format!("the rule does not match `{kind}`, so this is never used"),
                "write a kind that the rule matches, without its group",
            );
        }
        for (index, extractor) in extractors.iter().enumerate() {
            let path = format!("{path}/{index}");
            if extractor.path.is_empty() {
                findings.warning(
                    &path,
                    "the extractor has no path",
                    "write `path`, such as `/spec/image`",
                );
            }
            let query = extractor.jmes_path.as_deref().unwrap_or_default();
            if !query.is_empty()
                && let Err(error) = Expression::compile(query)
            {
                findings.warning(
                    format!("{path}/jmesPath"),
                    format!("`{query}` is not JMESPath: {error}"),
                    "correct the expression",
                );
            }
        }
    }
}

/// Whether the rule may match objects of this kind.
fn sees(rule: &Rule, kind: &str) -> bool {
    let filters = filters(&rule.r#match, "").into_iter();
    let mut described = filters.filter_map(|(_, filter)| filter.resources);
    described.any(|described| {
        let mut kinds = described.kinds.iter();
        kinds.any(|entry| KindSelector::parse(entry).kind.is_match(kind))
    })
}
