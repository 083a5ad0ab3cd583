//! Policies from files and folders, read again when they change.
//!
//! At the start all of them must be whole. Later, a file that cannot be read or compiled keeps what it last
//! said: a mistake in one file opens no hole, and the others go on changing. As long as there is any mistake
//! no policy goes, for it may have moved to where the mistake is.

mod document;
mod found;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use portcullis_engine::compile_options::{CompileError, CompileOptions};

use self::{
    document::{Document, File},
    found::Found,
};
use crate::served::Policies;

/// What files say.
type Documents = BTreeMap<PathBuf, Vec<Document>>;

/// Files and folders with policies.
#[derive(Debug, Default)]
pub struct PolicyFiles {
    paths: Vec<PathBuf>,
    found: Found,
    /// What each file said when it was last whole.
    good: Documents,
}

/// What was read.
#[derive(Debug)]
pub struct Reading {
    /// What can be served.
    pub policies: Policies,
    /// What cannot be used as it is, each with its place and the reason.
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
        Found::below(&self.paths) != self.found
    }

    /// Reads them all again.
    pub fn read(&mut self) -> Reading {
        self.found = Found::below(&self.paths);
        let faults = self.found.faults.iter();
        let faults = faults.map(|(path, fault)| format!("{}: {fault}", path.display()));
        let mut problems: Vec<String> = faults.collect();
        let (mut now, mut texts) = (Documents::new(), BTreeMap::new());
        for path in self.found.files.keys() {
            let file = File::read(path);
            if file.problems.is_empty() {
                texts.insert(path, file.text);
            }
            let before = self.good.get(path).filter(|_| !file.problems.is_empty());
            now.insert(path.clone(), before.cloned().unwrap_or(file.documents));
            problems.extend(file.problems);
        }
        let (mut policies, errors) = compile(&now);
        problems.extend(errors.iter().map(|error| told(&now, &texts, error)));
        if !problems.is_empty() {
            self.put_back(&mut now, &errors);
            self.keep_what_is_gone(&mut now);
            policies = compile(&now).0;
        }
        self.good = now;
        Reading { policies, problems }
    }

    /// Puts the last good version in the place of each file that does not compile, or else takes out of it
    /// what does not.
    fn put_back(&self, now: &mut Documents, errors: &[CompileError]) {
        let is_refused = |one: &Document| errors.iter().any(|error| one.is_meant(error));
        for (path, documents) in now.iter_mut() {
            if documents.iter().any(is_refused) {
                match self.good.get(path) {
                    Some(good) => good.clone_into(documents),
                    None => documents.retain(|one| !is_refused(one)),
                }
            }
        }
    }

    /// Keeps the policies that were there, and of what cannot be looked at the exceptions, too.
    fn keep_what_is_gone(&self, now: &mut Documents) {
        let there: BTreeSet<_> = now.values().flatten().map(Document::id).collect();
        let mut gone = Documents::new();
        for (path, documents) in &self.good {
            let is_hidden = path
                .ancestors()
                .any(|above| self.found.faults.contains_key(above));
            let kept = documents.iter().filter(|one| {
                let is_there = there.contains(&one.id());
                !is_there && (is_hidden || !one.is_exception())
            });
            gone.insert(path.clone(), kept.cloned().collect());
        }
        for (path, documents) in gone {
            if !documents.is_empty() {
                now.entry(path).or_default().extend(documents);
            }
        }
    }
}

fn compile(files: &Documents) -> (Policies, Vec<CompileError>) {
    let loaded = files.values().flatten().map(|document| &document.loaded);
    Policies::compile(loaded, &CompileOptions::default())
}

/// An error at its place. Nothing is known of the text of a file that is not the one that was compiled.
fn told(now: &Documents, texts: &BTreeMap<&PathBuf, String>, error: &CompileError) -> String {
    let meant = now.iter().find_map(|(path, documents)| {
        let document = documents.iter().find(|one| one.is_meant(error))?;
        Some((path, document))
    });
    match meant {
        Some((path, document)) => match texts.get(path) {
            Some(text) => document.told(path, text, error),
            None => format!("{}: {error}", path.display()),
        },
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
