//! A repository with a workspace, and what is synced from it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use portcullis_e2e::control_plane::ControlPlane;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    kyverno,
    portcullis::{Said, run, run_plainly},
};

/// A repository with a workspace, and the source that is synced from it.
pub(crate) struct Source<'p> {
    pub(crate) plane: &'p ControlPlane,
    pub(crate) folder: TempDir,
    name: &'static str,
}

impl<'p> Source<'p> {
    /// A workspace with the policy `NAME-label`, committed.
    pub(crate) fn new(plane: &'p ControlPlane, name: &'static str) -> Source<'p> {
        kyverno::define(plane);
        let namespaces = plane.kubectl(&["create", "namespace", "portcullis"], "");
        if let Err(error) = namespaces {
            assert!(error.to_string().contains("already exists"), "{error}");
        }
        let source = Source {
            plane,
            folder: tempfile::tempdir().unwrap(),
            name,
        };
        let root = source.root();
        let made = run_plainly(&["new", "workspace", root.to_str().unwrap()]);
        assert_eq!(made.code, 0, "{}", made.talk);
        fs::remove_dir_all(root.join("policy-library/best-practices/require-app-label")).unwrap();
        source.add_policy("label");
        git(&root, &["init", "-q", "-b", "main"]);
        source.commit("Start");
        source
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Adds the policy `SOURCE-NAME` to the library.
    pub(crate) fn add_policy(&self, name: &str) {
        let (root, policy) = (self.root(), format!("best-practices/{}-{name}", self.name));
        let of = ["--workspace", root.to_str().unwrap()];
        let made = run_plainly(&[&["new", "policy", &policy], &of[..]].concat());
        assert_eq!(made.code, 0, "{}", made.talk);
    }

    pub(crate) fn remove_policy(&self, name: &str) {
        let folder = format!("policy-library/best-practices/{}-{name}", self.name);
        fs::remove_dir_all(self.root().join(folder)).unwrap();
    }

    /// Changes a text in a file of the repository.
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.root().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }

    pub(crate) fn template(&self, name: &str) -> String {
        format!(
            "policy-library/best-practices/{}-{name}/policy.yaml",
            self.name
        )
    }

    pub(crate) fn commit(&self, message: &str) -> String {
        git(&self.root(), &["add", "-A"]);
        git(&self.root(), &["commit", "-q", "-m", message]);
        git(&self.root(), &["rev-parse", "HEAD"])
    }

    pub(crate) fn sync(&self, flags: &[&str]) -> Said {
        let url = format!("file://{}", self.root().display());
        let of = ["sync", &url, "--name", self.name];
        run(&self.plane.kubeconfig(), &[&of, flags].concat())
    }

    /// Syncs the environment, which must go well, and gives what was written.
    pub(crate) fn once(&self) -> String {
        let said = self.sync(&["--environment", "production", "--once"]);
        assert_eq!(said.code, 0, "{}{}", said.data, said.talk);
        said.data
    }

    /// Syncs the environment, which must be refused, changes nothing, and gives what is said.
    pub(crate) fn refused(&self, flags: &[&str]) -> String {
        let before = self.versions();
        let said = self.sync(flags);
        assert_ne!(said.code, 0, "{}", said.data);
        assert_eq!(self.versions(), before);
        said.talk
    }

    pub(crate) fn policy(&self, name: &str) -> Value {
        let name = format!("{}-{name}", self.name);
        let found = [
            "get",
            "clusterpolicy",
            &name,
            "-o",
            "json",
            "--show-managed-fields",
        ];
        serde_json::from_str(&self.plane.kubectl(&found, "").unwrap()).unwrap()
    }

    /// The name and version of each policy of the source, and of its inventory.
    pub(crate) fn versions(&self) -> Vec<String> {
        let path =
            "jsonpath={range .items[*]}{.metadata.name} {.metadata.resourceVersion}{\"\\n\"}{end}";
        let list = [
            "get",
            "clusterpolicies,configmaps",
            "-n",
            "portcullis",
            "-o",
            path,
        ];
        let listed = self.plane.kubectl(&list, "").unwrap();
        let own = listed.lines().filter(|line| line.contains(self.name));
        own.map(str::to_owned).collect()
    }
}

pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=test", "-c", "user.email=test@example.com"]);
    command.args(["-c", "commit.gpgsign=false"]);
    let output = command
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(crate) fn contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part}: {text}");
    }
}

impl Source<'_> {
    pub(crate) fn commit_of_head(&self) -> String {
        git(&self.root(), &["rev-parse", "HEAD"])
    }

    pub(crate) fn commit_nothing(&self, message: &str) {
        git(
            &self.root(),
            &["commit", "-q", "--allow-empty", "-m", message],
        );
    }

    pub(crate) fn update_readmes(&self) {
        let root = self.root();
        let made = run_plainly(&["render", "--readmes", "--workspace", root.to_str().unwrap()]);
        assert_eq!(made.code, 0, "{}", made.talk);
    }
}
