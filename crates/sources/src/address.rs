//! What a person writes for a folder or file elsewhere.
//!
//! | written | meaning |
//! |---|---|
//! | `https://host/owner/repo` | the repository, at its default branch |
//! | `https://host/owner/repo/a/b` | the branch or tag `a/b` or `a`, else the path `a/b` |
//! | `https://host/owner/repo/a/b`, with a revision beside it | the path `a/b` at that revision |
//! | `https://host/any/depth/repo.git/a/b` | the same of a repository whose path ends with `.git` |
//! | `https://host/any/depth/repo//a/b?ref=v1` | the path `a/b` at `v1` |
//! | `https://host/owner/repo/tree/v1/a/b` (`blob`, `-/tree`) | what a browser shows |
//! | `file:///srv/repo.git//a/b` | a repository of this machine |
//! | `https://host/anything/file.yaml` | that file, unless a revision is asked for |

use reqwest::Url;

use crate::{client::Credentials, error::SourceError};

/// An address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Something in a git repository.
    Git(GitAddress),
    /// A single file, behind `http:` or `https:`.
    File(String),
}

/// A folder or file of a git repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitAddress {
    /// The URL of the repository.
    pub repository: String,
    /// The branch, tag or commit. Without one, `path` may start with a branch or tag.
    pub revision: Option<String>,
    /// The path in the repository, empty for all of it.
    pub path: String,
}

/// Where a browser's address of a folder or file has its revision.
const SHOWN: [&str; 4] = ["/-/tree/", "/-/blob/", "/tree/", "/blob/"];

const SSH: &str = "repositories are not fetched over ssh; write its address with https:// and give a user name and password";

const SCHEMES: &str = "it must start with https://, http:// or file://";

impl Address {
    /// Whether a person means something elsewhere, and not a path of this machine.
    #[must_use]
    pub fn is_remote(text: &str) -> bool {
        text.contains("://") || text.starts_with("git@")
    }

    /// Reads an address; `revision` is the branch, tag or commit that is asked for beside it. A user
    /// name and password in the address come apart from it.
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse(
        text: &str,
        revision: Option<&str>,
    ) -> Result<(Address, Option<Credentials>), SourceError> {
        if text.starts_with("git@") || text.starts_with("ssh://") {
            return Err(wrong(text, SSH));
        }
        let text = text.strip_prefix("git+").unwrap_or(text);
        let mut url = Url::parse(text).map_err(|error| match text.contains(['@', ':']) {
            false => wrong(text, SCHEMES),
            // It may hold a password.
            true => wrong("…", &error.to_string()),
        })?;
        if !matches!(url.scheme(), "http" | "https" | "file") {
            // As in `user:password@host`.
            let shown = match url.cannot_be_a_base() {
                true => "…".to_owned(),
                false => without_secrets(&url),
            };
            return Err(wrong(&shown, SCHEMES));
        }
        let credentials = take_credentials(&mut url);
        let (reference, has_reference) = take_reference(&mut url);
        let asked = revision.map(str::to_owned).or(reference);
        let is_file = url.scheme() != "file" && asked.is_none() && !has_reference && is_file(&url);
        if is_file {
            return Ok((Address::File(url.into()), credentials));
        }
        url.set_fragment(None);
        let parts = Parts::of(url.path(), url.scheme() == "file").ok_or_else(|| {
            let reason = "a repository has an owner and a name: https://HOST/OWNER/REPOSITORY";
            wrong(url.as_str(), reason)
        })?;
        let git = GitAddress {
            revision: asked.or(parts.revision.map(decoded)),
            path: decoded(parts.path).trim_matches('/').to_owned(),
            repository: {
                let base = parts.base.to_owned();
                url.set_path(&base);
                url.into()
            },
        };
        Ok((Address::Git(git), credentials))
    }
}

fn wrong(address: &str, reason: &str) -> SourceError {
    let (address, reason) = (address.to_owned(), reason.to_owned());
    SourceError::Address { address, reason }
}

fn without_secrets(url: &Url) -> String {
    let mut url = url.clone();
    take_credentials(&mut url);
    url.into()
}

fn take_credentials(url: &mut Url) -> Option<Credentials> {
    let username = decoded(url.username());
    let password = decoded(url.password().unwrap_or_default());
    if username.is_empty() && password.is_empty() {
        return None;
    }
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some(Credentials { username, password })
}

/// The revision of `?ref=`.
fn take_reference(url: &mut Url) -> (Option<String>, bool) {
    let pair = url.query_pairs().find(|(name, _)| name == "ref");
    let reference = pair.map(|(_, value)| value.into_owned());
    let has_reference = reference.is_some();
    if has_reference {
        url.set_query(None);
    }
    (reference.filter(|name| !name.is_empty()), has_reference)
}

fn is_file(url: &Url) -> bool {
    let path = url.path();
    let is_repository = path.contains(".git/") || path.contains("//") || shown(path).is_some();
    !is_repository
        && [".yaml", ".yml", ".json"]
            .iter()
            .any(|end| path.ends_with(end))
}

/// The parts of an address's path.
struct Parts<'a> {
    base: &'a str,
    revision: Option<&'a str>,
    path: &'a str,
}

