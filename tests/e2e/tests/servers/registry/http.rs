//! A registry's API by hand, for images that no honest client sends.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Registry;

pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";

impl Registry {
    /// Sends a request, and gives the head and the body of the answer.
    fn ask(&self, line: &str, media_type: &str, body: &[u8]) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(self.host()).unwrap();
        let head = format!(
            "{line} HTTP/1.0\r\nHost: {}\r\nConnection: close\r\nAccept: {media_type}\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n",
            self.host(),
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        let body = answer.split_off(end + 4);
        (String::from_utf8(answer).unwrap(), body)
    }

    /// Keeps a blob, and gives its descriptor.
    pub(super) fn blob(&self, repository: &str, media_type: &str, content: &[u8]) -> Value {
        let post = format!("POST /v2/{repository}/blobs/uploads/");
        let (head, _) = self.ask(&post, "text/plain", b"");
        let place = head
            .lines()
            .find_map(|line| line.strip_prefix("Location: "))
            .unwrap();
        let path = place.split_once(self.host()).unwrap().1;
        let digest = digest_of(content);
        let put = format!("PUT {path}&digest={digest}");
        let (head, _) = self.ask(&put, "application/octet-stream", content);
        assert!(head.contains(" 201 "), "{head}");
        json!({"mediaType": media_type, "digest": digest, "size": content.len()})
    }

    /// Keeps a manifest, and gives its descriptor.
    pub(super) fn put(&self, image: &str, media_type: &str, manifest: &Value) -> Value {
        let (repository, tag) = image.split_once(':').unwrap();
        let content = manifest.to_string();
        let put = format!("PUT /v2/{repository}/manifests/{tag}");
        let (head, body) = self.ask(&put, media_type, content.as_bytes());
        let said = String::from_utf8_lossy(&body);
        assert!(head.contains(" 201 "), "{head} {said}");
        json!({"mediaType": media_type, "digest": digest_of(content.as_bytes()), "size": content.len()})
    }

    /// The manifest of an image as it is kept.
    pub(super) fn manifest(&self, image: &str) -> Value {
        let (repository, tag) = image.split_once(':').unwrap();
        let get = format!("GET /v2/{repository}/manifests/{tag}");
        let (_, body) = self.ask(&get, MANIFEST, b"");
        serde_json::from_slice(&body).unwrap()
    }

    /// Changes what is kept of a blob.
    pub(super) fn damage(&self, descriptor: &Value) {
        let digest = descriptor["digest"].as_str().unwrap();
        let digits = digest.strip_prefix("sha256:").unwrap();
        let first = digits.get(..2).unwrap();
        let path = format!("docker/registry/v2/blobs/sha256/{first}/{digits}/data");
        let path = self.kept.path().join(path);
        let mut content = fs::read(&path).unwrap();
        content[0] ^= 0x20;
        fs::write(path, content).unwrap();
    }
}

pub(super) fn digest_of(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{digits}")
}
