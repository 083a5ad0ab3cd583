//! Folders of repositories, fetched from git's `http-backend`.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use portcullis_e2e::servers::{Serving, Test};
use portcullis_sources::{Address, Client, ClientOptions, Credentials, Limits};
use tempfile::TempDir;

pub(crate) const ALL: &[Test] = &[
    ("revisions_are_fetched", revisions),
    ("servers_of_the_older_protocol", older),
    ("users_and_certificates", users),
    ("limits_and_broken_packs", broken),
    ("files", files),
];

const SECRET: [(&str, &str); 2] = [("USERNAME", "me"), ("PASSWORD", "p@ss")];

/// A folder with the repository `o/r.git`, of two branches and a tag, and a file beside it.
fn served() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let work = folder.path().join("work");
    fs::create_dir_all(work.join("policies/deep")).unwrap();
    fs::create_dir_all(folder.path().join("files")).unwrap();
    fs::write(folder.path().join("files/one.yaml"), "one: 1\n").unwrap();
    fs::write(work.join("README.md"), "read me").unwrap();
    fs::write(work.join("policies/a.yaml"), "first").unwrap();
    git(&work, &["init", "-q", "-b", "main"]);
    commit(&work);
    git(&work, &["tag", "-a", "v1", "-m", "one"]);
    let first = git(&work, &["rev-parse", "HEAD"]);
    fs::write(work.join("policies/a.yaml"), "second").unwrap();
    fs::write(work.join("policies/deep/b.yaml"), "deep").unwrap();
    commit(&work);
    git(&work, &["checkout", "-q", "-b", "side/way"]);
    fs::write(work.join("policies/a.yaml"), "aside").unwrap();
    commit(&work);
    git(&work, &["checkout", "-q", "main"]);
    git(folder.path(), &["clone", "-q", "--bare", "work", "o/r.git"]);
    (folder, first)
}

