//! The names of a repository: which object a branch, a tag or a commit is.

use std::collections::BTreeMap;

use git2::{Oid, Repository};

use crate::{address::GitAddress, error::SourceError};

/// What an address means in a repository.
#[derive(Debug)]
pub(super) struct Wanted {
    /// A commit, or a tag of one.
    pub(super) object: Oid,
    /// The branch, tag or commit, as people know it.
    pub(super) revision: String,
    /// The path in the repository.
    pub(super) path: String,
}

/// The names.
#[derive(Debug, Default)]
pub(super) struct References {
    url: String,
    /// By their full names, such as `refs/heads/main`, and `HEAD`.
    names: BTreeMap<String, Oid>,
}

impl References {
    pub(super) fn new(url: &str) -> References {
        let url = url.to_owned();
        References {
            url,
            ..References::default()
        }
    }

    pub(super) fn insert(&mut self, name: &str, object: Oid) {
        self.names.insert(name.to_owned(), object);
    }

    /// The names of a repository of this machine.
    pub(super) fn of_repository(repository: &Repository, url: &str) -> Result<Self, SourceError> {
        let mut references = References::new(url);
        if let Some(head) = repository.head().ok().and_then(|head| head.target()) {
            references.insert("HEAD", head);
        }
        let all = repository.references();
        let all = all.map_err(|error| SourceError::repository(url, &error))?;
        for reference in all.flatten() {
            let target = reference.resolve().ok().and_then(|found| found.target());
            if let (Ok(name), Some(target)) = (reference.name(), target) {
                references.insert(name, target);
            }
        }
        Ok(references)
    }

    /// What an address means. Without a revision its path may start with one, the longest that there
    /// is. `local` is the repository, where it is at hand, which knows commits by their first digits.
    pub(super) fn wanted(
        &self,
        address: &GitAddress,
        local: Option<&Repository>,
    ) -> Result<Wanted, SourceError> {
        let path = address.path.as_str();
        if let Some(name) = &address.revision {
            let object = self.find(name).or_else(|| commit(name, local));
            return match object {
                Some(object) => Ok(wanted(object, name, path)),
                // A browser shows `tree/a/b/c` for the path `c` of the branch `a/b`, too.
                None => self
                    .at_start(&format!("{name}/{path}"))
                    .ok_or_else(|| self.unknown(name)),
            };
        }
        if let Some(found) = self.at_start(path) {
            return Ok(found);
        }
        let head = self.find("HEAD").ok_or_else(|| self.unknown("HEAD"))?;
        Ok(wanted(head, "HEAD", path))
    }

    fn unknown(&self, name: &str) -> SourceError {
        SourceError::Reference {
            url: self.url.clone(),
            name: name.to_owned(),
        }
    }

    /// The longest start of a path that is a branch or tag.
    fn at_start(&self, path: &str) -> Option<Wanted> {
        let ends = path.rmatch_indices('/').map(|(end, _)| end);
        std::iter::once(path.len()).chain(ends).find_map(|end| {
            let (name, rest) = path.split_at_checked(end)?;
            let object = self.find(name).filter(|_| !name.is_empty())?;
            Some(wanted(object, name, rest.trim_matches('/')))
        })
    }

    /// Branches go before tags.
    fn find(&self, name: &str) -> Option<Oid> {
        let full = ["", "refs/heads/", "refs/tags/"].map(|start| format!("{start}{name}"));
        full.iter().find_map(|name| self.names.get(name)).copied()
    }
}

fn wanted(object: Oid, revision: &str, path: &str) -> Wanted {
    Wanted {
        object,
        revision: revision.to_owned(),
        path: path.to_owned(),
    }
}

/// A commit by its digits, all of them where the repository is elsewhere.
fn commit(name: &str, local: Option<&Repository>) -> Option<Oid> {
    const DIGITS: usize = 40;
    let is_hexadecimal = name.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !is_hexadecimal || !(4..=DIGITS).contains(&name.len()) {
        return None;
    }
    match local {
        Some(repository) => repository
            .revparse_single(name)
            .ok()
            .map(|found| found.id()),
        None => Oid::from_str(name).ok().filter(|_| name.len() == DIGITS),
    }
}
