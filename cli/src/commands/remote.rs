//! Policies, manifests and suites that are elsewhere: git repositories and web addresses.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use portcullis_pipeline::{diagnostic::Diagnostic, offline::Overrides};
use portcullis_sources::{
    Address, Client, ClientOptions, Credentials, Folder, GitAddress, SourceError,
};

/// The variables that a user name and a password are taken from, where no flag gives them.
const USERNAME: &str = "PORTCULLIS_GIT_USERNAME";
const PASSWORD: &str = "PORTCULLIS_GIT_PASSWORD";

/// How what is elsewhere is fetched.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Git repositories and web addresses")]
pub(crate) struct RemoteOptions {
    /// The branch, tag or commit of repositories.
    #[arg(short = 'b', long, value_name = "REVISION")]
    git_branch: Option<String>,
    /// The user name for repositories, else that of `PORTCULLIS_GIT_USERNAME`.
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// The password or token; others do not see that of `PORTCULLIS_GIT_PASSWORD`.
    #[arg(long, value_name = "PASSWORD")]
    password: Option<String>,
    /// Certificates of authorities to trust beside those of the system, in PEM.
    #[arg(long, value_name = "FILE")]
    certificate_authority: Option<PathBuf>,
}

/// Files that were fetched: their addresses, which stand for paths, and their texts.
#[derive(Debug, Default)]
pub(crate) struct Fetched {
    /// What was named, with the address of each file in place of what is elsewhere.
    pub(crate) paths: Vec<PathBuf>,
    /// The texts by address.
    pub(crate) texts: Overrides,
    /// What cannot be fetched.
    pub(crate) faults: Vec<Diagnostic>,
}

/// Whether a path means something elsewhere.
pub(crate) fn is_remote(path: &Path) -> bool {
    path.to_str().is_some_and(Address::is_remote)
}

impl RemoteOptions {
    /// Fetches the files with one of the endings among the paths.
    pub(crate) fn files(&self, paths: &[PathBuf], endings: &[&str]) -> Fetched {
        let mut fetched = Fetched::default();
        for path in paths {
            let Some(text) = path.to_str().filter(|text| Address::is_remote(text)) else {
                fetched.paths.push(path.clone());
                continue;
            };
            match self.fetch(text, endings) {
                Ok(files) => {
                    for (path, text) in files {
                        fetched.paths.push(path.clone());
                        fetched.texts.insert(path, text);
                    }
                }
                Err(fault) => fetched.faults.push(fault),
            }
        }
        fetched
    }

    fn fetch(&self, text: &str, endings: &[&str]) -> Result<Vec<(PathBuf, String)>, Diagnostic> {
        let client = self.client()?;
        let (address, who) = self.address(text)?;
        let address = match address {
            Address::File(url) => {
                let text = client.file(&url, who.as_ref()).map_err(unusable)?;
                return Ok(vec![(PathBuf::from(url), text)]);
            }
            Address::Git(address) => address,
        };
        let folder = client.folder(&address, who.as_ref()).map_err(unusable)?;
        let below = format!("{}/", folder.path);
        let mut files = Vec::new();
        for (name, bytes) in &folder.files {
            let rest = name.strip_prefix(&below).unwrap_or(name);
            let is_wanted = *name == folder.path || is_taken(rest, endings);
            if is_wanted {
                let shown = folder.shown(name);
                let text = String::from_utf8(bytes.clone()).map_err(|_| not_utf8(&shown))?;
                files.push((shown, text));
            }
        }
        if files.is_empty() {
            return Err(nothing_in(text, &folder, endings));
        }
        Ok(files)
    }

