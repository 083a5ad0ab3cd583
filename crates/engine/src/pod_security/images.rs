//! The images of the containers that a check's detail names, for reports.
//!
//! Kyverno reads the names out of the detail, from the word `container` to the word `must`. So a
//! check whose detail has no `must` after its containers, such as `container "a" uses hostPort 80`,
//! has no images.

use super::pod::{Container, ContainerList, Pod};

/// The images of the containers that a detail names: each in full, as `full_name` gives it, or the
/// container's name where there is no such container or image.
pub(super) fn images(
    detail: &str,
    pod: &Pod<'_>,
    full_name: &dyn Fn(&str) -> Option<String>,
) -> Option<Vec<String>> {
    let names: String = named(detail)?
        .chars()
        .filter(|c| !matches!(c, '"' | ' '))
        .collect();
    let image = |name: &str| {
        let container = container(pod, name)?;
        full_name(container.image)
    };
    Some(
        names
            .split(',')
            .map(|name| image(name).unwrap_or_else(|| name.to_owned()))
            .collect(),
    )
}

/// The text between the first `container` or `containers` and the next `must` of its line.
fn named(detail: &str) -> Option<&str> {
    let mut rest = detail;
    while let Some((_, after)) = rest.split_once("container") {
        let names = after.strip_prefix('s').unwrap_or(after).trim_start();
        if let Some((names, _)) = names.split_once("must").filter(|(names, _)| is_line(names)) {
            return Some(names.trim_end());
        }
        rest = after;
    }
    None
}

fn is_line(text: &str) -> bool {
    !text.trim_end().contains('\n')
}

/// By name; containers come before init containers, and the last of a name counts.
fn container<'p, 'a>(pod: &'p Pod<'a>, name: &str) -> Option<&'p Container<'a>> {
    [
        ContainerList::Main,
        ContainerList::Init,
        ContainerList::Ephemeral,
    ]
    .into_iter()
    .find_map(|list| {
        let mut last_first = pod.containers.iter().rev();
        last_first.find(|container| container.list == list && container.name == name)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_names_out_of_details() {
        let template = json!({"spec": {
            "containers": [{"name": "a", "image": "x"}, {"name": "b", "image": ""}],
            "initContainers": [{"name": "a", "image": "y"}, {"name": "c", "image": "z"}],
        }});
        let pod = Pod::new(&template).unwrap();
        let full_name = |image: &str| (!image.is_empty()).then(|| format!("docker.io/{image}"));
        for (detail, expected) in [
            (
                r#"container "a" must not set privileged"#,
                Some(vec!["docker.io/x"]),
            ),
            (
                r#"containers "c", "a", "b", "d" must"#,
                Some(vec!["docker.io/z", "docker.io/x", "b", "d"]),
            ),
            (
                r#"pod or container "c" must set x"#,
                Some(vec!["docker.io/z"]),
            ),
            (
                "pod must not set x\npod or containers \"a\" must set y",
                Some(vec!["docker.io/x"]),
            ),
            (
                r#"container "a" and annotation must not"#,
                Some(vec!["aandannotation"]),
            ),
            (r#"container "a" uses hostPort 80"#, None),
            (r#"forbidden annotation container.seccomp/a="x""#, None),
            ("hostPID=true", None),
        ] {
            let expected = expected.map(|images| images.iter().map(ToString::to_string).collect());
            assert_eq!(images(detail, &pod, &full_name), expected, "{detail}");
        }
    }
}
