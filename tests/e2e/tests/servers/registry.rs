//! Policies and images in the distribution project's registry.

mod http;
mod policies;
mod questions;
mod sign_in;

use std::{ffi::OsString, fs, path::Path};

use portcullis_e2e::{
    portcullis::{self, Said},
    servers::{Serving, Test},
};
use tempfile::TempDir;

pub(crate) const ALL: &[Test] = &[
    ("policies_are_pushed_and_pulled", policies::push_and_pull),
    ("files_in_the_way", policies::in_the_way),
    ("archives_of_policies", policies::archive),
    ("registries_with_users", policies::users),
    ("what_is_no_bundle", policies::broken),
    ("images_that_policies_ask_for", questions::apply),
    ("images_that_policies_sign_in_for", sign_in::apply),
    ("images_that_suites_ask_for", questions::test),
];

/// A registry, its folder, and a folder for the files of a test.
struct Registry {
    server: Serving,
    kept: TempDir,
    files: TempDir,
}

impl Registry {
    fn start(program: &Path, settings: &[(&str, &str)]) -> Registry {
        let kept = tempfile::tempdir().unwrap();
        Registry {
            server: Serving::start(program, "registry", kept.path(), settings).unwrap(),
            kept,
            files: tempfile::tempdir().unwrap(),
        }
    }

    /// Host and port.
    fn host(&self) -> &str {
        let url = self.server.url();
        url.split_once("://").unwrap().1
    }

    fn file(&self, name: &str, text: &str) {
        let path = self.files.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        let text = fs::read_to_string(self.files.path().join(name));
        text.unwrap_or_else(|error| error.kind().to_string())
    }

    /// Runs a command, in which `HOST` stands for the registry and `/` for the folder of files.
    fn run(&self, arguments: &[&str]) -> Said {
        let arguments = arguments.iter().map(|argument| {
            let path = argument
                .strip_prefix('/')
                .map(|path| self.files.path().join(path));
            match path {
                Some(path) => path.into_os_string(),
                None => OsString::from(argument.replace("HOST", self.host())),
            }
        });
        let said = portcullis::run(&arguments.collect::<Vec<_>>());
        let plain = |text: &str| {
            let text = text.replace(self.host(), "HOST");
            text.replace(&format!("{}/", self.files.path().display()), "/")
        };
        Said {
            code: said.code,
            data: plain(&said.data),
            talk: plain(&said.talk),
        }
    }

    /// What a command is to answer.
    #[track_caller]
    fn check(&self, arguments: &[&str], code: u8, words: &[&str]) -> Said {
        let said = self.run(arguments);
        assert_eq!(said.code, code, "{arguments:?}: {said:?}");
        for word in words {
            let is_said = said.data.contains(word) || said.talk.contains(word);
            assert!(is_said, "{arguments:?}: no `{word}` in {said:?}");
        }
        said
    }
}
