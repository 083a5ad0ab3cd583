//! Standard output for data, standard error for talk.

use std::io::{self, BufWriter, Write};

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use portcullis_pipeline::diagnostic::Diagnostic;

use crate::output::diagnostics;

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How much data is held back, as much as a pipe takes at a time.
const HELD_BACK: usize = 64 << 10;

/// Where a command writes.
pub struct Console {
    data: Box<dyn Write>,
    talk: Box<dyn Write>,
    data_is_styled: bool,
    talk_is_styled: bool,
}

impl Console {
    /// The console of this process: colour on a terminal, unless `NO_COLOR` is set.
    #[must_use]
    pub fn of_process() -> Self {
        let styled = |choice| choice != ColorChoice::Never;
        Console {
            data_is_styled: styled(AutoStream::choice(&io::stdout())),
            talk_is_styled: styled(AutoStream::choice(&io::stderr())),
            data: Box::new(BufWriter::with_capacity(HELD_BACK, io::stdout())),
            talk: Box::new(io::stderr()),
        }
    }

    /// A console without colour that writes to these.
    #[must_use]
    pub fn plain(data: Box<dyn Write>, talk: Box<dyn Write>) -> Self {
        Console {
            data,
            talk,
            data_is_styled: false,
            talk_is_styled: false,
        }
    }

    /// Uses colour as asked.
    pub fn colour(&mut self, when: When) {
        let asked = match when {
            When::Auto => return,
            When::Always => true,
            When::Never => false,
        };
        self.data_is_styled = asked;
        self.talk_is_styled = asked;
    }

    /// Writes data.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn data(&mut self, text: &str) -> io::Result<()> {
        self.data.write_all(text.as_bytes())
    }

    /// Writes talk; what was written before comes first.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn talk(&mut self, text: &str) -> io::Result<()> {
        self.data.flush()?;
        self.talk.write_all(text.as_bytes())
    }

    /// Tells what stopped a command.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn tell(&mut self, diagnostics: &[Diagnostic]) -> io::Result<()> {
        let styled = self.talk_is_styled;
        for diagnostic in diagnostics {
            self.talk(&diagnostics::render(diagnostic, styled))?;
        }
        Ok(())
    }

    /// Writes findings, where they are what the command was asked for.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn findings(&mut self, findings: &[Diagnostic]) -> io::Result<()> {
        let styled = self.data_is_styled;
        for finding in findings {
            self.data(&diagnostics::render(finding, styled))?;
        }
        Ok(())
    }

    /// Writes what is still held back.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.data.flush()
    }
}
