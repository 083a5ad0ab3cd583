//! Docker's `config.json`, which `docker login` and its kin write: `auths`, `credHelpers` and
//! `credsStore`. <https://docs.docker.com/reference/cli/docker/#docker-cli-configuration-file-configjson-properties>

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::Deserialize;

use crate::{credential_helper, credentials::Credentials, error::RegistryError};

/// What Docker Hub is called in the file.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// How long the file may be.
const MAX_SIZE: u64 = 4 << 20;

/// Credentials by registry, and the programs that keep others.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DockerConfig {
    auths: BTreeMap<String, Entry>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: String,
    #[serde(skip)]
    place: String,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
    registrytoken: String,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Entry")
    }
}

impl DockerConfig {
    /// Reads the file; none where it does not exist.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn read(path: &Path) -> Result<Option<DockerConfig>, RegistryError> {
        let unreadable = |reason: String| RegistryError::Settings {
            place: path.display().to_string(),
            reason,
        };
        let size = match fs::metadata(path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error.to_string())),
        };
        if size > MAX_SIZE {
            return Err(unreadable(format!("it has more than {MAX_SIZE} bytes")));
        }
        let text = fs::read(path).map_err(|error| unreadable(error.to_string()))?;
        // What is wrong is told without a word of the file, which holds secrets.
        let parsed: Result<DockerConfig, _> = serde_json::from_slice(&text);
        let mut config = parsed.map_err(|error| {
            let (line, column) = (error.line(), error.column());
            unreadable(format!(
                "line {line}, column {column}: not what Docker writes"
            ))
        })?;
        config.place = path.display().to_string();
        Ok(Some(config))
    }

    /// As [`DockerConfig::read`], of the text that a Secret holds. The programs that it names are
    /// not run: who writes a Secret must not say what runs here.
    ///
    /// # Errors
    /// Where it is not what Docker writes.
    pub fn of_secret(text: &str) -> Result<DockerConfig, RegistryError> {
        let place = "`.dockerconfigjson` of a Secret that the policy names".to_owned();
        let parsed: Result<DockerConfig, _> = serde_json::from_str(text);
        let config = parsed.map_err(|error| RegistryError::Settings {
            place: place.clone(),
            reason: format!(
                "line {}, column {}: not what Docker writes",
                error.line(),
                error.column()
            ),
        })?;
        Ok(DockerConfig {
            auths: config.auths,
            place,
            ..DockerConfig::default()
        })
    }

    /// Where the file is, by the variables of the process: `DOCKER_CONFIG` names its folder,
    /// `REGISTRY_AUTH_FILE` the file of Podman and its kin.
    #[must_use]
    pub fn places(variable: &dyn Fn(&str) -> Option<PathBuf>) -> Vec<PathBuf> {
        let docker = variable("DOCKER_CONFIG");
        let docker = docker.or_else(|| variable("HOME").map(|home| home.join(".docker")));
        let podman = variable("REGISTRY_AUTH_FILE").or_else(|| {
            variable("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json"))
        });
        let docker = docker.map(|folder| folder.join("config.json"));
        docker.into_iter().chain(podman).collect()
    }

    /// The credentials for a repository; anonymous where the file has none.
    ///
    /// # Errors
    /// Where the program that keeps them does not give them, or they cannot be read.
    pub(crate) fn of(&self, registry: &str, path: &str) -> Result<Credentials, RegistryError> {
        let hub = registry == "index.docker.io";
        let server = if hub { DOCKER_HUB } else { registry };
        let named = [registry, server, if hub { "docker.io" } else { registry }];
        let helper = named.iter().find_map(|name| self.cred_helpers.get(*name));
        let store = Some(&self.creds_store).filter(|store| !store.is_empty());
        if let Some(helper) = helper.or(store)
            && let Some(credentials) = credential_helper::ask(helper, server)?
        {
            return Ok(credentials);
        }
        match self.entry(&named, path) {
            Some((name, entry)) => self.credentials(name, entry),
            None => Ok(Credentials::Anonymous),
        }
    }

    /// The entry that says most of the repository: of itself, of a path above it, or of the registry.
    fn entry(&self, registry: &[&str], path: &str) -> Option<(&str, &Entry)> {
        let mut found: Option<(usize, &str, &Entry)> = None;
        for (name, entry) in &self.auths {
            let (host, below) = parts(name);
            let is_host = registry.iter().any(|name| parts(name).0 == host);
            let is_above = below.is_empty()
                || path == below
                || path
                    .strip_prefix(below)
                    .is_some_and(|rest| rest.starts_with('/'));
            let is_better = found.is_none_or(|(length, ..)| below.len() > length);
            if is_host && is_above && is_better {
                found = Some((below.len(), name, entry));
            }
        }
        found.map(|(_, name, entry)| (name, entry))
    }

    fn credentials(&self, name: &str, entry: &Entry) -> Result<Credentials, RegistryError> {
        let unusable = |reason: &str| RegistryError::Settings {
            place: self.place.clone(),
            reason: format!("`auths` has {reason} for `{name}`"),
        };
        if !entry.registrytoken.is_empty() {
            return Ok(Credentials::Token(entry.registrytoken.clone()));
        }
        if !entry.identitytoken.is_empty() {
            return Err(unusable("an identity token, which is not exchanged,"));
        }
        let (username, password) = if entry.auth.is_empty() {
            (entry.username.clone(), entry.password.clone())
        } else {
            let pair =
                decoded(&entry.auth).ok_or_else(|| unusable("an `auth` that is no base64"))?;
            let (username, password) = pair
                .split_once(':')
                .ok_or_else(|| unusable("an `auth` without `:`"))?;
            (
                username.to_owned(),
                password.trim_end_matches('\0').to_owned(),
            )
        };
        if username.is_empty() && password.is_empty() {
            return Ok(Credentials::Anonymous);
        }
        Ok(Credentials::User { username, password })
    }
}

