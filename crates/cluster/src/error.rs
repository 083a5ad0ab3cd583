//! `ClusterError`: why a cluster gave no answer, which server and call it is about, and what to do.

use kube::core::Status;
use thiserror::Error;

/// Why a cluster gave no answer.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ClusterError {
    /// There is no kubeconfig, or it cannot be used.
    #[error("no cluster can be asked: {reason}")]
    Config {
        /// What is wrong with it.
        reason: String,
    },
    /// The server did not answer at all.
    #[error("{server}: {call}: no connection: {reason}")]
    Unreachable {
        /// The API server's address.
        server: String,
        /// Method and path.
        call: String,
        /// What the connection says.
        reason: String,
    },
    /// The server did not answer in time.
    #[error("{server}: {call}: no answer within {seconds} s")]
    Slow {
        /// The API server's address.
        server: String,
        /// Method and path.
        call: String,
        /// How long it was waited.
        seconds: u64,
    },
    /// The server refuses.
    #[error("{server}: {call}: {message} ({code})")]
    Refused {
        /// The API server's address.
        server: String,
        /// Method and path.
        call: String,
        /// HTTP status, such as 403.
        code: u16,
        /// What the server says, with user, verb and resource where it is about rights.
        message: String,
        /// Where a list that has expired can go on.
        continue_token: Option<String>,
    },
    /// Nothing is written, as it is the turn of another process.
    #[error("{server}: {call}: this process does not hold its Lease any more")]
    TermOver {
        /// The API server's address.
        server: String,
        /// Method and path.
        call: String,
    },
    /// The answer is not what it should be.
    #[error("{server}: {call}: unexpected answer: {reason}")]
    Unexpected {
        /// The API server's address.
        server: String,
        /// Method and path.
        call: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl ClusterError {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            ClusterError::Config { .. } => {
                "name a file with `--kubeconfig` or the variable KUBECONFIG, and one of its contexts with `--context`"
            }
            ClusterError::Unreachable { .. } => {
                "look whether the server of the kubeconfig's context is right, and can be reached from here"
            }
            ClusterError::Slow { .. } => {
                "ask for less at a time (`--batch-size`), or try again later"
            }
            ClusterError::Refused { code: 401, .. } => {
                "the server does not know this user; log in again, or choose another `--context`"
            }
            ClusterError::Refused { code: 403, .. } => {
                "let a Role or ClusterRole of this user allow that verb on that resource; `kubectl auth can-i --list` shows what is allowed"
            }
            ClusterError::Refused { code: 404, .. } => {
                "look whether the name is right, and the cluster has its CustomResourceDefinition"
            }
            ClusterError::Refused { code: 410, .. } => {
                "the list expires while it is read; ask for more at a time (`--batch-size`, 0 for all)"
            }
            ClusterError::Refused { code: 409, .. } => "somebody else writes, too; try again",
            ClusterError::Refused { .. } => "see what the server says, and try again",
            ClusterError::TermOver { .. } => "leave it to the process that holds the Lease",
            ClusterError::Unexpected { .. } => {
                "look whether it is a Kubernetes API server, 1.30 or newer, that answers there"
            }
        }
    }

    /// The status of HTTP that the server refused with.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        match self {
            ClusterError::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }
}

/// Which server and call an error is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) server: &'a str,
    pub(crate) call: &'a str,
}

impl Asked<'_> {
    /// What the client says, in our terms.
    pub(crate) fn error(self, error: kube::Error) -> ClusterError {
        match error {
            kube::Error::Api(status) => self.refused(*status),
            kube::Error::SerdeError(error) => self.unexpected(&error),
            kube::Error::FromUtf8(error) => self.unexpected(&error),
            other => ClusterError::Unreachable {
                server: self.server.to_owned(),
                call: self.call.to_owned(),
                reason: innermost(&other),
            },
        }
    }

    pub(crate) fn slow(self, seconds: u64) -> ClusterError {
        ClusterError::Slow {
            server: self.server.to_owned(),
            call: self.call.to_owned(),
            seconds,
        }
    }

    pub(crate) fn term_over(self) -> ClusterError {
        ClusterError::TermOver {
            server: self.server.to_owned(),
            call: self.call.to_owned(),
        }
    }

    pub(crate) fn unexpected(self, reason: &dyn std::fmt::Display) -> ClusterError {
        ClusterError::Unexpected {
            server: self.server.to_owned(),
            call: self.call.to_owned(),
            reason: reason.to_string(),
        }
    }

    fn refused(self, status: Status) -> ClusterError {
        let message = match status.message.trim() {
            "" => status.reason.clone(),
            message => first_line(message),
        };
        let continued = status.metadata.and_then(|metadata| metadata.continue_);
        ClusterError::Refused {
            server: self.server.to_owned(),
            call: self.call.to_owned(),
            code: status.code,
            message,
            continue_token: continued.filter(|token| !token.is_empty()),
        }
    }
}

/// A proxy may answer with a page.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(500).collect()
}

/// The cause that says most, below the layers of the client.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(below) = cause.source() {
        cause = below;
    }
    cause.to_string()
}
