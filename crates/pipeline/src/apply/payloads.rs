//! JSON that is no object of Kubernetes, for the policies about such.

use std::{cell::OnceCell, sync::Arc};

use portcullis_engine::{
    PolicySet,
    evaluate::{Kept, evaluate_keeping},
    record::Silent,
    response::{RuleResponse, RuleType},
};
use serde_json::Value;

use super::{
    options::ApplyOptions,
    outcome::ApplyReport,
    subject::{PolicyKeys, Subject, count},
};
use crate::offline::source::OfflineSource;

/// Payloads are few, and are taken one after the other.
pub(super) fn apply(set: &PolicySet, options: &ApplyOptions) -> ApplyReport {
    let source = OfflineSource::new(&options.world);
    let mut report = ApplyReport::default();
    let mut policies = PolicyKeys::default();
    for payload in &options.payloads {
        let name = match options.compat {
            true => name_in_kyverno(&payload.value),
            false => payload.name.clone(),
        };
        let file = payload.path.as_str().into();
        let subject = Subject {
            object: &payload.value,
            name: OnceCell::from(Arc::from(name)),
            file: &file,
            offset: 0,
            item: None,
        };
        report.objects += 1;
        let request = payload.request(&options.surroundings);
        for mut response in evaluate_keeping(Kept::LastChange, set, &request, &source, &mut Silent)
        {
            if options.compat {
                response.rules.iter_mut().for_each(say_as_kyverno);
            }
            count(&mut report, response, &subject, &mut policies, options);
        }
    }
    report
}

/// `namespace/kind/name`, where the payload has any of them.
fn name_in_kyverno(payload: &Value) -> String {
    let parts = ["/metadata/namespace", "/kind", "/metadata/name"];
    let parts = parts.map(|pointer| payload.pointer(pointer).and_then(Value::as_str));
    match parts {
        [None, None, None] => "JSON payload".to_owned(),
        parts => parts.map(Option::unwrap_or_default).join("/"),
    }
}

/// Kyverno calls what a DeletingPolicy is asked about by its form.
fn say_as_kyverno(rule: &mut RuleResponse) {
    if rule.rule_type == RuleType::Deletion
        && let Some(said) = rule.message.strip_prefix("resource ")
    {
        rule.message = format!("json {said}").into();
    }
}
