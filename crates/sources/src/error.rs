//! Why something elsewhere cannot be used.

/// The reason, with what to do about it where that is known.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The address cannot be understood.
    #[error("`{address}` is not an address of a repository or file: {reason}")]
    Address {
        /// What was written, without its password.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The server cannot be reached, or the connection broke.
    #[error("{url}: {reason}")]
    Connection {
        /// The address that was asked.
        url: String,
        /// What happened.
        reason: String,
    },
    /// The server wants to know who asks.
    #[error(
        "{url}: the server refuses access ({status}): the repository does not exist, or needs another user name and password"
    )]
    Unauthorized {
        /// The address that was asked.
        url: String,
        /// The status of HTTP.
        status: u16,
    },
    /// The server answers with something else than what was asked for.
    #[error("{url}: the server answers {status}")]
    Status {
        /// The address that was asked.
        url: String,
        /// The status of HTTP.
        status: String,
    },
    /// The server does not speak as it should.
    #[error("{url}: {reason}")]
    Protocol {
        /// The address that was asked.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// No branch, tag or commit has the name.
    #[error("{url}: there is no branch, tag or commit `{name}`")]
    Reference {
        /// The repository.
        url: String,
        /// The name.
        name: String,
    },
    /// The path is not in the repository.
    #[error("{url}: there is no `{path}` at `{revision}`")]
    Path {
        /// The repository.
        url: String,
        /// The path.
        path: String,
        /// The branch, tag or commit.
        revision: String,
    },
    /// A name or link leads out of the folder.
    #[error("{url}: `{path}` {reason}")]
    Unsafe {
        /// The repository.
        url: String,
        /// The path of the file or link.
        path: String,
        /// Where it leads.
        reason: String,
    },
    /// More than a limit.
    #[error("{url}: {what} exceeds the limit of {limit}")]
    Limit {
        /// The address that was asked.
        url: String,
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: String,
    },
    /// A repository cannot be read.
    #[error("{url}: {reason}")]
    Repository {
        /// The repository.
        url: String,
        /// What git says.
        reason: String,
    },
}

impl SourceError {
    pub(crate) fn connection(url: &str, reason: impl std::fmt::Display) -> SourceError {
        let (url, reason) = (url.to_owned(), reason.to_string());
        SourceError::Connection { url, reason }
    }

    pub(crate) fn protocol(url: &str, reason: impl std::fmt::Display) -> SourceError {
        let (url, reason) = (url.to_owned(), reason.to_string());
        SourceError::Protocol { url, reason }
    }

    pub(crate) fn repository(url: &str, error: &git2::Error) -> SourceError {
        let (url, reason) = (url.to_owned(), error.message().to_owned());
        SourceError::Repository { url, reason }
    }

    pub(crate) fn limit(
        url: &str,
        what: &'static str,
        limit: impl std::fmt::Display,
    ) -> SourceError {
        let (url, limit) = (url.to_owned(), limit.to_string());
        SourceError::Limit { url, what, limit }
    }
}
