//! What stands in the way of an object, with its place in the repository.

use portcullis_cluster::ClusterError;

use crate::{
    annotations::{self, LINE, PATH},
    plan::Write,
    sync_error::SyncError,
};

/// A kind that is not there.
pub(super) const NOT_SERVED: &str =
    "the cluster does not serve this kind: install its CustomResourceDefinition first";
/// How the server says that nothing is created in a namespace that is on its way out.
const TERMINATING: &str = "because it is being terminated";
/// How it says, with status 500, that an object does not fit its schema.
const MALFORMED: &str = "failed to create typed patch object";

/// An object that the server or the plan has something against.
pub(super) fn refused(write: &Write, reason: &str) -> SyncError {
    let (path, line, object) = place(write);
    SyncError::Object {
        path,
        line,
        object,
        reason: reason.to_owned(),
    }
}

/// What the server says when it is asked to write an object.
pub(super) fn of_object(write: &Write, error: ClusterError) -> SyncError {
    match error {
        ClusterError::Refused { message, .. } if message.contains(TERMINATING) => {
            let (path, line, object) = place(write);
            SyncError::Terminating {
                path,
                line,
                object,
                namespace: write.key.namespace.clone(),
            }
        }
        ClusterError::Refused { message, code, .. }
            if is_about_the_object(code) || message.contains(MALFORMED) =>
        {
            refused(write, &format!("the server refuses it: {message} ({code})"))
        }
        other => SyncError::Cluster(other),
    }
}

/// Whether a status of HTTP says that the object cannot be written as it is, and not that the server
/// cannot answer, that somebody else writes it too, or that the right is missing.
fn is_about_the_object(code: u16) -> bool {
    (400..500).contains(&code) && ![401, 403, 408, 409, 429].contains(&code)
}

fn place(write: &Write) -> (String, String, String) {
    let text = |name| {
        annotations::get(&write.object, name)
            .unwrap_or("?")
            .to_owned()
    };
    (text(PATH), text(LINE), write.key.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{object::ObjectKey, plan::Reason};
    use serde_json::json;
    use std::sync::Arc;

    #[test]
    fn only_what_is_about_the_object_is_said_of_it() {
        let write = Write {
            key: ObjectKey::parse("/ConfigMap/a/b").unwrap(),
            reason: Reason::Create,
            object: Arc::new(json!({})),
            to_clear: None,
        };
        for (code, message, reason, is_named) in [
            (422, "no", "ApplyFailed", true),
            (400, "no", "ApplyFailed", true),
            (404, "no such namespace", "ApplyFailed", true),
            (403, "no right", "ApplyFailed", false),
            (409, "conflict", "ApplyFailed", false),
            (429, "too many", "ApplyFailed", false),
            (500, "etcd is away", "ApplyFailed", false),
            (
                500,
                "failed to create typed patch object: no",
                "ApplyFailed",
                true,
            ),
            (403, "a: because it is being terminated", "NotReady", true),
        ] {
            let error = ClusterError::Refused {
                server: String::new(),
                call: String::new(),
                code,
                message: message.to_owned(),
                continue_token: None,
            };
            let found = of_object(&write, error);
            assert_eq!(found.reason(), reason, "{code}");
            assert_eq!(found.stopped_by().is_some(), is_named, "{code}");
        }
    }
}
