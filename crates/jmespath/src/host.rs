//! `Host`: the few things that functions need of the world.

use std::net::IpAddr;

/// What functions ask of the world.
pub trait Host {
    /// The time, in nanoseconds since 1970-01-01T00:00:00Z (`time_now`, `time_since`).
    fn now(&self) -> i128;

    /// A random number (`random`).
    fn random(&self) -> u64;

    /// The addresses of a host name (`is_external_url`).
    fn lookup_host(&self, name: &str) -> Result<Vec<IpAddr>, String>;

    /// How image references are completed (`image_normalize`).
    fn image_options(&self) -> ImageOptions<'_> {
        ImageOptions::default()
    }
}

/// How image references are completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageOptions<'h> {
    /// The registry of an image that names none.
    pub default_registry: &'h str,
    /// Whether that registry is written into the reference.
    pub add_default_registry: bool,
}

impl Default for ImageOptions<'_> {
    fn default() -> Self {
        ImageOptions {
            default_registry: "docker.io",
            add_default_registry: true,
        }
    }
}

/// A host without a world: time stands at its start, nothing is random, no name resolves.
#[derive(Clone, Copy, Debug)]
pub struct Offline;

impl Host for Offline {
    fn now(&self) -> i128 {
        0
    }

    fn random(&self) -> u64 {
        0
    }

    fn lookup_host(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        Err(format!("`{name}` cannot be looked up offline"))
    }
}
