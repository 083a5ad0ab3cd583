//! Evaluation: walks the nodes of a program, and counts what each step costs.
//!
//! An operand that has no value does not end an evaluation at once: `&&`, `||` and loops may do
//! without it, and cel-go evaluates both operands of a call before it looks at them, which counts.

mod fold;
mod logic;
mod selection;

use std::sync::Arc;

use crate::{
    error::{EvalError, EvalErrorKind, Evaluated},
    function::Call,
    lower::{Callee, Comparison, Entry, Field, Node},
    program::{Options, Outcome, Variables},
    value::{Entries, Key, List, Map, Struct, Value},
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
    call: Call<'v>,
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
            call: Call { host: options.host },
            cost: 0,
            limit: options.cost_limit.unwrap_or(u64::MAX),
        }
    }

    pub(crate) fn run(mut self, root: &'a Node) -> Outcome<'a> {
        let result = self.node(root);
        Outcome {
            result,
            cost: self.cost,
        }
    }

    fn charge(&mut self, cost: u64) -> Result<(), Box<EvalError>> {
        self.cost = self.cost.saturating_add(cost);
        match self.cost > self.limit {
            false => Ok(()),
            true => Err(Box::new(EvalError {
                kind: EvalErrorKind::CostLimit,
                message: "operation cancelled: actual cost limit exceeded".to_owned(),
                offset: None,
            })),
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
                self.variable(*slot)
            }
            Node::Local(at) => {
                let value = self.local(*at);
                self.charge(1)?;
                value
            }
            Node::Select {
                operand,
                field,
                is_attribute,
            } => self.select(operand, field, *is_attribute),
            Node::OptionalSelect {
                operand,
                field,
                is_attribute,
            } => self.optional_select(operand, field, *is_attribute),
            Node::Has {
                operand,
                field,
                is_attribute,
            } => self.has(operand, field, *is_attribute),
            Node::Index {
                operand,
                index,
                optional,
                is_attribute,
            } => self.index(operand, index, *optional, *is_attribute),
            Node::And(operands) => self.and(operands),
            Node::Or(operands) => self.or(operands),
            Node::Not(operand) => self.not(operand),
            Node::NotStrictlyFalse(operand) => self.not_strictly_false(operand),
            Node::Conditional(parts) => self.conditional(parts),
            Node::Compare(comparison, operands) => self.compare(*comparison, operands),
            Node::InSet { value, set } => {
                let value = self.node(value)?;
                Ok(Value::Bool(set.contains(&value)))
            }
            Node::Matches {
                callee,
                text,
                regex,
                pattern,
            } => {
                let text = self.node(text)?;
                let args = [text, pattern.lend()];
                self.charge(callee.cost.map_or(1, |cost| cost(&args, None)))?;
                match &args {
                    [Value::String(text), _] => Ok(Value::Bool(regex.is_match(text))),
                    _ => Err(EvalError::no_such_overload().into()),
                }
            }
            Node::OptionalOr(operands) => self.optional_or(operands),
            Node::OptionalOrValue(operands) => self.optional_or_value(operands),
            Node::OrElse(operands) => self.or_else(operands),
            Node::Call { callee, args } => self.call(callee, args),
            Node::List { elements, optional } => self.list(elements, optional),
            Node::Map(entries) => self.map(entries),
            Node::Struct { name, fields } => self.message(name, fields),
            Node::Fold(fold) => self.fold(fold),
            Node::Bind(parts) => {
                let [value, body] = &**parts;
                self.locals.push(Local::Waiting(value));
                let result = self.node(body);
                self.locals.pop();
                result
            }
        }
    }

    /// The value of a name of a loop or of `cel.bind`.
    fn local(&mut self, at: usize) -> Evaluated<'a> {
        let waiting = match self.locals.get(at) {
            Some(Local::Known(value)) => return value.clone(),
            Some(Local::Waiting(node)) => *node,
            None => return Err(EvalError::no_such_overload().into()),
        };
        // The value is computed as if the names below it were not there.
        let above = self.locals.split_off(at);
        let value = self.node(waiting);
        self.locals.truncate(at);
        self.locals.extend(above);
        if let Some(slot) = self.locals.get_mut(at) {
            *slot = Local::Known(value.clone());
        }
        value
    }

    fn variable(&mut self, slot: usize) -> Evaluated<'a> {
        if let Some(Some(known)) = self.slots.get(slot) {
            return known.clone();
        }
        let name = self.names.get(slot).map_or("", |name| &**name);
        let value = self
            .variables
            .get(name)
            .unwrap_or_else(|| Err(EvalError::new(format!("no such attribute(s): {name}")).into()));
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = Some(value.clone());
        }
        value
    }

    fn compare(&mut self, comparison: Comparison, operands: &'a [Node; 2]) -> Evaluated<'a> {
        let [left, right] = operands;
        let left = self.node(left)?;
        let right = match self.node(right) {
            Ok(right) => right,
            Err(error) => {
                if error.kind != EvalErrorKind::CostLimit {
                    self.charge(1)?;
                }
                return Err(error);
            }
        };
        self.charge(cost_of_comparison(&left, &right))?;
        let equal = left == right;
        Ok(Value::Bool(match comparison {
            Comparison::Equals => equal,
            Comparison::NotEquals => !equal,
        }))
    }

    /// A call. The first argument without a value ends it; it costs all the same where that is the
    /// last of one or two arguments.
    fn call(&mut self, callee: &Callee, args: &'a [Node]) -> Evaluated<'a> {
        match args {
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
            many => {
                let mut values = Vec::with_capacity(many.len());
                for arg in many {
                    values.push(self.node(arg)?);
                }
                self.invoke(callee, &values)
            }
        }
    }

    fn invoke(&mut self, callee: &Callee, args: &[Value<'a>]) -> Evaluated<'a> {
        let result = self.dispatch(callee, args);
        self.charge(
            callee
                .cost
                .map_or(1, |cost| cost(args, result.as_ref().ok())),
        )?;
        result
    }

    /// What a call costs whose last argument has no value, which counts as a scalar.
    fn failed(
        &mut self,
        callee: &Callee,
        args: &[Value<'a>],
        error: Box<EvalError>,
    ) -> Evaluated<'a> {
        if error.kind != EvalErrorKind::CostLimit {
            self.charge(callee.cost.map_or(1, |cost| cost(args, None)))?;
        }
        Err(error)
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
        let mut values = Vec::with_capacity(elements.len());
        let mut optional = optional.iter().peekable();
        let mut failed = None;
        for (position, element) in elements.iter().enumerate() {
            let is_optional = optional.next_if_eq(&&position).is_some();
            match self.node(element) {
                Ok(value) if is_optional => values.extend(inside(value)?),
                Ok(value) => values.push(value),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        self.charge(LIST)?;
        match failed {
            Some(error) => Err(error),
            None => Ok(Value::List(List::from(values))),
        }
    }

    fn map(&mut self, entries: &'a [Entry]) -> Evaluated<'a> {
        let made = self.entries(entries);
        if !matches!(&made, Err(error) if error.kind == EvalErrorKind::CostLimit) {
            self.charge(MAP)?;
        }
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
        let mut made = Struct {
            type_name: name.clone(),
            fields: std::collections::BTreeMap::new(),
        };
        let mut failed = None;
        for field in fields {
            match self.node(&field.value) {
                Ok(value) if field.optional => {
                    made.fields
                        .extend(inside(value)?.map(|value| (field.name.lend(), value)));
                }
                Ok(value) => drop(made.fields.insert(field.name.lend(), value)),
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        self.charge(STRUCT)?;
        match failed {
            Some(error) => Err(error),
            None => Ok(Value::Struct(Arc::new(made))),
        }
    }
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

/// Comparing costs a tenth of the shorter side, rounded up, where both have a size.
fn cost_of_comparison(left: &Value<'_>, right: &Value<'_>) -> u64 {
    use crate::library::standard::of_shorter;
    match (left, right) {
        (Value::Bool(_) | Value::Int(_) | Value::Null, _) => 1,
        (left, right) => of_shorter(&[left.clone(), right.clone()], None),
    }
}
