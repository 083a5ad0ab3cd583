//! The command line, run against a cluster.

use std::{ffi::OsString, path::Path};

use portcullis_e2e::portcullis;
pub(crate) use portcullis_e2e::portcullis::Said;

/// Runs `portcullis` against the cluster of a kubeconfig.
pub(crate) fn run(kubeconfig: &Path, arguments: &[&str]) -> Said {
    let flag = [
        OsString::from("--kubeconfig"),
        kubeconfig.as_os_str().to_owned(),
    ];
    let arguments = arguments.iter().map(OsString::from);
    portcullis::run(&arguments.chain(flag).collect::<Vec<_>>())
}

/// Runs `portcullis` without a cluster.
pub(crate) fn run_plainly(arguments: &[&str]) -> Said {
    let arguments = arguments.iter().map(OsString::from);
    portcullis::run(&arguments.collect::<Vec<_>>())
}
