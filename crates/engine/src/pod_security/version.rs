//! The versions of the Pod Security Standards: `v1.0` to `v1.37`, and `latest`, the newest of them.

use std::fmt;

/// A version of the standard, which is the minor version of Kubernetes that it came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    minor: u8,
}

impl Version {
    /// The first version.
    pub const OLDEST: Version = Version::minor(0);
    /// What `latest` means.
    pub const NEWEST: Version = Version::minor(37);

    /// Version `v1.<minor>`.
    #[must_use]
    pub const fn minor(minor: u8) -> Version {
        Version { minor }
    }

    /// Reads `v1.24` or `latest`. A leading zero, a patch version or an unknown version is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Version> {
        if text == "latest" {
            return Some(Version::NEWEST);
        }
        let digits = text.strip_prefix("v1.")?;
        let canonical = digits == "0" || !digits.starts_with(['0', '+']);
        let minor = digits.parse().ok().filter(|_| canonical)?;
        Some(Version { minor }).filter(|version| *version <= Version::NEWEST)
    }

    /// Every version, oldest first.
    pub fn all() -> impl Iterator<Item = Version> {
        (Version::OLDEST.minor..=Version::NEWEST.minor).map(Version::minor)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v1.{}", self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions() {
        for (text, expected) in [
            ("latest", Some(37)),
            ("v1.0", Some(0)),
            ("v1.9", Some(9)),
            ("v1.37", Some(37)),
            ("v1.38", None),
            ("v1.07", None),
            ("v1.+7", None),
            ("v1.", None),
            ("v1.24.1", None),
            ("v1.300", None),
            ("1.24", None),
            ("v2.0", None),
            ("", None),
        ] {
            let found = Version::parse(text);
            assert_eq!(found, expected.map(Version::minor), "{text}");
        }
    }

    #[test]
    fn lists_every_version() {
        assert_eq!(Version::all().count(), 38);
        assert_eq!(Version::all().last(), Some(Version::NEWEST));
    }
}
