//! Paths of the API server: `/api/v1/namespaces/N/pods/P`, `/apis/GROUP/VERSION/RESOURCE`.
//!
//! Names may come from objects that anybody can write, so each is one segment, whatever is in it.

use crate::discovery::ServedKind;

/// Where objects of a kind are listed, in one namespace or in all.
pub(crate) fn collection(kind: &ServedKind, namespace: Option<&str>) -> String {
    let root = match kind.group.as_str() {
        "" => format!("/api/{}", segment(&kind.version)),
        group => format!("/apis/{}/{}", segment(group), segment(&kind.version)),
    };
    let resource = segment(&kind.resource);
    match namespace.filter(|_| kind.namespaced) {
        Some(namespace) => format!("{root}/namespaces/{}/{resource}", segment(namespace)),
        None => format!("{root}/{resource}"),
    }
}

/// Where an object is; none where no object can have such a name. A namespace is left out where its
/// kind has none.
pub(crate) fn object(kind: &ServedKind, namespace: &str, name: &str) -> Option<String> {
    let is_namespaced = kind.namespaced && !namespace.is_empty();
    let is_possible = is_name(name) && (!is_namespaced || is_name(namespace));
    let collection = collection(kind, Some(namespace).filter(|_| is_namespaced));
    is_possible.then(|| format!("{collection}/{}", segment(name)))
}

/// Whether an object can have this name: to a server, another one is a path.
fn is_name(text: &str) -> bool {
    !matches!(text, "" | "." | "..") && !text.contains(['/', '%'])
}

/// A text as one segment of a path, or as a value of a query.
pub(crate) fn segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            segment.push_str(&format!("%{byte:02X}"));
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(group: &str, resource: &str, namespaced: bool) -> ServedKind {
        ServedKind {
            group: group.to_owned(),
            version: "v1".to_owned(),
            kind: "Kind".to_owned(),
            resource: resource.to_owned(),
            namespaced,
            verbs: Vec::new(),
            subresources: Vec::new(),
        }
    }

    #[test]
    fn objects_are_found_below_their_kind() {
        for (group, resource, namespaced, namespace, name, wanted) in [
            (
                "",
                "pods",
                true,
                "a",
                "b",
                Some("/api/v1/namespaces/a/pods/b"),
            ),
            ("", "nodes", false, "", "b", Some("/api/v1/nodes/b")),
            ("", "nodes", false, "a", "b", Some("/api/v1/nodes/b")),
            (
                "apps",
                "x",
                true,
                "a",
                "b",
                Some("/apis/apps/v1/namespaces/a/x/b"),
            ),
            (
                "",
                "pods",
                true,
                "a",
                "b?c#d",
                Some("/api/v1/namespaces/a/pods/b%3Fc%23d"),
            ),
            (
                "",
                "pods",
                true,
                "a",
                "ä",
                Some("/api/v1/namespaces/a/pods/%C3%A4"),
            ),
            ("", "pods", true, "a", "../c", None),
            ("", "pods", true, "..", "c", None),
            ("", "pods", true, "a", "..", None),
            ("", "pods", true, "a", "%2e", None),
            ("", "pods", true, "a", "", None),
        ] {
            let kind = kind(group, resource, namespaced);
            assert_eq!(object(&kind, namespace, name).as_deref(), wanted);
        }
    }
}
