//! Evaluation: walks the nodes of a program, and counts what each step costs.
//!
//! An operand that has no value does not end an evaluation at once: `&&`, `||` and loops may do
//! without it, and what the calls around it cost depends on where it stands.

mod attribute;
mod fold;
mod logic;

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    effort::{self, Allowance},
    error::{EvalError, EvalErrorKind, Evaluated},
    evaluation::{Options, Outcome, Variables},
    function::{Call, Cost},
    host::Listener,
    lower::{Callee, Entry, Field, Matches, Node},
    patterns,
    value::{Entries, Key, List, Map, Struct, Text, Value},
    well_known::WellKnown,
};

/// What making a list costs.
const LIST: u64 = 10;
/// What making a map costs.
const MAP: u64 = 30;
/// What making a message costs.
const STRUCT: u64 = 40;

/// What a name of a loop or of `cel.bind` stands for.
enum Local<'a> {
    Known(Evaluated<'a>),
    /// Not computed yet.
    Waiting(&'a Node),
}

/// One evaluation.
pub(crate) struct State<'a, 'v> {
    names: &'v [Arc<str>],
    variables: &'v dyn Variables<'a>,
    /// What variables were, by slot.
    slots: Vec<Option<Evaluated<'a>>>,
    /// The accumulators and variables of the loops around.
    locals: Vec<Local<'a>>,
    /// The fields that were found last, as rules read one path again and again.
    trail: attribute::Trail<'a>,
    call: Call<'v>,
    listener: Option<&'v dyn Listener>,
    cost: u64,
    limit: u64,
}

impl<'a, 'v> State<'a, 'v> {
    pub(crate) fn new(
        names: &'v [Arc<str>],
        variables: &'v dyn Variables<'a>,
        options: Options<'v>,
    ) -> State<'a, 'v> {
        State {
            names,
            variables,
            slots: vec![None; names.len()],
            locals: Vec::new(),
            trail: attribute::Trail::default(),
            call: Call { host: options.host },
            listener: options.host.listener(),
            cost: 0,
            limit: options.cost_limit.unwrap_or(u64::MAX),
        }
    }

    pub(crate) fn run(mut self, root: &'a Node) -> Outcome<'a> {
        let allowance = Allowance::begin();
        let result = self.node(root);
        if allowance.is_outermost() {
            patterns::forget();
        }
        Outcome {
            result,
            cost: self.cost,
        }
    }

    fn charge(&mut self, cost: u64) -> Result<(), Box<EvalError>> {
        self.cost = self.cost.saturating_add(cost);
        match self.cost > self.limit {
            false => Ok(()),
            true => Err(too_expensive()),
        }
    }

    fn node(&mut self, node: &'a Node) -> Evaluated<'a> {
        match node {
            Node::Const(value) => Ok(value.lend()),
            Node::Handle(value) => {
                self.charge(1)?;
                Ok(value.clone())
            }
            Node::Variable(slot) => {
                self.charge(1)?;
                let value = self.variable(*slot);
                if let Some(listener) = self.listener {
                    listener.read(self.name(*slot), &value);
                }
                value
            }
            Node::Local(at, _) => {
                let value = self.local(*at);
                self.charge(1)?;
                value
            }
            Node::Attribute(attribute) => self.attribute(attribute),
            Node::And(_)
            | Node::Or(_)
            | Node::Not(_)
            | Node::NotStrictlyFalse(_)
            | Node::Compare(..)
            | Node::InSet { .. } => self.truth(node).map(Value::Bool),
            Node::Conditional(parts) => self.conditional(parts),
            Node::Matches(matches) => self.matches(matches),
            Node::OptionalOr(operands) => self.optional_or(operands),
            Node::OptionalOrValue(operands) => self.optional_or_value(operands),
            Node::Call { callee, args } => self.call(callee, args),
            Node::List { elements, optional } => self.list(elements, optional),
            Node::Map(entries) => self.map(entries),
            Node::Struct { name, fields } => self.message(name, fields),
            Node::Fold(fold) => self.fold(fold),
            Node::Bind(parts) => self.bind(parts),
        }
    }

    fn bind(&mut self, parts: &'a [Node; 2]) -> Evaluated<'a> {
        let [value, body] = parts;
        self.locals.push(Local::Waiting(value));
        let result = self.node(body);
        self.locals.pop();
        result
    }

    fn matches(&mut self, matches: &'a Matches) -> Evaluated<'a> {
        let text = self.node(&matches.text)?;
        let args = [text, matches.pattern.lend()];
        let cost = self.spend_ahead(&matches.callee, &args)?;
        self.charge(cost)?;
        match &args {
            [Value::String(text), _] => Ok(Value::Bool(matches.regex.is_match(text))),
            _ => Err(EvalError::no_such_overload().into()),
        }
    }

    /// A call. The first argument without a value ends it; it costs all the same where that is the
    /// last one.
    fn call(&mut self, callee: &Callee, args: &'a [Node]) -> Evaluated<'a> {
        match args {
            [] => self.invoke(callee, &[]),
            [one] => match self.node(one) {
                Ok(one) => self.invoke(callee, &[one]),
                Err(error) => self.failed(callee, &[Value::Null], error),
            },
            [one, two] => {
                let one = self.node(one)?;
                match self.node(two) {
                    Ok(two) => self.invoke(callee, &[one, two]),
                    Err(error) => self.failed(callee, &[one, Value::Null], error),
                }
            }
            [many @ .., last] => {
                let mut values = Vec::with_capacity(args.len());
                for arg in many {
                    values.push(self.node(arg)?);
                }
                match self.node(last) {
                    Ok(last) => {
                        values.push(last);
                        self.invoke(callee, &values)
                    }
                    Err(error) => {
                        values.push(Value::Null);
                        self.failed(callee, &values, error)
                    }
                }
            }
        }
    }

    fn invoke(&mut self, callee: &Callee, args: &[Value<'a>]) -> Evaluated<'a> {
        let ahead = self.spend_ahead(callee, args)?;
        let result = self.dispatch(callee, args);
        effort::check()?;
        self.charge(match callee.cost {
            Cost::One | Cost::OfArguments(_) => ahead,
            Cost::OfResult(cost) => cost(args, result.as_ref().ok()),
        })?;
        if let Ok(value) = &result
            && callee.walks
        {
            let weight = match value {
                Value::List(_) | Value::Map(_) => effort::ELEMENT,
                _ => 1,
            };
            effort::take(effort::of_value(value).saturating_mul(weight))?;
        }
        result
    }

    /// Spends what a call takes at least, before it takes it; what it costs without its result.
    fn spend_ahead(&self, callee: &Callee, args: &[Value<'a>]) -> Result<u64, Box<EvalError>> {
        let taken: u64 = match callee.walks {
            true => args.iter().map(effort::of_value).sum(),
            false => 0,
        };
        let cost = callee.cost_ahead(args);
        match effort::take(taken.saturating_add(cost).saturating_add(1)) {
            Err(_) if self.cost.saturating_add(cost) > self.limit => Err(too_expensive()),
            checked => checked.map(|()| cost),
        }
    }

    /// What a call costs whose last argument has no value, which counts as a scalar.
    fn failed(
        &mut self,
        callee: &Callee,
        args: &[Value<'a>],
        error: Box<EvalError>,
    ) -> Evaluated<'a> {
        let failed = Err(error);
        self.charge_after(callee.cost_ahead(args), &failed)?;
        failed
    }

    /// A cost that a failure has too, unless it is the one that ends the evaluation.
    fn charge_after<T>(
        &mut self,
        cost: u64,
        result: &Result<T, Box<EvalError>>,
    ) -> Result<(), Box<EvalError>> {
        match is_cost_limit(result) {
            true => Ok(()),
            false => self.charge(cost),
        }
    }

    fn dispatch(&mut self, callee: &Callee, args: &[Value<'a>]) -> Evaluated<'a> {
        for implementation in &callee.implementations {
            match implementation(&self.call, args) {
                Err(error) if error.is_no_such_overload() => {}
                other => return other,
            }
        }
        let types: Vec<String> = args.iter().map(Value::runtime_type).collect();
        let mut error = EvalError::no_such_overload();
        error.message = format!("no such overload: {}({})", callee.name, types.join(", "));
        Err(error.into())
    }

    fn list(&mut self, elements: &'a [Node], optional: &[usize]) -> Evaluated<'a> {
        let made = self.elements(elements, optional);
        self.charge_after(LIST, &made)?;
        Ok(Value::List(List::from(made?)))
    }

    fn elements(
        &mut self,
        elements: &'a [Node],
        optional: &[usize],
    ) -> Result<Vec<Value<'a>>, Box<EvalError>> {
        let mut values = Vec::with_capacity(elements.len());
        let mut optional = optional.iter().peekable();
        for (position, element) in elements.iter().enumerate() {
            let value = self.node(element)?;
            match optional.next_if_eq(&&position) {
                Some(_) => values.extend(inside(value)?),
                None => values.push(value),
            }
        }
        Ok(values)
    }

    fn map(&mut self, entries: &'a [Entry]) -> Evaluated<'a> {
        let made = self.entries(entries);
        self.charge_after(MAP, &made)?;
        Ok(Value::Map(Map::Shared(Arc::new(made?))))
    }

    fn entries(&mut self, entries: &'a [Entry]) -> Result<Entries<'a>, Box<EvalError>> {
        let mut made = Vec::with_capacity(entries.len());
        for entry in entries {
            let key = self.node(&entry.key)?;
            let Some(own) = Key::of(&key) else {
                let problem = format!("unsupported key type: {}", key.runtime_type());
                return Err(EvalError::new(problem).into());
            };
            let value = self.node(&entry.value)?;
            let value = match entry.optional {
                true => inside(value)?,
                false => Some(value),
            };
            made.extend(value.map(|value| (own, value)));
        }
        // Of a key that is there twice, the last value stays.
        Ok(made.into_iter().collect())
    }

    fn message(&mut self, name: &Arc<str>, fields: &'a [Field]) -> Evaluated<'a> {
        let made = self.fields(fields);
        self.charge_after(STRUCT, &made)?;
        if let Some(known) = WellKnown::of(name) {
            return known.value(made?);
        }
        Ok(Value::Struct(Arc::new(Struct {
            type_name: name.clone(),
            fields: made?,
        })))
    }

    fn fields(
        &mut self,
        fields: &'a [Field],
    ) -> Result<BTreeMap<Text<'a>, Value<'a>>, Box<EvalError>> {
        let mut made = BTreeMap::new();
        for field in fields {
            let value = self.node(&field.value)?;
            let value = match field.optional {
                true => inside(value)?,
                false => Some(value),
            };
            made.extend(value.map(|value| (field.name.lend(), value)));
        }
        Ok(made)
    }
}

#[cold]
fn too_expensive() -> Box<EvalError> {
    Box::new(EvalError {
        kind: EvalErrorKind::CostLimit,
        message: "operation cancelled: actual cost limit exceeded".to_owned(),
        offset: None,
    })
}

/// Whether an evaluation ends because it costs too much.
fn is_cost_limit<T>(result: &Result<T, Box<EvalError>>) -> bool {
    matches!(result, Err(error) if error.kind == EvalErrorKind::CostLimit)
}

/// What an optional holds.
fn inside<'a>(value: Value<'a>) -> Result<Option<Value<'a>>, Box<EvalError>> {
    match value {
        Value::Optional(held) => Ok(held.map(Arc::unwrap_or_clone)),
        other => {
            let problem = format!(
                "cannot initialize optional entry from non-optional value {}",
                other.runtime_type()
            );
            Err(EvalError::new(problem).into())
        }
    }
}
