//! JSON that is no object of Kubernetes, for the policies about such.

use std::{cell::OnceCell, sync::Arc};

use portcullis_engine::{
    PolicySet,
    evaluate::{Kept, evaluate_keeping},
    record::Silent,
};

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
            true => "JSON payload",
            false => payload.name.as_str(),
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
        for response in evaluate_keeping(Kept::LastChange, set, &request, &source, &mut Silent) {
            count(&mut report, response, &subject, &mut policies, options);
        }
    }
    report
}
