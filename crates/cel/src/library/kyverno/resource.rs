//! `resource` and `generator`: objects of the cluster.

use std::any::Any;

use serde_json::Value as Json;

use super::{failed, pairs, text};
use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    host::ResourceRef,
    types::Type,
    value::{Opaque, Value},
};

/// The overloads of a method under both of its names.
macro_rules! both {
    ($id:literal, $of:literal, $name:literal, $pascal:literal, $rest:literal, $run:ident) => {
        [
            Overload::new($id, concat!($of, ".", $name, $rest), $run).impure(),
            Overload::new(
                concat!($id, "_pascal"),
                concat!($of, ".", $pascal, $rest),
                $run,
            )
            .impure(),
        ]
    };
}

const TO_GVR: [Overload; 2] = both!(
    "resource_togvr_string_string",
    "resource.Context",
    "toGVR",
    "ToGVR",
    "(string, string) -> schema.GroupVersionResource",
    gvr_of
);

/// Kyverno's `resource` library.
pub const RESOURCE: Library = Library {
    name: "kyverno.resource",
    overloads: &{
        let [get, get_pascal] = both!(
            "resource_get_string_string_string_string",
            "resource.Context",
            "get",
            "Get",
            "(string, string, string, string) -> map(string, any)",
            get_object
        );
        let [get_gvr, get_gvr_pascal] = both!(
            "resource_get_gvr_string_string",
            "resource.Context",
            "get",
            "Get",
            "(schema.GroupVersionResource, string, string) -> map(string, any)",
            get_object
        );
        let [list, list_pascal] = both!(
            "resource_list_string_string_string",
            "resource.Context",
            "list",
            "List",
            "(string, string, string) -> map(string, any)",
            list_objects
        );
        let [list_labels, list_labels_pascal] = both!(
            "resource_list_string_string_string_map",
            "resource.Context",
            "list",
            "List",
            "(string, string, string, map(string, string)) -> map(string, any)",
            list_objects
        );
        let [list_gvr, list_gvr_pascal] = both!(
            "resource_list_gvr_string",
            "resource.Context",
            "list",
            "List",
            "(schema.GroupVersionResource, string) -> map(string, any)",
            list_objects
        );
        let [list_gvr_labels, list_gvr_labels_pascal] = both!(
            "resource_list_gvr_string_map",
            "resource.Context",
            "list",
            "List",
            "(schema.GroupVersionResource, string, map(string, string)) -> map(string, any)",
            list_objects
        );
        let [post, post_pascal] = both!(
            "resource_post_string_string_string_map",
            "resource.Context",
            "post",
            "Post",
            "(string, string, string, map(string, dyn)) -> map(string, any)",
            post_object
        );
        let [post_cluster, post_cluster_pascal] = both!(
            "resource_post_string_string_map",
            "resource.Context",
            "post",
            "Post",
            "(string, string, map(string, dyn)) -> map(string, any)",
            post_object
        );
        let [to_gvr, to_gvr_pascal] = TO_GVR;
        [
            get,
            get_pascal,
            get_gvr,
            get_gvr_pascal,
            list,
            list_pascal,
            list_labels,
            list_labels_pascal,
            list_gvr,
            list_gvr_pascal,
            list_gvr_labels,
            list_gvr_labels_pascal,
            post,
            post_pascal,
            post_cluster,
            post_cluster_pascal,
            to_gvr,
            to_gvr_pascal,
        ]
    },
    macros: &[],
    variables: &[("resource", "resource.Context")],
};

/// The same for policies of one namespace, which see nothing beyond it: the host knows which.
pub const NAMESPACED_RESOURCE: Library = Library {
    name: "kyverno.resource.namespaced",
    overloads: &{
        let [get, get_pascal] = both!(
            "resource_get_string_string_string",
            "resource.Context",
            "get",
            "Get",
            "(string, string, string) -> map(string, any)",
            get_own_object
        );
        let [list, list_pascal] = both!(
            "resource_list_string_string",
            "resource.Context",
            "list",
            "List",
            "(string, string) -> map(string, any)",
            list_own_objects
        );
        let [list_labels, list_labels_pascal] = both!(
            "resource_list_string_string_map",
            "resource.Context",
            "list",
            "List",
            "(string, string, map(string, string)) -> map(string, any)",
            list_own_objects
        );
        let [post, post_pascal] = both!(
            "resource_post_string_string_map",
            "resource.Context",
            "post",
            "Post",
            "(string, string, map(string, dyn)) -> map(string, any)",
            post_object
        );
        let [to_gvr, to_gvr_pascal] = TO_GVR;
        [
            get,
            get_pascal,
            list,
            list_pascal,
            list_labels,
            list_labels_pascal,
            post,
            post_pascal,
            to_gvr,
            to_gvr_pascal,
        ]
    },
    macros: &[],
    variables: &[("resource", "resource.Context")],
};

