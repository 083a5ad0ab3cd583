//! Single objects: read, applied by the server, patched and deleted.

use std::{cell::Cell, convert::Infallible, pin::pin};

use futures::{StreamExt, stream};
use serde_json::{Value, json};

use crate::{
    cluster::Cluster, discovery::ServedKind, error::ClusterError, path, path::segment,
    request::Call,
};

/// Which object is meant.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Its kind.
    pub kind: &'a ServedKind,
    /// Its namespace; empty for an object that is in none.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
}

/// An object that the server is to apply.
#[derive(Clone, Copy, Debug)]
pub struct Apply<'a> {
    /// Which.
    pub target: Target<'a>,
    /// The fields that are wanted.
    pub object: &'a Value,
}

/// How objects are applied.
#[derive(Clone, Copy, Debug)]
pub struct ApplyOptions<'a> {
    /// Who owns the fields from then on, whoever owned them before.
    pub manager: &'a str,
    /// Whether the server only tries, and changes nothing.
    pub dry_run: bool,
}

impl Target<'_> {
    fn path(&self) -> Result<String, String> {
        let path = path::object(self.kind, self.namespace, self.name);
        path.ok_or_else(|| format!("`{}` is no name of an object", self.name))
    }
}

/// Where an object's status is applied.
const STATUS: &str = "/status";

impl Apply<'_> {
    /// The call that applies an object, or a part of it.
    fn call(&self, part: &str, options: &ApplyOptions<'_>) -> Result<Call, String> {
        let (path, query) = (self.target.path()?, query(options));
        let path = format!("{path}{part}{query}&force=true");
        Ok(Call::apply(path, self.object.clone()))
    }
}

