//! What the expressions of the table read: its variables, and a world in which nothing exists.

use std::net::IpAddr;

use portcullis_cel::{
    error::{EvalError, Evaluated},
    host::{Host, HttpRequest, Offline, ResourceRef},
    program::Variables,
    value::{Bytes, Timestamp, Value},
};
use portcullis_values::{duration::GoDuration, gotime};
use serde_json::Value as Json;

/// The variables of the table.
pub(super) struct Table<'t>(pub &'t Json);

impl<'t> Variables<'t> for Table<'t> {
    fn get(&self, name: &str) -> Option<Evaluated<'t>> {
        let json = self.0.get(name)?;
        let value = match name {
            "vu" => json.as_u64().map(Value::UInt),
            "vby" => json
                .as_str()
                .map(|text| Value::Bytes(Bytes::Borrowed(text.as_bytes()))),
            "vts" => json.as_str().and_then(timestamp),
            "vdu" => json.as_str().and_then(|text| {
                let duration = GoDuration::parse(text).ok()?;
                Some(Value::Duration(duration.nanoseconds()))
            }),
            "vos" => Some(Value::Optional(Some(Value::from(json).into()))),
            _ => Some(Value::from(json)),
        };
        Some(value.ok_or_else(|| EvalError::new(format!("{name} is not of its type")).into()))
    }
}

fn timestamp(text: &str) -> Option<Value<'static>> {
    let time = gotime::parse(gotime::RFC3339_NANO, text).ok()?;
    Some(Value::Timestamp(Timestamp {
        seconds: time.unix_seconds(),
        nanos: time.nanosecond(),
    }))
}

/// A world in which nothing exists, as the table was computed with.
#[derive(Debug)]
pub(super) struct Nothing;

impl Host for Nothing {
    fn now(&self) -> Timestamp {
        Offline.now()
    }

    fn random(&self) -> u64 {
        Offline.random()
    }

    fn get(&self, _at: &ResourceRef<'_>) -> Result<Option<Json>, String> {
        Ok(None)
    }

    fn list(&self, at: &ResourceRef<'_>, _labels: &[(String, String)]) -> Result<Json, String> {
        Err(format!("{} resource not found", at.resource))
    }

    fn post(&self, at: &ResourceRef<'_>, object: &Json) -> Result<Json, String> {
        Offline.post(at, object)
    }

    fn resource_of(&self, api_version: &str, kind: &str) -> Result<[String; 3], String> {
        Offline.resource_of(api_version, kind)
    }

    fn http(&self, request: &HttpRequest<'_>) -> Result<Json, String> {
        Offline.http(request)
    }

    fn global(&self, _name: &str, _projection: Option<&str>) -> Result<Option<Json>, String> {
        Ok(None)
    }

    fn image_metadata(&self, image: &str) -> Result<Json, String> {
        Offline.image_metadata(image)
    }

    fn generate(&self, namespace: Option<&str>, objects: &[Json]) -> Result<bool, String> {
        Offline.generate(namespace, objects)
    }

    fn lookup_host(&self, name: &str) -> Result<Vec<IpAddr>, String> {
        Offline.lookup_host(name)
    }

    fn authorize(&self, attributes: &Json) -> Result<(bool, String), String> {
        Offline.authorize(attributes)
    }
}
