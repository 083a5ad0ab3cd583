//! The steps of the GitHub action (`action.yml`), on a pull request of a scratch repository.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at what it does not expect"
)]

#[path = "action/comments.rs"]
mod comments;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Arc, Mutex},
};

use comments::State;

const STEP: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../.github/action/pull-request"
);
const POLICY: &str = "policy-library/best-practices/require-app-label/policy.yaml";
const MARKER: &str = "<!-- portcullis: . -->\n";

/// A repository with a branch `main`, and a shallow clone of its branch `change`.
struct Change {
    folder: PathBuf,
    base: String,
    comments: Arc<Mutex<State>>,
    api: String,
}

impl Change {
    fn new(name: &str) -> Change {
        let name = format!("portcullis-action-{name}-{}", std::process::id());
        let folder = env::temp_dir().join(name);
        let origin = folder.join("origin");
        fs::create_dir_all(&origin).unwrap();
        ok(portcullis(&origin).args(["new", "workspace", "."]));
        git(&origin, &["init", "-q", "-b", "main"]);
        commit(&origin);
        let base = git(&origin, &["rev-parse", "HEAD"]);
        git(&origin, &["checkout", "-q", "-b", "change"]);
        let environment = "environments/production/environment.yaml";
        edit(&origin, environment, &|text| {
            text.replace("action: Audit", "action: Enforce")
        });
        commit(&origin);
        let url = format!("file://{}", origin.display());
        git(&folder, &["clone", "-q", "--depth", "1", &url, "clone"]);
        let comments = Arc::<Mutex<State>>::default();
        let api = comments::start(&comments);
        Change {
            folder,
            base,
            comments,
            api,
        }
    }

    /// Changes a file of the branch, and fetches it.
    fn push(&self, file: &str, change: &dyn Fn(String) -> String) {
        edit(&self.folder.join("origin"), file, change);
        commit(&self.folder.join("origin"));
        git(&self.clone(), &["pull", "-q"]);
    }

    fn clone(&self) -> PathBuf {
        self.folder.join("clone")
    }

    fn run(&self, fail_on: &str) -> (Option<i32>, String) {
        let done = on_path(Command::new(STEP).current_dir(self.clone()))
            .env("PORTCULLIS_BASE", &self.base)
            .env("PORTCULLIS_PULL_REQUEST", "7")
            .env("PORTCULLIS_FAIL_ON", fail_on)
            .env("GITHUB_API_URL", &self.api)
            .env("GITHUB_REPOSITORY", "acme/policies")
            .env("GITHUB_TOKEN", "secret")
            .env("GITHUB_STEP_SUMMARY", self.folder.join("summary"))
            .output()
            .unwrap();
        (done.status.code(), text(&done))
    }

    fn diff(&self, more: &[&str]) -> String {
        let range = format!("{}..HEAD", self.base);
        let words = ["diff", &range, "--format", "markdown"];
        ok(portcullis(&self.clone()).args(words).args(more))
    }

    fn comments(&self) -> Vec<String> {
        self.comments.lock().unwrap().comments.clone()
    }
}

impl Drop for Change {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).unwrap();
    }
}

