//! `portcullis test --watch`: looks at the files that suites read, and names the suites that a
//! saved file touches.
//!
//! Files and folders are looked at a few times a second, which needs nothing of the system and works
//! on every file system. Suites are searched and read again only after one of them has changed; a
//! folder changes when an entry comes or goes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use portcullis_pipeline::{offline::yaml_files, suite, workspace::Workspace};

const PAUSE: Duration = Duration::from_millis(150);

/// When a file or folder was last written, and how long it is; none where it is missing.
type Stamp = Option<(SystemTime, u64)>;

/// What is watched.
pub(crate) struct Watch {
    paths: Vec<PathBuf>,
    file_name: String,
    /// Each suite with the files that it reads.
    suites: BTreeMap<PathBuf, BTreeSet<PathBuf>>,
    stamps: BTreeMap<PathBuf, Stamp>,
}

impl Watch {
    /// Watches the suites of that name in files and folders.
    pub(crate) fn new(paths: &[PathBuf], file_name: &str) -> Watch {
        let mut watch = Watch {
            paths: paths.to_vec(),
            file_name: file_name.to_owned(),
            suites: BTreeMap::new(),
            stamps: BTreeMap::new(),
        };
        watch.look_again();
        watch
    }

    /// Waits until files are written, made or removed that suites read, and gives these suites; a new
    /// suite is one of them.
    pub(crate) fn wait(&mut self) -> Vec<PathBuf> {
        loop {
            std::thread::sleep(PAUSE);
            let touched = self.touched();
            if !touched.is_empty() {
                return touched;
            }
        }
    }

    /// The suites that are touched since the last look.
    fn touched(&mut self) -> Vec<PathBuf> {
        if self.stamps.iter().all(|(path, old)| stamp(path) == *old) {
            return Vec::new();
        }
        let suites = std::mem::take(&mut self.suites);
        let stamps = std::mem::take(&mut self.stamps);
        self.look_again();
        let changed = |file: &PathBuf| stamps.get(file) != self.stamps.get(file);
        let is_touched = |(suite, files): &(&PathBuf, &BTreeSet<PathBuf>)| {
            suites.get(*suite) != Some(files) || files.iter().any(changed)
        };
        let touched = self.suites.iter().filter(is_touched);
        touched.map(|(suite, _)| suite.clone()).collect()
    }

    /// Searches the suites, reads which files they name, and notes how all of these are.
    fn look_again(&mut self) {
        let (found, _) = suite::discover(&self.paths, &self.file_name);
        let read = |suite: PathBuf| {
            let files = files(&suite);
            (suite, files)
        };
        self.suites = found.into_iter().map(read).collect();
        let files: BTreeSet<PathBuf> = self.suites.values().flatten().cloned().collect();
        let folders = files.iter().filter_map(|file| file.parent());
        let mut watched: BTreeSet<PathBuf> = folders.map(Path::to_path_buf).collect();
        for path in self.paths.iter().filter(|path| path.is_dir()) {
            add_folders(path, &mut watched);
        }
        watched.extend(files);
        let stamps = watched.into_iter().map(|path| {
            let stamp = stamp(&path);
            (path, stamp)
        });
        self.stamps = stamps.collect();
    }
}

fn stamp(path: &Path) -> Stamp {
    let path = match path.as_os_str().is_empty() {
        true => Path::new("."),
        false => path,
    };
    let data = std::fs::metadata(path).ok()?;
    Some((data.modified().ok()?, data.len()))
}

/// A folder and those below it where a suite may come; links are not followed, and hidden folders
/// are left out.
fn add_folders(folder: &Path, all: &mut BTreeSet<PathBuf>) {
    let mut waiting = vec![folder.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        let entries = std::fs::read_dir(&folder).into_iter().flatten();
        for entry in entries.filter_map(Result::ok) {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && !entry.file_name().to_string_lossy().starts_with('.') {
                waiting.push(entry.path());
            }
        }
        all.insert(folder);
    }
}

/// What a suite reads; in a workspace also its policy's parameters, the environments and the
/// workspace's own file, which renderings come from.
fn files(suite: &Path) -> BTreeSet<PathBuf> {
    let mut files: BTreeSet<PathBuf> = suite::files::of(suite).into_iter().collect();
    let folder = suite
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let root = Workspace::find(folder.unwrap_or(Path::new(".")));
    let workspace = root.and_then(|root| Workspace::load(&root, &root).ok());
    if let Some(workspace) = workspace {
        files.insert(workspace.root.join(portcullis_pipeline::workspace::FILE));
        files.extend(yaml_files(&workspace.environments()).unwrap_or_default());
        let policy = suite.parent().and_then(Path::parent);
        files.extend(policy.map(|policy| policy.join("params.yaml")));
    }
    files
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const SUITE: &str = "apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\nmetadata: {name: a}\npolicies: [policy.yaml]\nresources: [resources]\nresults: []\n";

    #[test]
    fn a_change_touches_the_suites_that_read_it() {
        let root = std::env::temp_dir().join(format!("portcullis-watch-{}", std::process::id()));
        fs::remove_dir_all(&root).ok();
        let write = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let remove = |path: &str| fs::remove_file(root.join(path)).unwrap();
        write("a/suite.yaml", SUITE);
        write("a/policy.yaml", "a: 1\n");
        write("a/resources/one.yaml", "a: 1\n");
        write("other.yaml", "a: 1\n");
        let mut watch = Watch::new(std::slice::from_ref(&root), "suite.yaml");
        let mut check = |what: &str, change: &dyn Fn(), wanted: &[&str]| {
            change();
            let touched = watch.touched();
            let touched: Vec<_> = touched
                .iter()
                .map(|suite| suite.strip_prefix(&root).unwrap().to_str().unwrap())
                .collect();
            assert_eq!(touched, wanted, "{what}");
            assert_eq!(watch.touched(), Vec::<PathBuf>::new(), "{what}, again");
        };
        let a = "a/suite.yaml";
        check("nothing", &|| (), &[]);
        check("a policy", &|| write("a/policy.yaml", "a: 12\n"), &[a]);
        check("a file of nobody", &|| write("other.yaml", "a: 12\n"), &[]);
        let more = || write("a/resources/two.yaml", "a: 1\n");
        check("one more resource", &more, &[a]);
        check("one less", &|| remove("a/resources/two.yaml"), &[a]);
        check("a missing policy", &|| remove("a/policy.yaml"), &[a]);
        let b = "b/below/suite.yaml";
        check("a new suite", &|| write(b, SUITE), &[b]);
        check(
            "its policy",
            &|| write("b/below/policy.yaml", "a: 1\n"),
            &[b],
        );
        check("a suite less", &|| remove(a), &[]);
        check("its policy", &|| write("a/policy.yaml", "a: 1\n"), &[]);
        fs::remove_dir_all(&root).unwrap();
    }
}
