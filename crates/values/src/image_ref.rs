//! Image references, as Kyverno takes them apart and as container registries do.
//!
//! [`ImageInfo`] is what policies see: `registry` (`docker.io` if none is written, without
//! `library/`), `path` (`library/nginx`), `name` (`nginx`), `tag` (`latest` if there is neither
//! tag nor digest), `digest`, and the two written forms `reference` and `referenceWithTag`.
//!
//! [`RegistryReference`] is the name that a registry client asks for: `index.docker.io` and
//! `library/` are written out.

mod grammar;
mod registry;

use std::fmt;

pub use registry::{RegistryReference, Strictness};

/// What stands for the parts that an image leaves out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageOptions {
    /// The registry of an image without one.
    pub default_registry: String,
    /// Whether the default registry is shown; if not, such an image has none.
    pub enable_default_registry_mutation: bool,
}

/// The parts of an image reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageInfo {
    /// The registry with its port, such as `docker.io`; empty if it is not shown.
    pub registry: String,
    /// The last part of the path, such as `nginx`.
    pub name: String,
    /// The repository in the registry, such as `library/nginx`.
    pub path: String,
    /// The tag; empty if there is only a digest.
    pub tag: String,
    /// The digest, such as `sha256:…`; empty if there is none.
    pub digest: String,
    /// The reference with its digest, or else with its tag.
    pub reference: String,
    /// The reference with its tag, which is empty if there is only a digest.
    pub reference_with_tag: String,
}

/// Why a text is not an image reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// The text does not have the form of a reference.
    #[error("`{0}` is not an image: write `registry/path:tag` or `registry/path@sha256:…`")]
    Format(String),
    /// The repository has capital letters.
    #[error("`{0}` is not an image: the repository must be in lower case")]
    Uppercase(String),
    /// The repository is longer than 255 characters.
    #[error("`{0}` is not an image: the repository has more than 255 characters")]
    TooLong(String),
    /// The digest is of an unknown kind, or does not have its length.
    #[error(
        "`{0}` is not an image: the digest must be `sha256:` and 64 lower-case hex digits, or a whole sha384 or sha512 digest"
    )]
    Digest(String),
    /// A registry client does not take the name.
    #[error("`{image}` is not a name that a registry takes: {reason}")]
    Registry {
        /// The image.
        image: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Default for ImageOptions {
    fn default() -> Self {
        ImageOptions {
            default_registry: "docker.io".to_owned(),
            enable_default_registry_mutation: true,
        }
    }
}

impl ImageOptions {
    /// The options of Kyverno's configuration: the texts of `defaultRegistry` and
    /// `enableDefaultRegistryMutation`. A registry whose host is not a DNS name (one with a port,
    /// or an IP address) and a flag that is not a truth value are ignored.
    #[must_use]
    pub fn from_config(default_registry: Option<&str>, mutation: Option<&str>) -> ImageOptions {
        let mut options = ImageOptions::default();
        let is_host = |registry: &&str| is_dns_name(registry.split('/').next().unwrap_or_default());
        if let Some(registry) = default_registry.filter(is_host) {
            registry.clone_into(&mut options.default_registry);
        }
        if let Some("0" | "f" | "F" | "false" | "FALSE" | "False") = mutation {
            options.enable_default_registry_mutation = false;
        }
        options
    }
}

impl ImageInfo {
    /// Takes an image reference apart.
    ///
    /// # Errors
    /// When the text is not an image reference.
    pub fn parse(image: &str, options: &ImageOptions) -> Result<ImageInfo, ImageError> {
        let full = with_registry(image, &options.default_registry);
        let parts = grammar::parse(full.as_deref().unwrap_or(image))?;
        let hidden = full.is_some() && !options.enable_default_registry_mutation;
        let mut info = ImageInfo {
            registry: if hidden { "" } else { parts.domain }.to_owned(),
            name: parts.path.rsplit('/').next().unwrap_or_default().to_owned(),
            path: parts.path.to_owned(),
            tag: match (parts.tag, parts.digest) {
                ("", "") => "latest",
                (tag, _) => tag,
            }
            .to_owned(),
            digest: parts.digest.to_owned(),
            reference: String::new(),
            reference_with_tag: String::new(),
        };
        info.reference = info.to_string();
        info.reference_with_tag = format!("{}:{}", info.repository(), info.tag);
        info.show_first_part_as_registry();
        Ok(info)
    }

    /// The registry, if one is shown, and the path.
    fn repository(&self) -> String {
        if self.registry.is_empty() {
            self.path.clone()
        } else {
            format!("{}/{}", self.registry, self.path)
        }
    }

    /// Where no registry is shown, a first part with `_` counts as one.
    fn show_first_part_as_registry(&mut self) {
        if let Some((first, rest)) = self.path.split_once('/')
            && self.registry.is_empty()
            && first.contains('_')
        {
            (self.registry, self.path) = (first.to_owned(), rest.to_owned());
        }
    }
}

impl fmt::Display for ImageInfo {
    /// The registry and path with the digest, or else with the tag.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.digest.as_str() {
            "" => write!(out, "{}:{}", self.repository(), self.tag),
            digest => write!(out, "{}@{digest}", self.repository()),
        }
    }
}

/// The image with the default registry before it, unless its first part is a registry: has a
/// point, a colon or a capital letter, or is `localhost`.
fn with_registry(image: &str, default: &str) -> Option<String> {
    let is_registry = image.split_once('/').is_some_and(|(first, _)| {
        first.contains(['.', ':']) || first == "localhost" || first.to_lowercase() != first
    });
    (!is_registry).then(|| format!("{default}/{image}"))
}

fn is_dns_name(text: &str) -> bool {
    let label = |label: &str| {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        (1..=63).contains(&label.len())
            && label.bytes().next().is_some_and(word)
            && label.bytes().all(|byte| word(byte) || byte == b'-')
    };
    let name = text.strip_suffix('.').unwrap_or(text);
    name.bytes().filter(|byte| *byte != b'.').count() <= 255
        && name.split('.').all(label)
        && name.parse::<std::net::Ipv4Addr>().is_err()
}

#[cfg(test)]
mod tests;
