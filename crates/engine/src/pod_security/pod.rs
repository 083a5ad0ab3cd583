//! A pod as the controls see it: a typed, borrowed view of its JSON, made once for all checks.
//!
//! The pod stands in a Pod, or in the template of a DaemonSet, Deployment, Job, StatefulSet,
//! ReplicaSet, ReplicationController or CronJob.

mod container;
mod read;
mod security_context;
mod volume;

use serde_json::{Map, Value};

use self::read::{Read, at, field, flag, item, list, map, text};
pub use self::{
    container::{Container, ContainerList},
    read::PodError,
    security_context::{Capabilities, SeLinuxOptions, SecurityContext},
    volume::Volume,
};

/// The part of a pod that controls look at.
#[derive(Clone, Debug, Default)]
pub struct Pod<'a> {
    /// `metadata.annotations`.
    pub annotations: Option<&'a Map<String, Value>>,
    /// `spec.securityContext`; all absent where there is none.
    pub security: SecurityContext<'a>,
    /// `spec.hostNetwork`.
    pub host_network: bool,
    /// `spec.hostPID`.
    pub host_pid: bool,
    /// `spec.hostIPC`.
    pub host_ipc: bool,
    /// `spec.hostUsers`.
    pub host_users: Option<bool>,
    /// `spec.os.name`.
    pub os: &'a str,
    /// Init containers, then containers, then ephemeral containers.
    pub containers: Vec<Container<'a>>,
    volumes: &'a [Value],
    /// What the API server gives a volume that is written without a source.
    default_volume_source: Option<&'static str>,
}

impl<'a> Pod<'a> {
    /// Reads a pod, or what a template holds of one: `metadata` and `spec`.
    ///
    /// # Errors
    /// A field that a control looks at has a type that Kubernetes would refuse.
    pub fn new(template: &'a Value) -> Result<Pod<'a>, PodError> {
        let mut pod = Pod {
            default_volume_source: Some("emptyDir"),
            ..Pod::default()
        };
        for (name, value) in map(template)?.into_iter().flatten() {
            match name.as_str() {
                "metadata" => pod.annotations = field(name, value, annotations)?,
                "spec" => field(name, value, |spec| pod.read(spec))?,
                _ => {}
            }
        }
        Ok(pod)
    }

    /// Reads the pod that is at a path of maps; where nothing is there, the pod is empty.
    pub(super) fn at(object: &'a Value, path: &[&str]) -> Result<Pod<'a>, PodError> {
        match at(object, path)? {
            Some(template) => Pod::new(template).map_err(|error| error.below(&path.join("."))),
            None => Ok(Pod::default()),
        }
    }

    /// The pod as written, without what the API server would add.
    pub(super) fn without_defaults(self) -> Pod<'a> {
        Pod {
            default_volume_source: None,
            ..self
        }
    }

    /// The annotations of what is at a path of maps.
    pub(super) fn annotations_at(
        object: &'a Value,
        path: &[&str],
    ) -> Result<Option<&'a Map<String, Value>>, PodError> {
        let metadata = at(object, &[path, &["metadata"]].concat())?;
        metadata.map_or(Ok(None), annotations)
    }

    /// The pod with a container that has nothing but a name in the place of its own.
    pub(super) fn with_container_named(&self, name: &'a str) -> Pod<'a> {
        Pod {
            containers: vec![Container::named(name)],
            ..self.clone()
        }
    }

    /// Only those containers of the pod, and nothing else of it.
    pub(super) fn only_containers(&self, keep: impl Fn(&Container<'a>) -> bool) -> Pod<'a> {
        let kept = self.containers.iter().filter(|container| keep(container));
        Pod {
            containers: kept.copied().collect(),
            ..Pod::default()
        }
    }

    fn read(&mut self, spec: &'a Value) -> Read<()> {
        let Some(fields) = map(spec)? else {
            return Ok(());
        };
        let count = |name| {
            fields
                .get(name)
                .and_then(Value::as_array)
                .map_or(0, Vec::len)
        };
        let lists = [
            ContainerList::Init,
            ContainerList::Main,
            ContainerList::Ephemeral,
        ];
        self.containers
            .reserve_exact(lists.into_iter().map(|list| count(list.as_str())).sum());
        for list in lists {
            if let Some(value) = fields.get(list.as_str()) {
                field(list.as_str(), value, |value| {
                    self.read_containers(list, value)
                })?;
            }
        }
        for (name, value) in fields {
            field(name, value, |value| self.set(name, value))?;
        }
        Ok(())
    }

    fn set(&mut self, name: &str, value: &'a Value) -> Read<()> {
        match name {
            "hostNetwork" => self.host_network = flag(value)?.unwrap_or_default(),
            "hostPID" => self.host_pid = flag(value)?.unwrap_or_default(),
            "hostIPC" => self.host_ipc = flag(value)?.unwrap_or_default(),
            "hostUsers" => self.host_users = flag(value)?,
            "os" => self.os = os_name(value)?,
            "securityContext" => {
                self.security = SecurityContext::read(value)?.unwrap_or_default();
            }
            "volumes" => self.volumes = Volume::read_all(value)?,
            _ => {}
        }
        Ok(())
    }

    fn read_containers(&mut self, containers: ContainerList, value: &'a Value) -> Read<()> {
        for (index, value) in list(value)?.iter().enumerate() {
            let container = item(index, value, |value| {
                Container::read(containers, index, value)
            })?;
            self.containers.push(container);
        }
        Ok(())
    }

    /// The volumes, in order.
    pub fn volumes(&self) -> impl Iterator<Item = Volume<'a>> {
        self.volumes
            .iter()
            .enumerate()
            .map(|(index, value)| Volume::new(index, value, self.default_volume_source))
    }

    /// The annotations, by key.
    pub fn annotations(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let annotations = self.annotations.into_iter().flatten();
        annotations.map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default()))
    }

