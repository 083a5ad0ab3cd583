//! The `kinds` entries of a match block.
//!
//! | written | group | version | kind | subresource |
//! |---|---|---|---|---|
//! | `Pod` | any | any | `Pod` | none |
//! | `Pod/status`, `Pod.status` | any | any | `Pod` | `status` |
//! | `v1/Pod` | any | `v1` | `Pod` | none |
//! | `apps/v1/Deployment` | `apps` | `v1` | `Deployment` | none |
//! | `apps/v1/Deployment/scale` | `apps` | `v1` | `Deployment` | `scale` |
//! | `*/scale` | any | any | any | `scale` |
//! | `*/*` | any | any | any | any |
//!
//! Every part is a wildcard and case-sensitive. The first of two or three parts is a version when
//! it is `v1`, `v1beta1` and the like (one digit each) or `*`. An entry of more than four parts
//! matches nothing.

use portcullis_values::wildcard::Wildcard;

use crate::request::GroupVersionKind;

/// One entry of `kinds`, made ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindSelector {
    /// The API group; `*` when the entry names none.
    pub group: Wildcard,
    /// The API version; `*` when the entry names none.
    pub version: Wildcard,
    /// The kind.
    pub kind: Wildcard,
    /// The subresource; empty for the object itself.
    pub subresource: Wildcard,
}

impl KindSelector {
    /// Reads one entry. Every text can be read; one that makes no sense matches nothing.
    #[must_use]
    pub fn parse(entry: &str) -> KindSelector {
        let (path, last) = entry
            .rsplit_once('/')
            .map_or(("", entry), |(path, last)| (path, last));
        let mut parts: Vec<&str> = match entry.contains('/') {
            true => path.split('/').collect(),
            false => Vec::new(),
        };
        parts.extend(last.split('.'));
        let (group, version, kind, subresource) = split(&parts);
        KindSelector {
            group: Wildcard::new(group),
            version: Wildcard::new(version),
            kind: Wildcard::new(kind),
            subresource: Wildcard::new(subresource),
        }
    }

    /// Whether an object of this kind, or its subresource, is meant. Rules that match pods also
    /// see their `ephemeralcontainers`; `ephemeral` tells whether that holds here.
    #[must_use]
    pub fn matches(&self, kind: &GroupVersionKind, subresource: &str, ephemeral: bool) -> bool {
        self.kind.is_match(&kind.kind)
            && self.group.is_match(&kind.group)
            && self.version.is_match(&kind.version)
            && (self.subresource.is_match(subresource)
                || (ephemeral && subresource == "ephemeralcontainers" && is_pod(kind)))
    }
}

/// Whether this is the core group's `v1` Pod.
fn is_pod(kind: &GroupVersionKind) -> bool {
    kind.group.is_empty() && kind.version == "v1" && kind.kind == "Pod"
}

/// Group, version, kind and subresource of the parts of an entry.
fn split<'a>(parts: &[&'a str]) -> (&'a str, &'a str, &'a str, &'a str) {
    match *parts {
        [kind] => ("*", "*", kind, ""),
        ["*", "*"] => ("*", "*", "*", "*"),
        ["*", subresource] if subresource.to_lowercase() == subresource => {
            ("*", "*", "*", subresource)
        }
        [version, kind] if is_version(version) => ("*", version, kind, ""),
        [kind, subresource] => ("*", "*", kind, subresource),
        ["*", "*", "*"] => ("*", "*", "*", "*"),
        [version, kind, subresource] if is_version(version) => ("*", version, kind, subresource),
        [group, version, kind] => (group, version, kind, ""),
        [group, version, kind, subresource] => (group, version, kind, subresource),
        _ => ("", "", "", ""),
    }
}

/// `*`, or `v` and a digit, with or without `alpha` or `beta` and a digit.
fn is_version(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('v') else {
        return text == "*";
    };
    let is_digit = |text: &str| matches!(text.as_bytes(), [byte] if byte.is_ascii_digit());
    ["alpha", "beta"]
        .iter()
        .find_map(|stage| rest.split_once(stage))
        .map_or_else(
            || is_digit(rest),
            |(major, minor)| is_digit(major) && is_digit(minor),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gvk(group: &str, version: &str, kind: &str) -> GroupVersionKind {
        GroupVersionKind {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: kind.to_owned(),
        }
    }

    #[test]
    fn entries_match_kinds() {
        let pod = gvk("", "v1", "Pod");
        let deployment = gvk("apps", "v1", "Deployment");
        let widget = gvk("example.com", "v1beta1", "Widget");
        let cases = [
            ("Pod", &pod, "", true),
            ("Pod", &pod, "status", false),
            ("Pod", &pod, "ephemeralcontainers", true),
            ("Pod/exec", &pod, "ephemeralcontainers", true),
            ("*", &pod, "", true),
            ("*", &pod, "status", false),
            ("*", &deployment, "ephemeralcontainers", false),
            ("*/*", &deployment, "scale", true),
            ("*/scale", &deployment, "scale", true),
            ("*/scale", &deployment, "", false),
            ("Deployment/scale", &deployment, "scale", true),
            ("Deployment.scale", &deployment, "scale", true),
            ("apps/v1/Deployment", &deployment, "", true),
            ("batch/v1/Deployment", &deployment, "", false),
            ("apps/*/Dep*", &deployment, "", true),
            ("v1/Deployment", &deployment, "", true),
            ("v2/Deployment", &deployment, "", false),
            ("deployment", &deployment, "", false),
            ("v1beta1/Widget", &widget, "", true),
            ("example.com/v1beta1/Widget", &widget, "", true),
            ("v1beta/Widget", &widget, "", false),
            ("a/b/c/d/e", &widget, "", false),
            ("", &widget, "", false),
        ];
        for (entry, kind, subresource, expected) in cases {
            let selector = KindSelector::parse(entry);
            assert_eq!(
                selector.matches(kind, subresource, true),
                expected,
                "{entry} on {kind:?} {subresource}"
            );
        }
    }

    #[test]
    fn only_rules_see_ephemeral_containers_of_a_pod() {
        let selector = KindSelector::parse("Pod");
        assert!(!selector.matches(&gvk("", "v1", "Pod"), "ephemeralcontainers", false));
    }
}
