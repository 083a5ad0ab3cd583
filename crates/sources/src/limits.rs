//! How much is taken from elsewhere, and how long it may take.

use std::time::Duration;

/// The limits. What exceeds one is an error, never a part of what is there.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes that a server may send for one address.
    pub transfer: u64,
    /// Objects that a repository may send.
    pub objects: usize,
    /// Bytes of one file.
    pub file: u64,
    /// Bytes of all files.
    pub total: u64,
    /// The number of files.
    pub files: usize,
    /// How long one address may take.
    pub time: Duration,
    /// How long a server may take for the next kibibyte of an answer.
    pub pace: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        const MEBIBYTE: u64 = 1024 * 1024;
        Limits {
            transfer: 256 * MEBIBYTE,
            objects: 500_000,
            file: 32 * MEBIBYTE,
            total: 128 * MEBIBYTE,
            files: 50_000,
            time: Duration::from_secs(120),
            // A server that gathers a large repository says little meanwhile.
            pace: Duration::from_secs(60),
        }
    }
}
