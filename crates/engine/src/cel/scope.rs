//! What expressions read: the request, shared by all policies, and the variables of one policy.

use std::{
    cell::{Cell, OnceCell, RefCell},
    sync::Arc,
};

use portcullis_cel::{
    error::{EvalError, Evaluated},
    host::Host,
    library::{
        kubernetes::{RequestResource, authorizer, request_resource},
        kyverno,
    },
    program::{Options, Variables},
    value::{Key, List, Map, Value},
};
use serde_json::Value as Json;

use super::{
    compiler::{PlacedProgram, Variable},
    request::{admission_request, named_namespace},
};
use crate::{
    context::Store,
    request::{NumberModel, Payload, Request},
};

/// What one expression may cost (Kubernetes' `PerCallLimit`).
const COST_OF_EXPRESSION: u64 = 1_000_000;
/// What the expressions of one policy may cost together (`RuntimeCELCostBudget`).
const COST_OF_POLICY: u64 = 10_000_000;

/// A request as expressions see it. Its parts are built when they are first read.
pub struct RequestScope<'a> {
    request: &'a Request<'a>,
    store: &'a Store,
    objects: OnceCell<[Value<'a>; 2]>,
    admission: OnceCell<Value<'a>>,
    namespace: OnceCell<Value<'a>>,
}

impl<'a> RequestScope<'a> {
    /// The scope of a request; what must be built for it is kept in the store.
    #[must_use]
    pub fn new(request: &'a Request<'a>, store: &'a Store) -> RequestScope<'a> {
        RequestScope {
            request,
            store,
            objects: OnceCell::new(),
            admission: OnceCell::new(),
            namespace: OnceCell::new(),
        }
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> &'a Request<'a> {
        self.request
    }

    /// Keeps a value as long as the request's own.
    #[must_use]
    pub fn keep(&self, value: Json) -> &'a Json {
        self.store.keep(value)
    }

    /// `authorizer.requestResource`.
    fn resource(&self) -> Value<'a> {
        request_resource(&RequestResource {
            group: &self.request.resource.group,
            resource: &self.request.resource.resource,
            subresource: self.request.subresource,
            namespace: self.request.namespace,
            name: self.request.name,
        })
    }

    /// `object` and `oldObject`.
    fn objects(&self) -> &[Value<'a>; 2] {
        self.objects.get_or_init(|| {
            let payload = self.request.payload;
            // One that does not fit is refused before, where its file is known.
            let read = |read: fn(&Json) -> Result<Value<'static>, String>, object| {
                read(object).unwrap_or(Value::Null)
            };
            let value = |object: Option<&'a Json>| match (object, self.request.numbers) {
                (None, _) => Value::Null,
                (Some(object), _) if payload == Payload::Envoy => {
                    read(kyverno::envoy_request, object)
                }
                (Some(object), _) if payload == Payload::Http => {
                    read(kyverno::http_request, object)
                }
                (Some(object), NumberModel::Integers) => Value::from(object),
                (Some(object), NumberModel::KyvernoOffline) => {
                    Value::from(self.store.keep(with_floats(object)))
                }
            };
            [value(self.request.object), value(self.request.old_object)]
        })
    }

    fn admission(&self) -> Value<'a> {
        let build = || {
            let fields = self
                .store
                .keep(Json::Object(admission_request(self.request)));
            let fields = fields.as_object().into_iter().flatten();
            let fields = fields.map(|(name, value)| (name.as_str(), Value::from(value)));
            let [object, old] = self.objects().clone();
            let objects = [("object", object), ("oldObject", old)];
            let all = fields.chain(objects);
            let all: Map<'a> = all
                .map(|(name, value)| (Key::String(name.into()), value))
                .collect();
            Value::Map(all)
        };
        match self.request.payload {
            Payload::Resource => self.admission.get_or_init(build).clone(),
            _ => Value::Null,
        }
    }

    fn namespace(&self) -> Value<'a> {
        let build = || match (self.request.namespace, self.request.namespace_object) {
            ("", _) => Value::Null,
            (_, Some(object)) => Value::from(object),
            (_, None) => Value::from(self.store.keep(named_namespace(self.request))),
        };
        self.namespace.get_or_init(build).clone()
    }
}