impl Cluster {
    /// Reads objects, some at a time; none where there is no such object.
    pub fn read_objects(&self, targets: &[Target<'_>]) -> Vec<Result<Option<Value>, ClusterError>> {
        let calls = targets.iter().map(|target| target.path().map(Call::get));
        self.all(calls).into_iter().map(there).collect()
    }

    /// As [`Cluster::read_objects`], but hands over each with its tag, in their order, so that not all of
    /// them are held at once.
    ///
    /// # Errors
    /// Where the cluster gives no answer, or what `take` says.
    pub fn read_each<'a, T, E: From<ClusterError>>(
        &self,
        targets: impl Iterator<Item = (T, Target<'a>)>,
        mut take: impl FnMut(T, Option<Value>) -> Result<(), E>,
    ) -> Result<(), E> {
        let calls = targets.map(|(tag, target)| (tag, target.path().map(Call::get)));
        self.each(calls, |tag, answer| take(tag, there(answer)?))
    }

    /// Lets the server apply objects, some at a time, and gives them as they are then.
    pub fn apply_objects(
        &self,
        applies: &[Apply<'_>],
        options: &ApplyOptions<'_>,
    ) -> Vec<Result<Value, ClusterError>> {
        self.all(applies.iter().map(|apply| apply.call("", options)))
    }

    /// As [`Cluster::apply_objects`], but hands over what the server says of each, with its tag and in
    /// their order, so that not all of it is held at once. After the first that `take` does not take
    /// no further one is begun.
    ///
    /// # Errors
    /// What `take` says.
    pub fn apply_each<'a, T, E>(
        &self,
        applies: impl Iterator<Item = (T, Apply<'a>)>,
        options: &ApplyOptions<'_>,
        take: impl FnMut(T, Result<Value, ClusterError>) -> Result<(), E>,
    ) -> Result<(), E> {
        let calls = applies.map(|(tag, apply)| (tag, apply.call("", options)));
        self.each(calls, take)
    }

    /// Applies the status of an object.
    ///
    /// # Errors
    /// Where the server refuses.
    pub fn apply_status(
        &self,
        apply: &Apply<'_>,
        options: &ApplyOptions<'_>,
    ) -> Result<Value, ClusterError> {
        self.one(apply.call(STATUS, options))
    }

    /// Applies the status of objects, some at a time.
    pub fn apply_statuses(
        &self,
        applies: &[Apply<'_>],
        options: &ApplyOptions<'_>,
    ) -> Vec<Result<Value, ClusterError>> {
        self.all(applies.iter().map(|apply| apply.call(STATUS, options)))
    }

    /// Changes an object by a JSON patch.
    ///
    /// # Errors
    /// Where the server refuses.
    pub fn patch_object(
        &self,
        target: &Target<'_>,
        patch: Value,
        options: &ApplyOptions<'_>,
    ) -> Result<Value, ClusterError> {
        let query = query(options);
        self.one(
            target
                .path()
                .map(|path| Call::json_patch(format!("{path}{query}"), patch)),
        )
    }

    /// Puts an object in the place of the version that it names.
    ///
    /// # Errors
    /// Where the server refuses: with 409 where the object has changed since.
    pub fn replace_object(
        &self,
        target: &Target<'_>,
        object: Value,
    ) -> Result<Value, ClusterError> {
        self.one(target.path().map(|path| Call::put(path, object)))
    }

    /// Deletes an object, but no other one that has got its name. One that is not there is no error.
    ///
    /// # Errors
    /// Where the server refuses.
    pub fn delete_object(&self, target: &Target<'_>, uid: &str) -> Result<(), ClusterError> {
        let options = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": uid},
            "propagationPolicy": "Background",
        });
        match self.one(target.path().map(|path| Call::delete(path, options))) {
            Err(error) if error.code() == Some(404) => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Creates an object in a collection.
    ///
    /// # Errors
    /// Where the server refuses.
    pub fn create_object(
        &self,
        kind: &ServedKind,
        namespace: &str,
        object: Value,
    ) -> Result<Value, ClusterError> {
        let namespace = Some(namespace).filter(|namespace| !namespace.is_empty());
        self.one(Ok(Call::post(path::collection(kind, namespace), object)))
    }

    fn one(&self, call: Result<Call, String>) -> Result<Value, ClusterError> {
        self.wait(self.answer_of(call))
    }

    async fn answer_of(&self, call: Result<Call, String>) -> Result<Value, ClusterError> {
        match call {
            Ok(call) => self.answer(&call).await,
            Err(reason) => Err(self.asked("no call").unexpected(&reason)),
        }
    }

    /// The answers to calls, in their order.
    fn all(
        &self,
        calls: impl Iterator<Item = Result<Call, String>>,
    ) -> Vec<Result<Value, ClusterError>> {
        let mut answers = Vec::new();
        let Ok(()) = self.each(calls.map(|call| ((), call)), |(), answer| {
            answers.push(answer);
            Ok::<_, Infallible>(())
        });
        answers
    }

    /// Takes the answers to calls as they come, in their order, and begins none after one that is not
    /// taken. Those that are on their way then are waited for.
    fn each<T, E>(
        &self,
        calls: impl Iterator<Item = (T, Result<Call, String>)>,
        mut take: impl FnMut(T, Result<Value, ClusterError>) -> Result<(), E>,
    ) -> Result<(), E> {
        let is_over = Cell::new(false);
        let calls = calls.take_while(|_| !is_over.get());
        let answers = calls.map(|(tag, call)| async move { (tag, self.answer_of(call).await) });
        let mut answers = pin!(stream::iter(answers).buffered(self.concurrency()));
        let mut taken = Ok(());
        self.wait(async {
            while let Some((tag, answer)) = answers.next().await {
                if taken.is_ok() {
                    taken = take(tag, answer);
                    is_over.set(taken.is_err());
                }
            }
        });
        taken
    }
}

/// An object, or none where there is no such object.
fn there(answer: Result<Value, ClusterError>) -> Result<Option<Value>, ClusterError> {
    match answer {
        Err(error) if error.code() == Some(404) => Ok(None),
        answer => answer.map(Some),
    }
}

fn query(options: &ApplyOptions<'_>) -> String {
    let dry_run = if options.dry_run { "&dryRun=All" } else { "" };
    format!("?fieldManager={}{dry_run}", segment(options.manager))
}
