//! The files that a suite reads, so that a change of one says which suites to run again.

use std::path::{Path, PathBuf};

use portcullis_api::test_file::Test;

use crate::offline::{Overrides, yaml_files};

/// The suite's own file and every file that its tests name, those in folders included. A file that
/// is missing is listed as well: it may come.
#[must_use]
pub fn of(suite: &Path) -> Vec<PathBuf> {
    let folder = suite.parent().unwrap_or(Path::new("."));
    let mut files = vec![suite.to_path_buf()];
    for test in super::tests(suite, &Overrides::new()) {
        for name in named(&test) {
            let path = super::inputs::normal(&folder.join(name));
            match yaml_files(&path) {
                Ok(found) if !found.is_empty() => files.extend(found),
                _ => files.push(path),
            }
        }
    }
    files
}

fn named(test: &Test) -> impl Iterator<Item = &String> {
    let lists = [
        &test.policies,
        &test.resources,
        &test.target_resources,
        &test.exceptions,
        &test.cluster_resources,
        &test.json_payloads,
        &test.http_payloads,
        &test.envoy_payloads,
    ];
    let single = [
        &test.variables,
        &test.userinfo,
        &test.context,
        &test.json_payload,
    ];
    let mocks = test.global_context_entries.iter();
    lists
        .into_iter()
        .flatten()
        .chain(single.into_iter().flatten())
        .chain(mocks.flat_map(|mock| &mock.resource_files))
}
