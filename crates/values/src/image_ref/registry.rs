//! The name that a registry client asks for.
//!
//! `nginx` is `index.docker.io/library/nginx:latest`. Weak reading fills in what is missing;
//! strict reading wants the tag or digest, and on Docker Hub the whole path, to be written.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{ImageError, grammar::is_known_digest};

const DOCKER_HUB: &str = "index.docker.io";

/// Whether missing parts are filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Missing parts are filled in.
    Weak,
    /// Registry path and tag or digest must be written.
    Strict,
}

/// A repository in a registry with a tag or a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryReference {
    written: String,
    repository: Repository,
    identifier: Identifier,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Repository {
    registry: String,
    path: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Identifier {
    Tag(String),
    Digest(String),
}

impl RegistryReference {
    /// Reads an image reference.
    ///
    /// # Errors
    /// When a registry would not take the name, or a part is missing in strict reading.
    pub fn parse(image: &str, strictness: Strictness) -> Result<RegistryReference, ImageError> {
        tagged(image, strictness)
            .or_else(|reason| match image.contains('@') {
                true => digested(image, strictness),
                false => Err(reason),
            })
            .map_err(|reason| ImageError::Registry {
                image: image.to_owned(),
                reason,
            })
    }

    /// The registry with its port, such as `index.docker.io`.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.repository.registry
    }

    /// The repository in the registry, such as `library/nginx`.
    #[must_use]
    pub fn repository(&self) -> String {
        self.repository.full_path()
    }

    /// The tag or the digest.
    #[must_use]
    pub fn identifier(&self) -> &str {
        match &self.identifier {
            Identifier::Tag(text) | Identifier::Digest(text) => text,
        }
    }

    /// The tag, if it is one.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        match &self.identifier {
            Identifier::Tag(tag) => Some(tag),
            Identifier::Digest(_) => None,
        }
    }

    /// The digest, if it is one.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        match &self.identifier {
            Identifier::Tag(_) => None,
            Identifier::Digest(digest) => Some(digest),
        }
    }

    /// The image of another digest in the same repository.
    ///
    /// # Errors
    /// When the text is no digest.
    pub fn with_digest(&self, digest: &str) -> Result<RegistryReference, ImageError> {
        let name = format!("{}@{digest}", self.repository.name());
        RegistryReference::parse(&name, Strictness::Weak)
    }

    /// The whole name with every part written out.
    #[must_use]
    pub fn name(&self) -> String {
        let mark = match self.identifier {
            Identifier::Tag(_) => ':',
            Identifier::Digest(_) => '@',
        };
        format!("{}{mark}{}", self.repository.name(), self.identifier())
    }

    /// `http` for registries on this machine or in a private network, `https` for all others.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        match is_local(self.registry()) {
            true => "http",
            false => "https",
        }
    }
}

impl std::fmt::Display for RegistryReference {
    /// The reference as it was written.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&self.written)
    }
}

impl Repository {
    fn parse(name: &str, strictness: Strictness) -> Result<Repository, &'static str> {
        let (registry, path) = match name.split_once('/') {
            Some((first, rest)) if first == "localhost" || first.contains(['.', ':']) => {
                (first, rest)
            }
            _ => ("", name),
        };
        let allowed = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-./".contains(&byte)
        };
        if !(2..=255).contains(&path.len()) || !path.bytes().all(allowed) {
            return Err(
                "a repository has 2 to 255 lower-case letters, digits, `_`, `-`, `.` and `/`",
            );
        }
        if strictness == Strictness::Strict && registry.is_empty() {
            return Err("the registry is missing");
        }
        if !is_authority(registry) {
            return Err("the registry is not a host name with an optional port");
        }
        let repository = Repository {
            registry: match registry {
                "" | "docker.io" => DOCKER_HUB,
                other => other,
            }
            .to_owned(),
            path: path.to_owned(),
        };
        if strictness == Strictness::Strict && repository.has_implicit_library() {
            return Err("`library/` is missing before the repository");
        }
        Ok(repository)
    }

    fn has_implicit_library(&self) -> bool {
        self.registry == DOCKER_HUB && !self.path.contains('/')
    }

    fn full_path(&self) -> String {
        match self.has_implicit_library() {
            true => format!("library/{}", self.path),
            false => self.path.clone(),
        }
    }

    fn name(&self) -> String {
        format!("{}/{}", self.registry, self.full_path())
    }
}

fn tagged(image: &str, strictness: Strictness) -> Result<RegistryReference, &'static str> {
    let (base, tag) = match image.rsplit_once(':') {
        Some((base, tag)) if !tag.contains('/') => (base, Some(tag)),
        _ => (image, None),
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    match tag {
        Some("") => return Err("a tag is missing after the colon"),
        Some(tag) if tag.len() > 128 || !tag.bytes().all(allowed) => {
            return Err("a tag has up to 128 letters, digits, `_`, `-` and `.`");
        }
        None if strictness == Strictness::Strict => return Err("the tag is missing"),
        _ => {}
    }
    Ok(RegistryReference {
        written: image.to_owned(),
        repository: Repository::parse(base, strictness)?,
        identifier: Identifier::Tag(tag.unwrap_or("latest").to_owned()),
    })
}

fn digested(image: &str, strictness: Strictness) -> Result<RegistryReference, &'static str> {
    let (base, digest) = image.split_once('@').unwrap_or((image, ""));
    if !digest.starts_with("sha256:") || !is_known_digest(digest) {
        return Err("a digest is `sha256:` and 64 lower-case hex digits");
    }
    // A tag beside the digest is dropped.
    let repository = match tagged(base, strictness) {
        Ok(tagged) => tagged.repository,
        Err(_) => Repository::parse(base, strictness)?,
    };
    Ok(RegistryReference {
        written: image.to_owned(),
        repository,
        identifier: Identifier::Digest(digest.to_owned()),
    })
}

/// Whether a text is a host with an optional port, as it stands in a URL.
fn is_authority(text: &str) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte) || byte >= 0x80
    };
    if !text.bytes().all(allowed) {
        return false;
    }
    match text.rfind('[') {
        Some(0) => text.strip_prefix('[').is_some_and(|rest| {
            rest.rsplit_once(']').is_some_and(|(address, port)| {
                is_optional_port(port) && address.parse::<Ipv6Addr>().is_ok()
            })
        }),
        Some(_) => false,
        None => text
            .rfind(':')
            .and_then(|colon| text.get(colon..))
            .is_none_or(is_optional_port),
    }
}

fn is_optional_port(text: &str) -> bool {
    let digits = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    text.is_empty() || text.strip_prefix(':').is_some_and(digits)
}

fn is_local(registry: &str) -> bool {
    let host = registry.split(':').next().unwrap_or_default();
    if host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_private()) {
        return true;
    }
    if registry.starts_with("localhost:") || registry == "::1" {
        return true;
    }
    let without_port = match registry.rsplit_once(':') {
        Some((host, port))
            if (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit()) =>
        {
            host
        }
        _ => registry,
    };
    without_port.ends_with(".localhost") || matches!(without_port, "127.0.0.1" | "[::1]")
}
