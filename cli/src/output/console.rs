//! Standard output for data, standard error for talk.

use std::{
    ffi::OsString,
    io::{self, BufWriter, IsTerminal, Write},
};

use clap::ValueEnum;
use portcullis_pipeline::diagnostic::Diagnostic;

use crate::output::diagnostics;

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless `NO_COLOR` or `CLICOLOR=0` is set; elsewhere with `CLICOLOR_FORCE=1`.
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
    /// The console of this process, with colour where [`When::Auto`] has it.
    #[must_use]
    pub fn of_process() -> Self {
        let styled = |is_terminal| is_coloured(is_terminal, |name| std::env::var_os(name));
        Console {
            data_is_styled: styled(io::stdout().is_terminal()),
            talk_is_styled: styled(io::stderr().is_terminal()),
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
        self.talk(&diagnostics::render_all(diagnostics, styled))
    }

    /// Writes findings, where they are what the command was asked for.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn findings(&mut self, findings: &[Diagnostic]) -> io::Result<()> {
        let styled = self.data_is_styled;
        self.data(&diagnostics::render_all(findings, styled))
    }

    /// Writes what is still held back.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.data.flush()
    }
}

/// Whether there is colour where no flag says: `NO_COLOR` first, then `CLICOLOR_FORCE`, then
/// `CLICOLOR`, then what the terminal can do. A variable that is empty is not set.
fn is_coloured(is_terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let is_zero = |value: OsString| value == "0";
    if set("NO_COLOR").is_some() {
        return false;
    }
    if set("CLICOLOR_FORCE").is_some_and(|value| !is_zero(value)) {
        return true;
    }
    let is_dumb = set("TERM").map_or(cfg!(unix), |term| term == "dumb");
    is_terminal && !is_dumb && !set("CLICOLOR").is_some_and(is_zero)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_has_colour_unless_told_otherwise() {
        let term = ("TERM", "xterm");
        for (is_terminal, variables, wanted) in [
            (true, &[term][..], true),
            (false, &[term], false),
            (true, &[("TERM", "dumb")], false),
            (true, &[term, ("CLICOLOR", "0")], false),
            (true, &[term, ("CLICOLOR", "1")], true),
            (true, &[term, ("CLICOLOR_FORCE", "0")], true),
            (true, &[("TERM", "dumb"), ("CLICOLOR_FORCE", "1")], true),
            (true, &[term, ("NO_COLOR", "1")], false),
            (true, &[term, ("NO_COLOR", "")], true),
        ] {
            let variable = |name: &str| {
                let mut all = variables.iter();
                let found = all.find(|(other, _)| *other == name)?;
                Some(OsString::from(found.1))
            };
            let found = is_coloured(is_terminal, variable);
            assert_eq!(found, wanted, "{is_terminal} {variables:?}");
        }
    }
}
