//! The world as files give it: the offline answer to every question of the engine.

mod known;

use std::{
    cell::Cell,
    collections::{BTreeMap, HashSet},
    net::ToSocketAddrs as _,
    time::{SystemTime, UNIX_EPOCH},
};

use portcullis_api::{
    context_file::ImageMock,
    test_file::{ApiCallResponse, GlobalContextMock},
};
use portcullis_cel::host::{Listener, ResourceRef};
use portcullis_engine::context::{
    image_verification::{ImageVerificationRequest, VerifyOutcome},
    source::{ApiCall, ContextSource, EntryKind, Lookup, PathValue, RegistryAccess, RuleValues},
};
use portcullis_engine::generate::ObjectRef;
use portcullis_schema::Catalogue;
use portcullis_values::{image_ref::ImageInfo, wildcard};
use serde_json::{Value, json};

use super::{image_verification, objects::text, values::InjectedValues};
use crate::live::{LiveCluster, LiveRegistries};

/// Everything that a run knows of the world.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Values files.
    pub values: InjectedValues,
    /// Objects that stand for the cluster's; none where there is no cluster.
    pub cluster: Option<Vec<Value>>,
    /// Objects that rules copy or change, beside those of the cluster.
    pub objects: Vec<Value>,
    /// Answers to API calls.
    pub calls: Vec<ApiCallResponse>,
    /// Values of global context entries, by name.
    pub global: BTreeMap<String, GlobalContextMock>,
    /// Images of a Context file: their digests, and who signed them.
    pub images: Vec<ImageMock>,
    /// The kinds that the API server serves.
    pub catalogue: Catalogue,
    /// A cluster that is asked for what the files do not say.
    pub live: Option<LiveCluster>,
    /// Registries that are asked for what the files do not say of images.
    pub registries: Option<LiveRegistries>,
}

/// A world that one thread asks.
#[derive(Debug)]
pub struct OfflineSource<'w> {
    world: &'w World,
    values: &'w InjectedValues,
    dice: Cell<u64>,
    listener: Option<&'w dyn Listener>,
}

impl<'w> OfflineSource<'w> {
    /// A source over a world.
    #[must_use]
    pub fn new(world: &'w World) -> Self {
        OfflineSource::with_values(world, &world.values)
    }

    /// A source over a world, with other values in place of its own.
    #[must_use]
    pub fn with_values(world: &'w World, values: &'w InjectedValues) -> Self {
        let seed = nanoseconds().unsigned_abs();
        let seed = u64::try_from(seed & u128::from(u64::MAX)).unwrap_or_default();
        OfflineSource {
            world,
            values,
            dice: Cell::new(seed | 1),
            listener: None,
        }
    }

    /// The source with somebody who wants to know what expressions in CEL read and give.
    #[must_use]
    pub fn telling(mut self, listener: &'w dyn Listener) -> Self {
        self.listener = Some(listener);
        self
    }

    fn live(&self) -> Option<&'w (dyn ContextSource + Sync)> {
        self.world.live.as_ref().map(LiveCluster::source)
    }

    fn registries(&self) -> Option<&'w (dyn ContextSource + Sync)> {
        self.world.registries.as_ref().map(LiveRegistries::source)
    }

    /// What the cluster says, where one is asked.
    fn asked(&self, ask: impl FnOnce(&dyn ContextSource) -> Lookup, otherwise: Lookup) -> Lookup {
        self.live().map_or(otherwise, |live| ask(live))
    }

    /// The objects of the files, and those of the cluster that is asked which are not among them.
    fn beside(
        &self,
        mut found: Vec<Value>,
        ask: impl FnOnce(&dyn ContextSource) -> Lookup,
    ) -> Lookup {
        let Some(live) = self.live() else {
            return Lookup::Found(Value::Array(found));
        };
        match ask(live) {
            Lookup::Found(Value::Array(more)) => {
                add_unknown(&mut found, more);
                Lookup::Found(Value::Array(found))
            }
            failed @ Lookup::Failed(_) => failed,
            _ => Lookup::Found(Value::Array(found)),
        }
    }
}

/// Adds the objects that are not among those found.
fn add_unknown(found: &mut Vec<Value>, more: Vec<Value>) {
    let known: HashSet<_> = found.iter().map(ObjectRef::of).collect();
    let more = more
        .into_iter()
        .filter(|object| !known.contains(&ObjectRef::of(object)));
    let more: Vec<Value> = more.collect();
    found.extend(more);
}