/// An object whose numbers are all floating-point numbers, as Kyverno's commands read them.
fn with_floats(value: &Json) -> Json {
    match value {
        Json::Number(number) => number.as_f64().map_or(Json::Null, Json::from),
        Json::Array(items) => items.iter().map(with_floats).collect(),
        Json::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), with_floats(value)))
            .collect(),
        other => other.clone(),
    }
}

/// The scope of one policy on one request.
pub struct Scope<'s, 'a> {
    request: &'s RequestScope<'a>,
    host: &'s dyn Host,
    variables: &'a [Variable],
    /// Those that have been read, and where one of them has no value the expression that is to blame.
    values: Vec<OnceCell<(Evaluated<'a>, Option<Blame>)>>,
    /// Names that only some kinds have, such as `params`.
    further: Vec<(&'static str, Value<'a>)>,
    cost: Cell<u64>,
    limit: Option<u64>,
    /// Whether an error of a variable names the variable, as the API server has it.
    names_variables: bool,
    /// Whether a request is asked about, and not what is stored.
    has_request: bool,
    /// The last expression that had no value.
    blame: RefCell<Option<Blame>>,
}

/// Why something cannot be decided.
#[derive(Clone, Debug)]
pub struct Undecided {
    /// What is said.
    pub message: String,
    /// The path of the expression that has no value.
    pub expression: Option<Arc<str>>,
}

impl From<String> for Undecided {
    fn from(message: String) -> Undecided {
        Undecided {
            message,
            expression: None,
        }
    }
}

/// An expression without a value.
#[derive(Clone)]
struct Blame {
    path: Arc<str>,
    message: String,
}

impl<'s, 'a> Scope<'s, 'a> {
    /// A scope with the variables of a policy.
    pub fn new(
        request: &'s RequestScope<'a>,
        host: &'s dyn Host,
        variables: &'a [Variable],
    ) -> Scope<'s, 'a> {
        Scope {
            request,
            host,
            variables,
            values: std::iter::repeat_with(OnceCell::new)
                .take(variables.len())
                .collect(),
            further: Vec::new(),
            cost: Cell::new(0),
            limit: Some(COST_OF_EXPRESSION),
            names_variables: false,
            has_request: true,
            blame: RefCell::new(None),
        }
    }

    /// The same scope with the API server's words for a variable that has no value.
    #[must_use]
    pub fn naming_variables(mut self) -> Scope<'s, 'a> {
        self.names_variables = true;
        self
    }

    /// The same scope without `request` and `oldObject`: nobody asks for what a schedule does.
    #[must_use]
    pub fn without_request(mut self) -> Scope<'s, 'a> {
        self.has_request = false;
        self
    }

    fn variable(&self, variable: &'a Variable) -> Evaluated<'a> {
        self.run(&variable.program).map_err(|error| {
            if !self.names_variables {
                return error;
            }
            let name = variable.name.trim_start_matches("variables.");
            let message = &error.message;
            let text = format!("composited variable {name:?} fails to evaluate: {message}");
            Box::new(EvalError::new(text))
        })
    }

    /// The same scope with a further name, or another value of a name.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value<'a>) -> Scope<'s, 'a> {
        self.further.push((name, value));
        self
    }

    /// The same scope without limits of cost, for the kinds that have none.
    #[must_use]
    pub fn without_limit(mut self) -> Scope<'s, 'a> {
        self.limit = None;
        self
    }

