//! Objects that policies are asked about: five kinds, with annotations good and bad.

use serde_json::{Map, Value, json};

use super::dice::Dice;

/// The label that binds a policy to its objects.
pub(super) const PAIR: &str = "pair";

/// The namespaces of the objects.
pub(super) const NAMESPACES: [&str; 2] = ["pairs-one", "pairs-two"];

/// A kind of objects.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) kind: &'static str,
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) resource: &'static str,
}

pub(super) const KINDS: [Kind; 5] = [
    kind("Pod", "", "v1", "pods"),
    kind("Deployment", "apps", "v1", "deployments"),
    kind("ConfigMap", "", "v1", "configmaps"),
    kind("Service", "", "v1", "services"),
    kind("Widget", "pairs.example.com", "v1", "widgets"),
];

const fn kind(
    kind: &'static str,
    group: &'static str,
    version: &'static str,
    resource: &'static str,
) -> Kind {
    Kind {
        kind,
        group,
        version,
        resource,
    }
}

impl Kind {
    pub(super) fn api_version(self) -> String {
        match self.group {
            "" => self.version.to_owned(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// The path of the collection in a namespace.
    pub(super) fn path(self, namespace: &str) -> String {
        let root = if self.group.is_empty() { "api" } else { "apis" };
        let (version, resource) = (self.api_version(), self.resource);
        format!("/{root}/{version}/namespaces/{namespace}/{resource}")
    }
}

const ANNOTATIONS: &[(&str, &[&str])] = &[
    (
        "size",
        &["100Mi", "1.5Gi", "2", "0", "-3k", "1500m", "junk"],
    ),
    (
        "version",
        &["1.2.3", "v1.2.3", "2.0.0-rc.1+b", "1.2", "junk"],
    ),
    (
        "url",
        &[
            "https://example.com:8443/a%20b?x=1&y=2&x=3",
            "http://[::1]/",
            "/relative",
            "no url",
            "https://u@h.example",
        ],
    ),
    (
        "ip",
        &[
            "10.1.2.3",
            "::1",
            "::ffff:1.2.3.4",
            "fe80::1",
            "01.2.3.4",
            "224.0.0.5",
            "0:0::1",
            "junk",
        ],
    ),
    (
        "cidr",
        &[
            "10.0.0.0/8",
            "10.1.2.3/16",
            "fd00::/8",
            "10.0.0.0/33",
            "junk",
        ],
    ),
    (
        "when",
        &[
            "2024-02-29T23:59:59Z",
            "2024-01-01T00:00:00+05:30",
            "1969-12-31T23:59:59.5Z",
            "2024-02-28",
            "junk",
        ],
    ),
    ("wait", &["90s", "1h30m", "-5m", "1.5h", "junk"]),
    (
        "count",
        &[
            "3",
            "0",
            "-7",
            "9223372036854775807",
            "99999999999999999999",
            "x",
        ],
    ),
    ("ratio", &["1.5", "-0.0", "NaN", "1e400", "Inf", "junk"]),
    (
        "words",
        &[
            "a,b,c",
            "c,b,a,a",
            "\u{dc}n\u{ef},c\u{f6}d\u{e9}",
            "",
            "3,b",
        ],
    ),
    (
        "name",
        &["my-name", "My_Name", "a.b.c", "-bad", "dns1123Label", ""],
    ),
    ("b64", &["aGVsbG8=", "aGVsbG8", "%%%"]),
    ("pattern", &["^a.*", "[bc]$", "(?i)A", "["]),
    ("flag", &["true", "false", "TRUE", "yes"]),
    ("odd", &["tab\t\"quoted\" \\", "line\nbreak", "bell\u{7}"]),
];

/// The annotations of an object: most that there are, each with one of its values.
fn annotations(dice: &mut Dice) -> Value {
    let mut annotations = Map::new();
    for (name, values) in ANNOTATIONS {
        if !dice.percent(94) {
            continue;
        }
        // The first is what most expressions are about.
        let value = if dice.percent(45) {
            values[0]
        } else {
            dice.one(values)
        };
        annotations.insert((*name).to_owned(), value.into());
    }
    annotations.into()
}

/// An object that the API server takes.
pub(super) fn object(dice: &mut Dice, kind: Kind, pair: &str, name: &str) -> Value {
    let mut labels = json!({PAIR: pair, "app": "web"});
    if dice.percent(50) {
        labels["tier"] = dice.one(&["front", "back"]).into();
    }
    let namespace = dice.one(&NAMESPACES);
    let mut object = json!({
        "apiVersion": kind.api_version(),
        "kind": kind.kind,
        "metadata": {"name": name, "namespace": namespace, "labels": labels, "annotations": annotations(dice)},
    });
    match kind.kind {
        "Pod" => object["spec"] = pod_spec(dice),
        "Deployment" => object["spec"] = deployment_spec(dice),
        "Service" => object["spec"] = service_spec(dice),
        "ConfigMap" => config_map(dice, &mut object),
        _ => object["spec"] = widget_spec(dice),
    }
    object
}

fn pod_spec(dice: &mut Dice) -> Value {
    let mut containers = vec![container(dice, "first")];
    if dice.percent(50) {
        containers.push(container(dice, "second"));
    }
    // A token would be mounted under a name of chance.
    let mut spec = json!({"containers": containers, "automountServiceAccountToken": false});
    if dice.percent(25) {
        spec["hostNetwork"] = true.into();
        for container in spec["containers"].as_array_mut().unwrap() {
            container.as_object_mut().unwrap().remove("ports");
        }
    }
    spec
}

fn container(dice: &mut Dice, name: &str) -> Value {
    let image = dice.one(&[
        "ghcr.io/a/b:1",
        "ghcr.io/a/b",
        "nginx",
        "docker.io/x@sha256:0000000000000000000000000000000000000000000000000000000000000000",
    ]);
    let mut container = json!({"name": name, "image": image});
    if dice.percent(50) {
        container["resources"] = json!({"limits": {"memory": dice.one(&["64Mi", "2Gi", "0.5Gi"]), "cpu": dice.one(&["1", "250m", "0.5"])}});
    }
    if dice.percent(50) {
        container["ports"] = json!([{"containerPort": dice.one(&[80, 8080])}]);
    }
    if dice.percent(50) {
        container["env"] =
            json!([{"name": "A", "value": "1"}, {"name": "B", "value": dice.one(&["", "2"])}]);
    }
    container
}

fn deployment_spec(dice: &mut Dice) -> Value {
    let mut spec = json!({
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": pod_spec(dice)},
    });
    if dice.percent(70) {
        spec["replicas"] = dice.one(&[0, 2, 5]).into();
    }
    if dice.percent(30) {
        spec["strategy"] =
            json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 2}});
    }
    if dice.percent(30) {
        spec["paused"] = true.into();
    }
    spec
}

