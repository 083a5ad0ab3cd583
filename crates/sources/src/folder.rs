//! Files that were fetched.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The files of a folder elsewhere, in the order of their paths.
#[derive(Clone, Debug)]
pub struct Folder {
    /// The URL of the repository.
    pub repository: String,
    /// The branch, tag or commit that was asked for; `HEAD` for the default branch.
    pub revision: String,
    /// The commit.
    pub commit: String,
    /// The message of the commit.
    pub message: String,
    /// The path that was asked for.
    pub path: String,
    /// Each file: its path from the root of the repository, and its bytes.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Folder {
    /// The address of a file, as people know it.
    #[must_use]
    pub fn shown(&self, file: &str) -> PathBuf {
        let reference = match self.revision.as_str() {
            "HEAD" => String::new(),
            revision => format!("?ref={revision}"),
        };
        PathBuf::from(format!("{}//{file}{reference}", self.repository))
    }

    /// Writes the files below a folder of this machine.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        for (file, bytes) in &self.files {
            let path = folder.join(file);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, bytes)?;
        }
        Ok(())
    }
}
