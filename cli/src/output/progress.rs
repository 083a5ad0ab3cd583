//! A line on the terminal while a command works: how much of it is done.

use std::{
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
    /// Shows `doing 12 of 300` on standard error. Nothing is shown where that is no terminal, or
    /// in CI.
    pub(crate) fn show(doing: &'static str, progress: &Arc<Progress>) -> ProgressLine {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        if !io::stderr().is_terminal() || is_set("CI") || is_dumb {
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

/// A terminal that cannot be written to is no reason to stop.
fn draw(text: &str) {
    let mut terminal = io::stderr().lock();
    write!(terminal, "\r\u{1b}[K{text}").ok();
    terminal.flush().ok();
}