/// Host and path of a key, which may be an address: `https://index.docker.io/v1/`.
fn parts(name: &str) -> (&str, &str) {
    let rest = name.split_once("://").map_or(name, |(_, rest)| rest);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    match path.trim_matches('/') {
        "v1" | "v2" => (host, ""),
        path => (host, path),
    }
}

fn decoded(text: &str) -> Option<String> {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let bytes = GeneralPurpose::new(&alphabet::STANDARD, config).decode(text.trim());
    bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn check(config: &Value, registry: &str, path: &str, expected: &str) {
        let config: DockerConfig = serde_json::from_value(config.clone()).unwrap();
        let found = match config.of(registry, path) {
            Ok(Credentials::User { username, password }) => format!("{username} {password}"),
            Ok(Credentials::Token(token)) => token,
            Ok(Credentials::Anonymous) => String::new(),
            Err(error) => error.to_string(),
        };
        assert!(found.contains(expected), "{registry}/{path}: {found}");
        assert_eq!(
            found.is_empty(),
            expected.is_empty(),
            "{registry}/{path}: {found}"
        );
    }

    #[test]
    fn credentials_by_registry_and_path() {
        let config = json!({
            "auths": {
                "https://index.docker.io/v1/": {"auth": "aHViOnB3"},
                "ghcr.io": {"username": "all", "password": "a:b"},
                "ghcr.io/shop": {"auth": "c2hvcDpwOnc"},
                "ghcr.io/shop/web": {"registrytoken": "t"},
                "http://127.0.0.1:5000": {"auth": "bWU6cHc="},
                "one.example.com": {"auth": "!"},
                "two.example.com": {"auth": "bWU="},
                "three.example.com": {"identitytoken": "secret"},
                "four.example.com": {},
            },
            "credHelpers": {"five.example.com": "no-such-helper", "six.example.com": "../evil"},
            "HttpHeaders": {"User-Agent": "x"},
        });
        for (registry, path, expected) in [
            ("index.docker.io", "library/nginx", "hub pw"),
            ("ghcr.io", "other/web", "all a:b"),
            ("ghcr.io", "shop/api", "shop p:w"),
            ("ghcr.io", "shopping", "all a:b"),
            ("ghcr.io", "shop/web", "t"),
            ("127.0.0.1:5000", "a", "me pw"),
            ("127.0.0.1:5001", "a", ""),
            ("one.example.com", "a", "no base64 for `one.example.com`"),
            ("two.example.com", "a", "without `:`"),
            ("three.example.com", "a", "identity token"),
            ("four.example.com", "a", ""),
            (
                "five.example.com",
                "a",
                "`docker-credential-no-such-helper` for five.example.com",
            ),
            ("six.example.com", "a", "no name of a program"),
        ] {
            check(&config, registry, path, expected);
        }
    }

    #[test]
    fn a_secret_runs_no_program() {
        let text = json!({
            "auths": {"ghcr.io": {"auth": "bWU6cHc="}},
            "credHelpers": {"five.example.com": "evil"},
            "credsStore": "evil",
        });
        let config = DockerConfig::of_secret(&text.to_string()).unwrap();
        for (registry, expected) in [("ghcr.io", "me"), ("five.example.com", ""), ("a.b", "")] {
            let found = match config.of(registry, "a") {
                Ok(Credentials::User { username, .. }) => username,
                Ok(Credentials::Anonymous) => String::new(),
                other => format!("{other:?}"),
            };
            assert_eq!(found, expected, "{registry}");
        }
        let told = DockerConfig::of_secret("{\"auths\": \"c2VjcmV0\"}").unwrap_err();
        let told = told.to_string();
        assert!(told.contains("column 20: not what Docker writes"), "{told}");
        assert!(!told.contains("c2VjcmV0"), "{told}");
    }

    #[test]
    fn what_is_wrong_is_told_without_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        assert!(DockerConfig::read(&path).unwrap().is_none());
        fs::write(&path, "{\"auths\": {\"a\": {\"auth\": [\"c2VjcmV0\"]}}}").unwrap();
        let told = DockerConfig::read(&path).unwrap_err().to_string();
        assert!(
            told.ends_with("config.json: line 1, column 25: not what Docker writes"),
            "{told}"
        );
    }
}
