//! A single file at a web address.

use std::io::Read;

use crate::{
    client::{Client, Credentials, Deadline, Limited, send},
    error::SourceError,
};

impl Client {
    /// The text at an address. Only what the address itself names as user and password is sent.
    ///
    /// # Errors
    /// Where it cannot be fetched, is too large, or is not UTF-8.
    pub fn file(&self, url: &str, who: Option<&Credentials>) -> Result<String, SourceError> {
        let deadline = Deadline::of(&self.limits);
        let answer = send(self.get(url)?, who, url)?;
        let mut bytes = Vec::new();
        Limited::new(answer, self.limits.file, deadline)
            .read_to_end(&mut bytes)
            .map_err(|error| SourceError::connection(url, error))?;
        String::from_utf8(bytes).map_err(|_| SourceError::protocol(url, "the file is not UTF-8"))
    }
}
