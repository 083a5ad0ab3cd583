//! What is watched.

use std::{collections::BTreeSet, sync::Arc};

use portcullis_cluster::{ServedKind, WatchOptions};
use portcullis_engine::load;
use serde_json::json;

use super::Controller;

const ROLES: &str = "rbac.authorization.k8s.io";

/// What a watch is about.
#[derive(Clone, Debug)]
pub(super) enum About {
    /// Policies or exceptions of a kind.
    Policies(Arc<ServedKind>),
    Namespaces,
    /// Bindings of roles, of this kind.
    Bindings(&'static str),
    /// What the cluster serves.
    Definitions,
    /// The ConfigMap.
    Configuration,
}

impl Controller {
    pub(super) fn watch_surroundings(&mut self) {
        let namespaces = kind(("", "Namespace", "namespaces"), false);
        self.watch(About::Namespaces, &WatchOptions::all(namespaces));
        let bindings = kind((ROLES, "RoleBinding", "rolebindings"), true);
        self.watch(About::Bindings("RoleBinding"), &WatchOptions::all(bindings));
        let bindings = kind((ROLES, "ClusterRoleBinding", "clusterrolebindings"), false);
        let options = WatchOptions::all(bindings);
        self.watch(About::Bindings("ClusterRoleBinding"), &options);
        let definitions = (
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
            "customresourcedefinitions",
        );
        let definitions = WatchOptions {
            metadata_only: true,
            ..WatchOptions::all(kind(definitions, false))
        };
        self.watch(About::Definitions, &definitions);
        let configuration = WatchOptions {
            namespace: Some(self.options.namespace.clone()),
            name: Some(self.options.config_map.clone()),
            ..WatchOptions::all(kind(("", "ConfigMap", "configmaps"), true))
        };
        self.watch(About::Configuration, &configuration);
    }

    /// Watches each kind of policy that the cluster serves, and no other any more.
    pub(super) fn watch_policies(&mut self) {
        let kinds = self.world.discovery().listed(is_policy);
        let wanted: Vec<About> = kinds
            .into_iter()
            .map(|kind| About::Policies(Arc::new(kind)))
            .collect();
        let names: BTreeSet<String> = wanted.iter().map(About::name).collect();
        let is_gone = |name: &String, about: &About| {
            matches!(about, About::Policies(_)) && !names.contains(name)
        };
        let gone = self.watches.iter();
        let gone: Vec<About> = gone
            .filter(|(name, (about, _))| is_gone(name, about))
            .map(|(_, (about, _))| about.clone())
            .collect();
        for about in gone {
            let name = about.name();
            self.watches.remove(&name);
            self.unlisted.remove(&name);
            self.broken.remove(&name);
            if let About::Policies(kind) = &about
                && self.objects.forget(kind)
            {
                self.changed.note(|changed| changed.policies = true);
            }
        }
        for about in wanted {
            let name = about.name();
            let (is_watched, is_broken) =
                (self.watches.contains_key(&name), self.broken.remove(&name));
            if let (About::Policies(kind), true) = (&about, !is_watched || is_broken) {
                let options = WatchOptions::all(kind.as_ref().clone());
                self.watch(about, &options);
            }
        }
    }

    fn watch(&mut self, about: About, options: &WatchOptions) {
        let name = about.name();
        let watch = self.cluster.watch(options, about.clone(), self.to.clone());
        // One that is begun anew has told what there was.
        if self.watches.insert(name.clone(), (about, watch)).is_none() {
            self.unlisted.insert(name);
        }
    }
}

impl About {
    pub(super) fn name(&self) -> String {
        match self {
            About::Policies(kind) => format!("{} {}", kind.api_version(), kind.kind),
            About::Namespaces => "namespaces".to_owned(),
            About::Bindings(kind) => (*kind).to_owned(),
            About::Definitions => "definitions".to_owned(),
            About::Configuration => "configuration".to_owned(),
        }
    }
}

/// A kind by its group, name and resource, as each cluster has it.
pub(super) fn kind((group, kind, resource): (&str, &str, &str), namespaced: bool) -> ServedKind {
    ServedKind {
        group: group.to_owned(),
        version: "v1".to_owned(),
        kind: kind.to_owned(),
        resource: resource.to_owned(),
        namespaced,
        verbs: Vec::new(),
        subresources: Vec::new(),
    }
}

/// Whether a kind is one of policies or exceptions that are answered here; admission policies of
/// the API server are its own.
fn is_policy(kind: &ServedKind) -> bool {
    let is_ours = matches!(kind.group.as_str(), "kyverno.io" | "policies.kyverno.io");
    is_ours && load::is_known(&json!({"apiVersion": kind.api_version(), "kind": kind.kind}))
}
