//! Limits of what a registry may send.

use std::time::Duration;

/// How much a registry may send, and how long it may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The bytes of a manifest or an index.
    pub manifest: u64,
    /// The bytes of a configuration.
    pub config: u64,
    /// The bytes of a layer of policies, as it is sent.
    pub layer: u64,
    /// The bytes of all policies of a bundle, unpacked.
    pub bundle: u64,
    /// The files of a bundle.
    pub files: usize,
    /// How long one answer may take.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            manifest: 4 << 20,
            config: 8 << 20,
            layer: 16 << 20,
            bundle: 64 << 20,
            files: 10_000,
            time: Duration::from_secs(60),
        }
    }
}
