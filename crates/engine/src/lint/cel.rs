//! `validate.cel`: no empty expression, parameters that have both a kind and a reference, and
//! audit annotations with key and value.

use portcullis_api::cluster_policy::CelRule;

use super::finding::Findings;

pub(super) fn check(cel: &CelRule, path: &str, findings: &mut Findings) {
    for (index, validation) in cel.expressions.iter().enumerate() {
        if validation.expression.is_empty() {
            let path = format!("{path}/expressions/{index}");
            findings.error(path, "the expression is empty", "write `expression`");
        }
    }
    check_parameters(cel, path, findings);
    for (index, annotation) in cel.audit_annotations.iter().enumerate() {
        if annotation.key.is_empty() || annotation.value_expression.is_empty() {
            findings.error(
                format!("{path}/auditAnnotations/{index}"),
                "the audit annotation has no key or no value",
                "write `key` and `valueExpression`",
            );
        }
    }
}

fn check_parameters(cel: &CelRule, path: &str, findings: &mut Findings) {
    let is_there = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    if let Some(kind) = &cel.param_kind
        && !(is_there(&kind.api_version) && is_there(&kind.kind))
    {
        findings.error(
            format!("{path}/paramKind"),
            "the parameters' kind is incomplete",
            "write `apiVersion` and `kind`",
        );
    }
    if cel.param_kind.is_some() != cel.param_ref.is_some() {
        findings.error(
            path,
            "`paramKind` and `paramRef` do not stand together",
            "write both, or none",
        );
    }
    let Some(reference) = &cel.param_ref else {
        return;
    };
    let path = format!("{path}/paramRef");
    if is_there(&reference.name) == reference.selector.is_some() {
        findings.error(
            path.as_str(),
            "it does not say which parameters by one of `name` and `selector`",
            "write one of them",
        );
    }
    if reference.parameter_not_found_action.is_none() {
        findings.error(
            path,
            "it does not say what happens without parameters",
            "write `parameterNotFoundAction: Allow` or `Deny`",
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check_cel(cel: Value, expected: &[&str]) {
        let mut findings = Findings::default();
        let written = serde_json::from_value(cel.clone()).expect("a CEL rule");
        check(&written, "", &mut findings);
        let list = findings.into_list();
        let paths: Vec<_> = list.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(paths, expected, "{cel}");
    }

    #[test]
    fn parts_of_cel() {
        let kind = json!({"apiVersion": "v1", "kind": "ConfigMap"});
        let reference = json!({"name": "x", "parameterNotFoundAction": "Deny"});
        check_cel(json!({"expressions": [{"expression": "true"}]}), &[]);
        check_cel(
            json!({"expressions": [{"expression": ""}]}),
            &["/expressions/0"],
        );
        check_cel(json!({"paramKind": kind, "paramRef": reference}), &[]);
        check_cel(json!({"paramKind": kind}), &[""]);
        check_cel(json!({"paramRef": reference}), &[""]);
        check_cel(
            json!({"paramKind": {"kind": "ConfigMap"}, "paramRef": reference}),
            &["/paramKind"],
        );
        let neither = json!({"parameterNotFoundAction": "Deny"});
        check_cel(
            json!({"paramKind": kind, "paramRef": neither}),
            &["/paramRef"],
        );
        check_cel(
            json!({"paramKind": kind, "paramRef": {"name": "x"}}),
            &["/paramRef"],
        );
        check_cel(
            json!({"auditAnnotations": [{"key": "", "valueExpression": "'a'"}]}),
            &["/auditAnnotations/0"],
        );
    }
}
