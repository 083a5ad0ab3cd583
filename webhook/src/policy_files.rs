//! Policies from files and folders, read again when they change.
//!
//! A file that cannot be read or compiled keeps what it last said: a mistake in one file opens no
//! hole, and the others go on changing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use portcullis_engine::{
    compile_options::{CompileError, CompileOptions},
    load::{self, Loaded},
};
use portcullis_yaml::{Limits, Mode};

use crate::{
    loaded::{faults, key},
    served::Policies,
};

/// How deep folders may lie in folders.
const DEPTH: usize = 32;

/// What a file is known by: when it was written, and its length.
type Stamp = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// Files and folders with policies.
#[derive(Debug, Default)]
pub struct PolicyFiles {
    paths: Vec<PathBuf>,
    stamp: Stamp,
    /// What each file said when it was last whole.
    good: BTreeMap<PathBuf, Vec<Loaded>>,
}

/// What was read.
#[derive(Debug)]
pub struct Reading {
    /// What can be served.
    pub policies: Policies,
    /// Files that cannot be used as they are, each with the reason.
    pub problems: Vec<String>,
}

impl PolicyFiles {
    /// Policies in these files and folders.
    #[must_use]
    pub fn new(paths: Vec<PathBuf>) -> PolicyFiles {
        PolicyFiles {
            paths,
            ..PolicyFiles::default()
        }
    }

    /// Whether a file was added, changed or removed since the last reading.
    #[must_use]
    pub fn have_changed(&self) -> bool {
        self.stamp() != self.stamp
    }

    /// Reads them all again.
    pub fn read(&mut self) -> Reading {
        self.stamp = self.stamp();
        let mut problems = Vec::new();
        for path in &self.paths {
            if let Err(error) = fs::metadata(path) {
                problems.push(format!("{}: {error}", path.display()));
            }
        }
        let mut now: BTreeMap<PathBuf, Vec<Loaded>> = BTreeMap::new();
        for file in self.stamp.keys() {
            match read_file(file) {
                Ok(loaded) => {
                    now.insert(file.clone(), loaded);
                }
                Err(found) => {
                    problems.extend(found);
                    let before = self.good.get(file).cloned();
                    now.insert(file.clone(), before.unwrap_or_default());
                }
            }
        }
        let (policies, errors) = compile(&now);
        let broken = self.put_back(&mut now, &errors, &mut problems);
        let policies = match broken {
            true => compile(&now).0,
            false => policies,
        };
        self.good = now;
        Reading { policies, problems }
    }

    /// Puts the last good version in the place of each file that does not compile; whether there is
    /// one.
    fn put_back(
        &self,
        now: &mut BTreeMap<PathBuf, Vec<Loaded>>,
        errors: &[CompileError],
        problems: &mut Vec<String>,
    ) -> bool {
        let refused: BTreeSet<&str> = errors.iter().map(|error| error.policy.as_str()).collect();
        for error in errors {
            let file = now.iter().find(|(_, loaded)| {
                let mut loaded = loaded.iter();
                loaded.any(|loaded| key(loaded).as_deref() == Some(&error.policy))
            });
            let file = file.map_or_else(String::new, |(file, _)| format!("{}: ", file.display()));
            problems.push(format!("{file}{}: {error}", error.path));
        }
        for (file, loaded) in now.iter_mut() {
            let is_refused =
                |loaded: &Loaded| key(loaded).is_some_and(|key| refused.contains(key.as_str()));
            if loaded.iter().any(is_refused) {
                *loaded = self.good.get(file).cloned().unwrap_or_default();
            }
        }
        !refused.is_empty()
    }

    fn stamp(&self) -> Stamp {
        let mut stamp = Stamp::new();
        for path in &self.paths {
            collect(path, true, DEPTH, &mut stamp);
        }
        stamp
    }
}

fn compile(files: &BTreeMap<PathBuf, Vec<Loaded>>) -> (Policies, Vec<CompileError>) {
    Policies::compile(files.values().flatten(), &CompileOptions::default())
}

/// YAML files of a folder; hidden ones are left out, such as those that a mounted ConfigMap has.
fn collect(path: &Path, is_named: bool, depth: usize, stamp: &mut Stamp) {
    let Ok(metadata) = fs::metadata(path) else {
        return;
    };
    if metadata.is_file() {
        let ending = path.extension();
        if is_named || ending.is_some_and(|ending| ending == "yaml" || ending == "yml") {
            let written = metadata.modified().ok();
            stamp.insert(path.to_owned(), (written, metadata.len()));
        }
        return;
    }
    let (Ok(entries), Some(depth)) = (fs::read_dir(path), depth.checked_sub(1)) else {
        return;
    };
    for entry in entries.filter_map(Result::ok) {
        if !entry.file_name().to_string_lossy().starts_with('.') {
            collect(&entry.path(), false, depth, stamp);
        }
    }
}

fn read_file(path: &Path) -> Result<Vec<Loaded>, Vec<String>> {
    let told = |message: String| format!("{}: {message}", path.display());
    let text = fs::read(path).and_then(|bytes| {
        String::from_utf8(bytes).map_err(|_| io::Error::other("the file is not UTF-8"))
    });
    let text = text.map_err(|error| vec![told(error.to_string())])?;
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    for document in portcullis_yaml::documents(&text) {
        match document.read(Mode::Lenient, &Limits::default()) {
            Ok(value) if value.is_null() => {}
            Ok(value) => {
                let (loaded, errors) = load::load(&value);
                problems.extend(errors.iter().map(|error| told(error.to_string())));
                problems.extend(loaded.iter().flat_map(faults).map(told));
                all.extend(loaded);
            }
            Err(error) => problems.push(told(error.to_string())),
        }
    }
    match problems.as_slice() {
        [] => Ok(all),
        _ => Err(problems),
    }
}
