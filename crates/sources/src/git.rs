//! Folders of git repositories: fetched over HTTP without their history, or read where they are.

mod packet;
mod references;
mod smart_http;
mod tree;

use std::fmt;

use git2::{Oid, Repository, RepositoryInitOptions};
use reqwest::Url;
use tempfile::TempDir;

use self::{
    references::{References, Wanted},
    tree::Reader,
};
use crate::{
    address::GitAddress,
    client::{Client, Credentials, Deadline},
    error::SourceError,
    folder::Folder,
    limits::Limits,
};

/// How much of a repository is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// What is below the path.
    Path,
    /// Everything.
    Repository,
}

impl Client {
    /// The files at an address. What stands in the address goes before the client's credentials.
    ///
    /// # Errors
    /// Where they cannot be fetched, a limit is exceeded, or a link leads out of the repository.
    pub fn folder(
        &self,
        address: &GitAddress,
        who: Option<&Credentials>,
    ) -> Result<Folder, SourceError> {
        self.read(address, who, Extent::Path)
    }

    /// All files of the repository of an address, for what is read from beside its path.
    ///
    /// # Errors
    /// As [`Client::folder`]; and where the path is not in the repository.
    pub fn repository(
        &self,
        address: &GitAddress,
        who: Option<&Credentials>,
    ) -> Result<Folder, SourceError> {
        self.read(address, who, Extent::Repository)
    }

    fn read(
        &self,
        address: &GitAddress,
        who: Option<&Credentials>,
        extent: Extent,
    ) -> Result<Folder, SourceError> {
        self.fetch(address, who)?.read(extent)
    }

    /// Fetches what a commit needs, and reads nothing of it yet.
    ///
    /// # Errors
    /// Where it cannot be fetched, or there is no such commit.
    pub fn fetch(
        &self,
        address: &GitAddress,
        who: Option<&Credentials>,
    ) -> Result<Fetched, SourceError> {
        let url = &address.repository;
        let who = who.or(self.credentials.as_ref());
        let fetched = |repository, wanted, folder| Fetched {
            repository,
            _folder: folder,
            url: url.clone(),
            wanted,
            limits: self.limits,
        };
        match local_path(url) {
            Some(path) => {
                let repository = Repository::open(path).map_err(|error| unreadable(url, &error))?;
                let references = References::of_repository(&repository, url)?;
                let wanted = references.wanted(address, Some(&repository))?;
                Ok(fetched(repository, wanted, None))
            }
            None => {
                let deadline = Deadline::of(&self.limits);
                let folder = tempfile::tempdir().map_err(|error| no_store(url, &error))?;
                let mut options = RepositoryInitOptions::new();
                options.bare(true).external_template(false);
                let store = Repository::init_opts(folder.path(), &options);
                let store = store.map_err(|error| SourceError::repository(url, &error))?;
                let mut remote = smart_http::Remote::open(self, url, who, deadline)?;
                let wanted = remote.references()?.wanted(address, None)?;
                remote.fetch(wanted.object, &store)?;
                Ok(fetched(store, wanted, Some(folder)))
            }
        }
    }
}

/// A commit that is on this machine.
pub struct Fetched {
    repository: Repository,
    /// Where it was fetched to, until nobody needs it.
    _folder: Option<TempDir>,
    url: String,
    wanted: Wanted,
    limits: Limits,
}

impl fmt::Debug for Fetched {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Fetched({}, {})", self.url, self.wanted.object)
    }
}

impl Fetched {
    /// Which commit it is.
    ///
    /// # Errors
    /// Where what was asked for is no commit, or is broken.
    pub fn commit(&self) -> Result<String, SourceError> {
        commit(&self.repository, &self.url, self.wanted.object).map(|id| id.to_string())
    }

    /// All its files.
    ///
    /// # Errors
    /// As [`Client::repository`].
    pub fn repository(self) -> Result<Folder, SourceError> {
        self.read(Extent::Repository)
    }

    fn read(self, extent: Extent) -> Result<Folder, SourceError> {
        let (repository, url, wanted) = (&self.repository, self.url.as_str(), &self.wanted);
        let commit = commit(repository, url, wanted.object)?;
        let found = repository.find_commit(commit);
        let found = found.map_err(|error| SourceError::repository(url, &error))?;
        let message = String::from_utf8_lossy(found.message_bytes()).into_owned();
        let tree = found.tree();
        let tree = tree.map_err(|error| SourceError::repository(url, &error))?;
        let deadline = Deadline::of(&self.limits);
        let reader = Reader::new(repository, tree, url, &self.limits, deadline);
        reader.require(&wanted.path, &wanted.revision)?;
        let path = match extent {
            Extent::Path => wanted.path.as_str(),
            Extent::Repository => "",
        };
        let files = reader.read(path)?;
        Ok(Folder {
            repository: url.to_owned(),
            revision: wanted.revision.clone(),
            commit: commit.to_string(),
            message,
            path: wanted.path.clone(),
            files,
        })
    }
}

/// The commit that an object is, or that a tag is of.
fn commit(repository: &Repository, url: &str, object: Oid) -> Result<Oid, SourceError> {
    let found = repository.find_object(object, None);
    let commit = found.and_then(|object| object.peel_to_commit());
    let commit = commit.map_err(|error| SourceError::repository(url, &error))?;
    Ok(commit.id())
}

fn local_path(url: &str) -> Option<std::path::PathBuf> {
    let url = Url::parse(url).ok().filter(|url| url.scheme() == "file")?;
    url.to_file_path().ok()
}

fn unreadable(url: &str, error: &git2::Error) -> SourceError {
    SourceError::Repository {
        url: url.to_owned(),
        reason: format!(
            "this is no git repository that can be read: {}",
            error.message()
        ),
    }
}

fn no_store(url: &str, error: &std::io::Error) -> SourceError {
    SourceError::Repository {
        url: url.to_owned(),
        reason: format!("no folder can be made to fetch it into: {error}"),
    }
}
