//! The command line, run inside the test.

use std::{
    ffi::OsString,
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex},
};

use portcullis_cli::output::console::Console;

/// What a command came to: its exit code, and what it wrote as data and as talk.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: u8,
    pub(crate) data: String,
    pub(crate) talk: String,
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs `portcullis` against the cluster of a kubeconfig.
pub(crate) fn run(kubeconfig: &Path, arguments: &[&str]) -> Said {
    let flag = [
        OsString::from("--kubeconfig"),
        kubeconfig.as_os_str().to_owned(),
    ];
    let arguments = arguments.iter().map(OsString::from);
    run_all(arguments.chain(flag).collect())
}

/// Runs `portcullis` without a cluster.
pub(crate) fn run_plainly(arguments: &[&str]) -> Said {
    run_all(arguments.iter().map(OsString::from).collect())
}

fn run_all(arguments: Vec<OsString>) -> Said {
    let program = [OsString::from("portcullis")];
    let all = program.into_iter().chain(arguments);
    let (data, talk) = (Kept::default(), Kept::default());
    let mut console = Console::plain(Box::new(data.clone()), Box::new(talk.clone()));
    let code = portcullis_cli::run(all.collect(), &mut console).code();
    Said {
        code,
        data: data.text(),
        talk: talk.text(),
    }
}
