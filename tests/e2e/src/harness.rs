//! Runs tests on one control plane, which is started for the first of them and ends after the last.
//!
//! Where Go is not installed, the tests count as ignored; with `CI` set they fail.

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
};

use libtest_mimic::{Arguments, Failed, Trial};

use crate::{control_plane::ControlPlane, program};

/// A test's name, and what it does; it panics where something is wrong.
pub type Test = (&'static str, fn(&ControlPlane));

const NO_GO: &str = "go is not installed: tests on a control plane need Go 1.26 to build it";

/// The control plane, once it is started, or why it cannot be.
type Shared = Mutex<Option<Result<Arc<ControlPlane>, String>>>;

/// Runs the tests that the command line names.
#[must_use]
pub fn run(tests: &[Test]) -> ExitCode {
    let arguments = Arguments::from_args();
    let has_go = program::has_go();
    let is_needed = env::var_os("CI").is_some_and(|value| !value.is_empty());
    if !has_go && !is_needed {
        writeln!(io::stderr(), "{NO_GO}; they are skipped").ok();
    }
    let shared: Arc<Shared> = Arc::default();
    let trials = tests.iter().map(|(name, test)| {
        let (shared, test) = (Arc::clone(&shared), *test);
        let trial = Trial::test(*name, move || {
            if !has_go {
                return Err(Failed::from(NO_GO));
            }
            let plane = started(&shared)?;
            test(&plane);
            Ok(())
        });
        trial.with_ignored_flag(!has_go && !is_needed)
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    drop(shared);
    conclusion.exit_code()
}

fn started(shared: &Shared) -> Result<Arc<ControlPlane>, Failed> {
    let mut plane = shared.lock().unwrap_or_else(PoisonError::into_inner);
    let plane = plane.get_or_insert_with(|| {
        let plane = program::build().and_then(|program| ControlPlane::start(&program));
        plane.map(Arc::new).map_err(|error| error.to_string())
    });
    plane.clone().map_err(Failed::from)
}
