//! Lists of objects, page by page, several kinds at a time.

use std::collections::BTreeMap;

use futures::{StreamExt, stream};
use serde_json::{Map, Value};

use crate::{cluster::Cluster, discovery::ServedKind, error::ClusterError, path, request::Call};

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

/// The objects of one kind, or why they are not known.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The kind.
    pub kind: ServedKind,
    /// Its objects, each with `apiVersion` and `kind`.
    pub objects: Result<Vec<Value>, ClusterError>,
}

/// One page of a list.
pub(crate) struct Page {
    pub(crate) objects: Vec<Value>,
    pub(crate) next: Option<String>,
    remaining: usize,
}

impl Cluster {
    /// The objects of these kinds, in the order of the kinds. After one that cannot be listed there
    /// are no others, unless that is wished.
    pub fn list(
        &self,
        kinds: &[ServedKind],
        options: &ListOptions,
        tell: &dyn Fn(Progress),
    ) -> Vec<Listing> {
        let is_wanted = |kind: &&ServedKind| {
            kind.namespaced || options.namespace.is_none() || options.cluster_wide
        };
        let lists = kinds.iter().filter(is_wanted).map(|kind| async move {
            let namespace = options.namespace.as_deref();
            let objects = self.objects(kind, namespace, options.batch_size, tell);
            Listing {
                kind: kind.clone(),
                objects: objects.await,
            }
        });
        let mut listings = Vec::new();
        self.wait(async {
            let mut lists = stream::iter(lists).buffered(self.concurrency());
            while let Some(listing) = lists.next().await {
                let is_last = listing.objects.is_err() && !options.continue_on_error;
                listings.push(listing);
                if is_last {
                    break;
                }
            }
        });
        listings
    }

    /// The labels of each namespace.
    ///
    /// # Errors
    /// Where the cluster does not list them.
    pub fn namespaces(&self) -> Result<BTreeMap<String, BTreeMap<String, String>>, ClusterError> {
        let kind = ServedKind {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "Namespace".to_owned(),
            resource: "namespaces".to_owned(),
            namespaced: false,
            verbs: vec!["list".to_owned()],
            subresources: Vec::new(),
        };
        let found = self.wait(self.objects(&kind, None, 500, &|_| ()))?;
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
        tell: &dyn Fn(Progress),
    ) -> Result<Vec<Value>, ClusterError> {
        let path = path::collection(kind, namespace);
        let mut objects = Vec::new();
        let (mut expected, mut arrived) = (0, 0);
        let mut next = None;
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
            let known = objects.len() + page.remaining;
            // After a list that has expired, objects come twice, and are told once.
            if known > expected {
                tell(Progress::Expected(known - expected));
                expected = known;
            }
            if objects.len() > arrived {
                tell(Progress::Arrived(objects.len() - arrived));
                arrived = objects.len();
            }
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

/// The item of a list with the type that only the list says.
fn typed(mut item: Value, kind: &ServedKind) -> Value {
    if let Value::Object(object) = &mut item {
        let object: &mut Map<String, Value> = object;
        object.insert("apiVersion".to_owned(), kind.api_version().into());
        object.insert("kind".to_owned(), kind.kind.clone().into());
    }
    item
}