    /// An annotation.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&'a str> {
        let value = self.annotations?.get(key)?;
        Some(value.as_str().unwrap_or_default())
    }

    /// Whether the pod says that it runs on Windows.
    #[must_use]
    pub fn is_windows(&self) -> bool {
        self.os == "windows"
    }

    /// Whether the pod's users are not the host's.
    #[must_use]
    pub fn has_user_namespace(&self) -> bool {
        self.host_users == Some(false)
    }
}

fn annotations(metadata: &Value) -> Read<Option<&Map<String, Value>>> {
    let Some(value) = map(metadata)?.and_then(|fields| fields.get("annotations")) else {
        return Ok(None);
    };
    let annotations = field("annotations", value, map)?;
    for (key, value) in annotations.into_iter().flatten() {
        field("annotations", value, |value| field(key, value, text))?;
    }
    Ok(annotations)
}

fn os_name(value: &Value) -> Read<&str> {
    match map(value)?.and_then(|fields| fields.get("name")) {
        Some(value) => Ok(field("name", value, text)?.unwrap_or_default()),
        None => Ok(""),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(spec: &Value, expected: Result<usize, &str>) {
        let template = json!({"spec": spec});
        let pod = Pod::new(&template);
        let found = pod
            .map(|pod| pod.containers.len())
            .map_err(|error| error.to_string());
        assert_eq!(found, expected.map_err(str::to_owned), "{spec}");
    }

    #[test]
    fn reads_what_kubernetes_reads() {
        check(&json!(null), Ok(0));
        check(
            &json!({"containers": null, "hostNetwork": null, "volumes": [null]}),
            Ok(0),
        );
        check(
            &json!({"containers": [null, {}], "initContainers": [{}]}),
            Ok(3),
        );
        check(
            &json!({"containers": [{"ports": [{"hostPort": 80.0}, {}]}]}),
            Ok(1),
        );
        check(&json!([]), Err("`spec` is a list, expected a map"));
        check(
            &json!({"hostNetwork": "true"}),
            Err("`spec.hostNetwork` is a text, expected true or false"),
        );
        check(
            &json!({"containers": [{}, {"securityContext": {"capabilities": {"add": [1]}}}]}),
            Err(
                "`spec.containers[1].securityContext.capabilities.add[0]` is a number, expected a text",
            ),
        );
        check(
            &json!({"containers": [{"ports": [{"hostPort": 1.5}]}]}),
            Err("`spec.containers[0].ports[0].hostPort` is a number, expected a whole number"),
        );
        check(
            &json!({"volumes": [{"name": "a"}, {"hostPath": "/"}]}),
            Err("`spec.volumes[1].hostPath` is a text, expected a map"),
        );
        check(
            &json!({"containers": [{"lifecycle": {"preStop": {"httpGet": {"host": 1}}}}]}),
            Err("`spec.containers[0].lifecycle.preStop.httpGet.host` is a number, expected a text"),
        );
    }

    #[test]
    fn visits_init_containers_first() {
        let template = json!({"spec": {
            "containers": [{"name": "b"}],
            "ephemeralContainers": [{"name": "c"}],
            "initContainers": [{"name": "a"}],
        }});
        let pod = Pod::new(&template).unwrap();
        let names: Vec<_> = pod
            .containers
            .iter()
            .map(|container| container.name)
            .collect();
        assert_eq!(names, ["a", "b", "c"]);
    }
}
