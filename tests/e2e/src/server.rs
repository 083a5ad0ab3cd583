//! One server of the control plane: a process that ends when this is dropped.

use std::{
    fs::{self, File},
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// How many lines of a log are told.
const TOLD: usize = 20;

/// The process. It holds the other end of its standard input, and would end with it, too.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    name: &'static str,
    log: PathBuf,
}

impl Server {
    /// Starts a server, in a process group of its own, with its log in the folder.
    pub(crate) fn start(
        program: &Path,
        name: &'static str,
        arguments: &[String],
        folder: &Path,
    ) -> io::Result<Server> {
        let log = folder.join(format!("{name}.log"));
        let written = File::create(&log)?;
        let mut command = Command::new(program);
        command.arg(name).args(arguments).current_dir(folder);
        command.stdin(Stdio::piped());
        command.stdout(written.try_clone()?).stderr(written);
        let process = command.process_group(0).spawn()?;
        Ok(Server { process, name, log })
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Why the server is not there any more, where it is not.
    pub(crate) fn ended(&mut self) -> Option<String> {
        let status = self.process.try_wait().ok()??;
        Some(format!(
            "{} ended with {status}:\n{}",
            self.name,
            self.told()
        ))
    }

    /// The last lines of its log.
    pub(crate) fn told(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines.get(lines.len().saturating_sub(TOLD)..);
        last.unwrap_or_default().join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
