//! Texts with manifests: cut into documents, which are read, evaluated and dropped in parallel.

use std::{
    cell::OnceCell,
    sync::{Arc, Mutex, PoisonError},
};

use portcullis_engine::PolicySet;
use portcullis_yaml::{Limits, Mode, RawDocument};

use super::{
    options::ApplyOptions,
    outcome::ApplyReport,
    subject::{PolicyKeys, Subject, apply_object},
};
use crate::{
    diagnostic::SourceFile,
    offline::{objects, places, source::OfflineSource},
};

/// The texts of the options, applied to.
pub(super) fn apply(set: &PolicySet, options: &ApplyOptions) -> ApplyReport {
    let texts = options.resources.iter().map(|source| Text {
        file: source.path.display().to_string().into(),
        source,
    });
    let texts: Vec<Text<'_>> = texts.collect();
    ApplyReport::of(apply_texts(set, &texts, options))
}

/// A text with manifests, and the name that results know it by.
struct Text<'t> {
    file: Arc<str>,
    source: &'t SourceFile,
}

/// How many documents a thread takes at a time: so few that no thread has long to wait at the end.
const CHUNK: usize = 16;

/// Cuts the texts into documents, while other threads already work on those that are cut off. The
/// answers stand in the order of the documents.
fn apply_texts(set: &PolicySet, texts: &[Text<'_>], options: &ApplyOptions) -> Vec<ApplyReport> {
    let done: Mutex<Vec<(usize, ApplyReport)>> = Mutex::default();
    let done_of = |number: usize, text: &Text<'_>, chunk: &[RawDocument<'_>]| {
        let part = apply_documents(set, text, chunk, options);
        let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
        done.push((number, part));
    };
    rayon::in_place_scope(|scope| {
        let mut number = 0;
        for text in texts {
            let mut documents = portcullis_yaml::documents(&text.source.text).fuse();
            loop {
                let chunk: Vec<RawDocument<'_>> = documents.by_ref().take(CHUNK).collect();
                if chunk.is_empty() {
                    break;
                }
                options.progress.expect(chunk.len());
                let done_of = &done_of;
                scope.spawn(move |_| done_of(number, text, &chunk));
                number += 1;
            }
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, part)| part).collect()
}

fn apply_documents(
    set: &PolicySet,
    manifests: &Text<'_>,
    documents: &[RawDocument<'_>],
    options: &ApplyOptions,
) -> ApplyReport {
    let source = OfflineSource::new(&options.world);
    let mut report = ApplyReport::default();
    let mut policies = PolicyKeys::default();
    for document in documents {
        options.progress.advance(1);
        let value = match document.read(Mode::Lenient, &Limits::default()) {
            Ok(value) => value,
            Err(error) => {
                report
                    .errors
                    .push(places::not_yaml(manifests.source, &error));
                continue;
            }
        };
        let file = || manifests.source.clone();
        if let Some(fault) = objects::not_manifest(&value, document.offset, file) {
            report.errors.push(fault);
            continue;
        }
        let is_list = objects::is_list(&value);
        let mut found = Vec::new();
        objects::add(value, &options.world.catalogue, &mut found);
        for (index, object) in found.iter().enumerate() {
            let subject = Subject {
                object,
                name: OnceCell::new(),
                file: &manifests.file,
                offset: document.offset,
                item: is_list.then_some(index),
            };
            apply_object(set, &subject, &source, options, &mut policies, &mut report);
        }
    }
    report
}
