//! Evaluates a program on borrowed values.
//!
//! A missing key is a fault that ends `a.b`, `a[0]`, the right side of `&&` and the whole
//! expression. It is null in comparisons, arguments, conditions, list and map constructions, on
//! both sides of `||`, left of `&&`, after `!`, at the end of each stage of a pipe, and for each
//! item of a projection. The list side of `[]`, `[?…]` and `.*` turns *every* fault into null.

mod borrow;
mod compare;
mod project;

use std::{cell::RefCell, rc::Rc};

use portcullis_values::{List, Map, Str, Val, gofloat::format_v};
use serde_json::Value;

use self::borrow::{Peek, peek};
use crate::{
    budget::Budget,
    error::{Evaluated, Fault},
    functions::{self, Evaluation},
    host::Host,
    program::{CallSite, Construct, Field, Node, Program},
    scope::Scope,
    value::{self, Reference, is_false},
};

/// How many computed values a result may hold.
const MAX_RESULT: u64 = 1_000_000;

/// One evaluation of a program.
pub(crate) struct Interpreter<'e, 'a> {
    program: &'a Program,
    scope: &'e dyn Scope<'a>,
    host: &'e dyn Host,
    budget: Budget,
    /// The lists that `items` made: lists of maps only, which most functions refuse.
    item_lists: RefCell<Vec<Rc<[Val<'a>]>>>,
}

impl<'e, 'a> Interpreter<'e, 'a> {
    pub(crate) fn new(
        program: &'a Program,
        scope: &'e dyn Scope<'a>,
        host: &'e dyn Host,
    ) -> Interpreter<'e, 'a> {
        Interpreter {
            program,
            scope,
            host,
            budget: Budget::new(),
            item_lists: RefCell::new(Vec::new()),
        }
    }

    /// The result of the program, as plain JSON values where JSON has them.
    pub(crate) fn run(&self) -> Evaluated<'a> {
        let result = self.eval(&self.program.root, &Val::Null);
        // A projection may have swallowed the fault of a budget that ran out.
        self.budget.check(0)?;
        let result = result?;
        self.plain(result, &mut MAX_RESULT.clone())
    }