impl<'a> Parts<'a> {
    fn of(path: &'a str, is_local: bool) -> Option<Parts<'a>> {
        let plain = |(base, path)| Parts {
            base,
            revision: None,
            path,
        };
        if path.ends_with(".git") {
            return Some(plain((path, "")));
        }
        if let Some((before, after)) = path.split_once(".git/") {
            let base = path.get(..before.len() + ".git".len())?;
            return Some(plain((base, after)));
        }
        if let Some((base, path)) = path.split_once("//") {
            return Some(plain((base, path)));
        }
        if is_local {
            return Some(plain((path.trim_end_matches('/'), "")));
        }
        if let Some((base, shown)) = shown(path) {
            let (revision, path) = shown.split_once('/').unwrap_or((shown, ""));
            return Some(Parts {
                base,
                revision: Some(revision),
                path,
            });
        }
        let names = path.trim_matches('/');
        let (owner, rest) = names.split_once('/')?;
        let (name, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let base = path.get(..owner.len() + name.len() + "//".len())?;
        Some(plain((base, rest))).filter(|_| !owner.is_empty() && !name.is_empty())
    }
}

/// The repository and what follows its marker, where a browser shows a revision of it.
fn shown(path: &str) -> Option<(&str, &str)> {
    let found = SHOWN.iter().find_map(|marker| path.split_once(marker));
    // A repository has an owner and a name, which may be `tree`.
    found.filter(|(base, _)| base.trim_matches('/').contains('/'))
}

/// A part of a URL without its `%41`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *byte == b'%');
        let code = code.and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(decoded) => {
                bytes.push(decoded);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an address is: `repository @revision path`, or `file URL`.
    fn read(text: &str, revision: Option<&str>) -> String {
        match Address::parse(text, revision) {
            Ok((Address::File(url), _)) => format!("file {url}"),
            Ok((Address::Git(git), _)) => {
                let revision = git.revision.map(|name| format!(" @{name}"));
                let path = format!(" {}", git.path);
                format!(
                    "{}{}{}",
                    git.repository,
                    revision.unwrap_or_default(),
                    path.trim_end()
                )
            }
            Err(error) => error.to_string(),
        }
    }

    // A table is read by its rows.
    #[rustfmt::skip]
    #[test]
    fn addresses() {
        let table = [
            ("https://github.com/o/r", None, "https://github.com/o/r"),
            ("https://github.com/o/r/", None, "https://github.com/o/r"),
            ("https://github.com/o/r/a/b", None, "https://github.com/o/r a/b"),
            ("https://github.com/o/r/a/b/", Some("main"), "https://github.com/o/r @main a/b"),
            ("https://github.com/o/r/a.yaml", Some("main"), "https://github.com/o/r @main a.yaml"),
            ("https://github.com/o/r/a.yaml", None, "file https://github.com/o/r/a.yaml"),
            ("https://raw.example.com/x.json?token=1", None, "file https://raw.example.com/x.json?token=1"),
            ("https://gitlab.com/g/s/r.git", None, "https://gitlab.com/g/s/r.git"),
            ("https://gitlab.com/g/s/r.git/a/b.yaml", None, "https://gitlab.com/g/s/r.git a/b.yaml"),
            ("https://gitlab.com/g/s/r//a?ref=v1.2", None, "https://gitlab.com/g/s/r @v1.2 a"),
            ("https://gitlab.com/g/s/r//a?ref=v1", Some("main"), "https://gitlab.com/g/s/r @main a"),
            ("https://gitlab.com/g/s/r/-/tree/v1/a/b", None, "https://gitlab.com/g/s/r @v1 a/b"),
            ("https://github.com/o/r/tree/v1", None, "https://github.com/o/r @v1"),
            ("https://github.com/o/r/blob/v1/a%20b.yaml", None, "https://github.com/o/r @v1 a b.yaml"),
            ("https://github.com/o/tree/a/b", None, "https://github.com/o/tree a/b"),
            ("git+https://github.com/o/r//a", None, "https://github.com/o/r a"),
            ("https://user:p%40ss@github.com/o/r", None, "https://github.com/o/r"),
            ("file:///srv/r.git//a", None, "file:///srv/r.git a"),
            ("file:///srv/r", Some("main"), "file:///srv/r @main"),
            ("https://github.com/o", None, "`https://github.com/o` is not an address of a repository or file: a repository has an owner and a name: https://HOST/OWNER/REPOSITORY"),
            ("/srv/r", None, "`/srv/r` is not an address of a repository or file: it must start with https://, http:// or file://"),
            ("u:secret@h/o/r", None, "`…` is not an address of a repository or file: it must start with https://, http:// or file://"),
            ("ftp://u:secret@h/o/r", None, "`ftp://h/o/r` is not an address of a repository or file: it must start with https://, http:// or file://"),
        ];
        for (text, revision, wanted) in table {
            assert_eq!(read(text, revision), wanted, "{text}");
        }
    }

    #[test]
    fn credentials_leave_the_address() {
        let (_, found) = Address::parse("https://me:p%40ss@host/o/r", None).expect("an address");
        let found = found.expect("credentials");
        assert_eq!(
            (found.username.as_str(), found.password.as_str()),
            ("me", "p@ss")
        );
    }
}