fn service_spec(dice: &mut Dice) -> Value {
    let mut ports = vec![json!({"name": "one", "port": dice.one(&[80, 8443])})];
    if dice.percent(50) {
        ports[0]["targetPort"] = "http".into();
    }
    if dice.percent(50) {
        ports.push(json!({"name": "two", "port": 53, "protocol": "UDP", "targetPort": 5353}));
    }
    // The server would choose an address by chance.
    let mut spec = json!({"clusterIP": "None", "selector": {"app": "web"}, "ports": ports});
    if dice.percent(30) {
        spec["sessionAffinity"] = "ClientIP".into();
    }
    spec
}

fn config_map(dice: &mut Dice, object: &mut Value) {
    if dice.percent(80) {
        object["data"] = json!({"mode": dice.one(&["fast", "slow"]), "a.b": "d"});
    }
    if dice.percent(30) {
        object["immutable"] = dice.percent(50).into();
    }
}

fn widget_spec(dice: &mut Dice) -> Value {
    let mut spec = json!({"size": dice.one(&[1, 3, 7])});
    if dice.percent(60) {
        spec["parts"] =
            json!([{"name": "a", "count": 1}, {"name": "b", "count": dice.one(&[0, 2])}]);
    }
    if dice.percent(60) {
        spec["tags"] = json!(["red", dice.one(&["green", "blue"])]);
    }
    if dice.percent(40) {
        spec["free"] = json!({"a": 1, "b": {"c": [1, 2]}});
    }
    if dice.percent(50) {
        spec["ratio"] = dice.one(&[0.5, 1.0, 2.25]).into();
    }
    spec
}
