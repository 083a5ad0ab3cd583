//! A revision: the files of a commit, judged by the pipeline, as the objects that are wanted.

mod environment;
mod manifests;

use std::{io, path::Path, sync::Arc};

use portcullis_pipeline::{
    diagnostic::{Diagnostic, Place},
    files::shown,
};
use serde_json::Value;

use crate::{
    annotations::{self, COMMIT, LINE, PATH, SOURCE, SYNCED_BY},
    source::{Checkout, Part, Source},
};

/// What a commit wants.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// The commit.
    pub commit: String,
    /// Its message.
    pub message: String,
    /// The objects, each with its annotations.
    pub objects: Vec<Arc<Value>>,
}

/// An object with the place that it is written at.
struct Found {
    object: Value,
    path: String,
    line: usize,
}

/// Judges a commit, and gives what it wants; `now` decides which exceptions have expired.
///
/// # Errors
/// What stops the revision, each with its file and line.
pub fn read(source: &Source, checkout: &Checkout, now: i128) -> Result<Revision, Vec<Diagnostic>> {
    let found = match &source.part {
        Part::Environment(name) => environment::read(checkout, name, now),
        Part::Path(_) => manifests::read(checkout),
    };
    let found = found.map_err(|faults| {
        let root = checkout.folder.path();
        faults
            .into_iter()
            .map(|fault| in_repository(fault, root))
            .collect::<Vec<_>>()
    })?;
    let objects = found.into_iter().map(|found| {
        let mut object = plain(found.object);
        for (name, value) in [
            (SYNCED_BY, source.name.as_str()),
            (SOURCE, &checkout.repository),
            (COMMIT, &checkout.commit),
            (PATH, &found.path),
            (LINE, &found.line.to_string()),
        ] {
            annotations::set(&mut object, name, value);
        }
        Arc::new(object)
    });
    Ok(Revision {
        commit: checkout.commit.clone(),
        message: checkout.message.clone(),
        objects: objects.collect(),
    })
}

/// An object without what only the server writes.
fn plain(mut object: Value) -> Value {
    const OF_SERVER: [&str; 6] = [
        "creationTimestamp",
        "generation",
        "managedFields",
        "resourceVersion",
        "selfLink",
        "uid",
    ];
    if let Some(top) = object.as_object_mut() {
        top.remove("status");
        if let Some(metadata) = top.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.retain(|name, _| !OF_SERVER.contains(&name.as_str()));
        }
    }
    object
}

/// A finding with the paths of the repository, not of the folder that it was fetched to.
fn in_repository(mut fault: Diagnostic, root: &Path) -> Diagnostic {
    let roots = [root.to_owned(), shown(root)];
    let relocate = |place: &mut Place| {
        let path = &place.file.path;
        let below = roots.iter().find_map(|root| path.strip_prefix(root).ok());
        if let Some(below) = below.map(Path::to_path_buf) {
            place.file.path = below;
        }
    };
    fault.place.iter_mut().for_each(relocate);
    fault
        .related
        .iter_mut()
        .for_each(|(place, _)| relocate(place));
    fault
}

/// A path as every system writes it.
fn slashed(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::unreadable(path, error)
}
