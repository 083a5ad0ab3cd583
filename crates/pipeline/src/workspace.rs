//! The workspace: `portcullis.yaml`, and where its library and environments are.

use std::{
    fs,
    path::{Path, PathBuf},
};

use portcullis_api::workspace::Workspace as WorkspaceFile;

use crate::{
    diagnostic::Diagnostic,
    files::{self, Loaded},
};

/// The file at the root of a workspace.
pub const FILE: &str = "portcullis.yaml";

/// A monorepo of policies.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// The folder of `portcullis.yaml`.
    pub root: PathBuf,
    /// The root as people see it: relative to the folder that the command was started in.
    pub shown_root: PathBuf,
    /// The file.
    pub file: Loaded<WorkspaceFile>,
}

impl Workspace {
    /// The nearest folder with a `portcullis.yaml`, from a folder upwards.
    #[must_use]
    pub fn find(start: &Path) -> Option<PathBuf> {
        let start = start.canonicalize().ok()?;
        start
            .ancestors()
            .find(|folder| folder.join(FILE).is_file())
            .map(Path::to_path_buf)
    }

    /// Reads the workspace in a folder; `shown_root` is the folder as people see it.
    ///
    /// # Errors
    /// Every fault of `portcullis.yaml`.
    pub fn load(root: &Path, shown_root: &Path) -> Result<Workspace, Vec<Diagnostic>> {
        let file = files::load(&root.join(FILE), &shown_root.join(FILE), "workspace.json")?;
        Ok(Workspace {
            root: root.to_path_buf(),
            shown_root: shown_root.to_path_buf(),
            file,
        })
    }

    /// The folder of the policy library.
    #[must_use]
    pub fn library(&self) -> PathBuf {
        self.root.join(self.file.value.spec.library())
    }

    /// The folder of the environments.
    #[must_use]
    pub fn environments(&self) -> PathBuf {
        self.root.join(self.file.value.spec.environments_path())
    }

    /// The Kubernetes version that holds where an environment names none.
    #[must_use]
    pub fn kubernetes_version(&self) -> &str {
        let version = self.file.value.spec.kubernetes_version.as_deref();
        version.unwrap_or(portcullis_schema::NEWEST)
    }

    /// A path of the workspace as people see it.
    #[must_use]
    pub fn shown(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.root) {
            Ok(below) => self.shown_root.join(below),
            Err(_) => path.to_path_buf(),
        }
    }
}

/// The folders directly in a folder, by name; hidden ones are left out.
///
/// # Errors
/// Where the folder cannot be read.
pub(crate) fn folders(folder: &Path, shown: &Path) -> Result<Vec<(String, PathBuf)>, Diagnostic> {
    let entries = fs::read_dir(folder).map_err(|error| Diagnostic::unreadable(shown, &error))?;
    let mut found: Vec<(String, PathBuf)> = entries
        .filter_map(Result::ok)
        .map(|entry| {
            (
                entry.file_name().to_string_lossy().into_owned(),
                entry.path(),
            )
        })
        .filter(|(name, path)| !name.starts_with('.') && path.is_dir())
        .collect();
    found.sort();
    Ok(found)
}
