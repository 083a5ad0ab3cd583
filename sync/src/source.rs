//! Where a source's objects come from: a repository, a revision, and an environment or a folder of it.

use std::path::{Component, Path};

use portcullis_sources::{Address, Client, ClientOptions, Fetched, SourceError};
use tempfile::TempDir;

/// Which part of a repository is synced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// An environment of the workspace at the address.
    Environment(String),
    /// The manifests below a folder of the repository.
    Path(String),
}

/// A source.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name, which its objects carry.
    pub name: String,
    /// The address of the repository, or of the folder of a workspace in it.
    pub url: String,
    /// The branch, tag or commit; the default branch without one.
    pub revision: Option<String>,
    /// What of it.
    pub part: Part,
    /// Who asks, and which certificates are trusted.
    pub client: ClientOptions,
}

/// The files of a commit, in a folder of their own.
#[derive(Debug)]
pub struct Checkout {
    /// The folder; it goes with this.
    pub folder: TempDir,
    /// The URL of the repository, without a password.
    pub repository: String,
    /// The commit.
    pub commit: String,
    /// Its message.
    pub message: String,
    /// The folder of the workspace in it; empty for all of it.
    pub path: String,
}

/// A commit that is on this machine, and of which nothing is read yet.
#[derive(Debug)]
pub struct Download {
    fetched: Fetched,
    url: String,
}

/// Fetches what a source is at now, and its files.
///
/// # Errors
/// As [`download`] and [`Download::checkout`].
pub fn fetch(source: &Source) -> Result<Checkout, SourceError> {
    download(source)?.checkout()
}

/// Fetches what a source is at now. It takes as long as its server takes.
///
/// # Errors
/// Where it cannot be fetched, or the address or path is none.
pub fn download(source: &Source) -> Result<Download, SourceError> {
    let (address, who) = Address::parse(&source.url, source.revision.as_deref())?;
    let wrong = |reason: &str| SourceError::Address {
        address: source.url.clone(),
        reason: reason.to_owned(),
    };
    let Address::Git(mut address) = address else {
        return Err(wrong("it is the address of a file, not of a repository"));
    };
    // Whoever may push a branch with the name of the path would decide what is synced.
    address.revision.get_or_insert_with(|| "HEAD".to_owned());
    if let Part::Path(path) = &source.part {
        if !is_below(path) {
            return Err(SourceError::Unsafe {
                url: address.repository,
                path: path.clone(),
                reason: "is no path below the repository".to_owned(),
            });
        }
        path.trim_matches('/').clone_into(&mut address.path);
    }
    let client = Client::new(source.client.clone())?;
    let fetched = client.fetch(&address, who.as_ref())?;
    let url = address.repository;
    Ok(Download { fetched, url })
}

impl Download {
    /// Which commit it is.
    ///
    /// # Errors
    /// Where what was asked for is no commit, or is broken.
    pub fn commit(&self) -> Result<String, SourceError> {
        self.fetched.commit()
    }

    /// Writes the files to a folder of their own. A link or name that leaves the repository is refused.
    ///
    /// # Errors
    /// Where they cannot be read or written.
    pub fn checkout(self) -> Result<Checkout, SourceError> {
        let folder = self.fetched.repository()?;
        let store = |error: std::io::Error| SourceError::Repository {
            url: self.url.clone(),
            reason: format!("the files cannot be written: {error}"),
        };
        let written = tempfile::tempdir().map_err(store)?;
        folder.write(written.path()).map_err(store)?;
        Ok(Checkout {
            folder: written,
            repository: folder.repository,
            commit: folder.commit,
            message: folder.message,
            path: folder.path,
        })
    }
}

fn is_below(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}
