//! A report as JUnit's XML: a test suite per suite, a case per row, a failure per finding.

use portcullis_pipeline::diagnostic::Severity;
use quick_junit::{NonSuccessKind, Report as Document, TestCase, TestCaseStatus, TestSuite};

use crate::output::{
    answer::{Answer, Case},
    diagnostics,
    report::{Report, Row, RowResult},
};

/// The report.
pub(crate) fn render(report: &Report) -> Result<String, String> {
    let mut document = Document::new(format!("portcullis {}", report.command));
    let mut names: Vec<&str> = report.rows.iter().map(|row| row.suite.as_str()).collect();
    names.dedup();
    for name in names {
        let mut suite = TestSuite::new(if name.is_empty() {
            report.command
        } else {
            name
        });
        let rows = report.rows.iter().filter(|row| row.suite == name);
        suite.add_test_cases(rows.map(case));
        document.add_test_suite(suite);
    }
    if !report.findings.is_empty() {
        let mut suite = TestSuite::new("files");
        for finding in &report.findings {
            let place = finding.place.as_ref().map(|place| place.label());
            let mut status = match finding.severity {
                Severity::Error => TestCaseStatus::non_success(NonSuccessKind::Error),
                Severity::Warning => TestCaseStatus::success(),
            };
            status.set_message(finding.message.as_str());
            status.set_description(diagnostics::render(finding, false).trim_end());
            let name = place.unwrap_or_else(|| finding.message.clone());
            suite.add_test_case(TestCase::new(name, status));
        }
        document.add_test_suite(suite);
    }
    document.to_string().map_err(|error| error.to_string())
}

/// The answer: a suite with a property for each fact and a case for each item.
pub(crate) fn render_answer(answer: &Answer) -> Result<String, String> {
    let mut document = Document::new(format!("portcullis {}", answer.command));
    let mut suite = TestSuite::new(answer.command);
    for (name, fact) in &answer.facts {
        suite.add_property((*name, fact.as_str()));
    }
    suite.add_test_cases(answer.cases.iter().map(answered));
    document.add_test_suite(suite);
    document.to_string().map_err(|error| error.to_string())
}

fn answered(case: &Case) -> TestCase {
    let (status, found) = match &case.outcome {
        Ok(found) => (TestCaseStatus::success(), Some(found)),
        Err(fault) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(fault.message.as_str());
            status.set_description(diagnostics::render(fault, false).trim_end());
            (status, None)
        }
    };
    let mut told = TestCase::new(case.name.as_str(), status);
    if let Some(found) = found {
        told.set_system_out(found.as_str());
    }
    told
}

fn case(row: &Row) -> TestCase {
    let status = match row.result {
        RowResult::Pass | RowResult::Warn => TestCaseStatus::success(),
        RowResult::Skip => TestCaseStatus::skipped(),
        RowResult::Fail => failed(row, NonSuccessKind::Failure),
        RowResult::Error => failed(row, NonSuccessKind::Error),
    };
    let name = [&row.policy, &row.rule, &row.resource];
    let name: Vec<&str> = name
        .into_iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    let mut case = TestCase::new(name.join(" "), status);
    case.set_classname(row.policy.as_str());
    case
}

fn failed(row: &Row, kind: NonSuccessKind) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    let said = [row.reason.as_str(), &row.message];
    let said = said.into_iter().find(|said| !said.is_empty());
    status.set_message(said.unwrap_or_default());
    status.set_description(row.sentence());
    status
}