fn commit(work: &Path) {
    git(work, &["add", "-A"]);
    git(work, &["commit", "-q", "-m", "change"]);
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=test", "-c", "user.email=test@example.com"]);
    command.args(["-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false"]);
    let output = command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The files at an address with their texts, or the error, without the server's address.
fn fetch(server: &Serving, rest: &str, revision: Option<&str>, options: ClientOptions) -> String {
    let url = format!("{}{rest}", server.url());
    let found = Client::new(options).and_then(|client| {
        let (address, who) = Address::parse(&url, revision)?;
        let Address::Git(address) = address else {
            let Address::File(url) = address else {
                return Ok(String::new());
            };
            return client.file(&url, who.as_ref());
        };
        let folder = client.folder(&address, who.as_ref())?;
        let files = folder.files.iter();
        let files = files.map(|(name, bytes)| format!("{name}={}", String::from_utf8_lossy(bytes)));
        Ok(files.collect::<Vec<_>>().join(" "))
    });
    found.unwrap_or_else(|error| error.to_string().replace(server.url(), ""))
}

/// What revisions and paths are, whatever protocol the server speaks.
fn check_revisions(server: &Serving, first: &str) {
    let main = "policies/a.yaml=second policies/deep/b.yaml=deep";
    let old = "policies/a.yaml=first";
    for (rest, revision, wanted) in [
        ("/o/r.git/policies", None, main),
        ("/o/r.git//policies/deep", None, "policies/deep/b.yaml=deep"),
        ("/o/r.git/policies/a.yaml", Some("v1"), old),
        ("/o/r.git/policies", Some("main"), main),
        ("/o/r.git/policies?ref=v1", None, old),
        ("/o/r.git/v1/policies", None, old),
        (
            "/o/r.git/side/way/policies/a.yaml",
            None,
            "policies/a.yaml=aside",
        ),
        ("/o/r.git/policies", Some(first), old),
        ("/moved/o/r.git/policies", None, main),
        (
            "/o/r.git/policies",
            Some("gone"),
            "/o/r.git: there is no branch, tag or commit `gone`",
        ),
        (
            "/o/r.git/gone",
            None,
            "/o/r.git: there is no `gone` at `HEAD`",
        ),
        (
            "/o/gone.git",
            None,
            "/o/gone.git: the server answers 404 Not Found",
        ),
    ] {
        let found = fetch(server, rest, revision, ClientOptions::default());
        assert_eq!(found, wanted, "{rest} {revision:?}");
    }
}

fn revisions(program: &Path) {
    let (folder, first) = served();
    let server = Serving::start(program, "git", folder.path(), &[]).unwrap();
    check_revisions(&server, &first);
    // A server may itself have no more than the last commit.
    let whole = format!("file://{}", folder.path().join("o/r.git").display());
    let clone = [
        "clone",
        "-q",
        "--bare",
        "--depth",
        "1",
        &whole,
        "o/shallow.git",
    ];
    git(folder.path(), &clone);
    for url in [
        "/o/shallow.git/policies/a.yaml",
        "/o/shallow.git/main/policies/a.yaml",
    ] {
        let found = fetch(&server, url, None, ClientOptions::default());
        assert_eq!(found, "policies/a.yaml=second", "{url}");
    }
    let unknown = "f".repeat(40);
    let found = fetch(
        &server,
        "/o/r.git",
        Some(&unknown),
        ClientOptions::default(),
    );
    assert!(found.contains("not our ref"), "{found}");
}

fn older(program: &Path) {
    let (folder, first) = served();
    // The older protocol gives any commit only where the repository allows it.
    let bare = folder.path().join("o/r.git");
    git(&bare, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
    let server = Serving::start(program, "git", folder.path(), &[("OLD", "1")]).unwrap();
    check_revisions(&server, &first);
}

fn users(program: &Path) {
    let (folder, _) = served();
    let authority = folder.path().join("authority.pem");
    let tls = [("TLS", authority.to_str().unwrap())];
    let settings = [&SECRET[..], &tls].concat();
    let server = Serving::start(program, "git", folder.path(), &settings).unwrap();
    let pem = fs::read(&authority).unwrap();
    let path = "/o/r.git/policies/a.yaml?ref=v1";
    let who = |username: &str, password: &str| {
        let (username, password) = (username.to_owned(), password.to_owned());
        Some(Credentials { username, password })
    };
    for (authorities, credentials, wanted) in [
        (
            Some(pem.clone()),
            who("me", "p@ss"),
            "policies/a.yaml=first",
        ),
        (
            Some(pem.clone()),
            who("me", "wrong"),
            "the server refuses access (401)",
        ),
        (Some(pem.clone()), None, "the server refuses access (401)"),
        (None, who("me", "p@ss"), "certificate"),
        (
            Some(b"nothing".to_vec()),
            None,
            "there is no certificate in PEM",
        ),
    ] {
        let options = ClientOptions {
            authorities,
            credentials,
            ..ClientOptions::default()
        };
        let found = fetch(&server, path, None, options);
        assert!(found.contains(wanted), "{found}");
        assert!(
            !found.contains("p@ss") && !found.contains("wrong"),
            "{found}"
        );
    }
    let named = format!(
        "https://me:p%40ss@{}",
        server.url().trim_start_matches("https://")
    );
    let (address, who) = Address::parse(&format!("{named}{path}"), None).unwrap();
    assert!(matches!(address, Address::Git(_)), "{address:?}");
    let Address::Git(address) = address else {
        return;
    };
    let options = ClientOptions {
        authorities: Some(pem),
        ..ClientOptions::default()
    };
    let folder = Client::new(options)
        .unwrap()
        .folder(&address, who.as_ref())
        .unwrap();
    assert_eq!(folder.files.len(), 1);
}

fn broken(program: &Path) {
    let (folder, _) = served();
    let server = Serving::start(program, "git", folder.path(), &[]).unwrap();
    let limits = Limits::default();
    for (limits, wanted) in [
        (
            Limits {
                transfer: 300,
                ..limits
            },
            "the answer is larger than the limit",
        ),
        (
            Limits {
                objects: 2,
                ..limits
            },
            "cannot be used",
        ),
        (
            Limits {
                time: Duration::ZERO,
                ..limits
            },
            "the answer takes longer than the limit",
        ),
    ] {
        let options = ClientOptions {
            limits,
            ..ClientOptions::default()
        };
        let found = fetch(&server, "/o/r.git", None, options);
        assert!(found.contains(wanted), "{found}");
    }
    fs::create_dir_all(folder.path().join("files/page/info")).unwrap();
    fs::write(folder.path().join("files/page/info/refs"), "<html>").unwrap();
    fs::create_dir_all(folder.path().join("files/lines/info")).unwrap();
    fs::write(folder.path().join("files/lines/info/refs"), "0000").unwrap();
    for (file, wanted) in [
        ("/files/page//x", "the server does not speak git's protocol"),
        ("/files/lines//x", "this is no git repository"),
        ("/files/none//x", "the server answers 404"),
    ] {
        let found = fetch(&server, file, None, ClientOptions::default());
        assert!(found.contains(wanted), "{found}");
    }
    let server = Serving::start(program, "git", folder.path(), &[("BROKEN", "1")]).unwrap();
    let found = fetch(&server, "/o/r.git", None, ClientOptions::default());
    let wanted = "/o/r.git: what the server sent cannot be used: ";
    assert!(found.starts_with(wanted), "{found}");
}

fn files(program: &Path) {
    let (folder, _) = served();
    let server = Serving::start(program, "git", folder.path(), &[]).unwrap();
    let limits = Limits {
        file: 3,
        ..Limits::default()
    };
    let small = ClientOptions {
        limits,
        ..ClientOptions::default()
    };
    for (path, options, wanted) in [
        ("/files/one.yaml", ClientOptions::default(), "one: 1\n"),
        (
            "/moved/files/one.yaml",
            ClientOptions::default(),
            "one: 1\n",
        ),
        (
            "/files/two.yaml",
            ClientOptions::default(),
            "/files/two.yaml: the server answers 404 Not Found",
        ),
        (
            "/files/one.yaml",
            small,
            "/files/one.yaml: the answer is larger than the limit",
        ),
    ] {
        assert_eq!(fetch(&server, path, None, options), wanted);
    }
}
