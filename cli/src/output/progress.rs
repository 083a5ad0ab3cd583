//! A line on the terminal while a command works: how much of it is done.

use std::{
    ffi::OsString,
    io::{self, IsTerminal, Write},
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::JoinHandle,
    time::Duration,
};

use portcullis_pipeline::progress::Progress;

/// Nothing is shown of a run that is shorter.
const START: Duration = Duration::from_millis(500);

const PAUSE: Duration = Duration::from_millis(100);

/// The line, which goes away when this is dropped.
pub(crate) struct ProgressLine {
    running: Option<(Sender<()>, JoinHandle<()>)>,
}

impl ProgressLine {
    /// Shows `doing 12 of 300` on standard error, where that is wanted.
    pub(crate) fn show(doing: &'static str, progress: &Arc<Progress>) -> ProgressLine {
        if !is_wanted(io::stderr().is_terminal(), |name| std::env::var_os(name)) {
            return ProgressLine { running: None };
        }
        let progress = Arc::clone(progress);
        let (stop, stopped) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let mut pause = START;
            while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                pause = PAUSE;
                let (done, total) = progress.counts();
                draw(&format!("{doing} {done} of {total}"));
            }
            draw("");
        });
        ProgressLine {
            running: Some((stop, thread)),
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            drop(stop);
            thread.join().ok();
        }
    }
}

/// Whether a line is shown: on a terminal that can redraw one, unless it is CI's, or plain output is
/// asked for with `NO_COLOR`. A variable that is empty is not set.
fn is_wanted(is_terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let is_dumb = variable("TERM").is_some_and(|term| term == "dumb");
    is_terminal && !is_dumb && !is_set("CI") && !is_set("NO_COLOR")
}

/// A terminal that cannot be written to is no reason to stop.
fn draw(text: &str) {
    let mut terminal = io::stderr().lock();
    write!(terminal, "\r\u{1b}[K{text}").ok();
    terminal.flush().ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shown_on_a_capable_terminal_only() {
        for (is_terminal, variables, wanted) in [
            (true, &[][..], true),
            (false, &[], false),
            (true, &[("TERM", "xterm-256color")], true),
            (true, &[("TERM", "dumb")], false),
            (true, &[("CI", "true")], false),
            (true, &[("CI", "")], true),
            (true, &[("NO_COLOR", "1")], false),
            (true, &[("NO_COLOR", "")], true),
            (true, &[("TERM", "xterm"), ("CI", "1")], false),
        ] {
            let variable = |name: &str| {
                let mut all = variables.iter();
                let found = all.find(|(other, _)| *other == name)?;
                Some(OsString::from(found.1))
            };
            let is_wanted = is_wanted(is_terminal, variable);
            assert_eq!(is_wanted, wanted, "{is_terminal} {variables:?}");
        }
    }
}
