//! The files of a commit, read into memory.
//!
//! A link gives what it leads to, as it does in a clone, but only within the repository.

use git2::{ObjectType, Oid, Repository, Tree, TreeEntry};

use crate::{client::Deadline, error::SourceError, limits::Limits};

/// How deep folders may be.
const DEEPEST: usize = 128;
/// How many links may lead to one another.
const HOPS: usize = 8;
/// The mode of a link.
const LINK: i32 = 0o120_000;
/// How a file begins that stands for one which Git LFS keeps.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

type Files = Vec<(String, Vec<u8>)>;

/// Reads files under the limits.
pub(super) struct Reader<'a> {
    repository: &'a Repository,
    root: Tree<'a>,
    url: &'a str,
    limits: &'a Limits,
    deadline: Deadline,
    files: Files,
    bytes: u64,
    folders: usize,
}

/// Where something is: its path in the repository, and the path that people reach it by, which a link
/// makes another.
#[derive(Clone, Copy)]
struct At<'a> {
    real: &'a str,
    shown: &'a str,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        repository: &'a Repository,
        root: Tree<'a>,
        url: &'a str,
        limits: &'a Limits,
        deadline: Deadline,
    ) -> Reader<'a> {
        Reader {
            repository,
            root,
            url,
            limits,
            deadline,
            files: Files::new(),
            bytes: 0,
            folders: 0,
        }
    }

    /// Whether a path is in the repository.
    pub(super) fn require(&self, path: &str, revision: &str) -> Result<(), SourceError> {
        let entry = self.entry(path);
        if entry.as_ref().and_then(TreeEntry::kind) == Some(ObjectType::Commit) {
            let why = "is a submodule, which is another repository: give the address of that one";
            return Err(self.leaves(path, why));
        }
        if path.is_empty() || entry.is_some() {
            return Ok(());
        }
        Err(SourceError::Path {
            url: self.url.to_owned(),
            path: path.to_owned(),
            revision: revision.to_owned(),
        })
    }

    /// The file at a path, or all files below it.
    pub(super) fn read(mut self, path: &str) -> Result<Files, SourceError> {
        let at = At {
            real: path,
            shown: path,
        };
        match self.entry(path) {
            Some(entry) => self.take(&entry, at, &mut Vec::new(), 0)?,
            None => {
                let root = self.root.clone();
                self.folder(&root, at, &mut Vec::new())?;
            }
        }
        self.files.sort();
        Ok(self.files)
    }

    fn entry(&self, path: &str) -> Option<TreeEntry<'static>> {
        let is_plain = path.split('/').all(is_plain_name);
        self.root.get_path(path.as_ref()).ok().filter(|_| is_plain)
    }

    /// `above` holds the folders that this one is in: a link to one of them is not followed.
    fn folder(
        &mut self,
        tree: &Tree<'_>,
        at: At<'_>,
        above: &mut Vec<Oid>,
    ) -> Result<(), SourceError> {
        if above.contains(&tree.id()) {
            return Ok(());
        }
        self.folders += 1;
        if above.len() >= DEEPEST || self.folders > self.limits.files {
            let (what, limit) = ("the number or depth of folders", self.limits.files);
            return Err(SourceError::limit(self.url, what, limit));
        }
        if self.deadline.is_over() {
            let seconds = format!("{} s", self.limits.time.as_secs());
            return Err(SourceError::limit(self.url, "the time it takes", seconds));
        }
        above.push(tree.id());
        for entry in tree {
            let name = String::from_utf8_lossy(entry.name_bytes()).into_owned();
            if !is_plain_name(&name) {
                return Err(self.leaves(at.shown, &format!("holds the name `{name}`")));
            }
            let (real, shown) = (join(at.real, &name), join(at.shown, &name));
            let at = At {
                real: &real,
                shown: &shown,
            };
            self.take(&entry, at, above, 0)?;
        }
        above.pop();
        Ok(())
    }

    fn take(
        &mut self,
        entry: &TreeEntry<'_>,
        at: At<'_>,
        above: &mut Vec<Oid>,
        hops: usize,
    ) -> Result<(), SourceError> {
        match entry.kind() {
            Some(ObjectType::Tree) => {
                let tree = self.repository.find_tree(entry.id());
                let tree = tree.map_err(|error| SourceError::repository(self.url, &error))?;
                self.folder(&tree, at, above)
            }
            Some(ObjectType::Blob) if entry.filemode() == LINK => {
                self.follow(entry.id(), at, above, hops)
            }
            Some(ObjectType::Blob) => self.file(entry.id(), at),
            // A submodule is another repository.
            _ => Ok(()),
        }
    }

    fn file(&mut self, object: Oid, at: At<'_>) -> Result<(), SourceError> {
        let size = self.size(object)?;
        if size > self.limits.file {
            // Nobody reads a large picture as a policy.
            if !is_manifest(at.shown) {
                return Ok(());
            }
            return Err(SourceError::limit(
                self.url,
                "the size of a file",
                bytes(self.limits.file),
            ));
        }
        self.bytes += size;
        if self.bytes > self.limits.total {
            let limit = bytes(self.limits.total);
            return Err(SourceError::limit(self.url, "the size of all files", limit));
        }
        if self.files.len() >= self.limits.files {
            let limit = self.limits.files;
            return Err(SourceError::limit(self.url, "the number of files", limit));
        }
        let content = self.content(object)?;
        // Taken for the file, it would be a manifest that says nothing.
        if content.starts_with(POINTER) && is_manifest(at.shown) {
            let why = "is a pointer of Git LFS, whose files are not fetched: keep manifests in git itself";
            return Err(self.leaves(at.shown, why));
        }
        self.files.push((at.shown.to_owned(), content));
        Ok(())
    }

    fn follow(
        &mut self,
        link: Oid,
        at: At<'_>,
        above: &mut Vec<Oid>,
        hops: usize,
    ) -> Result<(), SourceError> {
        const LONGEST: u64 = 4096;
        if hops >= HOPS || self.size(link)? > LONGEST {
            return Err(self.leaves(at.shown, "is a link that leads nowhere"));
        }
        let target = String::from_utf8_lossy(&self.content(link)?).into_owned();
        let Some(real) = resolve(at.real, &target) else {
            let why = format!("is a link to `{target}`, which is outside of the repository");
            return Err(self.leaves(at.shown, &why));
        };
        let to = At {
            real: &real,
            shown: at.shown,
        };
        match self.entry(&real) {
            Some(entry) => self.take(&entry, to, above, hops + 1),
            None if real.is_empty() => Ok(()),
            None if is_manifest(at.shown) => {
                let why = format!("is a link to `{target}`, which is not there");
                Err(self.leaves(at.shown, &why))
            }
            None => Ok(()),
        }
    }

    fn size(&self, object: Oid) -> Result<u64, SourceError> {
        let header = self
            .repository
            .odb()
            .and_then(|odb| odb.read_header(object));
        let (size, _) = header.map_err(|error| SourceError::repository(self.url, &error))?;
        Ok(u64::try_from(size).unwrap_or(u64::MAX))
    }

    fn content(&self, object: Oid) -> Result<Vec<u8>, SourceError> {
        let blob = self.repository.find_blob(object);
        let blob = blob.map_err(|error| SourceError::repository(self.url, &error))?;
        Ok(blob.content().to_vec())
    }

    fn leaves(&self, path: &str, reason: &str) -> SourceError {
        SourceError::Unsafe {
            url: self.url.to_owned(),
            path: path.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

/// Where a link leads, from the root of the repository; nothing where that is outside.
fn resolve(link: &str, target: &str) -> Option<String> {
    if target.starts_with('/') || target.contains(['\\', '\0']) {
        return None;
    }
    let mut names: Vec<&str> = link.split('/').collect();
    names.pop();
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop()?;
            }
            name => names.push(name),
        }
    }
    Some(names.join("/"))
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        return name.to_owned();
    }
    format!("{folder}/{name}")
}

/// Whether a name can be that of a file, and of nothing above it.
fn is_plain_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && !name.contains(['/', '\\', '\0'])
}

fn is_manifest(path: &str) -> bool {
    [".yaml", ".yml", ".json"]
        .iter()
        .any(|end| path.ends_with(end))
}

fn bytes(count: u64) -> String {
    format!("{} MiB", count / (1024 * 1024))
}
