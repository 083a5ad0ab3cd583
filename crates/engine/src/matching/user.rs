//! `roles`, `clusterRoles` and `subjects` of a match block: who asks.
//!
//! Roles are `namespace:name`, cluster roles plain names, both compared letter by letter. A
//! subject is a `User`, a `Group` or a `ServiceAccount` with its namespace, and its name may have
//! wildcards. Each of the three lists that is given must have a hit.

use portcullis_values::wildcard::Wildcard;

use crate::request::RequestUser;

/// The user part of a filter, made ready.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    roles: Vec<String>,
    cluster_roles: Vec<String>,
    subjects: Option<Vec<Person>>,
}

/// A subject, made ready.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Person {
    Name(Wildcard),
    Group(Wildcard),
}

/// One subject as written.
#[derive(Clone, Copy, Debug)]
pub struct WrittenSubject<'a> {
    /// `User`, `Group` or `ServiceAccount`; anything else matches nobody.
    pub kind: &'a str,
    /// The name, with wildcards.
    pub name: &'a str,
    /// The namespace of a service account.
    pub namespace: &'a str,
}

impl UserFilter {
    /// Makes the three lists ready.
    #[must_use]
    pub fn compile<'a>(
        roles: &[String],
        cluster_roles: &[String],
        subjects: impl ExactSizeIterator<Item = WrittenSubject<'a>>,
    ) -> UserFilter {
        UserFilter {
            roles: roles.to_vec(),
            cluster_roles: cluster_roles.to_vec(),
            subjects: (subjects.len() > 0).then(|| subjects.filter_map(Person::compile).collect()),
        }
    }

    /// Whether no list is given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty() && self.cluster_roles.is_empty() && self.subjects.is_none()
    }

    /// The lists that have no hit, by their field names; empty when the user is meant.
    pub fn misses(&self, user: Option<&RequestUser>) -> impl Iterator<Item = &'static str> {
        let hit = |wanted: &[String], actual: Option<&Vec<String>>| {
            wanted.is_empty()
                || actual.is_some_and(|have| wanted.iter().any(|role| have.contains(role)))
        };
        let roles = hit(&self.roles, user.map(|user| &user.roles));
        let cluster_roles = hit(&self.cluster_roles, user.map(|user| &user.cluster_roles));
        let subjects = self.subjects.as_ref().is_none_or(|subjects| {
            user.is_some_and(|user| subjects.iter().any(|subject| subject.is(user)))
        });
        [
            ("roles", roles),
            ("clusterRoles", cluster_roles),
            ("subjects", subjects),
        ]
        .into_iter()
        .filter_map(|(field, hit)| (!hit).then_some(field))
    }

    /// Whether the user is meant.
    #[must_use]
    pub fn matches(&self, user: Option<&RequestUser>) -> bool {
        self.misses(user).next().is_none()
    }
}

impl Person {
    fn compile(written: WrittenSubject<'_>) -> Option<Person> {
        let WrittenSubject {
            kind,
            name,
            namespace,
        } = written;
        match kind {
            "User" => Some(Person::Name(Wildcard::new(name))),
            "Group" => Some(Person::Group(Wildcard::new(name))),
            "ServiceAccount" => {
                let username = format!("system:serviceaccount:{namespace}:{name}");
                Some(Person::Name(Wildcard::new(&username)))
            }
            _ => None,
        }
    }

    fn is(&self, user: &RequestUser) -> bool {
        match self {
            Person::Name(name) => name.is_match(&user.username),
            Person::Group(name) => user.groups.iter().any(|group| name.is_match(group)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn each_given_list_needs_a_hit() {
        let user = RequestUser {
            username: "system:serviceaccount:ci:builder".to_owned(),
            groups: strings(&["system:authenticated", "dev"]),
            roles: strings(&["ci:deployer"]),
            cluster_roles: strings(&["view"]),
            ..RequestUser::default()
        };
        type Case<'a> = (
            &'a [&'a str],
            &'a [&'a str],
            &'a [(&'a str, &'a str, &'a str)],
            bool,
        );
        let cases: [Case<'_>; 10] = [
            (&[], &[], &[], true),
            (&["ci:deployer", "x:y"], &[], &[], true),
            (&["ci:*"], &[], &[], false),
            (&["ci:deployer"], &["edit"], &[], false),
            (&["ci:deployer"], &["view"], &[("Group", "d*", "")], true),
            (&[], &[], &[("User", "*builder", "")], true),
            (&[], &[], &[("ServiceAccount", "builder", "ci")], true),
            (&[], &[], &[("ServiceAccount", "builder", "")], false),
            (&[], &[], &[("Robot", "*", "")], false),
            (&[], &[], &[("Robot", "*", ""), ("Group", "dev", "")], true),
        ];
        for (roles, cluster_roles, subjects, expected) in cases {
            let written: Vec<_> = subjects
                .iter()
                .map(|&(kind, name, namespace)| WrittenSubject {
                    kind,
                    name,
                    namespace,
                })
                .collect();
            let filter = UserFilter::compile(
                &strings(roles),
                &strings(cluster_roles),
                written.into_iter(),
            );
            assert_eq!(filter.matches(Some(&user)), expected, "{filter:?}");
            assert_eq!(
                filter.matches(None),
                filter.is_empty(),
                "{filter:?} without a user"
            );
        }
    }
}
