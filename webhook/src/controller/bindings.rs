//! Which roles users have, by the bindings of the cluster.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_cluster::WatchEvent;
use portcullis_engine::request::RequestUser;
use serde_json::Value;

/// Kind, namespace and name of a binding.
type BindingId = (String, String, String);

/// Kind and name of a subject; a service account is the user that it logs in as.
type Subject = (&'static str, String);

/// The role of a binding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Role {
    Namespaced(String),
    ClusterWide(String),
}

/// RoleBindings and ClusterRoleBindings.
#[derive(Debug, Default)]
pub(crate) struct Bindings {
    known: BTreeMap<BindingId, (Role, Vec<Subject>)>,
    of_subject: BTreeMap<Subject, BTreeSet<BindingId>>,
    /// Those that have not come again since their kind is being listed.
    unseen: BTreeSet<BindingId>,
}

impl Bindings {
    /// Takes what the watch of a kind of bindings tells.
    pub(crate) fn take(&mut self, kind: &str, event: WatchEvent) {
        match event {
            WatchEvent::Restarted => {
                let all = self.known.keys().filter(|id| id.0 == kind);
                self.unseen.extend(all.cloned().collect::<Vec<_>>());
            }
            WatchEvent::Listed => {
                let (gone, others) = std::mem::take(&mut self.unseen)
                    .into_iter()
                    .partition(|id| id.0 == kind);
                self.unseen = others;
                let gone: BTreeSet<BindingId> = gone;
                gone.iter().for_each(|id| self.remove(id));
            }
            WatchEvent::Applied(object) => self.insert(&object),
            WatchEvent::Deleted(object) => self.remove(&id(&object)),
            WatchEvent::Failed(_) => {}
        }
    }

    fn insert(&mut self, object: &Value) {
        let id = id(object);
        self.remove(&id);
        self.unseen.remove(&id);
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let role = text("/roleRef/name").unwrap_or_default();
        let role = match text("/roleRef/kind") {
            Some("Role") => Role::Namespaced(format!("{}:{role}", id.1)),
            _ => Role::ClusterWide(role.to_owned()),
        };
        let subjects = object.get("subjects").and_then(Value::as_array);
        let subjects: Vec<Subject> = subjects.into_iter().flatten().filter_map(subject).collect();
        for subject in &subjects {
            let of_subject = self.of_subject.entry(subject.clone()).or_default();
            of_subject.insert(id.clone());
        }
        self.known.insert(id, (role, subjects));
    }

    fn remove(&mut self, id: &BindingId) {
        let Some((_, subjects)) = self.known.remove(id) else {
            return;
        };
        for subject in subjects {
            if let Some(of_subject) = self.of_subject.get_mut(&subject) {
                of_subject.remove(id);
                if of_subject.is_empty() {
                    self.of_subject.remove(&subject);
                }
            }
        }
    }

    /// Adds the roles that are bound to a user, or to a group of the user.
    pub(crate) fn add_roles(&self, user: &mut RequestUser) {
        let groups = user.groups.iter().map(|group| ("Group", group.clone()));
        let subjects = groups.chain([("User", user.username.clone())]);
        let mut roles = BTreeSet::new();
        for subject in subjects {
            let ids = self.of_subject.get(&subject).into_iter().flatten();
            roles.extend(ids.filter_map(|id| self.known.get(id).map(|(role, _)| role.clone())));
        }
        for role in roles {
            match role {
                Role::Namespaced(role) => user.roles.push(role),
                Role::ClusterWide(role) => user.cluster_roles.push(role),
            }
        }
    }
}

/// Which binding it is.
fn id(object: &Value) -> BindingId {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let text = |pointer: &str| text(pointer).unwrap_or_default().to_owned();
    (
        text("/kind"),
        text("/metadata/namespace"),
        text("/metadata/name"),
    )
}

fn subject(subject: &Value) -> Option<Subject> {
    let text = |name: &str| subject.get(name).and_then(Value::as_str);
    let name = text("name")?.to_owned();
    match text("kind")? {
        "User" => Some(("User", name)),
        "Group" => Some(("Group", name)),
        "ServiceAccount" => {
            let namespace = text("namespace")?;
            let user = format!("system:serviceaccount:{namespace}:{name}");
            Some(("User", user))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn binding(kind: &str, name: &str, role: (&str, &str), subject: &Value) -> Value {
        json!({
            "kind": kind,
            "metadata": {"name": name, "namespace": if kind == "RoleBinding" { "shop" } else { "" }},
            "roleRef": {"kind": role.0, "name": role.1},
            "subjects": [subject],
        })
    }

    fn check(bindings: &Bindings, username: &str, groups: &[&str], wanted: (&[&str], &[&str])) {
        let mut user = RequestUser {
            username: username.to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            ..RequestUser::default()
        };
        bindings.add_roles(&mut user);
        let found = (user.roles, user.cluster_roles);
        assert_eq!(found.0, wanted.0, "{username}");
        assert_eq!(found.1, wanted.1, "{username}");
    }

    #[test]
    fn users_have_the_roles_that_are_bound_to_them() {
        let account = json!({"kind": "ServiceAccount", "namespace": "shop", "name": "robot"});
        let group = json!({"kind": "Group", "name": "dev"});
        let mut bindings = Bindings::default();
        for object in [
            binding("RoleBinding", "a", ("Role", "reader"), &account),
            binding("RoleBinding", "b", ("ClusterRole", "view"), &group),
            binding("ClusterRoleBinding", "b", ("ClusterRole", "edit"), &group),
        ] {
            bindings.take("", WatchEvent::Applied(object));
        }
        let robot = "system:serviceaccount:shop:robot";
        check(&bindings, robot, &[], (&["shop:reader"], &[]));
        check(&bindings, "alice", &["dev"], (&[], &["edit", "view"]));
        check(&bindings, "robot", &["other"], (&[], &[]));
        bindings.take("RoleBinding", WatchEvent::Restarted);
        bindings.take("RoleBinding", WatchEvent::Listed);
        check(&bindings, robot, &[], (&[], &[]));
        check(&bindings, "alice", &["dev"], (&[], &["edit"]));
    }
}