#[test]
fn one_comment_tells_what_changes_in_each_environment() {
    let change = Change::new("comment");
    // Ours is looked for behind a full page of others'.
    let others: Vec<String> = (0..100).map(|number| format!("comment {number}")).collect();
    change.comments.lock().unwrap().comments = others.clone();
    let (code, said) = change.run("");
    assert_eq!(code, Some(0), "{said}");
    let first = change.diff(&[]);
    assert!(
        first.contains("### production: 0 added, 0 removed, 1 changed"),
        "{first}"
    );
    assert_eq!(change.comments()[100..], [format!("{MARKER}{first}")]);
    // Beside the heading of the whole, that is the difference of each environment.
    let production = change.diff(&["--env", "production"]);
    assert_eq!(first, production);

    ok(portcullis(&change.folder.join("origin")).args(["new", "environment", "staging"]));
    change.push(POLICY, &|text| {
        text.replace("subject: Pod", "subject: Workload")
    });
    let (code, said) = change.run("");
    assert_eq!(
        code,
        Some(1),
        "the README no longer says what the policy says: {said}"
    );
    let second = change.diff(&[]);
    assert_ne!(first, second);
    for environment in ["production", "staging"] {
        let alone = change.diff(&["--env", environment]);
        let (_, section) = alone.split_once("### ").unwrap();
        assert!(
            second.contains(section.trim_end()),
            "{section}\nin\n{second}"
        );
    }
    let fails = "\n**It does not pass**: see the log of this run.\n";
    assert_eq!(
        change.comments()[100..],
        [format!("{MARKER}{second}{fails}")]
    );
    assert_eq!(change.comments()[..100], others[..]);
    let asked = change.comments.lock().unwrap().asked.clone();
    let written: Vec<&String> = asked
        .iter()
        .filter(|asked| !asked.starts_with("GET"))
        .collect();
    assert_eq!(
        written,
        [
            "POST /repos/acme/policies/issues/7/comments",
            "PATCH /repos/acme/policies/issues/comments/101"
        ]
    );
    let summary = fs::read_to_string(change.folder.join("summary")).unwrap();
    assert_eq!(summary, format!("{MARKER}{first}{MARKER}{second}{fails}"));
}

#[test]
fn what_is_refused_fails_the_run() {
    let change = Change::new("refused");
    let (code, said) = change.run("looser");
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = change.run("change");
    assert_eq!(code, Some(1), "{said}");
    let refused = "::error::the change is one that `fail-on: change` refuses";
    assert!(said.contains(refused), "{said}");
    change.push(POLICY, &|text| text.replace("<% action %>", "<% acton %>"));
    let (code, said) = change.run("");
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("::error::an environment cannot be rendered"),
        "{said}"
    );
    assert!(said.contains(POLICY), "{said}");
}

#[test]
fn a_token_that_may_only_read_is_a_warning() {
    let change = Change::new("fork");
    change.comments.lock().unwrap().is_read_only = true;
    let (code, said) = change.run("");
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("::warning::the comment could not be written"),
        "{said}"
    );
    let summary = fs::read_to_string(change.folder.join("summary")).unwrap();
    assert_eq!(summary, format!("{MARKER}{}", change.diff(&[])));
    assert!(!said.contains("secret"), "{said}");
}

fn portcullis(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.current_dir(folder).env("NO_COLOR", "1");
    command
}

/// The command with `portcullis` on its path.
fn on_path(command: &mut Command) -> &mut Command {
    let program = Path::new(env!("CARGO_BIN_EXE_portcullis"));
    let paths = [program.parent().unwrap().to_owned()].into_iter();
    let system = env::var_os("PATH").unwrap();
    let paths = env::join_paths(paths.chain(env::split_paths(&system))).unwrap();
    command.env("PATH", paths).env("NO_COLOR", "1")
}

fn edit(folder: &Path, file: &str, change: &dyn Fn(String) -> String) {
    let path = folder.join(file);
    let before = fs::read_to_string(&path).unwrap();
    let after = change(before.clone());
    assert_ne!(before, after, "{file}");
    fs::write(path, after).unwrap();
}

fn commit(folder: &Path) {
    git(folder, &["add", "-A"]);
    let author = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
    git(
        folder,
        &[&author[..], &["commit", "-q", "-m", "change"]].concat(),
    );
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    ok(Command::new("git").current_dir(folder).args(arguments))
        .trim_end()
        .to_owned()
}

fn ok(command: &mut Command) -> String {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{command:?}\n{}", text(&done));
    String::from_utf8(done.stdout).unwrap()
}

fn text(done: &Output) -> String {
    let (out, err) = (&done.stdout, &done.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}
