//! Where in the manifests a result stands, and where in the policies a rule that ended in an error.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use portcullis_pipeline::{
    apply::{Applied, ApplyOptions},
    diagnostic::{Place, SourceFile},
    offline::{self, yaml_files},
};
use portcullis_yaml::{Document, Limits, Mode};

use crate::commands::policy_places::{self, follow};

/// Of more results than this, only the line is told in which the manifest starts: to find the field
/// that failed, the manifest is read anew.
const EXACT: usize = 1000;

/// The texts of the manifests by name, and the document that was last looked into. A copy shares the
/// texts.
#[derive(Clone)]
pub(super) struct Places<'r> {
    files: Arc<BTreeMap<String, &'r SourceFile>>,
    options: &'r ApplyOptions,
    policies: Arc<OnceLock<Vec<SourceFile>>>,
    is_exact: bool,
    last: Option<(Arc<str>, usize, Option<Document>)>,
}

impl<'r> Places<'r> {
    /// The places of so many results in manifests.
    pub(super) fn new(options: &'r ApplyOptions, results: usize) -> Places<'r> {
        let files = options.resources.iter();
        let files = files.map(|file| (file.path.display().to_string(), file));
        Places {
            files: Arc::new(files.collect()),
            options,
            policies: Arc::default(),
            is_exact: results <= EXACT,
            last: None,
        }
    }

    /// The field that a result is about, or else its manifest; none where it is about an object of a
    /// cluster.
    pub(super) fn of(&mut self, one: &Applied) -> Option<Place> {
        let file = SourceFile::clone(self.files.get(&*one.file)?);
        let field = (self.is_exact && (!one.path.is_empty() || one.item.is_some()))
            .then(|| self.field(&file, one))
            .flatten();
        let start = one.offset;
        let span = match field {
            Some(span) => span.start + start..span.end + start,
            None => first_line(&file.text, start),
        };
        Some(Place { file, span })
    }

    /// The rule of a result, which says more than its object where the rule cannot be evaluated.
    pub(super) fn rule(&self, one: &Applied) -> Option<(Place, &'static str)> {
        let files = self.policies.get_or_init(|| policies(self.options));
        policy_places::of_rule(files, &one.policy, (&one.rule, one.expression.as_deref()))
    }

    fn field(&mut self, file: &SourceFile, one: &Applied) -> Option<std::ops::Range<usize>> {
        let document = self.document(file, one)?;
        let object = one.item.map(|item| format!("/items/{item}"));
        let object = object.unwrap_or_default();
        let (field, _) = follow(document.value.pointer(&object)?, &one.path, &|key| key);
        // A field that is missing is told by the key above it.
        Some(document.spans.of_pointer(&(object + &field), true))
    }

    fn document(&mut self, file: &SourceFile, one: &Applied) -> Option<&Document> {
        let is_known = self
            .last
            .as_ref()
            .is_some_and(|(name, offset, _)| (&**name, *offset) == (&*one.file, one.offset));
        if !is_known {
            let rest = file.text.get(one.offset..).unwrap_or_default();
            let document = portcullis_yaml::documents(rest).next();
            let read = |document: portcullis_yaml::RawDocument<'_>| {
                document
                    .read_document(Mode::Lenient, &Limits::default())
                    .ok()
            };
            let document = document.and_then(read);
            self.last = Some((Arc::clone(&one.file), one.offset, document));
        }
        self.last.as_ref()?.2.as_ref()
    }
}

/// The files of policies; what cannot be read is told elsewhere.
fn policies(options: &ApplyOptions) -> Vec<SourceFile> {
    let overrides = &options.overrides;
    let paths = options.policies.iter().flat_map(|path| {
        if overrides.contains_key(path) {
            return vec![path.clone()];
        }
        yaml_files(path).unwrap_or_default()
    });
    let files = paths.filter_map(|path| offline::read(&path, overrides).ok());
    files.collect()
}

/// The first line of a document that says something.
fn first_line(text: &str, offset: usize) -> std::ops::Range<usize> {
    let mut start = offset;
    let rest = text.get(offset..).unwrap_or_default();
    for line in rest.split_inclusive('\n') {
        let said = line.trim();
        if !said.is_empty() && !said.starts_with('#') && said != "---" {
            return start..start + line.trim_end().len();
        }
        start += line.len();
    }
    offset..offset
}
