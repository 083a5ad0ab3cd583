//! `-w, --workspace`: which workspace a command works in.

use std::path::{Path, PathBuf};

use portcullis_pipeline::{
    diagnostic::Diagnostic,
    workspace::{FILE, Workspace},
};

/// Which workspace a command works in.
#[derive(Clone, Debug, clap::Args)]
pub struct WorkspaceArgument {
    /// The folder of `portcullis.yaml`; the nearest one upwards when absent.
    #[arg(short, long, value_name = "FOLDER")]
    pub workspace: Option<PathBuf>,
}

impl WorkspaceArgument {
    /// Reads the workspace.
    pub(crate) fn load(&self) -> Result<Workspace, Vec<Diagnostic>> {
        if let Some(folder) = &self.workspace {
            return Workspace::load(folder, folder);
        }
        let here = Path::new(".");
        let root = Workspace::find(here).ok_or_else(|| vec![no_workspace()])?;
        let shown = shown_root(&root);
        Workspace::load(&root, &shown)
    }
}

fn no_workspace() -> Diagnostic {
    Diagnostic::error(format!("no `{FILE}` in this folder or above it"))
        .help("go to a workspace, name one with `--workspace FOLDER`, or start one with `portcullis new workspace FOLDER`")
}

/// The root as seen from the folder that the command was started in.
pub(crate) fn shown_root(root: &Path) -> PathBuf {
    let Ok(here) = Path::new(".").canonicalize() else {
        return root.to_path_buf();
    };
    match here.strip_prefix(root) {
        Ok(below) => below.components().map(|_| "..").collect(),
        Err(_) => root.to_path_buf(),
    }
}
