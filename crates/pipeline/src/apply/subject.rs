//! One object: evaluated, and its results counted and kept.

use std::{cell::OnceCell, sync::Arc};

use portcullis_engine::{
    PolicySet,
    evaluate::{Kept, evaluate_keeping},
    policy_info::PolicyInfo,
    record::Silent,
    report,
    response::{EngineResponse, FailureAction, RuleStatus},
};
use serde_json::Value;

use super::{
    options::ApplyOptions,
    outcome::{Applied, ApplyReport},
    produced::{self, Keep},
    reported::Reported,
};
use crate::offline::{objects::text, requests::request, source::OfflineSource};

/// An object, as results name it.
pub(super) struct Subject<'o> {
    pub(super) object: &'o Value,
    pub(super) name: OnceCell<Arc<str>>,
    pub(super) file: &'o Arc<str>,
    pub(super) offset: usize,
    pub(super) item: Option<usize>,
}

impl Subject<'_> {
    fn name(&self) -> Arc<str> {
        let make = || {
            let parts = ["/metadata/namespace", "/kind", "/metadata/name"];
            let parts = parts.map(|pointer| text(self.object, pointer));
            parts.join("/").into()
        };
        Arc::clone(self.name.get_or_init(make))
    }
}

/// Names of policies, each made once for all results that share it.
#[derive(Default)]
pub(super) struct PolicyKeys(Vec<(Arc<PolicyInfo>, Arc<str>)>);

impl PolicyKeys {
    fn of(&mut self, policy: &Arc<PolicyInfo>) -> Arc<str> {
        let known = self.0.iter().find(|(known, _)| Arc::ptr_eq(known, policy));
        if let Some((_, key)) = known {
            return Arc::clone(key);
        }
        let key: Arc<str> = policy.key().into();
        self.0.push((Arc::clone(policy), Arc::clone(&key)));
        key
    }
}

pub(super) fn apply_object(
    set: &PolicySet,
    subject: &Subject<'_>,
    source: &OfflineSource<'_>,
    options: &ApplyOptions,
    policies: &mut PolicyKeys,
    report: &mut ApplyReport,
) {
    let request = request(
        subject.object,
        options.world.values.operation(),
        &options.world.catalogue,
        &options.surroundings,
    );
    report.objects += 1;
    let responses = evaluate_keeping(Kept::LastChange, set, &request, source, &mut Silent);
    if options.keep != Keep::Nothing {
        let produced = produced::of(
            (options.keep, options.writer),
            subject.object,
            &responses,
            || subject.name(),
            |response| policies.of(&response.policy),
        );
        report.produced.extend(produced);
    }
    for response in responses {
        count(report, response, subject, policies, options);
    }
}

pub(super) fn count(
    report: &mut ApplyReport,
    response: EngineResponse,
    subject: &Subject<'_>,
    policies: &mut PolicyKeys,
    options: &ApplyOptions,
) {
    let is_scored = response.policy.is_scored();
    for mut rule in response.rules {
        let mut status = report::status(rule.status, is_scored);
        let is_audit = response.failure_action == FailureAction::Audit;
        if status == RuleStatus::Fail && is_audit && options.audit_warn {
            status = RuleStatus::Warn;
        }
        report.counts.add(status);
        let is_shown = !matches!(status, RuleStatus::Pass | RuleStatus::Skip);
        if is_shown || options.detailed {
            let reported = options
                .keep_reported
                .then(|| Box::new(Reported::of(&response.policy, &rule, subject.object)));
            let expression = rule.expression().cloned();
            let path = rule.detail.as_mut();
            let path = path.map(|detail| std::mem::take(&mut detail.path));
            report.results.push(Applied {
                policy: policies.of(&response.policy),
                rule: rule.rule,
                resource: subject.name(),
                rule_type: rule.rule_type,
                status,
                action: response.failure_action,
                message: rule.message,
                file: Arc::clone(subject.file),
                offset: subject.offset,
                item: subject.item,
                path: path.unwrap_or_default(),
                expression,
                reported,
            });
        }
    }
}
