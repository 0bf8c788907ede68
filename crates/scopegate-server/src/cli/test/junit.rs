//! The results as JUnit XML, which CI systems read.

use std::path::Path;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use scopegate_core::policy_tests::{Difference, TestResult};

use crate::cli::failure::CliError;

/// Writes a report with one suite: the file of tests.
pub(super) fn write(path: &Path, suite: &str, results: &[TestResult]) -> Result<(), CliError> {
    let xml = report(suite, results).to_string().map_err(|error| CliError::failed(&error))?;
    std::fs::write(path, xml)
        .map_err(|error| CliError::Failed(format!("cannot write {}: {error}", path.display())))
}

fn report(name: &str, results: &[TestResult]) -> Report {
    let mut suite = TestSuite::new(name);
    suite.add_test_cases(results.iter().map(|result| {
        let mut case = TestCase::new(result.name.as_str(), status(result));
        case.set_classname(name);
        case.extra.insert("line".into(), result.line.to_string().into());
        case
    }));
    let mut report = Report::new("scopegate test");
    report.add_test_suite(suite);
    report
}

fn status(result: &TestResult) -> TestCaseStatus {
    if result.is_passed() {
        return TestCaseStatus::success();
    }
    let parts: Vec<_> = result.differences.iter().map(short).collect();
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type("difference").set_message(parts.join("; ")).set_description(result.to_string());
    status
}

fn short(Difference { what, expected, got, .. }: &Difference) -> String {
    format!("{what}: expected {expected}, got {got}")
}
