//! Programs that keep credentials: `docker-credential-NAME get`, which reads a registry's address and
//! writes `{"ServerURL": …, "Username": …, "Secret": …}`.
//! <https://docs.docker.com/reference/cli/docker/login/#credential-helper-protocol>

use std::{
    io::{self, Write},
    process::{Command, Output, Stdio},
};

use serde::Deserialize;

use crate::{credentials::Credentials, error::RegistryError};

/// What a helper says where it has no credentials for a registry.
const NONE_FOUND: &str = "credentials not found";

/// The user name that stands for a token to get tokens with.
const IDENTITY_TOKEN: &str = "<token>";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Kept {
    username: String,
    secret: String,
}

/// Asks a helper for the credentials of a registry; none where it keeps none.
pub(crate) fn ask(name: &str, registry: &str) -> Result<Option<Credentials>, RegistryError> {
    let helper = format!("docker-credential-{name}");
    let refused = |reason: String| RegistryError::Helper {
        helper: helper.clone(),
        registry: registry.to_owned(),
        reason,
    };
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(refused("this is no name of a program".to_owned()));
    }
    let done = run(&helper, registry).map_err(|error| refused(error.to_string()))?;
    let said = String::from_utf8_lossy(&done.stdout);
    if !done.status.success() {
        if said.contains(NONE_FOUND) {
            return Ok(None);
        }
        let line = said.lines().next().unwrap_or_default();
        return Err(refused(format!("it fails: {line}")));
    }
    let kept: Kept = serde_json::from_str(&said)
        .map_err(|_| refused("it does not write `Username` and `Secret`".to_owned()))?;
    if kept.username == IDENTITY_TOKEN {
        let reason =
            "it keeps an identity token, which is not exchanged; give a user and a password";
        return Err(refused(reason.to_owned()));
    }
    Ok(Some(Credentials::User {
        username: kept.username,
        password: kept.secret,
    }))
}

fn run(helper: &str, registry: &str) -> io::Result<Output> {
    let mut command = Command::new(helper);
    command.arg("get").stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = command.spawn()?;
    if let Some(mut pipe) = process.stdin.take() {
        // A helper that answers without reading closes the pipe.
        pipe.write_all(registry.as_bytes()).ok();
    }
    process.wait_with_output()
}