/// What an expression reads of a mocked answer. A service's answer has the fields of its body, and
/// Kyverno's mock the body as `body`; this has both.
fn answered(mock: &ApiCallResponse) -> Value {
    let body = mock.response.body.clone().unwrap_or_default();
    let status = mock.response.status_code.unwrap_or(200);
    let mut answer = serde_json::Map::from_iter([
        ("body".to_owned(), body.clone()),
        ("statusCode".to_owned(), Value::from(status)),
    ]);
    if let Value::Object(fields) = body {
        for (name, value) in fields {
            answer.entry(name).or_insert(value);
        }
    }
    Value::Object(answer)
}

fn nanoseconds() -> i128 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i128::try_from(since.as_nanos()).unwrap_or(i128::MAX)
}

impl ContextSource for OfflineSource<'_> {
    fn listener(&self) -> Option<&dyn Listener> {
        self.listener
    }

    fn loads(&self, kind: EntryKind) -> bool {
        if self.live().is_some_and(|live| live.loads(kind)) {
            return true;
        }
        match kind {
            EntryKind::ConfigMap => self.world.cluster.is_some(),
            EntryKind::ApiCall => self.world.cluster.is_some() || !self.world.calls.is_empty(),
            EntryKind::GlobalReference => !self.world.global.is_empty(),
            EntryKind::ImageRegistry => self.world.registries.is_some(),
        }
    }

    fn config_map(&self, namespace: &str, name: &str) -> Lookup {
        let found = self.world.served().find(|object| {
            text(object, "/kind") == "ConfigMap"
                && text(object, "/metadata/namespace") == namespace
                && text(object, "/metadata/name") == name
        });
        match found {
            Some(found) => Lookup::Found(found.clone()),
            None => self.asked(|live| live.config_map(namespace, name), Lookup::NotFound),
        }
    }

    fn api_call(&self, call: &ApiCall) -> Lookup {
        let url = call.service.as_ref().map(|service| service.url.as_str());
        let mock = self.world.calls.iter().find(|mock| {
            let same = match url {
                Some(url) => mock.url.as_deref() == Some(url),
                None => mock.url_path.as_deref() == Some(call.url_path.as_str()),
            };
            same && mock
                .method
                .as_deref()
                .unwrap_or("GET")
                .eq_ignore_ascii_case(&call.method)
        });
        if let Some(mock) = mock {
            let status = mock.response.status_code.unwrap_or(200);
            return if (200..300).contains(&status) {
                Lookup::Found(mock.response.body.clone().unwrap_or_default())
            } else {
                Lookup::Failed(format!("the call answered {status}"))
            };
        }
        if let Some(live) = self.live() {
            return live.api_call(call);
        }
        match (url, &self.world.cluster) {
            (None, Some(_)) if call.method != "POST" => self.world.get(&call.url_path),
            _ => Lookup::Failed("nobody answers the call offline; give its answer in `apiCallResponses` or in a Values file".to_owned()),
        }
    }

    fn http(&self, request: &ApiCall) -> Lookup {
        let url = request.service.as_ref().map(|service| service.url.as_str());
        let mut mocks = self.world.calls.iter();
        let mock = mocks.find(|mock| {
            let method = mock.method.as_deref();
            mock.url.as_deref() == url
                && method.is_none_or(|method| method.eq_ignore_ascii_case(&request.method))
        });
        match mock {
            Some(mock) => Lookup::Found(answered(mock)),
            None => Lookup::Failed(format!(
                "nobody answers {} {} offline; give its answer in `apiCallResponses`",
                request.method,
                url.unwrap_or_default()
            )),
        }
    }

    fn image(&self, reference: &str, access: &RegistryAccess) -> Lookup {
        self.registries()
            .map_or(Lookup::Unavailable, |asked| asked.image(reference, access))
    }

    fn verify(&self, what: &ImageVerificationRequest<'_>) -> VerifyOutcome {
        image_verification::verify(&self.world.images, what)
    }

    fn image_digest(&self, image: &ImageInfo, access: &RegistryAccess) -> Lookup {
        match (
            image_verification::digest(&self.world.images, image),
            self.registries(),
        ) {
            (Lookup::Found(digest), _) => Lookup::Found(digest),
            (_, Some(asked)) => asked.image_digest(image, access),
            (unknown, None) => unknown,
        }
    }

    fn global(&self, entry: &str, projection: Option<&str>) -> Lookup {
        self.world.global_value(entry, projection)
    }

    fn object(&self, of: &ObjectRef) -> Lookup {
        let mut known = self.world.objects.iter().chain(self.world.served());
        let found = known.find(|object| {
            text(object, "/metadata/name") == of.name && ObjectRef::of(object) == *of
        });
        match (found, &self.world.cluster) {
            (Some(object), _) => Lookup::Found(object.clone()),
            (None, Some(_)) => self.asked(|live| live.object(of), Lookup::NotFound),
            (None, None) => self.asked(|live| live.object(of), Lookup::Unavailable),
        }
    }

    fn objects(&self, api_version: &str, kind: &str, namespace: &str) -> Lookup {
        let known = self.world.objects.iter().chain(self.world.served());
        let found = known.filter(|object| {
            text(object, "/kind") == kind
                && text(object, "/apiVersion") == api_version
                && text(object, "/metadata/namespace") == namespace
        });
        let found = found.cloned().collect();
        self.beside(found, |live| live.objects(api_version, kind, namespace))
    }

    fn matching_objects(&self, api_version: &str, kind: &str) -> Lookup {
        let is_known = !self.world.objects.is_empty() || self.world.cluster.is_some();
        if !is_known && self.live().is_none() {
            return Lookup::Unavailable;
        }
        let known = self.world.objects.iter().chain(self.world.served());
        let found = known.filter(|object| {
            wildcard::matches(kind, text(object, "/kind"))
                && wildcard::matches(api_version, text(object, "/apiVersion"))
        });
        let found = found.cloned().collect();
        self.beside(found, |live| live.matching_objects(api_version, kind))
    }

    fn image_metadata(&self, reference: &str) -> Lookup {
        let mut known = self.world.images.iter();
        let found = known.find(|image| image.image.as_deref() == Some(reference));
        let found = found.and_then(|image| serde_json::to_value(image).ok());
        match (found, self.registries()) {
            (Some(found), _) => Lookup::Found(found),
            (None, Some(asked)) => asked.image_metadata(reference),
            (None, None) => Lookup::Unavailable,
        }
    }

    fn resource(&self, at: &ResourceRef<'_>) -> Lookup {
        match self.world.of_resource(at).first() {
            Some(found) => Lookup::Found((*found).clone()),
            None => self.asked(|live| live.resource(at), Lookup::NotFound),
        }
    }

    fn resources(&self, at: &ResourceRef<'_>) -> Lookup {
        let mut found: Vec<Value> = self.world.of_resource(at).into_iter().cloned().collect();
        match self.asked(|live| live.resources(at), Lookup::NotFound) {
            Lookup::Found(list) => {
                let more = list.get("items").and_then(Value::as_array);
                add_unknown(&mut found, more.cloned().unwrap_or_default());
            }
            Lookup::NotFound if self.world.has_any_of(at) => {}
            nothing => return nothing,
        }
        Lookup::Found(json!({"apiVersion": at.api_version, "kind": "List", "items": found}))
    }

    fn resource_of_kind(&self, api_version: &str, kind: &str) -> Lookup {
        let found = self.world.catalogue.find(api_version, kind);
        found.map_or(Lookup::NotFound, |kind| {
            Lookup::Found(Value::from(kind.resource.clone()))
        })
    }

    fn has_policy_values(&self) -> bool {
        !self.values.is_empty()
    }

    fn policy_values(&self, policy: &str, _: &str, name: &str) -> &[PathValue] {
        self.values.of_policy(policy, name)
    }

    fn rule_values(&self, policy: &str, rule: &str) -> Option<&RuleValues> {
        self.values.of_rule(policy, rule)
    }

    fn now(&self) -> i128 {
        nanoseconds()
    }

    fn random(&self) -> u64 {
        // Xorshift: good enough for names, and needs no entropy source.
        let mut next = self.dice.get();
        next ^= next << 13;
        next ^= next >> 7;
        next ^= next << 17;
        self.dice.set(next);
        next
    }

    fn resolve_host(&self, name: &str) -> Lookup {
        match (name, 0).to_socket_addrs() {
            Ok(addresses) => Lookup::Found(
                addresses
                    .map(|address| Value::from(address.ip().to_string()))
                    .collect(),
            ),
            Err(error) => Lookup::Failed(error.to_string()),
        }
    }
}