    /// Fetches the repositories among the paths into a folder, each below its own name, and gives the
    /// paths there.
    ///
    /// # Errors
    /// What cannot be fetched.
    pub(crate) fn repositories(
        &self,
        paths: &[PathBuf],
        into: &Path,
    ) -> Result<Vec<PathBuf>, Vec<Diagnostic>> {
        let mut found = Vec::new();
        let mut faults = Vec::new();
        for path in paths {
            let Some(text) = path.to_str().filter(|text| Address::is_remote(text)) else {
                let absolute = fs::canonicalize(path);
                found.push(absolute.unwrap_or_else(|_| path.clone()));
                continue;
            };
            match self.repository(text, into) {
                Ok(path) => found.push(path),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() {
            Ok(found)
        } else {
            Err(faults)
        }
    }

    fn repository(&self, text: &str, into: &Path) -> Result<PathBuf, Diagnostic> {
        let client = self.client()?;
        let (address, who) = self.address(text)?;
        let Address::Git(address) = address else {
            return Err(Diagnostic::error(format!(
                "{text}: suites are in a repository, with the files they name"
            ))
            .help("write the address of its folder, with `--git-branch`")
            .unusable());
        };
        let folder = client
            .repository(&address, who.as_ref())
            .map_err(unusable)?;
        let name = folder_name(&address, &folder);
        let written = folder.write(&into.join(&name));
        written.map_err(|error| Diagnostic::unreadable(Path::new(&name), &error))?;
        Ok(Path::new(&name).join(&folder.path))
    }

    fn address(&self, text: &str) -> Result<(Address, Option<Credentials>), Diagnostic> {
        Address::parse(text, self.git_branch.as_deref()).map_err(unusable)
    }

    /// The branch, tag or commit that is asked for.
    pub(crate) fn revision(&self) -> Option<&str> {
        self.git_branch.as_deref()
    }

    fn client(&self) -> Result<Client, Diagnostic> {
        Client::new(self.client_options()?).map_err(unusable)
    }

    /// How servers are asked.
    pub(crate) fn client_options(&self) -> Result<ClientOptions, Diagnostic> {
        let read =
            |path: &PathBuf| fs::read(path).map_err(|error| Diagnostic::unreadable(path, &error));
        let authorities = self.certificate_authority.as_ref().map(read).transpose()?;
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let password = self.password.clone().or_else(|| variable(PASSWORD));
        let username = self.username.clone().or_else(|| variable(USERNAME));
        let is_given = username.is_some() || password.is_some();
        Ok(ClientOptions {
            authorities,
            credentials: is_given.then(|| Credentials {
                username: username.unwrap_or_default(),
                password: password.unwrap_or_default(),
            }),
            ..ClientOptions::default()
        })
    }
}

/// Files of a folder are taken by their ending, and none that is hidden or in a hidden folder.
fn is_taken(path: &str, endings: &[&str]) -> bool {
    let is_hidden = path.split('/').any(|name| name.starts_with('.'));
    let ending = Path::new(path).extension().and_then(OsStr::to_str);
    !is_hidden && ending.is_some_and(|ending| endings.contains(&ending))
}

/// The name of a repository's folder, as people know it: `github.com/owner/name@v1`.
fn folder_name(address: &GitAddress, folder: &Folder) -> String {
    let url = address.repository.as_str();
    let name = url.split_once("://").map_or(url, |(_, rest)| rest);
    let name = name.trim_matches('/').trim_end_matches(".git");
    let name = name
        .split('/')
        .filter(|part| !matches!(*part, "" | "." | ".."));
    let name = name.collect::<Vec<_>>().join("/");
    match folder.revision.as_str() {
        "HEAD" => name,
        revision => format!("{name}@{}", revision.replace('/', "-")),
    }
}

/// What cannot be fetched, and what to do.
pub(crate) fn unusable(error: SourceError) -> Diagnostic {
    let help = match &error {
        SourceError::Unauthorized { .. } => Some(
            "give `--username` and `--password`, or PORTCULLIS_GIT_USERNAME and PORTCULLIS_GIT_PASSWORD",
        ),
        SourceError::Status { .. } | SourceError::Path { .. } => Some(
            "a repository's path ends with `.git` or `//`, as in https://HOST/GROUP/NAME.git/FOLDER; a file's address ends with .yaml, .yml or .json",
        ),
        SourceError::Reference { .. } => {
            Some("write a branch, a tag, or all 40 digits of a commit")
        }
        SourceError::Connection { .. } => Some(
            "see whether the address is right and this machine reaches it, or name files that are here",
        ),
        _ => None,
    };
    let fault = Diagnostic::error(error.to_string()).unusable();
    match help {
        Some(help) => fault.help(help),
        None => fault,
    }
}

fn not_utf8(shown: &Path) -> Diagnostic {
    Diagnostic::error(format!("{}: the file is not UTF-8", shown.display())).unusable()
}

fn nothing_in(address: &str, folder: &Folder, endings: &[&str]) -> Diagnostic {
    let place = folder.shown(&folder.path);
    let endings: Vec<String> = endings.iter().map(|ending| format!(".{ending}")).collect();
    let place = if folder.path.is_empty() {
        PathBuf::from(&folder.repository)
    } else {
        place
    };
    let fault = format!(
        "{}: no file of {} is in this folder",
        place.display(),
        endings.join(", ")
    );
    let told = Diagnostic::error(fault).unusable();
    // A name that is no branch is taken for a folder.
    if address.contains("?ref=") {
        told
    } else {
        told.help("name the folder, and the branch with `--git-branch`")
    }
}
