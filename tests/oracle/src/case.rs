//! A case: the files that both programs are given, and what is asked of them.

use std::{fs, io, path::Path};

use portcullis_yaml::{Limits, Mode, documents};
use serde_json::Value;

use crate::dice::Dice;

/// A room of what Kyverno's kinds can do: policies and objects that are drawn for it.
pub(crate) struct Family {
    /// The name on the command line and in the figures.
    pub(crate) name: &'static str,
    /// What both programs are asked to do.
    pub(crate) command: Command,
    /// Draws a case of at most so many policies, and about so many objects.
    pub(crate) draw: fn(&Dice, Size) -> Case,
}

/// How large a case is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) policies: usize,
    pub(crate) objects: usize,
}

/// A command of both programs, and so what is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// `apply`: the rows of its report, the policies that it refuses, and objects that are changed or made.
    Apply,
    /// `apply --json`, with the only object as the payload.
    ApplyJson,
    /// `test`: the rows of its table.
    Test,
}

/// The files of a folder that both programs are run in. Documents are YAML, JSON among it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Case {
    /// Each a file `policies/N.yaml`.
    pub(crate) policies: Vec<String>,
    /// The documents of `objects.yaml`.
    pub(crate) objects: Vec<String>,
    /// Other files by name.
    pub(crate) files: Vec<(String, String)>,
    /// Arguments beside those that name policies and objects.
    pub(crate) arguments: Vec<String>,
}

impl Case {
    /// The same with half of the policies, and with the other half; none of a single one.
    pub(crate) fn halves(&self) -> Option<[Case; 2]> {
        let (first, second) = self.policies.split_at(self.policies.len() / 2);
        let of = |policies: &[String]| Case {
            policies: policies.to_vec(),
            ..self.clone()
        };
        (!first.is_empty()).then(|| [of(first), of(second)])
    }

    /// Writes the files.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder.join("policies"))?;
        for (index, policy) in self.policies.iter().enumerate() {
            fs::write(folder.join(policy_file(index)), policy)?;
        }
        fs::write(folder.join("objects.yaml"), self.objects.join("\n---\n"))?;
        for (name, text) in &self.files {
            fs::write(folder.join(name), text)?;
        }
        Ok(())
    }
}

/// The file of a policy, in the folder of its case.
pub(crate) fn policy_file(index: usize) -> String {
    format!("policies/{index:03}.yaml")
}

/// The documents of a YAML text that can be read.
pub(crate) fn read(text: &str) -> Vec<Value> {
    documents(text)
        .filter_map(|document| document.read(Mode::Lenient, &Limits::default()).ok())
        .filter(|value| !value.is_null())
        .collect()
}

/// What names an object in reports: `namespace/Kind/name`.
pub(crate) fn object_key(object: &Value) -> String {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    key(
        text("/metadata/namespace"),
        text("/kind"),
        text("/metadata/name"),
    )
}

/// `namespace/Kind/name`, where a namespace that is left out is `default`, as in reports of objects in one.
pub(crate) fn key(namespace: &str, kind: &str, name: &str) -> String {
    let namespace = if namespace == "default" {
        ""
    } else {
        namespace
    };
    format!("{namespace}/{kind}/{name}")
}
