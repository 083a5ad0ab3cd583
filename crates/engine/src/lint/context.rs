//! Context entries: a name that is not taken, one source, and what the source needs.

use portcullis_api::cluster_policy::{ContextEntry, ContextVariable};
use portcullis_values::image_ref::{ImageInfo, ImageOptions};

use super::finding::{Findings, Severity};
use super::variables::check_syntax;
use crate::context::has_variable;

/// Names that the engine gives itself.
const RESERVED: &[&str] = &[
    "images",
    "request",
    "serviceAccountName",
    "serviceAccountNamespace",
    "element",
    "elementIndex",
];

pub(super) fn check(entries: &[ContextEntry], path: &str, findings: &mut Findings) {
    for (index, entry) in entries.iter().enumerate() {
        let path = format!("{path}/context/{index}");
        check_name(entry, &path, findings);
        check_source(entry, &path, findings);
    }
}

fn check_name(entry: &ContextEntry, path: &str, findings: &mut Findings) {
    if entry.name.is_empty() {
        findings.error(path, "the context entry has no name", "write `name`");
    }
    let taken = RESERVED.iter().find(|name| {
        entry
            .name
            .strip_prefix(**name)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    });
    if let Some(taken) = taken {
        findings.error(
            format!("{path}/name"),
            format!("`{taken}` is a name that the engine gives itself"),
            "choose another name",
        );
    }
}

fn check_source(entry: &ContextEntry, path: &str, findings: &mut Findings) {
    let sources = [
        entry.config_map.is_some(),
        entry.api_call.is_some(),
        entry.image_registry.is_some(),
        entry.variable.is_some(),
        entry.global_reference.is_some(),
    ];
    if sources.iter().filter(|is_there| **is_there).count() != 1 {
        findings.error(
            path,
            "the context entry does not have exactly one source",
            "write one of `configMap`, `apiCall`, `imageRegistry`, `variable`, `globalReference`",
        );
        return;
    }
    if let Some(config_map) = &entry.config_map {
        let namespace = config_map.namespace.as_deref().unwrap_or_default();
        if config_map.name.is_empty() || namespace.is_empty() {
            findings.error(
                format!("{path}/configMap"),
                "the ConfigMap's name or namespace is missing",
                "write `name` and `namespace`",
            );
        }
    }
    if let Some(call) = &entry.api_call {
        let has_path = call.url_path.as_ref().is_some_and(|path| !path.is_empty());
        if has_path && call.service.is_some() {
            findings.error(
                format!("{path}/apiCall"),
                "`urlPath` and `service` stand together",
                "keep one of them",
            );
        }
        check_query(
            call.jmes_path.as_deref(),
            &format!("{path}/apiCall"),
            findings,
        );
    }
    if let Some(reference) = &entry.global_reference {
        check_query(
            reference.jmes_path.as_deref(),
            &format!("{path}/globalReference"),
            findings,
        );
    }
    if let Some(lookup) = &entry.image_registry {
        if lookup.reference.is_empty() {
            findings.error(
                format!("{path}/imageRegistry"),
                "no image is named",
                "write `reference`",
            );
        } else if !has_variable(&lookup.reference)
            && let Err(error) = ImageInfo::parse(&lookup.reference, &ImageOptions::default())
        {
            findings.error(
                format!("{path}/imageRegistry/reference"),
                error.to_string(),
                "write an image, such as `ghcr.io/org/app:1.0`",
            );
        }
        check_query(
            lookup.jmes_path.as_deref(),
            &format!("{path}/imageRegistry"),
            findings,
        );
    }
    if let Some(variable) = &entry.variable {
        check_variable(variable, &format!("{path}/variable"), findings);
    }
}

fn check_variable(variable: &ContextVariable, path: &str, findings: &mut Findings) {
    let query = variable.jmes_path.as_deref().unwrap_or_default();
    let is_there =
        |value: &Option<serde_json::Value>| value.as_ref().is_some_and(|it| !it.is_null());
    if query.is_empty() && !is_there(&variable.value) {
        findings.error(
            path,
            "the variable has no value",
            "write `value` or `jmesPath`",
        );
    }
    if query.is_empty() && is_there(&variable.default) {
        findings.error(
            format!("{path}/default"),
            "`default` stands without `jmesPath`",
            "write `jmesPath`, or take `default` away",
        );
    }
    check_query(Some(query), path, findings);
}

/// A query with variables in it is not known before they are.
fn check_query(query: Option<&str>, path: &str, findings: &mut Findings) {
    let Some(query) = query.filter(|query| !query.is_empty() && !has_variable(query)) else {
        return;
    };
    let path = format!("{path}/jmesPath");
    check_syntax(query, &path, Severity::Error, findings);
}
