//! `authorizer`: what the user of a request may do.

use std::any::Any;

use serde_json::{Value as Json, json};

use crate::{
    error::{EvalError, Evaluated},
    function::{Call, Library, Overload},
    types::Type,
    value::{Opaque, Value},
};

/// Kubernetes' `authorizer` library, without the variable `authorizer`, which not every environment
/// has: [`authorizer`] makes its value.
pub const AUTHORIZER: Library = Library {
    name: "kubernetes.authorizer",
    overloads: OVERLOADS,
    macros: &[],
    variables: &[],
};

const OVERLOADS: &[Overload] = &[
    Overload::new(
        "authorizer_path",
        "kubernetes.authorization.Authorizer.path(string) -> kubernetes.authorization.PathCheck",
        |_, args| {
            question(args, Step::Authorizer, |question, [path]| {
                if path.is_empty() {
                    return Err("path must not be empty".to_owned());
                }
                question.put("path", path);
                Ok(Step::Path)
            })
        },
    ),
    Overload::new(
        "authorizer_group",
        "kubernetes.authorization.Authorizer.group(string) -> kubernetes.authorization.GroupCheck",
        |_, args| {
            question(args, Step::Authorizer, |question, [group]| {
                question.put("group", group);
                Ok(Step::Group)
            })
        },
    ),
    Overload::new(
        "authorizer_serviceaccount",
        "kubernetes.authorization.Authorizer.serviceAccount(string, string) -> kubernetes.authorization.Authorizer",
        |_, args| {
            question(args, Step::Authorizer, |question, [namespace, name]| {
                if name.len() > 253 || !name.split('.').all(is_label) {
                    return Err("Invalid service account name".to_owned());
                }
                if namespace.len() > 63 || !is_label(namespace) {
                    return Err("Invalid service account namespace".to_owned());
                }
                question.service_account = Some((namespace.to_owned(), name.to_owned()));
                Ok(Step::Authorizer)
            })
        },
    ),
    Overload::new(
        "groupcheck_resource",
        "kubernetes.authorization.GroupCheck.resource(string) -> kubernetes.authorization.ResourceCheck",
        |_, args| {
            question(args, Step::Group, |question, [resource]| {
                question.put("resource", resource);
                Ok(Step::Resource)
            })
        },
    ),
    Overload::new(
        "resourcecheck_subresource",
        "kubernetes.authorization.ResourceCheck.subresource(string) -> kubernetes.authorization.ResourceCheck",
        |_, args| attribute(args, "subresource"),
    ),
    Overload::new(
        "resourcecheck_namespace",
        "kubernetes.authorization.ResourceCheck.namespace(string) -> kubernetes.authorization.ResourceCheck",
        |_, args| attribute(args, "namespace"),
    ),
    Overload::new(
        "resourcecheck_name",
        "kubernetes.authorization.ResourceCheck.name(string) -> kubernetes.authorization.ResourceCheck",
        |_, args| attribute(args, "name"),
    ),
    Overload::new(
        "authorizer_fieldselector",
        "kubernetes.authorization.ResourceCheck.fieldSelector(string) -> kubernetes.authorization.ResourceCheck",
        |_, args| attribute(args, "fieldSelector"),
    ),
    Overload::new(
        "authorizer_labelselector",
        "kubernetes.authorization.ResourceCheck.labelSelector(string) -> kubernetes.authorization.ResourceCheck",
        |_, args| attribute(args, "labelSelector"),
    ),
    Overload::new(
        "pathcheck_check",
        "kubernetes.authorization.PathCheck.check(string) -> kubernetes.authorization.Decision",
        |call, args| check(call, args, Step::Path),
    )
    .impure()
    .costs(check_cost),
    Overload::new(
        "resourcecheck_check",
        "kubernetes.authorization.ResourceCheck.check(string) -> kubernetes.authorization.Decision",
        |call, args| check(call, args, Step::Resource),
    )
    .impure()
    .costs(check_cost),
    Overload::new(
        "decision_errored",
        "kubernetes.authorization.Decision.errored() -> bool",
        |_, args| decision(args, |decision| Value::Bool(decision.error.is_some())),
    ),
    Overload::new(
        "decision_error",
        "kubernetes.authorization.Decision.error() -> string",
        |_, args| {
            decision(args, |decision| {
                Value::from(decision.error.clone().unwrap_or_default())
            })
        },
    ),
    Overload::new(
        "decision_allowed",
        "kubernetes.authorization.Decision.allowed() -> bool",
        |_, args| decision(args, |decision| Value::Bool(decision.allowed)),
    ),
    Overload::new(
        "decision_reason",
        "kubernetes.authorization.Decision.reason() -> string",
        |_, args| decision(args, |decision| Value::from(decision.reason.clone())),
    ),
];