    /// The value of an expression.
    ///
    /// # Errors
    /// Why there is none.
    pub fn evaluate(&self, program: &'a PlacedProgram) -> Evaluated<'a> {
        let before = self.blame.take();
        let value = self.run(program);
        if value.is_ok() {
            self.blame.replace(before);
        }
        value
    }

    /// The path of the expression that the last evaluation without a value failed at: the one that was asked for,
    /// or a variable that it reads.
    pub fn blamed(&self) -> Option<Arc<str>> {
        let blame = self.blame.borrow();
        blame.as_ref().map(|blame| Arc::clone(&blame.path))
    }

    /// That something has no value, with the expression that is to blame.
    pub fn undecided(&self, message: String) -> Undecided {
        let expression = self.blamed();
        Undecided {
            message,
            expression,
        }
    }

    fn run(&self, program: &'a PlacedProgram) -> Evaluated<'a> {
        let value = self.value(program);
        if let Err(error) = &value {
            let mut blame = self.blame.borrow_mut();
            // What a variable fails at comes through with its words, if nothing caught it.
            let is_known = blame
                .as_ref()
                .is_some_and(|known| error.message.ends_with(&known.message));
            if !is_known {
                *blame = Some(Blame {
                    path: Arc::clone(&program.path),
                    message: error.message.clone(),
                });
            }
        }
        value
    }

    fn value(&self, program: &'a PlacedProgram) -> Evaluated<'a> {
        if self.limit.is_some() && self.cost.get() > COST_OF_POLICY {
            return Err(Box::new(EvalError::new(
                "validation failed due to running out of cost budget, no further validation rules will be run",
            )));
        }
        let options = Options {
            host: self.host,
            cost_limit: self.limit,
        };
        let listener = self.host.listener();
        if let Some(listener) = listener {
            listener.began(&program.path);
        }
        let outcome = program.program.evaluate(self, options);
        if let Some(listener) = listener {
            listener.ended(&outcome.result);
        }
        self.cost.set(self.cost.get().saturating_add(outcome.cost));
        outcome.result
    }

    /// Whether an expression is true.
    ///
    /// # Errors
    /// Why it has no value, or that its value is no truth value.
    pub fn is_true(&self, program: &'a PlacedProgram) -> Result<bool, String> {
        match self.evaluate(program) {
            Ok(Value::Bool(flag)) => Ok(flag),
            Ok(_) => Err("the expression gives no truth value".to_owned()),
            Err(error) => Err(error.message),
        }
    }
}

impl<'a> Variables<'a> for Scope<'_, 'a> {
    fn get(&self, name: &str) -> Option<Evaluated<'a>> {
        let further = self.further.iter().rev().find(|(known, _)| *known == name);
        if let Some((_, value)) = further {
            return Some(Ok(value.clone()));
        }
        Some(Ok(match name {
            "oldObject" | "request" if !self.has_request => return None,
            "object" => self.request.objects()[0].clone(),
            "oldObject" => self.request.objects()[1].clone(),
            "request" => self.request.admission(),
            "namespaceObject" => self.request.namespace(),
            "authorizer" => authorizer(),
            "authorizer.requestResource" => self.request.resource(),
            "exceptions" => {
                let allowed = ["allowedImages", "allowedValues"];
                let none = || Value::List(List::from_iter([]));
                let fields = allowed.map(|name| (Key::String(name.into()), none()));
                Value::Map(Map::from_iter(fields))
            }
            "variables" => Value::Map(Map::from_iter([])),
            name if name.starts_with("mcp.") => {
                let mut constants = kyverno::MCP_CONSTANTS.iter();
                let (_, text) = constants.find(|(known, _)| *known == name)?;
                Value::from(*text)
            }
            name => {
                let at = self.variables.iter().position(|one| *one.name == *name)?;
                let (cell, variable) = (self.values.get(at)?, self.variables.get(at)?);
                let (value, blame) = cell.get_or_init(|| {
                    let value = self.variable(variable);
                    let blame = value.is_err().then(|| self.blame.borrow().clone());
                    (value, blame.flatten())
                });
                if blame.is_some() {
                    self.blame.replace(blame.clone());
                }
                return Some(value.clone());
            }
        }))
    }
}
