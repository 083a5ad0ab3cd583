//! A world of constants, and a case: rules on an object.

use std::collections::BTreeMap;

use portcullis_engine::context::source::{
    ApiCall, ContextSource, EntryKind, Lookup, NoSource, PathValue, RegistryAccess, RuleValues,
};
use portcullis_engine::load::{Loaded, load};
use portcullis_engine::record::Silent;
use portcullis_engine::request::{
    GroupVersionKind, GroupVersionResource, NumberModel, Operation, Payload, Request,
};
use portcullis_engine::response::RuleResponse;
use portcullis_engine::{CompileOptions, compile, evaluate};
use serde_json::{Value, json};

/// A world: either full of constants, or only with the values of a Values file.
#[derive(Clone, Default)]
pub(crate) struct World {
    answers: bool,
    policy: Vec<PathValue>,
    rule: RuleValues,
}

impl World {
    pub(crate) fn full() -> World {
        World {
            answers: true,
            ..World::default()
        }
    }

    pub(crate) fn policy_value(mut self, path: &str, value: Value) -> World {
        self.policy.push((path.to_owned(), value));
        self
    }

    pub(crate) fn rule_value(mut self, path: &str, value: Value) -> World {
        self.rule.values.push((path.to_owned(), value));
        self
    }

    pub(crate) fn foreach_value(mut self, path: &str, values: Value) -> World {
        let values = values.as_array().unwrap().clone();
        self.rule.foreach_values.push((path.to_owned(), values));
        self
    }
}

impl ContextSource for World {
    fn loads(&self, _: EntryKind) -> bool {
        self.answers
    }
    fn config_map(&self, namespace: &str, name: &str) -> Lookup {
        match (namespace, name) {
            ("shop", "web") => Lookup::Found(json!({"data": {"k": "v"}})),
            _ => Lookup::NotFound,
        }
    }
    fn api_call(&self, call: &ApiCall) -> Lookup {
        match call.url_path.strip_prefix("/api/v1/namespaces/") {
            Some(name) => Lookup::Found(json!({"metadata": {"name": name}})),
            None => Lookup::Failed("no answer".to_owned()),
        }
    }
    fn image(&self, reference: &str, _: &RegistryAccess) -> Lookup {
        Lookup::Found(json!({"image": reference, "configData": {"user": "root"}}))
    }
    fn global(&self, entry: &str, projection: Option<&str>) -> Lookup {
        Lookup::Found(json!(format!("{entry}/{}", projection.unwrap_or_default())))
    }
    fn has_policy_values(&self) -> bool {
        !self.policy.is_empty()
    }
    fn policy_values(&self, _: &str, _: &str, _: &str) -> &[PathValue] {
        &self.policy
    }
    fn rule_values(&self, _: &str, _: &str) -> Option<&RuleValues> {
        Some(&self.rule)
    }
    fn now(&self) -> i128 {
        NoSource.now()
    }
    fn random(&self) -> u64 {
        NoSource.random()
    }
    fn resolve_host(&self, name: &str) -> Lookup {
        NoSource.resolve_host(name)
    }
}

/// Rules on an object.
#[derive(Clone)]
pub(crate) struct Case {
    policy: Value,
    exceptions: Vec<Value>,
    world: World,
    object: Option<Value>,
    old_object: Option<Value>,
    operation: Operation,
}

impl Case {
    pub(crate) fn new(rules: Value) -> Case {
        Case {
            policy: json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": "p"}, "spec": {"rules": rules}}),
            exceptions: Vec::new(),
            world: World::default(),
            object: None,
            old_object: None,
            operation: Operation::Create,
        }
    }

    pub(crate) fn spec(mut self, key: &str, value: Value) -> Case {
        self.policy["spec"][key] = value;
        self
    }

    pub(crate) fn namespaced(mut self, namespace: &str) -> Case {
        self.policy["kind"] = json!("Policy");
        self.policy["metadata"]["namespace"] = json!(namespace);
        self
    }

    pub(crate) fn exceptions(mut self, exceptions: Vec<Value>) -> Case {
        self.exceptions = exceptions;
        self
    }

    pub(crate) fn in_world(mut self, world: &World) -> Case {
        self.world = world.clone();
        self
    }

    pub(crate) fn on(mut self, object: &Value) -> Case {
        self.object = Some(object.clone());
        self
    }

    pub(crate) fn update(mut self, new: &Value, old: &Value) -> Case {
        self.operation = Operation::Update;
        (self.object, self.old_object) = (Some(new.clone()), Some(old.clone()));
        self
    }

    pub(crate) fn delete(mut self, old: &Value) -> Case {
        self.operation = Operation::Delete;
        (self.object, self.old_object) = (None, Some(old.clone()));
        self
    }

    /// Every response, as `status message`, in order.
    #[track_caller]
    pub(crate) fn gives(self, expected: &[&str]) {
        let found = self.run();
        assert_eq!(found, expected, "{}", self.policy);
    }

    /// One response, which starts so.
    #[track_caller]
    pub(crate) fn starts(self, expected: &str) {
        let found = self.run();
        let fits = matches!(found.as_slice(), [one] if one.starts_with(expected));
        assert!(
            fits,
            "{}\nfound    {found:?}\nexpected {expected}",
            self.policy
        );
    }

    /// Every report property of every response, as `key=value`.
    pub(crate) fn properties(&self) -> Vec<String> {
        let rules = self.responses();
        let properties = rules.iter().flat_map(RuleResponse::properties);
        properties
            .map(|(key, value)| format!("{key}={value}"))
            .collect()
    }

    pub(crate) fn run(&self) -> Vec<String> {
        let rules = self.responses();
        let lines = rules
            .iter()
            .map(|rule| format!("{} {}", rule.status.as_str(), rule.message));
        lines.collect()
    }

    pub(crate) fn responses(&self) -> Vec<RuleResponse> {
        let (loaded, errors) = load(&self.policy);
        assert!(errors.is_empty(), "{errors:?}");
        let exceptions: Vec<_> = self
            .exceptions
            .iter()
            .flat_map(|written| load(written).0)
            .filter_map(|loaded| match loaded {
                Loaded::Exception(exception) => Some(*exception),
                _ => None,
            })
            .collect();
        let (set, errors) = compile(&loaded, &exceptions, &CompileOptions::default());
        assert!(errors.is_empty(), "{errors:?}");
        let subject = self.object.as_ref().or(self.old_object.as_ref()).unwrap();
        let text = |pointer: &str| {
            subject
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let (group, version) = text("/apiVersion")
            .split_once('/')
            .unwrap_or(("", text("/apiVersion")));
        let labels = BTreeMap::new();
        let request = Request {
            uid: "",
            operation: self.operation,
            kind: GroupVersionKind {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: text("/kind").to_owned(),
            },
            resource: GroupVersionResource::default(),
            subresource: "",
            names: None,
            name: text("/metadata/name"),
            namespace: text("/metadata/namespace"),
            object: self.object.as_ref(),
            old_object: self.old_object.as_ref(),
            user: None,
            namespace_labels: Some(&labels),
            namespace_object: None,
            payload: Payload::Resource,
            dry_run: false,
            options: None,
            numbers: NumberModel::Integers,
        };
        evaluate(&set, &request, &self.world, &mut Silent)
            .into_iter()
            .flat_map(|response| response.rules)
            .collect()
    }
}
