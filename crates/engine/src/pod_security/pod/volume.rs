//! A volume of a pod: its name and what it mounts.

use serde_json::{Map, Value};

use super::read::{Read, field, item, list, map, text};

/// A volume of a pod.
#[derive(Clone, Copy, Debug)]
pub struct Volume<'a> {
    /// Position in `spec.volumes`.
    pub index: usize,
    /// Its name.
    pub name: &'a str,
    default_source: Option<&'static str>,
    fields: Option<&'a Map<String, Value>>,
}

impl<'a> Volume<'a> {
    /// Checks that every item is a volume.
    pub(super) fn read_all(value: &'a Value) -> Read<&'a [Value]> {
        let volumes = list(value)?;
        for (index, volume) in volumes.iter().enumerate() {
            item(index, volume, Volume::verify)?;
        }
        Ok(volumes)
    }

    fn verify(value: &'a Value) -> Read<()> {
        for (name, value) in map(value)?.into_iter().flatten() {
            match name.as_str() {
                "name" => drop(field(name, value, text)?),
                _ => drop(field(name, value, map)?),
            }
        }
        Ok(())
    }

    pub(super) fn new(
        index: usize,
        value: &'a Value,
        default_source: Option<&'static str>,
    ) -> Volume<'a> {
        let fields = value.as_object();
        let name = fields.and_then(|fields| fields.get("name"));
        let name = name.and_then(Value::as_str).unwrap_or_default();
        Volume {
            index,
            name,
            default_source,
            fields,
        }
    }

    /// The sources that are set, such as `hostPath`, in key order; else the default.
    pub fn sources(&self) -> impl Iterator<Item = &'a str> {
        let default = self
            .default_source
            .filter(|_| self.set_sources().next().is_none());
        self.set_sources().chain(default)
    }

    fn set_sources(&self) -> impl Iterator<Item = &'a str> {
        let fields = self.fields.into_iter().flatten();
        let set = fields.filter(|(name, value)| *name != "name" && !value.is_null());
        set.map(|(name, _)| name.as_str())
    }

    /// `hostPath.path`; empty where the source has none.
    #[must_use]
    pub fn host_path(&self) -> Option<&'a str> {
        let source = self
            .fields?
            .get("hostPath")
            .filter(|value| !value.is_null())?;
        Some(
            source
                .get("path")
                .and_then(Value::as_str)
                .unwrap_or_default(),
        )
    }
}
