//! Files that a command writes where it is told to.

use std::{fs, io, path::Path};

use portcullis_pipeline::diagnostic::Diagnostic;

use crate::{exit_status::ExitStatus, output::console::Console};

/// Writes a text to a file, or to standard output where there is none; folders are made, and what
/// was in the file is lost.
pub(crate) fn answer(
    text: &str,
    file: Option<&Path>,
    console: &mut Console,
) -> io::Result<ExitStatus> {
    match file {
        Some(path) => write(path, text, console),
        None => console.data(text).map(|()| ExitStatus::Success),
    }
}

/// Writes a text to a file, and says so.
pub(crate) fn write(path: &Path, text: &str, console: &mut Console) -> io::Result<ExitStatus> {
    let folder = path.parent().unwrap_or(Path::new(""));
    match fs::create_dir_all(folder).and_then(|()| fs::write(path, text)) {
        Ok(()) => {
            console.talk(&format!("wrote {}\n", path.display()))?;
            Ok(ExitStatus::Success)
        }
        Err(error) => {
            console.tell(&[Diagnostic::unreadable(path, &error)])?;
            Ok(ExitStatus::Error)
        }
    }
}