/// Whether a text is a label of DNS, but for its length.
fn is_label(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(is_inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// What Kubernetes counts for a question to its authorizer.
const CHECK_COST: u64 = 350_000;

fn check_cost(_args: &[Value<'_>]) -> u64 {
    CHECK_COST
}

/// The value of the variable `authorizer`: questions about the user of the request.
#[must_use]
pub fn authorizer<'a>() -> Value<'a> {
    Value::opaque(Question {
        step: Step::Authorizer,
        service_account: None,
        said: Vec::new(),
    })
}

/// The value of the variable `authorizer.requestResource`: a question about what a request is about.
/// What is empty is not asked about.
#[must_use]
pub fn request_resource<'a>(resource: &RequestResource<'_>) -> Value<'a> {
    let said = [
        ("group", resource.group),
        ("resource", resource.resource),
        ("subresource", resource.subresource),
        ("namespace", resource.namespace),
        ("name", resource.name),
    ];
    let mut question = Question {
        step: Step::Resource,
        service_account: None,
        said: Vec::new(),
    };
    for (name, value) in said {
        if !value.is_empty() {
            question.put(name, value);
        }
    }
    Value::opaque(question)
}

/// What a request is about, as the authorizer names it.
#[derive(Clone, Copy, Debug)]
pub struct RequestResource<'r> {
    /// API group; empty for the core group.
    pub group: &'r str,
    /// Resource, such as `pods`.
    pub resource: &'r str,
    /// Subresource, such as `scale`, or empty.
    pub subresource: &'r str,
    /// Namespace, or empty.
    pub namespace: &'r str,
    /// Name, or empty.
    pub name: &'r str,
}

/// A question to the authorizer, as far as it has been put.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Question {
    step: Step,
    /// Namespace and name of the service account that it is about, if not the request's user.
    service_account: Option<(String, String)>,
    /// Attributes of the question, the latest value of a name last.
    said: Vec<(&'static str, String)>,
}

/// What has been said of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Authorizer,
    Path,
    Group,
    Resource,
}

/// The authorizer's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Decision {
    allowed: bool,
    reason: String,
    error: Option<String>,
}

impl Question {
    fn put(&mut self, name: &'static str, value: &str) {
        self.said.push((name, value.to_owned()));
    }

    /// The question as the spec of a SubjectAccessReview.
    fn attributes(&self) -> Json {
        let said: serde_json::Map<String, Json> = self
            .said
            .iter()
            .map(|(name, value)| {
                let value = match *name {
                    "fieldSelector" | "labelSelector" => json!({"rawSelector": value}),
                    _ => Json::from(value.as_str()),
                };
                ((*name).to_owned(), value)
            })
            .collect();
        let kind = match self.step {
            Step::Path => "nonResourceAttributes",
            _ => "resourceAttributes",
        };
        match &self.service_account {
            None => json!({kind: said}),
            Some((namespace, name)) => json!({
                kind: said,
                "user": format!("system:serviceaccount:{namespace}:{name}"),
                "groups": [
                    "system:serviceaccounts",
                    format!("system:serviceaccounts:{namespace}"),
                    "system:authenticated",
                ],
            }),
        }
    }
}

impl Opaque for Question {
    fn type_of(&self) -> Type {
        Type::opaque(match self.step {
            Step::Authorizer => "kubernetes.authorization.Authorizer",
            Step::Path => "kubernetes.authorization.PathCheck",
            Step::Group => "kubernetes.authorization.GroupCheck",
            Step::Resource => "kubernetes.authorization.ResourceCheck",
        })
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn to_text(&self) -> String {
        self.attributes().to_string()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Opaque for Decision {
    fn type_of(&self) -> Type {
        Type::opaque("kubernetes.authorization.Decision")
    }

    fn equals(&self, other: &dyn Opaque) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn to_text(&self) -> String {
        self.reason.clone()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The question with more said, which is text.
fn question<'a, const N: usize>(
    args: &[Value<'a>],
    step: Step,
    say: impl FnOnce(&mut Question, [&str; N]) -> Result<Step, String>,
) -> Evaluated<'a> {
    let Some((receiver, texts)) = args.split_first() else {
        return Err(EvalError::no_such_overload().into());
    };
    let mut said = [""; N];
    for (said, text) in said.iter_mut().zip(texts) {
        let Value::String(text) = text else {
            return Err(EvalError::no_such_overload().into());
        };
        *said = text;
    }
    let mut question = match receiver.downcast::<Question>() {
        Some(question) if question.step == step && texts.len() == N => question.clone(),
        _ => return Err(EvalError::no_such_overload().into()),
    };
    question.step = say(&mut question, said).map_err(EvalError::new)?;
    Ok(Value::opaque(question))
}

fn attribute<'a>(args: &[Value<'a>], name: &'static str) -> Evaluated<'a> {
    question(args, Step::Resource, |question, [value]| {
        question.put(name, value);
        Ok(Step::Resource)
    })
}

fn check<'a>(call: &Call<'_>, args: &[Value<'a>], step: Step) -> Evaluated<'a> {
    let [receiver, Value::String(verb)] = args else {
        return Err(EvalError::no_such_overload().into());
    };
    let mut question = match receiver.downcast::<Question>() {
        Some(question) if question.step == step => question.clone(),
        _ => return Err(EvalError::no_such_overload().into()),
    };
    question.put("verb", verb);
    Ok(Value::opaque(
        match call.host.authorize(&question.attributes()) {
            Ok((allowed, reason)) => Decision {
                allowed,
                reason,
                error: None,
            },
            Err(error) => Decision {
                allowed: false,
                reason: String::new(),
                error: Some(error),
            },
        },
    ))
}

fn decision<'a>(args: &[Value<'a>], of: impl FnOnce(&Decision) -> Value<'a>) -> Evaluated<'a> {
    match args.first().and_then(Value::downcast) {
        Some(decision) => Ok(of(decision)),
        None => Err(EvalError::no_such_overload().into()),
    }
}
