//! `portcullis test --watch`: looks at the files that suites read, and names the suites that a
//! saved file touches.
//!
//! Files are looked at a few times a second, which needs nothing of the system and works on every
//! file system.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use portcullis_pipeline::{offline::yaml_files, suite, workspace::Workspace};

const PAUSE: Duration = Duration::from_millis(150);

/// When each file was last written, and how long it is; none where it is missing.
type Stamps = BTreeMap<PathBuf, Option<(SystemTime, u64)>>;

/// What is watched.
pub(crate) struct Watch {
    stamps: Stamps,
}

impl Watch {
    /// Watches what these suites read.
    pub(crate) fn new(suites: &[PathBuf]) -> Watch {
        Watch {
            stamps: stamps(suites),
        }
    }

    /// Waits until a file is written, made or removed, and gives the suites that it touches. Where
    /// `suites` cannot be read any more, they are touched.
    pub(crate) fn wait(&mut self, suites: &[PathBuf]) -> Vec<PathBuf> {
        loop {
            std::thread::sleep(PAUSE);
            let new = stamps(suites);
            if new == self.stamps {
                continue;
            }
            let old = std::mem::replace(&mut self.stamps, new);
            let changed = |file: &PathBuf| old.get(file) != self.stamps.get(file);
            let touched = suites
                .iter()
                .filter(|suite| files(suite).iter().any(changed));
            return touched.cloned().collect();
        }
    }
}

fn stamps(suites: &[PathBuf]) -> Stamps {
    let files = suites.iter().flat_map(|suite| files(suite));
    files
        .map(|file| {
            let metadata = std::fs::metadata(&file).ok();
            let stamp = metadata.and_then(|data| Some((data.modified().ok()?, data.len())));
            (file, stamp)
        })
        .collect()
}

/// What a suite reads; in a workspace also its policy's parameters, the environments and the
/// workspace's own file, which renderings come from.
fn files(suite: &Path) -> Vec<PathBuf> {
    let mut files = suite::files::of(suite);
    let root = Workspace::find(suite.parent().unwrap_or(Path::new(".")));
    let workspace = root.and_then(|root| Workspace::load(&root, &root).ok());
    if let Some(workspace) = workspace {
        files.push(workspace.root.join(portcullis_pipeline::workspace::FILE));
        files.extend(yaml_files(&workspace.environments()).unwrap_or_default());
        let policy = suite.parent().and_then(Path::parent);
        files.extend(policy.map(|policy| policy.join("params.yaml")));
    }
    files
}