    /// Evaluates `node` on `current`; nodes of the root ask the scope instead.
    fn eval(&self, node: &'a Node, current: &Val<'a>) -> Evaluated<'a> {
        self.budget.charge(1, 0)?;
        match node {
            Node::Whole(offset) => self.scope.whole().map_err(|error| place(error, *offset)),
            Node::RootField(field) => self.root_field(field),
            Node::Current => Ok(current.clone()),
            Node::Field(field) => field_of(current, field),
            Node::Index(index) => Ok(index_of(current, *index)),
            Node::Slice(slice) => project::slice(slice, current),
            Node::Chain(steps) => self.chain(steps, current),
            Node::Pipe(stages) => self.pipe(stages, current),
            Node::Or(operands) => self.or(operands, current),
            Node::And(operands) => self.and(operands, current),
            Node::Not(body) => Ok(Val::Bool(is_false(&self.lenient(body, current)?))),
            Node::Compare(comparison, sides) => self.compare(*comparison, sides, current),
            Node::Literal(value) => Ok(Val::from(value)),
            Node::Reference(index) => Ok(self.reference(*index)),
            Node::Call(site) => self.call(site, current),
            Node::Invalid { offset, message } => Err(Fault::runtime(*offset, *message)),
            Node::Hash(construct) => self.hash(construct, current),
            Node::List(construct) => self.list(construct, current),
            Node::Projection(sides) => self.projection(sides, current),
            Node::ValueProjection(sides) => self.value_projection(sides, current),
            Node::Filter(parts) => self.filter(parts, current),
            Node::Flatten(body) => self.flatten(body, current),
        }
    }

    /// Evaluates `node`; a missing key is null.
    fn lenient(&self, node: &'a Node, current: &Val<'a>) -> Evaluated<'a> {
        match self.eval(node, current) {
            Err(Fault::NotFound { .. }) => Ok(Val::Null),
            other => other,
        }
    }

    #[inline(never)]
    fn root_field(&self, field: &'a Field) -> Evaluated<'a> {
        match self.scope.field(&field.name) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => Err(missing(field)),
            Err(crate::EvalError::NotFound { .. }) => Err(missing(field)),
            Err(error) => Err(place(error, field.offset)),
        }
    }

    fn chain(&self, steps: &'a [Node], current: &Val<'a>) -> Evaluated<'a> {
        let part = match steps {
            [Node::RootField(root), Node::Field(field), ..] => {
                self.scope.part(&root.name, &field.name)
            }
            _ => None,
        };
        let (mut value, mut steps) = match (part, steps) {
            (Some(part), [_, _, rest @ ..]) => (part, rest.iter()),
            (_, [first, rest @ ..]) => (self.eval(first, current)?, rest.iter()),
            (_, []) => return Ok(current.clone()),
        };
        while let Some(step) = steps.next() {
            value = match (step, &value) {
                (Node::Field(field), Val::Map(Map::Borrowed(entries))) => {
                    let found = entries.get(&*field.name).ok_or_else(|| missing(field))?;
                    Val::from(walk(&mut steps, found)?)
                }
                (Node::Field(field), other) => field_of(other, field)?,
                (other, _) => self.eval(other, &value)?,
            };
        }
        Ok(value)
    }

    fn pipe(&self, stages: &'a [Node], current: &Val<'a>) -> Evaluated<'a> {
        let mut stages = stages.iter();
        let Some(first) = stages.next() else {
            return Ok(current.clone());
        };
        let mut value = self.lenient(first, current)?;
        for stage in stages {
            value = self.lenient(stage, &value)?;
        }
        Ok(value)
    }

    fn or(&self, operands: &'a [Node], current: &Val<'a>) -> Evaluated<'a> {
        let mut value = Val::Null;
        for operand in operands {
            value = self.lenient(operand, current)?;
            if !is_false(&value) {
                break;
            }
        }
        Ok(value)
    }

    fn and(&self, operands: &'a [Node], current: &Val<'a>) -> Evaluated<'a> {
        let Some((last, others)) = operands.split_last() else {
            return Ok(Val::Null);
        };
        for operand in others {
            let value = self.lenient(operand, current)?;
            if is_false(&value) {
                return Ok(value);
            }
        }
        self.eval(last, current)
    }

    #[inline(never)]
    fn reference(&self, index: usize) -> Val<'a> {
        Val::Opaque(Rc::new(Reference {
            index,
            program: self.address(),
        }))
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self.program).addr()
    }

    /// The body of `&expression`, if `value` is one of this program's.
    fn body(&self, value: &Val<'a>) -> Option<&'a Node> {
        let reference: &Reference = value::opaque(value)?;
        if reference.program != self.address() {
            return None;
        }
        self.program.references.get(reference.index)
    }

    #[inline(never)]
    fn call(&self, call: &'a CallSite, current: &Val<'a>) -> Evaluated<'a> {
        /// Most functions take no more arguments than this, which then need no allocation.
        const FEW: usize = 3;
        let count = call.arguments.len();
        if count <= FEW {
            let mut arguments: [Val<'a>; FEW] = Default::default();
            for (argument, node) in arguments.iter_mut().zip(&call.arguments) {
                *argument = self.lenient(node, current)?;
            }
            let few = arguments.get(..count).unwrap_or_default();
            return functions::call(self, call.function, &call.site, few);
        }
        let arguments = call
            .arguments
            .iter()
            .map(|node| self.lenient(node, current))
            .collect::<Result<Vec<_>, _>>()?;
        functions::call(self, call.function, &call.site, &arguments)
    }

    #[inline(never)]
    fn hash(&self, construct: &'a Construct<(Box<str>, Node)>, current: &Val<'a>) -> Evaluated<'a> {
        if self.is_null(construct.at_root, current) {
            return Ok(Val::Null);
        }
        let mut entries = std::collections::BTreeMap::new();
        for (key, node) in &construct.parts {
            entries.insert(Str::Borrowed(key), self.lenient(node, current)?);
        }
        Ok(Val::Map(Map::Shared(Rc::new(entries))))
    }

    #[inline(never)]
    fn list(&self, construct: &'a Construct<Node>, current: &Val<'a>) -> Evaluated<'a> {
        if self.is_null(construct.at_root, current) {
            return Ok(Val::Null);
        }
        let mut items = Vec::with_capacity(construct.parts.len());
        for node in &construct.parts {
            items.push(self.lenient(node, current)?);
        }
        Ok(Val::List(List::Shared(items.into())))
    }

    fn is_null(&self, at_root: bool, current: &Val<'a>) -> bool {
        if at_root {
            self.scope.is_null()
        } else {
            current.is_null()
        }
    }

    /// `value` without the types that only an evaluation has. `left` is how many computed values
    /// it may hold.
    fn plain(&self, value: Val<'a>, left: &mut u64) -> Evaluated<'a> {
        match value {
            Val::Opaque(ref opaque) => Ok(plain_opaque(&**opaque).unwrap_or(value)),
            Val::Bytes(bytes) => Ok(Val::from(portcullis_values::gotext::decode(&bytes))),
            Val::Double(number) if !number.is_finite() => Err(Fault::runtime(
                0,
                format!(
                    "the result has the number {}, which JSON has no form for",
                    format_v(number)
                ),
            )),
            Val::List(List::Shared(ref items)) => {
                take(left, items.len())?;
                if !items.iter().any(is_computed) {
                    return Ok(value);
                }
                items
                    .iter()
                    .map(|item| self.plain(item.clone(), left))
                    .collect::<Result<List<'a>, _>>()
                    .map(Val::List)
            }
            Val::Map(Map::Shared(ref entries)) => {
                take(left, entries.len())?;
                if !entries.values().any(is_computed) {
                    return Ok(value);
                }
                entries
                    .iter()
                    .map(|(key, entry)| Ok((key.clone(), self.plain(entry.clone(), left)?)))
                    .collect::<Result<Map<'a>, _>>()
                    .map(Val::Map)
            }
            other => Ok(other),
        }
    }
}