/// Kyverno's `generator` library.
pub const GENERATOR: Library = Library {
    name: "kyverno.generator",
    overloads: &both!(
        "generator_apply_string_list",
        "generator.Context",
        "apply",
        "Apply",
        "(string, list(map(string, dyn))) -> bool",
        apply
    ),
    macros: &[],
    variables: &[("generator", "generator.Context")],
};

/// The same for policies of one namespace.
pub const NAMESPACED_GENERATOR: Library = Library {
    name: "kyverno.generator.namespaced",
    overloads: &both!(
        "generator_apply_list",
        "generator.Context",
        "apply",
        "Apply",
        "(list(map(string, dyn))) -> bool",
        apply
    ),
    macros: &[],
    variables: &[("generator", "generator.Context")],
};

/// A group, version and resource, as a value.
#[derive(Debug, PartialEq, Eq)]
struct Gvr {
    api_version: String,
    resource: String,
}

impl Opaque for Gvr {
    fn type_of(&self) -> Type {
        Type::opaque("schema.GroupVersionResource")
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.as_any().downcast_ref::<Gvr>() == Some(self)
    }

    fn to_text(&self) -> String {
        format!("{}, Resource={}", self.api_version, self.resource)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Where a call points, and how many arguments say so beside the receiver.
fn place<'v>(args: &'v [Value<'_>]) -> Result<(&'v str, &'v str, usize), Box<EvalError>> {
    match args.get(1).and_then(Value::downcast::<Gvr>) {
        Some(gvr) => Ok((&gvr.api_version, &gvr.resource, 1)),
        None => Ok((text(args, 1)?, text(args, 2)?, 2)),
    }
}

fn get_object<'a>(call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let (api_version, resource, used) = place(args)?;
    found(
        call,
        api_version,
        resource,
        text(args, used + 1)?,
        text(args, used + 2)?,
    )
}

fn get_own_object<'a>(call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    found(call, text(args, 1)?, text(args, 2)?, "", text(args, 3)?)
}

/// An object; null if it does not exist.
fn found<'a>(
    call: &Call<'_>,
    api_version: &str,
    resource: &str,
    namespace: &str,
    name: &str,
) -> Evaluated<'a> {
    let at = ResourceRef {
        api_version,
        resource,
        namespace,
        name,
    };
    let found = call.host.get(&at).map_err(failed)?;
    Ok(found.map_or(Value::Null, Value::from_json))
}

fn list_objects<'a>(call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let (api_version, resource, used) = place(args)?;
    let namespace = text(args, used + 1)?;
    listed(call, api_version, resource, namespace, args.get(used + 2))
}

fn list_own_objects<'a>(call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    listed(call, text(args, 1)?, text(args, 2)?, "", args.get(3))
}

fn listed<'a>(
    call: &Call<'_>,
    api_version: &str,
    resource: &str,
    namespace: &str,
    labels: Option<&Value<'_>>,
) -> Evaluated<'a> {
    let at = ResourceRef {
        api_version,
        resource,
        namespace,
        name: "",
    };
    let labels = pairs(labels)?;
    call.host
        .list(&at, &labels)
        .map(Value::from_json)
        .map_err(|problem| failed(format!("failed to list resource: {problem}")))
}

fn post_object<'a>(call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let (api_version, resource) = (text(args, 1)?, text(args, 2)?);
    let (namespace, object) = match (args.get(3), args.get(4)) {
        (Some(Value::String(namespace)), Some(object)) => (namespace.as_str(), object),
        (Some(object), None) => ("", object),
        _ => return Err(EvalError::no_such_overload().into()),
    };
    let at = ResourceRef {
        api_version,
        resource,
        namespace,
        name: "",
    };
    let object = object.to_json().map_err(failed)?;
    call.host
        .post(&at, &object)
        .map(Value::from_json)
        .map_err(failed)
}

fn gvr_of<'a>(call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let [group, version, resource] = call
        .host
        .resource_of(text(args, 1)?, text(args, 2)?)
        .map_err(failed)?;
    let api_version = match group.is_empty() {
        true => version,
        false => format!("{group}/{version}"),
    };
    Ok(Value::opaque(Gvr {
        api_version,
        resource,
    }))
}

fn apply<'a>(call: &Call<'_>, args: &[Value<'a>]) -> Evaluated<'a> {
    let (namespace, objects) = match args {
        [_, Value::String(namespace), Value::List(objects)] => (Some(namespace.as_str()), objects),
        [_, Value::List(objects)] => (None, objects),
        _ => return Err(EvalError::no_such_overload().into()),
    };
    let objects: Vec<Json> = objects
        .iter()
        .map(|object| object.to_json())
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    call.host
        .generate(namespace, &objects)
        .map(Value::Bool)
        .map_err(failed)
}
