//! Policies from files and folders, read again when they change.
//!
//! A file that cannot be read or compiled keeps what it last said: a mistake in one file opens no
//! hole, and the others go on changing. One that never was whole says what can be used of it.

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
            let (loaded, found) = read_file(file);
            let before = self.good.get(file).filter(|_| !found.is_empty());
            let loaded = before.cloned().unwrap_or(loaded);
            now.insert(file.clone(), loaded);
            problems.extend(found);
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

    /// Puts the last good version in the place of each file that does not compile, or else takes out of it
    /// what does not; whether there is any such file.
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
                match self.good.get(file) {
                    Some(good) => good.clone_into(loaded),
                    None => loaded.retain(|one| !is_refused(one)),
                }
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

/// What a file says that can be used, and what is wrong with the rest.
fn read_file(path: &Path) -> (Vec<Loaded>, Vec<String>) {
    let told = |message: String| format!("{}: {message}", path.display());
    let text = fs::read(path).and_then(|bytes| {
        String::from_utf8(bytes).map_err(|_| io::Error::other("the file is not UTF-8"))
    });
    let text = match text {
        Ok(text) => text,
        Err(error) => return (Vec::new(), vec![told(error.to_string())]),
    };
    let (mut all, mut problems) = (Vec::new(), Vec::new());
    for document in portcullis_yaml::documents(&text) {
        match document.read(Mode::Lenient, &Limits::default()) {
            Ok(value) if value.is_null() => {}
            Ok(value) => {
                let (loaded, errors) = load::load(&value);
                problems.extend(errors.iter().map(|error| told(error.to_string())));
                for one in loaded {
                    let found = faults(&one);
                    if found.is_empty() {
                        all.push(one);
                    }
                    problems.extend(found.into_iter().map(told));
                }
            }
            Err(error) => problems.push(told(error.to_string())),
        }
    }
    (all, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(name: &str, expression: &str) -> String {
        format!(
            "---
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {{name: {name}}}
spec:
  matchConstraints: {{resourceRules: [{{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}}]}}
  validations: [{{expression: \"{expression}\"}}]
"
        )
    }

    #[test]
    fn a_mistake_opens_no_hole() {
        let name = format!("portcullis-policy-files-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("all.yaml");
        let mut files = PolicyFiles::new(vec![folder.clone()]);
        let mut check = |text: &str, served: usize, problem: &str| {
            fs::write(&path, text).unwrap();
            let reading = files.read();
            assert_eq!(reading.policies.count(), served, "{text}");
            let told = reading.problems.join("\n");
            assert_eq!(told.is_empty(), problem.is_empty(), "{told}");
            assert!(told.contains(problem), "{told}");
        };
        let good = policy("good", "true");
        // Nothing was ever whole: what can be used is.
        check(&format!("{good}{}", policy("bad", "tru(")), 1, "bad");
        check(&format!("{good}---\na: [\n"), 1, "all.yaml");
        check(&format!("{good}{}", policy("other", "true")), 2, "");
        check(&format!("{good}{}", policy("other", "tru(")), 2, "other");
        check("a: [", 2, "all.yaml");
        check(&good, 1, "");
        fs::remove_dir_all(&folder).unwrap();
    }
}
