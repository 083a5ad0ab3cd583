//! The client of HTTP that repositories and files are fetched with.

use std::{
    fmt,
    io::{self, Read},
    time::{Duration, Instant},
};

use reqwest::{
    Certificate, StatusCode,
    blocking::{RequestBuilder, Response},
};

use crate::{error::SourceError, limits::Limits};

/// How long a server may be silent.
const SILENCE: Duration = Duration::from_secs(30);

/// A user name and a password or token.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name.
    pub username: String,
    /// The password or token.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Credentials({}, …)", self.username)
    }
}

/// How servers are asked.
#[derive(Clone, Debug, Default)]
pub struct ClientOptions {
    /// Certificates of authorities to trust beside those of the system, in PEM.
    pub authorities: Option<Vec<u8>>,
    /// Who asks for repositories. What stands in an address goes before it.
    pub credentials: Option<Credentials>,
    /// How much is taken.
    pub limits: Limits,
}

/// The client.
#[derive(Clone, Debug)]
pub struct Client {
    /// Or why nobody can be asked: repositories of this machine need no certificates.
    http: Result<reqwest::blocking::Client, String>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) limits: Limits,
}

impl Client {
    /// Makes a client.
    ///
    /// # Errors
    /// Where the certificates cannot be used.
    pub fn new(options: ClientOptions) -> Result<Client, SourceError> {
        let mut builder = reqwest::blocking::Client::builder()
            .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
            .referer(false)
            .timeout(SILENCE);
        let unusable = |error| SourceError::connection("certificates", error);
        if let Some(pem) = &options.authorities {
            let authorities = Certificate::from_pem_bundle(pem).map_err(unusable)?;
            if authorities.is_empty() {
                return Err(SourceError::connection(
                    "certificates",
                    "there is no certificate in PEM",
                ));
            }
            builder = builder.tls_certs_merge(authorities);
        }
        Ok(Client {
            http: builder.build().map_err(|error| causes(&error)),
            credentials: options.credentials,
            limits: options.limits,
        })
    }

    pub(crate) fn get(&self, url: &str) -> Result<RequestBuilder, SourceError> {
        Ok(self.http()?.get(url))
    }

    pub(crate) fn post(&self, url: &str) -> Result<RequestBuilder, SourceError> {
        Ok(self.http()?.post(url))
    }

    fn http(&self) -> Result<&reqwest::blocking::Client, SourceError> {
        self.http.as_ref().map_err(|reason| {
            let help = "put certificates of authorities where the system has them, or name a file of them by SSL_CERT_FILE";
            SourceError::connection("certificates", format!("{reason}; {help}"))
        })
    }
}

/// When what is fetched must be there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    end: Option<Instant>,
    pace: Duration,
}

impl Deadline {
    pub(crate) fn of(limits: &Limits) -> Deadline {
        Deadline {
            end: Instant::now().checked_add(limits.time),
            pace: limits.pace,
        }
    }

    pub(crate) fn is_over(self) -> bool {
        self.end.is_some_and(|end| Instant::now() > end)
    }
}

/// Sends a request, and gives the answer where it is a success.
pub(crate) fn send(
    request: RequestBuilder,
    who: Option<&Credentials>,
    url: &str,
) -> Result<Response, SourceError> {
    let request = match who {
        Some(who) => request.basic_auth(&who.username, Some(&who.password)),
        None => request,
    };
    let answer = request.send();
    let answer =
        answer.map_err(|error| SourceError::connection(url, causes(&error.without_url())))?;
    let status = answer.status();
    match status {
        _ if status.is_success() => Ok(answer),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(SourceError::Unauthorized {
            url: url.to_owned(),
            status: status.as_u16(),
        }),
        _ => Err(SourceError::Status {
            url: url.to_owned(),
            status: status.to_string(),
        }),
    }
}

/// An error with all that led to it, each cause once.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(found) = cause {
        let told = found.to_string();
        if !text.contains(&told) {
            text = format!("{text}: {told}");
        }
        cause = found.source();
    }
    text
}

/// An answer that ends with an error where there is more of it than the limit, or it takes too long:
/// all of it, or the next part of it.
pub(crate) struct Limited<R> {
    inner: R,
    left: u64,
    deadline: Deadline,
    /// How much of the part is there, and when the part began.
    part: (u64, Instant),
}

impl<R: Read> Limited<R> {
    pub(crate) fn new(inner: R, bytes: u64, deadline: Deadline) -> Limited<R> {
        let left = bytes;
        Limited {
            inner,
            left,
            deadline,
            part: (0, Instant::now()),
        }
    }

    /// Counts what came. A server that sends a byte now and then is never silent.
    fn count(&mut self, bytes: u64) -> Result<(), &'static str> {
        self.left = self.left.checked_sub(bytes).ok_or(TOO_LONG)?;
        let (before, begun) = self.part;
        if before + bytes >= PART {
            self.part = (0, Instant::now());
            return Ok(());
        }
        self.part.0 = before + bytes;
        match begun.elapsed() > self.deadline.pace {
            true => Err(TOO_SLOW),
            false => Ok(()),
        }
    }
}

/// What must be there at each pace.
const PART: u64 = 1024;
/// What a limited answer says where it ends early.
pub(crate) const TOO_LONG: &str = "the answer is larger than the limit";
pub(crate) const TOO_SLOW: &str = "the answer takes longer than the limit";

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.deadline.is_over() {
            return Err(io::Error::other(TOO_SLOW));
        }
        let read = self.inner.read(buffer)?;
        let bytes = u64::try_from(read).unwrap_or(u64::MAX);
        self.count(bytes).map_err(io::Error::other)?;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// A byte, or a kibibyte, every few milliseconds.
    struct Trickle(u64);

    impl Read for Trickle {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            thread::sleep(Duration::from_millis(5));
            let mut part = io::repeat(b'a').take(self.0);
            part.read(buffer)
        }
    }

    #[test]
    fn who_sends_a_byte_now_and_then_is_too_slow() {
        let limits = Limits {
            pace: Duration::from_millis(50),
            ..Limits::default()
        };
        let said = |bytes: u64| {
            let trickle = Trickle(bytes).take(40 * bytes);
            let mut limited = Limited::new(trickle, 1 << 20, Deadline::of(&limits));
            let read = io::copy(&mut limited, &mut io::sink());
            read.map_err(|error| error.to_string())
        };
        assert_eq!(said(1), Err(TOO_SLOW.to_owned()));
        assert_eq!(said(PART), Ok(40 * PART));
    }
}