impl<'a> Evaluation<'a> for Interpreter<'_, 'a> {
    fn host(&self) -> &dyn Host {
        self.host
    }

    fn budget(&self) -> &Budget {
        &self.budget
    }

    fn equal(&self, left: &Val<'a>, right: &Val<'a>) -> Result<bool, Fault<'a>> {
        self.are_equal(left, right)
    }

    fn is_expression(&self, value: &Val<'a>) -> bool {
        self.body(value).is_some()
    }

    fn apply(&self, value: &Val<'a>, item: &Val<'a>) -> Option<Evaluated<'a>> {
        Some(self.lenient(self.body(value)?, item))
    }

    fn item_list(&self, items: Vec<Val<'a>>) -> Val<'a> {
        let items: Rc<[Val<'a>]> = items.into();
        self.item_lists.borrow_mut().push(Rc::clone(&items));
        Val::List(List::Shared(items))
    }

    fn is_item_list(&self, list: &List<'a>) -> bool {
        let List::Shared(items) = list else {
            return false;
        };
        let known = self.item_lists.borrow();
        known.iter().any(|made| Rc::ptr_eq(made, items))
    }
}

/// Whether a value may hold types that only an evaluation has.
fn is_computed(value: &Val<'_>) -> bool {
    matches!(
        value,
        Val::Opaque(_)
            | Val::Bytes(_)
            | Val::Double(_)
            | Val::List(List::Shared(_))
            | Val::Map(Map::Shared(_))
    )
}

fn plain_opaque<'a>(opaque: &dyn portcullis_values::Opaque) -> Option<Val<'a>> {
    let any = opaque.as_any();
    if let Some(integer) = any.downcast_ref::<value::GoInt>() {
        return Some(Val::Int(integer.0));
    }
    any.downcast_ref::<Reference>()
        .map(|_| Val::Map(Map::from_iter([])))
}

fn take<'a>(left: &mut u64, count: usize) -> Result<(), Fault<'a>> {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    *left = left.checked_sub(count).ok_or_else(|| {
        Fault::runtime(0, format!("the result holds more than {MAX_RESULT} values"))
    })?;
    Ok(())
}

fn missing(field: &Field) -> Fault<'_> {
    Fault::NotFound {
        key: &field.name,
        offset: field.offset,
    }
}

/// An error of the scope, at the place that asked for it.
fn place<'a>(error: crate::EvalError, offset: usize) -> Fault<'a> {
    match error {
        crate::EvalError::NotFound { key, .. } => {
            Fault::runtime(offset, format!("unknown key `{key}`"))
        }
        crate::EvalError::Runtime { message, .. } => Fault::runtime(offset, message),
    }
}

fn field_of<'a>(value: &Val<'a>, field: &'a Field) -> Evaluated<'a> {
    match value {
        Val::Map(map) => map.get(&field.name).ok_or_else(|| missing(field)),
        _ => Ok(Val::Null),
    }
}

/// Takes as many of `steps` as only walk borrowed JSON.
fn walk<'a>(
    steps: &mut std::slice::Iter<'a, Node>,
    mut value: &'a Value,
) -> Result<&'a Value, Fault<'a>> {
    while let Some(step) = steps.as_slice().first() {
        match peek(step, value) {
            Peek::Found(next) => value = next,
            Peek::Missing(field) => return Err(missing(field)),
            Peek::Unknown => break,
        }
        steps.next();
    }
    Ok(value)
}

fn index_of<'a>(value: &Val<'a>, index: i64) -> Val<'a> {
    let Val::List(list) = value else {
        return Val::Null;
    };
    let index = index_in(list.len(), index);
    index.and_then(|index| list.get(index)).unwrap_or_default()
}

/// The position in a list of `length` items that `index` means; -1 is the last.
fn index_in(length: usize, index: i64) -> Option<usize> {
    if index < 0 {
        length.checked_sub(usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX))
    } else {
        usize::try_from(index).ok()
    }
}
