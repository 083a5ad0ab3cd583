//! Servers of git repositories, files and images, from a Go program (`servers/`).

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
    sync::{Arc, OnceLock},
};

use libtest_mimic::{Arguments, Failed, Trial};

use crate::program;

const NO_GO: &str = "go is not installed: tests on servers need Go 1.26 to build them";

/// A test's name, and what it does with the program of the servers; it panics where something is wrong.
pub type Test = (&'static str, fn(&Path));

/// Runs the tests that the command line names. Where Go is not installed they count as ignored; with
/// `CI` set they fail.
#[must_use]
pub fn run(tests: &[Test]) -> ExitCode {
    let has_go = program::has_go();
    let is_needed = env::var_os("CI").is_some_and(|value| !value.is_empty());
    if !has_go && !is_needed {
        writeln!(io::stderr(), "{NO_GO}; they are skipped").ok();
    }
    let built: Arc<OnceLock<Result<PathBuf, String>>> = Arc::default();
    let trials = tests.iter().map(|(name, test)| {
        let (built, test) = (Arc::clone(&built), *test);
        let trial = Trial::test(*name, move || {
            if !has_go {
                return Err(Failed::from(NO_GO));
            }
            let build = || program::build_named("servers").map_err(|error| error.to_string());
            let program = built.get_or_init(build).as_ref();
            test(program.map_err(Failed::from)?);
            Ok(())
        });
        trial.with_ignored_flag(!has_go && !is_needed)
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// A server that runs while it is held.
#[derive(Debug)]
pub struct Serving {
    process: Child,
    url: String,
}

impl Serving {
    /// Starts a server of a kind, `git` or `registry`, on a folder; `settings` are its variables.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn start(
        program: &Path,
        kind: &str,
        folder: &Path,
        settings: &[(&str, &str)],
    ) -> io::Result<Serving> {
        let mut command = Command::new(program);
        command.arg(kind).arg(folder).envs(settings.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let mut url = String::new();
        if let Some(output) = process.stdout.take() {
            BufReader::new(output).read_line(&mut url)?;
        }
        let url = url.trim().to_owned();
        let serving = Serving { process, url };
        if serving.url.is_empty() {
            return Err(io::Error::other(format!(
                "the {kind} server does not start"
            )));
        }
        Ok(serving)
    }

    /// Sends it a signal: one that is stopped takes connections, and answers nothing.
    ///
    /// # Errors
    /// Where it cannot be sent.
    pub fn signal(&self, name: &str) -> io::Result<()> {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status()?;
        match sent.success() {
            true => Ok(()),
            false => Err(io::Error::other(format!("kill -s {name} {id}: {sent}"))),
        }
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
