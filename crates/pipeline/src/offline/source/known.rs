//! What a world knows without asking anybody: its objects by path and by resource, and the values of
//! global context entries.

use portcullis_cel::host::ResourceRef;
use portcullis_engine::context::source::Lookup;
use serde_json::{Value, json};

use super::{super::objects::text, World};

impl World {
    /// The objects that stand for the cluster's.
    pub(super) fn served(&self) -> impl Iterator<Item = &Value> {
        self.cluster.iter().flatten()
    }

    /// Every known object of a resource, in a namespace and of a name where they are said.
    pub(super) fn of_resource(&self, at: &ResourceRef<'_>) -> Vec<&Value> {
        let (group, version) = at
            .api_version
            .split_once('/')
            .unwrap_or(("", at.api_version));
        let resource = at.resource.split('/').next().unwrap_or_default();
        let kind = self.catalogue.find_resource(group, version, resource);
        let kind = kind.map(|kind| kind.kind.clone());
        let known = self.objects.iter().chain(self.served());
        let found = known.filter(|object| {
            let is = |pointer, wanted: &str| text(object, pointer) == wanted;
            let is_of_kind = match &kind {
                Some(kind) => is("/kind", kind),
                // The plural of an unknown kind is guessed.
                None => format!("{}s", text(object, "/kind").to_lowercase()) == resource,
            };
            is_of_kind
                && is("/apiVersion", at.api_version)
                && (at.namespace.is_empty() || is("/metadata/namespace", at.namespace))
                && (at.name.is_empty() || is("/metadata/name", at.name))
        });
        found.collect()
    }

    /// Whether an object of the resource is known, wherever it is: of a kind that no file shows,
    /// nobody knows how many there are.
    pub(super) fn has_any_of(&self, at: &ResourceRef<'_>) -> bool {
        let anywhere = ResourceRef {
            namespace: "",
            name: "",
            ..*at
        };
        !self.of_resource(&anywhere).is_empty()
    }

    /// GET of a path such as `/api/v1/namespaces/x/configmaps/y`: an object or a list.
    pub(super) fn get(&self, path: &str) -> Lookup {
        let path = path.split('?').next().unwrap_or_default();
        let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let (group, version) = match parts.as_slice() {
            ["api", version, ..] => ("", *version),
            ["apis", group, version, ..] => (*group, *version),
            _ => return Lookup::NotFound,
        };
        parts.drain(..if group.is_empty() { 2 } else { 3 });
        let (namespace, rest) = match parts.as_slice() {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
            rest => (None, rest),
        };
        let (resource, name) = match rest {
            [resource] => (*resource, None),
            [resource, name, ..] => (*resource, Some(*name)),
            [] => return Lookup::NotFound,
        };
        let api_version = if group.is_empty() {
            version.to_owned()
        } else {
            format!("{group}/{version}")
        };
        let Some(kind) = self.catalogue.find_resource(group, version, resource) else {
            return Lookup::NotFound;
        };
        let mut found = self.served().filter(|object| {
            text(object, "/apiVersion") == api_version
                && text(object, "/kind") == kind.kind
                && namespace
                    .is_none_or(|namespace| text(object, "/metadata/namespace") == namespace)
                && name.is_none_or(|name| text(object, "/metadata/name") == name)
        });
        match name {
            Some(_) => found
                .next()
                .cloned()
                .map_or(Lookup::NotFound, Lookup::Found),
            None => Lookup::Found(json!({
                "apiVersion": api_version,
                "kind": format!("{}List", kind.kind),
                "items": found.collect::<Vec<_>>(),
            })),
        }
    }

    /// The value of a global context entry, or a projection of it.
    pub(super) fn global_value(&self, entry: &str, projection: Option<&str>) -> Lookup {
        let Some(mock) = self.global.get(entry) else {
            return Lookup::NotFound;
        };
        let whole = mock
            .data
            .clone()
            .unwrap_or_else(|| Value::from(mock.resources.clone()));
        let path = match projection {
            None => mock.field_path.clone(),
            Some(name) => match mock
                .projections
                .iter()
                .find(|projection| projection.name == name)
            {
                Some(projection) => Some(projection.path.clone()),
                None => return Lookup::NotFound,
            },
        };
        let Some(path) = path.filter(|path| !path.is_empty()) else {
            return Lookup::Found(whole);
        };
        let pointer = format!("/{}", path.trim_start_matches('.').replace('.', "/"));
        whole
            .pointer(&pointer)
            .cloned()
            .map_or(Lookup::NotFound, Lookup::Found)
    }
}
