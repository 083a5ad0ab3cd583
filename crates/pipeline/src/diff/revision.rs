//! A workspace as it was at a revision of git, written into a temporary folder.
//!
//! Only what a workspace consists of is read: `portcullis.yaml`, the library and the environments. The
//! repository itself, its index and its working tree stay as they are.

use std::{
    fs::{self, File},
    io::{self, Seek, SeekFrom, Write},
    path::{Component, Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    diagnostic::Diagnostic,
    workspace::{FILE, Workspace},
};

/// A revision of the repository that a workspace stands in.
#[derive(Clone, Debug)]
pub struct Revision {
    /// As the user wrote it.
    pub name: String,
    /// Its commit.
    commit: String,
    /// The workspace's folder.
    root: PathBuf,
    /// The workspace's folder below the top of the repository; empty or ending in `/`.
    prefix: String,
}

/// A temporary folder, which is removed when this goes.
#[derive(Debug)]
pub struct RevisionFolder(PathBuf);

impl Drop for RevisionFolder {
    fn drop(&mut self) {
        // A folder that stays behind in the system's temporary folder does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A file of a revision.
struct Entry {
    object: String,
    path: PathBuf,
}

impl Revision {
    /// Finds a revision: a branch, a tag, a commit, or anything else that `git rev-parse` knows.
    ///
    /// # Errors
    /// Where git is missing, the folder is in no repository, or the revision is not known there.
    pub fn find(root: &Path, name: &str) -> Result<Revision, Diagnostic> {
        let prefix = text(git(root, &["rev-parse", "--show-prefix"], Stdio::null())?);
        let commit = format!("{name}^{{commit}}");
        let arguments = ["rev-parse", "--verify", "--end-of-options", &commit];
        let commit = git(root, &arguments, Stdio::null()).map_err(|fault| {
            let help = "name a branch, a tag or a commit of this repository; a shallow clone may need `git fetch --unshallow`";
            Diagnostic::error(format!("git knows no revision `{name}`"))
                .help(fault.message)
                .help(help)
        })?;
        Ok(Revision {
            name: name.to_owned(),
            commit: text(commit),
            root: root.to_path_buf(),
            prefix,
        })
    }

    /// The workspace as it was at the revision; it can be read as long as the folder is held.
    ///
    /// # Errors
    /// Where the revision has no workspace there, or its files cannot be read or written.
    pub fn workspace(&self) -> Result<(Workspace, RevisionFolder), Vec<Diagnostic>> {
        let one = |fault| vec![fault];
        let folder = temporary().map_err(one)?;
        let shown = PathBuf::from(format!("{}:", self.name));
        self.write(&[FILE.to_owned()], &folder.0).map_err(one)?;
        if !folder.0.join(FILE).is_file() {
            let missing = format!("revision `{}` has no `{}{FILE}`", self.name, self.prefix);
            return Err(one(Diagnostic::error(missing).help(
                "compare with a revision that has the workspace at the same place",
            )));
        }
        let workspace = Workspace::load(&folder.0, &shown)?;
        let spec = &workspace.file.value.spec;
        let parts = [spec.library(), spec.environments_path()].map(|path| path.to_string());
        self.write(&parts, &folder.0).map_err(one)?;
        for part in parts {
            // git keeps no empty folder.
            fs::create_dir_all(folder.0.join(&part))
                .map_err(|error| one(Diagnostic::unreadable(Path::new(&part), &error)))?;
        }
        Ok((workspace, folder))
    }

    /// Writes what the revision has at these paths of the workspace into a folder.
    fn write(&self, paths: &[String], folder: &Path) -> Result<(), Diagnostic> {
        let entries = self.entries(paths)?;
        let mut wanted = scratch_file(folder)?;
        let list: String = entries
            .iter()
            .map(|entry| format!("{}\n", entry.object))
            .collect();
        let written = wanted
            .write_all(list.as_bytes())
            .and_then(|()| wanted.seek(SeekFrom::Start(0)));
        written.map_err(|error| Diagnostic::unreadable(folder, &error))?;
        let blobs = git(&self.root, &["cat-file", "--batch"], Stdio::from(wanted))?;
        let mut rest = blobs.as_slice();
        for entry in entries {
            let content;
            (content, rest) = blob(rest).ok_or_else(|| {
                Diagnostic::error(format!(
                    "git does not give `{}` of `{}`",
                    entry.path.display(),
                    self.name
                ))
                .help("a partial clone may need `git fetch` first")
            })?;
            let path = folder.join(&entry.path);
            let parent = path.parent().unwrap_or(folder);
            let written = fs::create_dir_all(parent).and_then(|()| fs::write(&path, content));
            written.map_err(|error| Diagnostic::unreadable(&path, &error))?;
        }
        Ok(())
    }

    /// The plain files at paths of the workspace, by their path in it. Links and submodules are left
    /// out.
    fn entries(&self, paths: &[String]) -> Result<Vec<Entry>, Diagnostic> {
        let mut arguments = vec!["ls-tree", "-r", "-z", "--full-tree", &self.commit, "--"];
        let full: Vec<String> = paths
            .iter()
            .map(|path| {
                format!(
                    "{}{}",
                    self.prefix,
                    path.trim_start_matches("./").trim_end_matches('/')
                )
            })
            .collect();
        arguments.extend(full.iter().map(String::as_str));
        let listed = git(&self.root, &arguments, Stdio::null())?;
        let listed = String::from_utf8_lossy(&listed).into_owned();
        let entries = listed.split('\0').filter_map(|line| {
            let (facts, path) = line.split_once('\t')?;
            let mut facts = facts.split(' ');
            let (mode, kind, object) = (facts.next()?, facts.next()?, facts.next()?);
            let path = Path::new(path.strip_prefix(&self.prefix)?);
            let stays_below = path
                .components()
                .all(|part| matches!(part, Component::Normal(_)));
            let is_file = kind == "blob" && mode.starts_with("100");
            (is_file && stays_below).then(|| Entry {
                object: object.to_owned(),
                path: path.to_path_buf(),
            })
        });
        Ok(entries.collect())
    }
}

/// The first object of `git cat-file --batch`, and what follows it.
fn blob(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(text.get(..end)?).ok()?;
    let size: usize = head.split(' ').nth(2)?.parse().ok()?;
    let start = end + 1;
    let content = text.get(start..start.checked_add(size)?)?;
    Some((content, text.get(start + size + 1..)?))
}

fn git(folder: &Path, arguments: &[&str], input: Stdio) -> Result<Vec<u8>, Diagnostic> {
    let done = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .stdin(input)
        .output()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Diagnostic::error("the program `git` is not found")
                .help("install git, or compare two folders: `portcullis diff BEFORE AFTER`"),
            _ => Diagnostic::error(format!("the program `git` cannot be run: {error}")),
        })?;
    if done.status.success() {
        return Ok(done.stdout);
    }
    let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
    Err(Diagnostic::error(format!("git says: {said}")).help(
        "compare revisions inside a repository, or two folders: `portcullis diff BEFORE AFTER`",
    ))
}

fn text(output: Vec<u8>) -> String {
    String::from_utf8_lossy(&output).trim().to_owned()
}

/// A new folder in the system's temporary folder.
fn temporary() -> Result<RevisionFolder, Diagnostic> {
    let above = std::env::temp_dir();
    for number in 0..10_000 {
        let name = format!("portcullis-diff-{}-{number}", std::process::id());
        let folder = above.join(name);
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(RevisionFolder(folder)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Diagnostic::unreadable(&folder, &error)),
        }
    }
    let full = format!("{}: no new folder can be made here", above.display());
    Err(Diagnostic::error(full).help("remove the folders `portcullis-diff-…` from it"))
}

/// A file for what git reads, so that neither side waits for the other.
fn scratch_file(folder: &Path) -> Result<File, Diagnostic> {
    let path = folder.join(".wanted");
    let opened = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path);
    opened.map_err(|error| Diagnostic::unreadable(&path, &error))
}
