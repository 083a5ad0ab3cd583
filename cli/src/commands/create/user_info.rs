//! `create user-info`: who makes the requests of a test.

use portcullis_api::{
    metadata::ObjectMeta,
    user_info::{User, UserInfo},
};

use super::{CLI_API_VERSION, Output};

/// Create a file that says who makes the requests of a test.
#[derive(Debug, clap::Args)]
#[command(
    before_help = "Example:\n  portcullis create user-info -u ann@example.com -g developers -c view -o user-info.yaml"
)]
pub struct Args {
    /// The user's name, such as `system:serviceaccount:shop:web`.
    #[arg(short, long, value_name = "NAME")]
    username: Option<String>,
    /// Roles that are bound to the user, as `namespace:name`.
    #[arg(short, long = "role", value_name = "ROLE", value_delimiter = ',')]
    roles: Vec<String>,
    /// Cluster roles that are bound to the user.
    #[arg(
        short,
        long = "cluster-role",
        value_name = "ROLE",
        value_delimiter = ','
    )]
    cluster_roles: Vec<String>,
    /// Groups of the user.
    #[arg(short, long = "group", value_name = "GROUP", value_delimiter = ',')]
    groups: Vec<String>,
    #[command(flatten)]
    pub(super) output: Output,
}

impl Args {
    /// The user.
    pub(super) fn user_info(&self) -> UserInfo {
        UserInfo {
            api_version: Some(CLI_API_VERSION.to_owned()),
            kind: Some("UserInfo".to_owned()),
            metadata: ObjectMeta {
                name: Some("user-info".to_owned()),
                ..ObjectMeta::default()
            },
            roles: self.roles.clone(),
            cluster_roles: self.cluster_roles.clone(),
            user_info: Some(User {
                username: self.username.clone(),
                groups: self.groups.clone(),
                ..User::default()
            }),
        }
    }
}
