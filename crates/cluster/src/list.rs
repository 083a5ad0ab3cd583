//! Lists of objects, page by page, several kinds at a time.

use std::{
    collections::{BTreeMap, HashSet},
    thread,
};

use futures::{StreamExt, stream};
use serde_json::{Map, Value};
use tokio::sync::mpsc::{self, Sender};

use crate::{cluster::Cluster, discovery::ServedKind, error::ClusterError, path, request::Call};

/// How often a list of one kind may expire on the way.
const ATTEMPTS: usize = 10;

/// Which objects are listed, and how.
#[derive(Clone, Debug)]
pub struct ListOptions {
    /// The namespace; without one all of them, and the objects that are in none.
    pub namespace: Option<String>,
    /// Whether objects that are in no namespace are listed beside those of the namespace.
    pub cluster_wide: bool,
    /// How many objects the server gives at a time; it gives all where this is 0.
    pub batch_size: usize,
    /// Whether other kinds are listed after one that cannot be.
    pub continue_on_error: bool,
}

/// What is told while objects arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many objects more are known to be there.
    Expected(usize),
    /// So many objects more have arrived.
    Arrived(usize),
}

/// Some objects of a kind.
#[derive(Clone, Debug)]
pub struct ListedPage {
    /// Which of the kinds that are listed it is.
    pub kind: usize,
    /// Which page of this kind it is.
    pub number: usize,
    /// The objects, each with `apiVersion` and `kind`.
    pub objects: Vec<Value>,
    /// How many objects more are known to be there than before.
    pub expected: usize,
}

/// One page of a list.
pub(crate) struct Page {
    pub(crate) objects: Vec<Value>,
    pub(crate) next: Option<String>,
    remaining: usize,
}

impl Cluster {
    /// Hands over the objects of these kinds page by page, as they come; pages of several kinds come
    /// mixed. While a page is taken others are asked for, a few at most. After a kind that cannot be
    /// listed no further one is asked for, unless that is wished. Gives what cannot be listed.
    pub fn list(
        &self,
        kinds: &[ServedKind],
        options: &ListOptions,
        mut take: impl FnMut(ListedPage),
    ) -> Vec<ClusterError> {
        let (sender, mut pages) = mpsc::channel(1);
        thread::scope(|scope| {
            let asking = scope.spawn(move || self.wait(self.send(kinds, options, &sender)));
            while let Some(page) = pages.blocking_recv() {
                take(page);
            }
            // A thread that panics has said so.
            asking.join().unwrap_or_default()
        })
    }

    async fn send(
        &self,
        kinds: &[ServedKind],
        options: &ListOptions,
        to: &Sender<ListedPage>,
    ) -> Vec<ClusterError> {
        let is_wanted = |kind: &&ServedKind| {
            kind.namespaced || options.namespace.is_none() || options.cluster_wide
        };
        let wanted = kinds.iter().filter(is_wanted).enumerate();
        let lists = wanted.map(|(order, kind)| self.send_kind(kind, order, options, to));
        let mut lists = stream::iter(lists).buffered(self.concurrency());
        let mut errors = Vec::new();
        while let Some(done) = lists.next().await {
            errors.extend(done.err());
            if !errors.is_empty() && !options.continue_on_error {
                break;
            }
        }
        errors
    }

    /// Sends the objects of a kind. A list that expires goes on where the server says, or else starts
    /// anew; objects that were sent are not sent again.
    async fn send_kind(
        &self,
        kind: &ServedKind,
        order: usize,
        options: &ListOptions,
        to: &Sender<ListedPage>,
    ) -> Result<(), ClusterError> {
        let path = path::collection(kind, options.namespace.as_deref());
        let mut sent: HashSet<(String, String)> = HashSet::new();
        let (mut next, mut number, mut known, mut expired) = (None::<String>, 0, 0, 0);
        loop {
            let page = self.page(kind, &path, options.batch_size, next.as_deref());
            let mut page = match page.await {
                Err(ClusterError::Refused {
                    code: 410,
                    continue_token,
                    ..
                }) if next.is_some() && expired < ATTEMPTS => {
                    next = continue_token;
                    expired += 1;
                    continue;
                }
                page => page?,
            };
            let is_paged = number > 0 || page.next.is_some();
            if is_paged {
                page.objects.retain(|object| sent.insert(name(object)));
            }
            let expected =
                (sent.len().max(page.objects.len()) + page.remaining).saturating_sub(known);
            known += expected;
            let listed = ListedPage {
                kind: order,
                number,
                objects: page.objects,
                expected,
            };
            number += 1;
            next = page.next;
            // Nobody takes any more where the channel is closed.
            if to.send(listed).await.is_err() || next.is_none() {
                return Ok(());
            }
        }
    }

