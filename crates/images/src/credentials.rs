//! `Credentials`: who asks a registry.

use std::fmt;

use oci_client::secrets::RegistryAuth;

/// Who asks a registry.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Credentials {
    /// Nobody in particular.
    #[default]
    Anonymous,
    /// A user.
    User {
        /// The name.
        username: String,
        /// The password, or a token in its place.
        password: String,
    },
    /// Whoever has the token.
    Token(String),
}

impl Credentials {
    pub(crate) fn to_auth(&self) -> RegistryAuth {
        match self {
            Credentials::Anonymous => RegistryAuth::Anonymous,
            Credentials::User { username, password } => {
                RegistryAuth::Basic(username.clone(), password.clone())
            }
            Credentials::Token(token) => RegistryAuth::Bearer(token.clone()),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Credentials::Anonymous => formatter.write_str("Anonymous"),
            Credentials::User { username, .. } => write!(formatter, "User({username})"),
            Credentials::Token(_) => formatter.write_str("Token"),
        }
    }
}
