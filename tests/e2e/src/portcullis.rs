//! The command line, run inside the test.

use std::{
    ffi::OsString,
    io::{self, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use portcullis_cli::output::console::Console;

/// What a command came to: its exit code, and what it wrote as data and as talk.
#[derive(Debug)]
pub struct Said {
    /// The exit code.
    pub code: u8,
    /// What it wrote to standard output.
    pub data: String,
    /// What it wrote to standard error.
    pub talk: String,
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs `portcullis` with these arguments.
#[must_use]
pub fn run(arguments: &[OsString]) -> Said {
    let program = [OsString::from("portcullis")];
    let all = program.into_iter().chain(arguments.iter().cloned());
    let (data, talk) = (Kept::default(), Kept::default());
    let mut console = Console::plain(Box::new(data.clone()), Box::new(talk.clone()));
    let code = portcullis_cli::run(all.collect(), &mut console).code();
    Said {
        code,
        data: data.text(),
        talk: talk.text(),
    }
}