    /// The labels of each namespace, or of one only.
    ///
    /// # Errors
    /// Where the cluster does not tell them.
    pub fn namespaces(
        &self,
        only: Option<&str>,
    ) -> Result<BTreeMap<String, BTreeMap<String, String>>, ClusterError> {
        let kind = ServedKind {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "Namespace".to_owned(),
            resource: "namespaces".to_owned(),
            namespaced: false,
            verbs: vec!["list".to_owned()],
            subresources: Vec::new(),
        };
        let found = match only {
            None => self.wait(self.objects(&kind, None, 500))?,
            Some(name) => {
                let path = format!("/api/v1/namespaces/{}", path::segment(name));
                vec![self.ask(&Call::get(path))?]
            }
        };
        let labels = |object: &Value| {
            let labels = object.pointer("/metadata/labels")?.as_object()?;
            let text =
                |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
            Some(labels.iter().filter_map(text).collect())
        };
        let named = found.iter().filter_map(|object| {
            let name = object.pointer("/metadata/name")?.as_str()?;
            Some((name.to_owned(), labels(object).unwrap_or_default()))
        });
        Ok(named.collect())
    }

    /// The objects of a kind. A list that expires on the way is asked for again, as a whole.
    pub(crate) async fn objects(
        &self,
        kind: &ServedKind,
        namespace: Option<&str>,
        batch_size: usize,
    ) -> Result<Vec<Value>, ClusterError> {
        let path = path::collection(kind, namespace);
        let mut objects = Vec::new();
        let mut next: Option<String> = None;
        let mut batch_size = batch_size;
        loop {
            let page = match self.page(kind, &path, batch_size, next.as_deref()).await {
                Err(error) if error.code() == Some(410) && next.is_some() => {
                    (objects, next, batch_size) = (Vec::new(), None, 0);
                    continue;
                }
                page => page?,
            };
            objects.extend(page.objects);
            match page.next {
                Some(token) => next = Some(token),
                None => return Ok(objects),
            }
        }
    }

    /// One page of a list.
    pub(crate) async fn page(
        &self,
        kind: &ServedKind,
        path: &str,
        batch_size: usize,
        next: Option<&str>,
    ) -> Result<Page, ClusterError> {
        let mut call = path.to_owned();
        if batch_size > 0 {
            call += &format!("?limit={batch_size}");
            if let Some(token) = next {
                call += &format!("&continue={}", path::segment(token));
            }
        }
        let call = Call::get(call);
        let mut list = self.answer(&call).await?;
        let items = match list.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items,
            Some(Value::Null) => Vec::new(),
            _ => {
                let label = call.label();
                return Err(self.asked(&label).unexpected(&"it is no list"));
            }
        };
        let metadata = list.get("metadata");
        let token = metadata.and_then(|metadata| metadata.get("continue")?.as_str());
        let remaining = metadata.and_then(|metadata| metadata.get("remainingItemCount")?.as_u64());
        Ok(Page {
            objects: items.into_iter().map(|item| typed(item, kind)).collect(),
            next: token.filter(|token| !token.is_empty()).map(str::to_owned),
            remaining: usize::try_from(remaining.unwrap_or_default()).unwrap_or_default(),
        })
    }
}

/// Namespace and name of an object.
fn name(object: &Value) -> (String, String) {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let text = |pointer: &str| text(pointer).unwrap_or_default().to_owned();
    (text("/metadata/namespace"), text("/metadata/name"))
}

/// The item of a list with the type that only the list says.
fn typed(mut item: Value, kind: &ServedKind) -> Value {
    if let Value::Object(object) = &mut item {
        let object: &mut Map<String, Value> = object;
        object.insert("apiVersion".to_owned(), kind.api_version().into());
        object.insert("kind".to_owned(), kind.kind.clone().into());
    }
    item
}
