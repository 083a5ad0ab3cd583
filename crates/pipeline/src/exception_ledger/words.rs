//! The `match` block of an exception in words: `Pod, DaemonSet in observability named exporter-*`.

use portcullis_api::{
    cel_policy_exception::CelPolicyExceptionSpec,
    cluster_policy::{ResourceDescription, ResourceFilter},
    label_selector::LabelSelector,
    policy_exception::PolicyExceptionSpec,
};

/// What an exception of `policies.kyverno.io` is for.
pub(super) fn conditions(spec: &CelPolicyExceptionSpec) -> String {
    let conditions = spec.match_conditions.iter();
    let names: Vec<&str> = conditions
        .map(|condition| condition.name.as_str())
        .collect();
    let mut words = match names.as_slice() {
        [] => "everything".to_owned(),
        names => format!("what {} holds for", names.join(" and ")),
    };
    let mut only = Vec::new();
    if !spec.images.is_empty() {
        only.push(format!("images {}", spec.images.join(", ")));
    }
    if !spec.allowed_values.is_empty() {
        only.push(format!("values {}", spec.allowed_values.join(", ")));
    }
    if !only.is_empty() {
        words.push_str(&format!(", only {}", only.join(" and ")));
    }
    words
}

/// What an exception is for.
pub(super) fn matches(spec: &PolicyExceptionSpec) -> String {
    let list = |filters: &Option<Vec<ResourceFilter>>, between| {
        let filters = filters.as_deref().unwrap_or_default().iter();
        let filters: Vec<String> = filters.map(filter).collect();
        Some(filters.join(between)).filter(|words| !words.is_empty())
    };
    let filters = list(&spec.r#match.any, " or ").or_else(|| list(&spec.r#match.all, " and "));
    let mut words = filters.unwrap_or_else(|| "nothing".to_owned());
    if spec.conditions.is_some() {
        words.push_str(", under conditions");
    }
    let controls = spec.pod_security.iter();
    let controls: Vec<&str> = controls.map(|part| part.control_name.as_str()).collect();
    if !controls.is_empty() {
        words.push_str(&format!(", only {}", controls.join(", ")));
    }
    words
}

fn filter(filter: &ResourceFilter) -> String {
    let mut words = filter.resources.as_ref().map(resources).unwrap_or_default();
    let subjects = filter.subjects.iter();
    let users = subjects.map(|subject| format!("{} {}", subject.kind, subject.name));
    let users: Vec<String> = users
        .chain(filter.roles.iter().map(|role| format!("role {role}")))
        .chain(
            filter
                .cluster_roles
                .iter()
                .map(|role| format!("cluster role {role}")),
        )
        .collect();
    if !users.is_empty() {
        words.push(format!("by {}", users.join(", ")));
    }
    if words.is_empty() {
        return "everything".to_owned();
    }
    words.join(" ")
}

fn resources(described: &ResourceDescription) -> Vec<String> {
    let mut words = Vec::new();
    let mut say = |before: &str, list: Vec<String>| {
        if !list.is_empty() {
            words.push(format!("{before}{}", list.join(", ")));
        }
    };
    say("", described.kinds.clone());
    say("in ", described.namespaces.clone());
    let names = described.name.iter().chain(&described.names);
    say("named ", names.cloned().collect());
    say(
        "labelled ",
        described.selector.iter().flat_map(labels).collect(),
    );
    let of_namespace = described.namespace_selector.iter().flat_map(labels);
    say("in namespaces labelled ", of_namespace.collect());
    let annotations = described.annotations.iter();
    say(
        "annotated ",
        annotations
            .map(|(key, value)| format!("{key}={value}"))
            .collect(),
    );
    let operations = described.operations.iter();
    say(
        "on ",
        operations
            .map(|one| format!("{one:?}").to_uppercase())
            .collect(),
    );
    words
}

fn labels(selector: &LabelSelector) -> Vec<String> {
    let labels = selector.match_labels.iter();
    let labels = labels.map(|(key, value)| format!("{key}={value}"));
    let expressions = selector.match_expressions.iter().map(|one| {
        let values = one.values.join("|");
        format!("{} {} {values}", one.key, one.operator)
            .trim_end()
            .to_owned()
    });
    labels.chain(expressions).collect()
}
