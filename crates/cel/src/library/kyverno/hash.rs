//! `md5`, `sha1`, `sha256`, as hexadecimal digits.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::text;
use crate::{
    function::{Implementation, Library, Overload},
    value::Value,
};

/// Kyverno's `hash` library.
pub const HASH: Library = Library {
    name: "kyverno.hash",
    overloads: &[
        Overload::new("md5", "md5(string) -> string", MD5),
        Overload::new("hash_md5", "hash.md5(string) -> string", MD5),
        Overload::new("sha1", "sha1(string) -> string", SHA1),
        Overload::new("hash_sha1", "hash.sha1(string) -> string", SHA1),
        Overload::new("sha256", "sha256(string) -> string", SHA256),
        Overload::new("hash_sha256", "hash.sha256(string) -> string", SHA256),
    ],
    macros: &[],
    variables: &[],
};

const MD5: Implementation = |_, args| Ok(digits(&Md5::digest(text(args, 0)?)));
const SHA1: Implementation = |_, args| Ok(digits(&Sha1::digest(text(args, 0)?)));
const SHA256: Implementation = |_, args| Ok(digits(&Sha256::digest(text(args, 0)?)));

fn digits<'a>(bytes: &[u8]) -> Value<'a> {
    Value::from(
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>(),
    )
}
