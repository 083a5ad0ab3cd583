//! Git's protocol over HTTP, version 2, and the older one for servers that know no other.
//!
//! One commit is fetched, without what led to it.

use std::io::{self, Read, Write};

use git2::{Oid, Repository};
use reqwest::{Url, blocking::Response};

use super::{
    packet::{self, Packet, line},
    references::References,
};
use crate::{
    client::{Client, Credentials, Deadline, Limited, send},
    error::SourceError,
};

const SERVICE: &str = "/info/refs?service=git-upload-pack";
const AGENT: &str = concat!("agent=portcullis/", env!("CARGO_PKG_VERSION"));
/// Where a packet that carries a part of a pack says which part it is.
const DATA: u8 = 1;
const PROGRESS: u8 = 2;

/// A repository elsewhere.
pub(super) struct Remote<'a> {
    client: &'a Client,
    who: Option<&'a Credentials>,
    deadline: Deadline,
    /// Where the repository is, and where it is after redirections.
    url: &'a str,
    base: String,
    /// The names, where the server told them at once: it speaks the older protocol.
    told: Option<References>,
}

impl<'a> Remote<'a> {
    /// Asks what the server speaks.
    pub(super) fn open(
        client: &'a Client,
        url: &'a str,
        who: Option<&'a Credentials>,
        deadline: Deadline,
    ) -> Result<Remote<'a>, SourceError> {
        let url = url.trim_end_matches('/');
        let request = client.get(&format!("{url}{SERVICE}"))?;
        let answer = send(request.header("Git-Protocol", "version=2"), who, url)?;
        let moved = answer.url().as_str().strip_suffix(SERVICE);
        // Who is sent elsewhere tells nobody there the password.
        let is_same = Url::parse(url).is_ok_and(|asked| asked.origin() == answer.url().origin());
        let mut remote = Remote {
            client,
            who: who.filter(|_| is_same),
            deadline,
            url,
            base: moved.unwrap_or(url).to_owned(),
            told: None,
        };
        let lines = remote.lines(answer)?;
        if !lines.iter().any(|line| line.text() == "version 2") {
            remote.told = Some(remote.older_references(&lines)?);
        }
        Ok(remote)
    }

    /// The names of branches and tags.
    pub(super) fn references(&mut self) -> Result<References, SourceError> {
        if let Some(told) = self.told.take() {
            self.told = Some(References::default());
            return Ok(told);
        }
        let prefixes = ["HEAD", "refs/heads/", "refs/tags/"];
        let prefixes = prefixes.map(|prefix| line(&format!("ref-prefix {prefix}\n")));
        let (command, agent) = (line("command=ls-refs\n"), line(AGENT));
        let answer = self.ask(format!("{command}{agent}0001{}0000", prefixes.concat()))?;
        let mut references = References::new(self.url);
        for line in self.lines(answer)? {
            if let Some((object, name)) = line.text().split_once(' ') {
                let name = name.split(' ').next().unwrap_or(name);
                references.insert(name, self.object(object)?);
            }
        }
        Ok(references)
    }

    /// Fetches an object with its tree into a repository of this machine.
    pub(super) fn fetch(&self, object: Oid, store: &Repository) -> Result<(), SourceError> {
        let wants = if self.told.is_some() {
            let want = format!("want {object} side-band-64k ofs-delta no-progress {AGENT}\n");
            format!(
                "{}{}0000{}",
                line(&want),
                line("deepen 1\n"),
                line("done\n")
            )
        } else {
            let lines = ["ofs-delta\n", "no-progress\n", "deepen 1\n", "done\n"].map(line);
            let want = line(&format!("want {object}\n"));
            let (command, agent) = (line("command=fetch\n"), line(AGENT));
            format!("{command}{agent}0001{want}{}0000", lines.concat())
        };
        let answer = self.ask(wants)?;
        let mut answer = self.limited(answer);
        self.skip_to_pack(&mut answer)?;
        let broken = |error: &dyn std::fmt::Display| SourceError::Repository {
            url: self.url.to_owned(),
            reason: format!("what the server sent cannot be used: {error}"),
        };
        let odb = store
            .odb()
            .map_err(|error| SourceError::repository(self.url, &error))?;
        let mut writer = odb
            .packwriter()
            .map_err(|error| SourceError::repository(self.url, &error))?;
        let most = self.client.limits.objects;
        writer.progress(move |progress| progress.total_objects() <= most);
        let mut pack = Pack {
            from: answer,
            part: Vec::new(),
            at: 0,
        };
        io::copy(&mut pack, &mut writer).map_err(|error| broken(&error))?;
        writer.flush().map_err(|error| broken(&error))?;
        writer.commit().map_err(|error| broken(&error.message()))?;
        Ok(())
    }

    fn ask(&self, body: String) -> Result<Response, SourceError> {
        let mut request = self
            .client
            .post(&format!("{}/git-upload-pack", self.base))?;
        if self.told.is_none() {
            request = request.header("Git-Protocol", "version=2");
        }
        let kind = "application/x-git-upload-pack-request";
        send(
            request.header("Content-Type", kind).body(body),
            self.who,
            self.url,
        )
    }

    fn limited(&self, answer: Response) -> Limited<Response> {
        Limited::new(answer, self.client.limits.transfer, self.deadline)
    }

    /// All packets of an answer. What a server refuses, it says in one that starts with `ERR`.
    fn lines(&self, answer: Response) -> Result<Vec<Packet>, SourceError> {
        let mut answer = self.limited(answer);
        let mut lines = Vec::new();
        while let Some(line) = self.next(&mut answer)? {
            lines.push(line);
        }
        Ok(lines)
    }

    fn next(&self, answer: &mut impl Read) -> Result<Option<Packet>, SourceError> {
        let packet =
            packet::read(answer).map_err(|error| SourceError::protocol(self.url, error))?;
        match packet
            .as_ref()
            .and_then(|packet| packet.text().strip_prefix("ERR "))
        {
            Some(said) => Err(SourceError::protocol(
                self.url,
                format!("the server says: {said}"),
            )),
            None => Ok(packet),
        }
    }

    /// Reads over what stands before the pack.
    fn skip_to_pack(&self, answer: &mut impl Read) -> Result<(), SourceError> {
        while let Some(packet) = self.next(answer)? {
            if matches!(packet.text(), "packfile" | "NAK") {
                return Ok(());
            }
        }
        Err(SourceError::protocol(self.url, "the server sends no files"))
    }

    /// The names that an older server tells at once, each `OBJECT NAME`; the first is followed by what
    /// the server can do.
    fn older_references(&self, lines: &[Packet]) -> Result<References, SourceError> {
        let mut references = References::new(self.url);
        let mut is_git = false;
        for packet in lines {
            let told = packet.text().split('\0').next().unwrap_or_default();
            is_git |= told == "# service=git-upload-pack";
            if let Some((object, name)) = told.split_once(' ').filter(|(start, _)| *start != "#") {
                references.insert(name, self.object(object)?);
            }
        }
        if !is_git {
            return Err(SourceError::protocol(self.url, "this is no git repository"));
        }
        Ok(references)
    }

    fn object(&self, digits: &str) -> Result<Oid, SourceError> {
        let object = Oid::from_str(digits).ok().filter(|_| digits.len() == 40);
        object.ok_or_else(|| {
            let reason = format!("`{digits}` is not the hash of an object");
            SourceError::protocol(self.url, reason)
        })
    }
}

/// The bytes of a pack, out of the packets that carry them.
struct Pack<R> {
    from: R,
    part: Vec<u8>,
    at: usize,
}

impl<R: Read> Read for Pack<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.part.len() {
            match packet::read(&mut self.from)? {
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(Packet::Flush | Packet::Delimiter) => return Ok(0),
                Some(Packet::Data(part)) => self.take(part)?,
            }
        }
        let rest = self.part.get(self.at..).unwrap_or_default();
        let read = io::Read::read(&mut &*rest, buffer)?;
        self.at += read;
        Ok(read)
    }
}

impl<R> Pack<R> {
    fn take(&mut self, part: Vec<u8>) -> io::Result<()> {
        match part.split_first() {
            Some((&DATA, _)) => {
                self.part = part;
                self.at = 1;
                Ok(())
            }
            Some((&PROGRESS, _)) | None => Ok(()),
            Some((_, said)) => {
                let said = String::from_utf8_lossy(said);
                Err(io::Error::other(format!(
                    "the server says: {}",
                    said.trim_end()
                )))
            }
        }
    }
}
