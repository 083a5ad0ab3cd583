//! Repositories of this machine: what an address means there, links, names and limits.
#![allow(
    clippy::expect_used,
    reason = "a test fails where something is not there"
)]

use std::time::Duration;

use git2::{Oid, Repository, Signature};
use portcullis_sources::{Address, Client, ClientOptions, Limits, SourceError};
use tempfile::TempDir;

const FILE: i32 = 0o100_644;
const LINK: i32 = 0o120_000;
const FOLDER: i32 = 0o040_000;
const SUBMODULE: i32 = 0o160_000;

/// A repository whose every commit holds what it is given, whatever it is named.
struct Store {
    folder: TempDir,
    repository: Repository,
}

/// What a folder holds: names, modes, and what is there.
enum Entry {
    File(&'static str),
    Link(&'static str),
    Folder(Vec<(&'static str, Entry)>),
    Submodule,
}
use Entry::{File, Folder, Link, Submodule};

impl Store {
    fn new() -> Store {
        let folder = tempfile::tempdir().expect("a folder");
        let repository = Repository::init_bare(folder.path().join("r.git")).expect("a repository");
        repository.set_head("refs/heads/main").expect("a head");
        Store { folder, repository }
    }

    /// Writes a tree as bytes, so that names may be ones that git would not write.
    fn tree(&self, entries: &[(&'static str, Entry)]) -> Oid {
        let odb = self.repository.odb().expect("objects");
        let mut bytes = Vec::new();
        for (name, entry) in entries {
            let (mode, id) = match entry {
                File(text) => (FILE, self.repository.blob(text.as_bytes())),
                Link(text) => (LINK, self.repository.blob(text.as_bytes())),
                Folder(entries) => (FOLDER, Ok(self.tree(entries))),
                Submodule => (SUBMODULE, Oid::from_str(&"a".repeat(40))),
            };
            bytes.extend(format!("{mode:o} {name}\0").into_bytes());
            bytes.extend(id.expect("an object").as_bytes());
        }
        odb.write(git2::ObjectType::Tree, &bytes).expect("a tree")
    }

    fn commit(&self, branch: &str, entries: &[(&'static str, Entry)]) -> Oid {
        let tree = self
            .repository
            .find_tree(self.tree(entries))
            .expect("a tree");
        let who = Signature::now("test", "test@example.com").expect("a name");
        let branch = format!("refs/heads/{branch}");
        self.repository
            .commit(Some(&branch), &who, &who, "test", &tree, &[])
            .expect("a commit")
    }

    /// The paths below an address, and their texts, or the error without the folder's name.
    fn read(&self, rest: &str, revision: Option<&str>, limits: Limits) -> String {
        let base = format!("file://{}", self.folder.path().display());
        let url = format!("{base}/r.git{rest}");
        self.try_read(&url, revision, limits)
            .unwrap_or_else(|error| error.to_string().replace(&format!("{base}/r.git: "), ""))
    }

    fn try_read(
        &self,
        url: &str,
        revision: Option<&str>,
        limits: Limits,
    ) -> Result<String, SourceError> {
        let client = Client::new(ClientOptions {
            limits,
            ..ClientOptions::default()
        })?;
        let Address::Git(address) = Address::parse(url, revision)?.0 else {
            return Ok("a file".to_owned());
        };
        let folder = client.folder(&address, None)?;
        let files = folder.files.iter();
        let files = files.map(|(name, bytes)| format!("{name}={}", String::from_utf8_lossy(bytes)));
        Ok(files.collect::<Vec<_>>().join(" "))
    }
}

#[test]
fn addresses_of_branches_tags_and_commits() {
    let store = Store::new();
    let main = store.commit(
        "main",
        &[
            ("a.yaml", File("1")),
            ("folder", Folder(vec![("b.yaml", File("2"))])),
        ],
    );
    store.commit(
        "side/way",
        &[("folder", Folder(vec![("c.yaml", File("3"))]))],
    );
    let object = store.repository.find_object(main, None).expect("a commit");
    let who = Signature::now("test", "test@example.com").expect("a name");
    store
        .repository
        .tag("v1", &object, &who, "first", false)
        .expect("a tag");
    let long = main.to_string();
    let short: String = long.chars().take(8).collect();
    let all = "a.yaml=1 folder/b.yaml=2";
    let table = [
        ("", None, all),
        ("//folder", None, "folder/b.yaml=2"),
        ("//folder/b.yaml", None, "folder/b.yaml=2"),
        ("//folder", Some("main"), "folder/b.yaml=2"),
        ("//folder?ref=side/way", None, "folder/c.yaml=3"),
        ("//side/way/folder", None, "folder/c.yaml=3"),
        ("", Some("v1"), all),
        ("", Some("refs/heads/main"), all),
        ("", Some(&long), all),
        ("", Some(&short), all),
        ("", Some("gone"), "there is no branch, tag or commit `gone`"),
        (
            "",
            Some("ffffffff"),
            "there is no branch, tag or commit `ffffffff`",
        ),
        ("//gone", None, "there is no `gone` at `HEAD`"),
        (
            "//folder%2F..%2Fa.yaml",
            None,
            "there is no `folder/../a.yaml` at `HEAD`",
        ),
    ];
    for (rest, revision, wanted) in table {
        let found = store.read(rest, revision, Limits::default());
        assert_eq!(found, wanted, "{rest} {revision:?}");
    }
}

#[test]
fn links_and_names_stay_in_the_repository() {
    let inner = || Folder(vec![("b.yaml", File("2")), ("up", Link("../f"))]);
    let table = [
        (
            vec![("a.yaml", Link("f/b.yaml")), ("f", inner())],
            "a.yaml=2 f/b.yaml=2",
        ),
        (
            vec![("f", inner()), ("g", Link("f"))],
            "f/b.yaml=2 g/b.yaml=2",
        ),
        (
            vec![("f", inner()), ("g", Link("./f/../f/"))],
            "f/b.yaml=2 g/b.yaml=2",
        ),
        (
            vec![("a.yaml", Link("gone"))],
            "`a.yaml` is a link to `gone`, which is not there",
        ),
        (vec![("a", Link("gone"))], ""),
        (vec![("a", Link("a"))], "`a` is a link that leads nowhere"),
        (
            vec![("a", Link("/etc/passwd"))],
            "`a` is a link to `/etc/passwd`, which is outside of the repository",
        ),
        (
            vec![("a", Link("../../x"))],
            "`a` is a link to `../../x`, which is outside of the repository",
        ),
        (
            vec![("f", Folder(vec![("a", Link("../../x"))]))],
            "`f/a` is a link to `../../x`, which is outside of the repository",
        ),
        (
            vec![("f", Folder(vec![("..", File("1"))]))],
            "`f` holds the name `..`",
        ),
        (
            vec![("f", Folder(vec![("../../x.yaml", File("1"))]))],
            "`f` holds the name `../../x.yaml`",
        ),
        (
            vec![("f", Folder(vec![("a\\b", File("1"))]))],
            "`f` holds the name `a\\b`",
        ),
    ];
    for (entries, wanted) in table {
        let store = Store::new();
        store.commit("main", &entries);
        assert_eq!(store.read("", None, Limits::default()), wanted);
    }
}

#[test]
fn what_is_elsewhere_is_named() {
    const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n";
    let pointer = "`a.yaml` is a pointer of Git LFS, whose files are not fetched: keep manifests in git itself";
    let submodule =
        "`sub` is a submodule, which is another repository: give the address of that one";
    for (entries, rest, wanted) in [
        (vec![("a.yaml", File(POINTER))], "", pointer),
        (
            vec![("a.yaml", File("1")), ("b.png", File(POINTER))],
            "//a.yaml",
            "a.yaml=1",
        ),
        (
            vec![("a.yaml", File("1")), ("sub", Submodule)],
            "",
            "a.yaml=1",
        ),
        (
            vec![("a.yaml", File("1")), ("sub", Submodule)],
            "//sub",
            submodule,
        ),
        (
            vec![("sub", Submodule)],
            "//sub/policies",
            "there is no `sub/policies` at `HEAD`",
        ),
    ] {
        let store = Store::new();
        store.commit("main", &entries);
        assert_eq!(store.read(rest, None, Limits::default()), wanted, "{rest}");
    }
}

#[test]
fn limits() {
    let store = Store::new();
    store.commit(
        "main",
        &[
            ("a.yaml", File("12345")),
            ("b.png", File("1234567")),
            ("c.yaml", File("12345")),
        ],
    );
    let deep = Store::new();
    let mut entries = vec![("a.yaml", File("1"))];
    for _ in 0..200 {
        entries = vec![("f", Folder(entries))];
    }
    deep.commit("main", &entries);
    let limits = Limits::default();
    let table = [
        (
            &store,
            Limits { file: 6, ..limits },
            "a.yaml=12345 c.yaml=12345",
        ),
        (
            &store,
            Limits { file: 4, ..limits },
            "the size of a file exceeds the limit of 0 MiB",
        ),
        (
            &store,
            Limits { total: 9, ..limits },
            "the size of all files exceeds the limit of 0 MiB",
        ),
        (
            &store,
            Limits { files: 2, ..limits },
            "the number of files exceeds the limit of 2",
        ),
        (
            &store,
            Limits {
                time: Duration::ZERO,
                ..limits
            },
            "the time it takes exceeds the limit of 0 s",
        ),
        (
            &deep,
            limits,
            "the number or depth of folders exceeds the limit of 50000",
        ),
    ];
    for (store, limits, wanted) in table {
        assert_eq!(store.read("", None, limits), wanted);
    }
}
