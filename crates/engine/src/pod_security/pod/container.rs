//! A container of a pod, of whichever of the three lists.

use serde_json::Value;

use super::{
    read::{Read, field, integer, item, list, map, text},
    security_context::SecurityContext,
};
use crate::pod_security::field_error::{BadValue, FieldError};

/// What can name a host in a probe or a lifecycle handler.
const HANDLER_TYPES: [&str; 2] = ["httpGet", "tcpSocket"];
const LIFECYCLE_HANDLERS: [&str; 2] = ["postStart", "preStop"];

/// The list that a container is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContainerList {
    /// `initContainers`.
    Init,
    /// `containers`.
    #[default]
    Main,
    /// `ephemeralContainers`.
    Ephemeral,
}

impl ContainerList {
    /// The field's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ContainerList::Init => "initContainers",
            ContainerList::Main => "containers",
            ContainerList::Ephemeral => "ephemeralContainers",
        }
    }
}

/// A container of a pod.
#[derive(Clone, Copy, Debug, Default)]
pub struct Container<'a> {
    /// The list that it is in.
    pub list: ContainerList,
    /// Its position in that list.
    pub index: usize,
    /// `name`.
    pub name: &'a str,
    /// `image`.
    pub image: &'a str,
    /// `securityContext`.
    pub security: Option<SecurityContext<'a>>,
    ports: &'a [Value],
    liveness_probe: Option<&'a Value>,
    readiness_probe: Option<&'a Value>,
    startup_probe: Option<&'a Value>,
    lifecycle: Option<&'a Value>,
}

impl<'a> Container<'a> {
    /// A container that has nothing but a name.
    pub(super) fn named(name: &'a str) -> Container<'a> {
        Container {
            name,
            ..Container::default()
        }
    }

    pub(super) fn read(list: ContainerList, index: usize, value: &'a Value) -> Read<Container<'a>> {
        let mut container = Container {
            list,
            index,
            ..Container::default()
        };
        for (name, value) in map(value)?.into_iter().flatten() {
            field(name, value, |value| container.set(name, value))?;
        }
        Ok(container)
    }

    fn set(&mut self, name: &str, value: &'a Value) -> Read<()> {
        match name {
            "name" => self.name = text(value)?.unwrap_or_default(),
            "image" => self.image = text(value)?.unwrap_or_default(),
            "securityContext" => self.security = SecurityContext::read(value)?,
            "ports" => self.ports = ports(value)?,
            "livenessProbe" => self.liveness_probe = handler(value)?,
            "readinessProbe" => self.readiness_probe = handler(value)?,
            "startupProbe" => self.startup_probe = handler(value)?,
            "lifecycle" => self.lifecycle = lifecycle(value)?,
            _ => {}
        }
        Ok(())
    }

    /// The host ports in use, with their position in `ports`.
    pub fn host_ports(&self) -> impl Iterator<Item = (usize, i64)> {
        let ports = self.ports.iter().enumerate();
        ports.filter_map(|(index, port)| Some((index, host_port(port).ok()??)))
    }

    /// The hosts that its probes and lifecycle handlers name.
    pub fn handler_hosts(&self) -> impl Iterator<Item = &'a str> {
        let lifecycle = LIFECYCLE_HANDLERS
            .iter()
            .map(|name| self.lifecycle?.get(name));
        [
            self.liveness_probe,
            self.readiness_probe,
            self.startup_probe,
        ]
        .into_iter()
        .chain(lifecycle)
        .flatten()
        .flat_map(|handler| {
            HANDLER_TYPES
                .iter()
                .map(|name| handler.get(name)?.get("host"))
        })
        .filter_map(|host| host?.as_str().filter(|host| !host.is_empty()))
    }

    /// A field that holds what it must not hold.
    pub(in crate::pod_security) fn forbidden(
        &self,
        field: &str,
        bad_value: impl Into<BadValue>,
    ) -> FieldError {
        FieldError::forbidden(self.path(field), bad_value).of_container(self.name)
    }

    /// A field that must be set.
    pub(in crate::pod_security) fn required(&self, field: &str) -> FieldError {
        FieldError::required(self.path(field)).of_container(self.name)
    }

    fn path(&self, field: &str) -> String {
        format!("spec.{}[{}].{field}", self.list.as_str(), self.index)
    }
}

fn ports(value: &Value) -> Read<&[Value]> {
    let ports = list(value)?;
    for (index, port) in ports.iter().enumerate() {
        item(index, port, host_port)?;
    }
    Ok(ports)
}

/// A host port of zero is none.
fn host_port(port: &Value) -> Read<Option<i64>> {
    match map(port)?.and_then(|fields| fields.get("hostPort")) {
        Some(value) => Ok(field("hostPort", value, integer)?.filter(|port| *port != 0)),
        None => Ok(None),
    }
}

fn lifecycle(value: &Value) -> Read<Option<&Value>> {
    for name in LIFECYCLE_HANDLERS {
        if let Some(value) = map(value)?.and_then(|fields| fields.get(name)) {
            field(name, value, handler)?;
        }
    }
    Ok(Some(value))
}

fn handler(value: &Value) -> Read<Option<&Value>> {
    for name in HANDLER_TYPES {
        if let Some(value) = map(value)?.and_then(|fields| fields.get(name)) {
            field(name, value, host)?;
        }
    }
    Ok(Some(value))
}

fn host(value: &Value) -> Read<()> {
    if let Some(value) = map(value)?.and_then(|fields| fields.get("host")) {
        field("host", value, text)?;
    }
    Ok(())
}
