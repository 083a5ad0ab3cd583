//! Archives that are as they should be, and archives that are not.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use tar::{Builder, Header};

use super::*;

const POLICY: &str = "kind: A\nmetadata: {name: a}\n";

/// A header is written by hand, so that it may hold what no honest writer writes.
fn archive(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (path, kind, content) in entries {
        let mut header = Header::new_ustar();
        let name = &mut header.as_ustar_mut().unwrap().name;
        name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    packed(&builder.into_inner().unwrap())
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn config(resources: &Value) -> Vec<u8> {
    json!({"formatVersion": "1.0.0", "sets": [], "resources": resources})
        .to_string()
        .into_bytes()
}

fn entry(path: &str, index: usize, text: &str) -> Value {
    json!({"path": path, "documentIndex": index, "digest": digest_of(text.as_bytes())})
}

fn told(content: &[u8], config: &[u8], limits: &Limits) -> String {
    let files = match unpacked(content, limits) {
        Ok(files) => files,
        Err(Fault::TooLarge) => return "too large".to_owned(),
        Err(Fault::Other(reason)) => return reason,
    };
    let checked = listed(config).and_then(|listed| checked(files, listed));
    checked.map_or_else(
        |reason| reason,
        |files| {
            let told = files
                .iter()
                .map(|file| format!("{}={}", file.path, file.objects.join(",")));
            told.collect::<Vec<_>>().join(" ")
        },
    )
}

#[test]
fn what_is_listed_is_there() {
    let regular = EntryType::Regular;
    let text =
        format!("# first\n---\n{POLICY}---\nkind: B\nmetadata: {{name: b, namespace: shop}}");
    let good = archive(&[
        ("deep/both.yaml", regular, text.as_bytes()),
        ("one.yml", regular, POLICY.replace('\n', "\r\n").as_bytes()),
        ("kyverno-bundle.yaml", regular, b"kind: X"),
        (".hidden/a.yaml", regular, b"kind: X"),
        ("README.md", regular, b"text"),
        ("empty.yaml", regular, b"# nothing\n"),
    ]);
    let second = "kind: B\nmetadata: {name: b, namespace: shop}\n";
    let all = [
        entry("deep/both.yaml", 0, POLICY),
        entry("deep/both.yaml", 1, second),
        entry("one.yml", 0, POLICY),
    ];
    let limits = Limits::default();
    let read = |resources: &[Value]| told(&good, &config(&json!(resources)), &limits);
    assert_eq!(
        read(&all),
        "deep/both.yaml=A a,B shop/b one.yml=A a empty.yaml="
    );
    assert_eq!(
        read(&all[1..]),
        "document 0 of `deep/both.yaml` is not listed"
    );
    let more = [&all[..], &[entry("two.yaml", 0, "")]].concat();
    assert_eq!(
        read(&more),
        "document 0 of `two.yaml` is listed and is not there"
    );
    let twice = [&all[..], &all[..1]].concat();
    assert_eq!(
        read(&twice),
        "document 0 of `deep/both.yaml` is listed twice"
    );
    let other = [&all[..2], &[entry("one.yml", 0, "x")]].concat();
    assert_eq!(
        read(&other),
        "document 0 of `one.yml` is not the one that is listed"
    );
}

#[test]
fn damaged_archives_are_errors() {
    let regular = EntryType::Regular;
    let whole = archive(&[("a.yaml", regular, POLICY.as_bytes())]);
    let mut plain = Vec::new();
    GzDecoder::new(whole.as_slice())
        .read_to_end(&mut plain)
        .unwrap();
    let config = config(&json!([entry("a.yaml", 0, POLICY)]));
    let mut dice: u64 = 0x9E37_79B9_7F4A_7C15;
    for _ in 0..2000 {
        let mut bytes = plain.clone();
        for _ in 0..3 {
            dice ^= dice << 13;
            dice ^= dice >> 7;
            dice ^= dice << 17;
            // Most of the headers is in the first bytes.
            let place = usize::try_from(dice % 600).unwrap();
            bytes[place] = dice.to_le_bytes()[7];
        }
        let found = told(&packed(&bytes), &config, &Limits::default());
        assert!(
            !found.contains("..") || found.contains("leads out"),
            "{found}"
        );
    }
}

#[test]
fn archives_that_are_refused() {
    let regular = EntryType::Regular;
    let limits = Limits {
        bundle: 4096,
        files: 3,
        ..Limits::default()
    };
    let big = vec![b'#'; 5000];
    for (content, wanted) in [
        (
            archive(&[("../a.yaml", regular, b"x")]),
            "the path `../a.yaml` leads out",
        ),
        (
            archive(&[("/a.yaml", regular, b"x")]),
            "the path `/a.yaml` leads out",
        ),
        (
            archive(&[("a/./b.yaml", regular, b"x")]),
            "leads out of the bundle",
        ),
        (
            archive(&[("a.yaml", EntryType::Symlink, b"")]),
            "`a.yaml` is no plain file",
        ),
        (
            archive(&[("a.yaml", EntryType::Link, b"")]),
            "`a.yaml` is no plain file",
        ),
        (
            archive(&[("a", EntryType::Directory, b"")]),
            "`a` is no plain file",
        ),
        (archive(&[("a.yaml", regular, &big)]), "too large"),
        (archive(&[("a", regular, b"".as_slice()); 4]), "too large"),
        (b"not packed".to_vec(), "it cannot be unpacked"),
        (
            archive(&[("a.yaml", regular, b"\xff")]),
            "`a.yaml` is not UTF-8",
        ),
        (
            archive(&[("a.yaml", regular, b"kind: A")]),
            "no `kind` or no `metadata.name`",
        ),
        (archive(&[("a.yaml", regular, b"a: [")]), "`a.yaml`: "),
        (
            packed(&vec![0; 1 << 20]),
            "document 0 of `a` is listed and is not there",
        ),
    ] {
        let found = told(&content, &config(&json!([entry("a", 0, "")])), &limits);
        assert!(found.contains(wanted), "expected {wanted}, found {found}");
    }
    let old = br#"{"formatVersion": "2.1.0", "resources": []}"#;
    let found = told(&archive(&[]), old, &limits);
    assert_eq!(found, "expected version 1 of the form, found `2.1.0`");
}
